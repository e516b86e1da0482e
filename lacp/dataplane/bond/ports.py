"""Ports of a bond: below it, or beside it while their link watchers say that they are no good.

The driver uses every port that has carrier, and has no switch to stop it. So a port that must not
be used although it has carrier is taken out of the bond, kept up so that its link watchers go on
asking, and put back when it is good again.
"""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import dataclass

from lacp.dataplane.base import PlaneNews, PortLeft, PortSetup, Trouble
from lacp.dataplane.bond import options
from lacp.dataplane.bond.driver import Driver
from lacp.dataplane.master import Master
from lacp.dataplane.seclusion import Seclusion, left_behind, reveal, seclude
from lacp.errors import BackendError, UsageError
from lacp.netlink.codec import Interface

log = logging.getLogger(__name__)

#: Seconds after it was put back in which the carrier of a port returns: what its link watchers say
#: meanwhile is the fault of whoever put it back.
_COMES_BACK = 4.0


@dataclass(slots=True, eq=False)
class BondPort:
    """What is known of one port."""

    name: str
    index: int
    setup: PortSetup
    #: The runner lets it carry traffic.
    enabled: bool = False
    #: The verdict of its link watchers.
    usable: bool = False
    #: It bears its own address, not the one that the driver gives to every port.
    own_address: bool = False
    #: What keeps it beside the bond; None while it is below it.
    beside: Seclusion | None = None
    #: Until when, on the scale of `time.monotonic`, its watchers cannot know how it is.
    unsettled: float = 0.0


class BondPorts:
    """The ports that were added through here."""

    def __init__(self, master: Master, driver: Driver, mode: int) -> None:
        self._master = master
        self._driver = driver
        self._mode = mode
        self._ports: dict[str, BondPort] = {}
        #: Names of those that somebody else took while they were beside the bond.
        self._lost: set[str] = set()
        self.troubles: list[PlaneNews] = []

    def all(self) -> list[BondPort]:
        """Every one."""
        return list(self._ports.values())

    def get(self, name: str) -> BondPort:
        """A port that was added. Raises BackendError when it has left, UsageError when unknown."""
        if name in self._lost:
            raise BackendError(f"{name}: is no longer a port of {self._master.name}")
        if name not in self._ports:
            self._master.port(name)
            raise UsageError(f"{self._master.name}: no port {name}")
        return self._ports[name]

    def recover(self, name: str) -> None:
        """Undo what somebody who was killed has left at a port that waited beside a bond."""
        found = self._master.links.named(name)
        if found is None or found.master not in (0, self._master.index) or not found.up:
            return
        left = left_behind(name, found.index, down=not found.master)
        if left is not None:
            log.warning("%s: was left beside a bond: taking it back from there", name)
            self.troubles += [Trouble(text) for text in reveal(left)]

    def add(self, found: Interface, setup: PortSetup, below: bool) -> BondPort:
        """Take up a candidate of the bond, or what is below it: below it, or beside."""
        if found.name in self._ports:
            raise UsageError(f"{self._master.name}: port {found.name} was added already")
        port = BondPort(found.name, found.index, setup)
        if below or found.master == self._master.index:
            self._take(port, found)
        else:
            self._put_beside(port)
        self._ports[port.name] = port
        self._lost.discard(port.name)
        return port

    def _take(self, port: BondPort, found: Interface) -> None:
        adopted = found.master == self._master.index
        self._master.take(found)
        try:
            self.configure(port)
        except BackendError:
            # Nothing half done.
            if adopted:
                self._master.leave(port.name)
            else:
                with contextlib.suppress(BackendError):
                    self._master.release(port.name)
            raise

    def configure(self, port: BondPort) -> None:
        """Have the driver know what a port is made for."""
        if port.beside is None:
            usable = port.usable or not port.setup.watched
            settings = options.port_settings(port.setup, self._mode, usable)
            self._driver.set_port(self._master.port(port.name), settings)
            if port.own_address:
                self._master.set_port_address(port.name, None)

    def _put_beside(self, port: BondPort) -> None:
        port.beside, trouble = seclude(port.name, port.index, down=True)
        if trouble is not None:
            self.troubles.append(Trouble(trouble))
        found = self._master.links.at(port.index)
        if found is not None:
            self._master.links.set_up(found, True)

    def rest(self, port: BondPort) -> None:
        """Take a port out of the bond that has carrier and must not be used."""
        found = self._master.links.at(port.index)
        if port.beside is not None or found is None or not found.carrier:
            # The driver does not use what has no carrier.
            return
        self.troubles.append(
            Trouble(
                f"{port.name}: taken out of {self._master.name} while its link watchers say that "
                f"it is no good: the bonding driver would use it, for it has carrier"
            )
        )
        self._master.release(port.name)
        self._put_beside(port)

    def join(self, port: BondPort) -> None:
        """Put a port that is beside the bond below it, for which it has to be down for a moment."""
        if port.beside is None:
            return
        log.info("%s: putting %s below it, which is down for that", self._master.name, port.name)
        self._reveal(port)
        port.unsettled = time.monotonic() + _COMES_BACK + port.setup.settling
        try:
            self._take(port, self._master.candidate(port.name))
        except BackendError:
            found = self._master.links.at(port.index)
            if found is not None and not found.master:
                self._put_beside(port)
            else:
                self.forget(port.name)
                self._lost.add(port.name)
                self.troubles.append(PortLeft(port.name))
            raise

    def _reveal(self, port: BondPort) -> None:
        if port.beside is not None:
            self.troubles += [Trouble(text) for text in reveal(port.beside)]
            port.beside = None

    def adopted(self, name: str) -> bool:
        """Whether this is a port that waited beside the bond; then it is below it now."""
        port = self._ports.get(name)
        if port is None or port.beside is None:
            return False
        # It is up, as it has to be now.
        port.beside.down = False
        self._reveal(port)
        self._take(port, self._master.candidate(name))
        return True

    def remove(self, name: str) -> None:
        """Take a port away; one whose interface is gone is forgotten."""
        port = self._ports.get(name)
        if port is not None and port.beside is not None:
            self._reveal(port)
        elif name in self._lost:
            self._lost.remove(name)
        else:
            self._master.release(name)
        self.forget(name)

    def forget(self, name: str) -> None:
        """Know nothing more of a port that somebody else took away."""
        self._ports.pop(name, None)

    def reveal_all(self) -> None:
        """Give back those that are beside the bond."""
        for port in self._ports.values():
            self._reveal(port)
