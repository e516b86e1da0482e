"""The kernel's bonding driver as dataplane: what a runner has decided, as far as it can be told."""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import dataclass

from lacp.address import Mac
from lacp.dataplane.base import (
    DeviceGone,
    LacpPortState,
    LacpState,
    PlaneNews,
    PortJoined,
    PortLeft,
    PortSetup,
    Setup,
    Trouble,
)
from lacp.dataplane.bond.alarm import Alarm
from lacp.dataplane.bond.driver import Driver
from lacp.dataplane.bond.options import (
    LOOKS_EACH,
    changeable_settings,
    device_settings,
    inability,
    mode,
)
from lacp.dataplane.bond.ports import BondPort, BondPorts
from lacp.dataplane.bond.probe import refusal
from lacp.dataplane.master import Master
from lacp.errors import BackendError, UsageError
from lacp.netlink import bond_proc
from lacp.netlink.bond import ACTIVE_BACKUP, HASH_POLICIES, LACP, MODE, MODES, XMIT_HASH_POLICY
from lacp.netlink.codec import integer, u8

log = logging.getLogger(__name__)

#: How often a decision is put in force again.
_PATIENCE = 10


@dataclass(frozen=True, slots=True)
class _Opened:
    """What there is between `create` and `destroy`."""

    master: Master
    driver: Driver
    ports: BondPorts
    alarm: Alarm
    mode: int
    #: The runner is one that speaks LACP at ports of the bond: these stay where they are.
    speaks: bool

    def close(self) -> None:
        self.alarm.close()
        self.master.close()


class BondDataplane:
    """A device of the bonding driver."""

    name = "bond"

    def __init__(self) -> None:
        self._opened: _Opened | None = None
        #: The port that is to be the active one.
        self._active: str | None = None
        #: How often it was made that since it was decided.
        self._insisted = 0

    @property
    def _there(self) -> _Opened:
        if self._opened is None:
            raise UsageError("there is no bond")
        return self._opened

    # The device.

    def refusal(self, setup: Setup) -> str | None:
        """No driver, no right to use it, or nothing that the driver could do."""
        return refusal(setup)

    def inability(self, setup: Setup) -> str | None:
        """What no bond does, whatever the driver."""
        return inability(setup)

    def create(self, setup: Setup) -> None:
        """Make or take over the device; one that is taken over must have the mode already."""
        if self._opened is not None:
            raise UsageError(f"device {setup.device} exists already")
        with contextlib.ExitStack() as undo:
            alarm = Alarm()
            undo.callback(alarm.close)
            master = Master("bond")
            undo.callback(master.close)
            undo.callback(master.abandon)
            wanted = mode(setup)
            log.info("%s: runner %s is mode %s", setup.device, setup.runner, MODES[wanted])
            master.open(setup, {MODE: u8(wanted)})
            driver = Driver(master)
            driver.expect_mode(wanted)
            _say_hash(setup)
            driver.set(device_settings(setup))
            master.settle_address(setup)
            self._active, self._insisted = None, 0
            speaks = setup.runner == "lacp" and setup.driver_lacp is None
            ports = BondPorts(master, driver, wanted)
            self._opened = _Opened(master, driver, ports, alarm, wanted, speaks)
            undo.pop_all()

    @property
    def address(self) -> Mac | None:
        """The device's address, as it was last seen."""
        return self._opened.master.address if self._opened is not None else None

    def set_address(self, address: Mac) -> None:
        """Give the device its address; from then on it is not that of the first port."""
        there = self._there
        there.master.set_address(address)
        # The driver gives it to every port.
        for port in there.ports.all():
            if port.own_address and port.beside is None:
                there.master.set_port_address(port.name, None)

    def set_carrier(self, up: bool) -> None:
        """The driver alone decides that: there is carrier while any port has it."""
        there = self._there
        log.debug("%s: its driver alone decides whether it has carrier", there.master.name)

    def configure(self, setup: Setup) -> None:
        """Take another hash policy, or other bursts, none included."""
        _say_hash(setup)
        self._there.driver.set(changeable_settings(setup))

    def lacp_state(self) -> LacpState | None:
        """What the driver's LACP has come to, where it speaks it."""
        if self._opened is None or self._opened.mode != LACP:
            return None
        text = bond_proc.read(self._opened.master.name)
        return None if text is None else _lacp_state(bond_proc.parse(text))

    def destroy(self, keep: bool = False) -> None:
        """Remove the device, which releases its ports; or let go of it and leave it as it is."""
        if self._opened is None:
            return
        opened, self._opened = self._opened, None
        try:
            opened.ports.reveal_all()
            if not keep:
                opened.master.delete()
        finally:
            opened.close()

    # Ports.

    def ports(self) -> list[str]:
        """The interfaces below the device, and those that wait beside it."""
        if self._opened is None:
            return []
        master = self._opened.master
        strangers = [one.name for one in master.strangers]
        return [*(port.name for port in self._opened.ports.all()), *strangers]

    def add_port(self, port: str, setup: PortSetup) -> None:
        """Put an interface below the device, or adopt one that is there already.

        The first one gives the device its address, unless it was given one. The driver uses it as
        soon as it has carrier; so one whose link watchers look at more than that waits beside the
        device, up, until they have said something.
        """
        there = self._there
        if port not in {one.name for one in there.ports.all()}:
            there.ports.recover(port)
        found = there.master.candidate(port)
        there.master.inherit(found, self.ports())
        there.ports.add(found, setup, below=there.speaks or not setup.watched)
        self._say(there.ports)

    def remove_port(self, port: str) -> None:
        """Take a port away from the device, which sets it down and gives it its own address."""
        there = self._there
        if self._active == port:
            self._active = None
        there.ports.remove(port)
        self._say(there.ports)

    def configure_port(self, port: str, setup: PortSetup) -> None:
        """Set what differs."""
        found = self._there.ports.get(port)
        found.setup = setup
        self._there.ports.configure(found)
        self._place(found)

    def set_port_address(self, port: str, address: Mac | None) -> None:
        """Give a port an address; None gives it its own again. The driver gives it the device's."""
        there = self._there
        found = there.ports.get(port)
        found.own_address = address is None
        if found.beside is None:
            there.master.set_port_address(port, address)

    def enable_port(self, port: str, collecting: bool, distributing: bool) -> None:
        """Let a port carry traffic, or stop it. The driver has no switch for half of it."""
        there = self._there
        found, on = there.ports.get(port), collecting and distributing
        found.enabled = on
        if there.speaks and on:
            self.activate(port)
        elif there.speaks and self._active == port:
            self.activate(None)
        else:
            self._place(found)

    def activate(self, port: str | None) -> None:
        """Make this the one port; None has those leave that the driver would use nevertheless."""
        there = self._there
        if port is not None:
            there.ports.get(port)
        self._active, self._insisted = port, 0
        for each in there.ports.all():
            self._place(each)
        self._insist()

    def set_verdict(self, port: str, up: bool) -> None:
        """Take the verdict; where only the carrier is watched the driver sees it by itself."""
        found = self._there.ports.get(port)
        found.usable = up
        if found.setup.watched:
            self._there.ports.configure(found)
        self._place(found)

    def map_hash(self, hash: int, port: str) -> None:
        """The driver selects ports by a hash of its own. Raises UsageError."""
        raise UsageError("a bond maps no hashes")

    def _place(self, port: BondPort) -> None:
        """Have a port below the device if it may be used, beside it if it must not."""
        there = self._there
        try:
            if self._belongs(port):
                there.ports.join(port)
            elif port.unsettled > time.monotonic():
                there.alarm.at(port.unsettled)
            else:
                there.ports.rest(port)
        finally:
            self._say(there.ports)

    def _belongs(self, port: BondPort) -> bool:
        there = self._there
        if there.speaks or not port.setup.watched:
            return True
        if there.mode != ACTIVE_BACKUP:
            return port.enabled
        # While another one is active the driver lets it be.
        return port.usable or (port.beside is None and self._active is not None)

    def _insist(self) -> None:
        """Have the driver use the port that was decided, as soon as it sees its carrier."""
        there, name = self._there, self._active
        if there.mode != ACTIVE_BACKUP or name is None or name not in there.master.ports:
            return
        port = there.master.ports[name]
        if there.driver.active() == port.index or self._insisted > _PATIENCE:
            return
        found = there.master.links.at(port.index)
        if found is None or not found.carrier:
            return
        if not there.driver.activate(port):
            # It has not looked at the carrier of the port yet.
            there.alarm.at(time.monotonic() + LOOKS_EACH / 1000)
            return
        self._insisted += 1
        if self._insisted > _PATIENCE:
            said = f"{there.master.name}: somebody sets another active port again and again"
            there.ports.troubles.append(Trouble(f"{said}: leaving it"))

    def _say(self, ports: BondPorts) -> None:
        """Have `read` called when there is something to say."""
        if ports.troubles:
            self._there.alarm.at(time.monotonic())

    # News.

    def filenos(self) -> list[int]:
        """A socket for links and a timer."""
        if self._opened is None:
            return []
        return [self._opened.master.fileno(), self._opened.alarm.fileno()]

    def read(self) -> list[PlaneNews]:
        """What others did; what they undid of the runner's decisions is done again."""
        if self._opened is None:
            return []
        there = self._opened
        there.alarm.read()
        news: list[PlaneNews] = []
        for item in there.master.read():
            try:
                if isinstance(item, PortJoined) and there.ports.adopted(item.port):
                    continue
            except BackendError as error:
                news.append(Trouble(str(error)))
            if isinstance(item, PortLeft):
                there.ports.forget(item.port)
            news.append(item)
        if any(isinstance(item, DeviceGone) for item in news):
            there.ports.reveal_all()
            return news
        try:
            for port in there.ports.all():
                self._place(port)
            self._insist()
        except BackendError as error:
            news.append(Trouble(str(error)))
        news += there.ports.troubles
        there.ports.troubles.clear()
        return news


def _lacp_state(shown: bond_proc.ProcBond) -> LacpState:
    ports = {
        name: LacpPortState(port.aggregator, port.actor, port.partner)
        for name, port in shown.ports.items()
    }
    return LacpState(shown.aggregator, ports)


def _say_hash(setup: Setup) -> None:
    settings = changeable_settings(setup)
    if XMIT_HASH_POLICY in settings:
        policy = HASH_POLICIES[integer(settings[XMIT_HASH_POLICY])]
        fragments = ", ".join(setup.tx_hash)
        log.info("%s: tx_hash %s becomes hash policy %s", setup.device, fragments, policy)
