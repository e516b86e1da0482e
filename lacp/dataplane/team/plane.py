"""The kernel's team driver as dataplane: what a runner has decided becomes options of a device."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass, replace

from lacp.address import Mac
from lacp.dataplane.base import (
    Burst,
    DeviceGone,
    Loads,
    PlaneNews,
    PortJoined,
    PortLeft,
    PortSetup,
    Setup,
    Trouble,
)
from lacp.dataplane.master import Master
from lacp.dataplane.team.client import TeamClient
from lacp.dataplane.team.options import (
    ACTIVE,
    HASH_MAPPING,
    MODE,
    MODES,
    NEW_PORT,
    device_options,
    enabled,
    port_options,
    steered,
)
from lacp.dataplane.team.probe import refusal
from lacp.dataplane.team.table import OptionTable
from lacp.errors import BackendError, UsageError
from lacp.netlink.codec import Interface
from lacp.netlink.team import Key

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Opened:
    """What there is between `create` and `destroy`."""

    client: TeamClient
    master: Master
    table: OptionTable

    def close(self) -> None:
        self.table.events.close()
        self.client.close()
        self.master.close()


@dataclass(slots=True)
class _Use:
    """What is known of a port that decides whether the driver may use it."""

    #: The runner lets it give frames to the device, and take frames from it.
    collecting: bool = False
    distributing: bool = False
    #: The driver sends frames of a queue through it, whatever the mode would select.
    queued: bool = False
    #: The verdict of its link watchers.
    usable: bool = False


class TeamDataplane:
    """A device of the team driver."""

    name = "team"

    def __init__(self) -> None:
        self._opened: _Opened | None = None
        #: Indexes of ports that carry traffic since before a take-over: they go on until the runner
        #: says something else.
        self._kept: set[int] = set()
        #: By index.
        self._uses: dict[int, _Use] = {}
        #: Whether there are ports that only stand by.
        self._backups = False
        #: What the device is made for, where it selects the port of a frame by its hash.
        self._hashes: Setup | None = None

    @property
    def _master(self) -> Master:
        return self._there.master

    @property
    def _table(self) -> OptionTable:
        return self._there.table

    @property
    def _there(self) -> _Opened:
        if self._opened is None:
            raise UsageError("there is no team device")
        return self._opened

    # The device.

    def refusal(self, setup: Setup) -> str | None:
        """No driver, no right to use it, or no module for the runner's mode."""
        return refusal(setup)

    def create(self, setup: Setup) -> None:
        """Make or take over the device.

        One that is taken over keeps its carrier and the ports that carry traffic, if there are any.
        """
        if self._opened is not None:
            raise UsageError(f"device {setup.device} exists already")
        with contextlib.ExitStack() as undo:
            client = TeamClient()
            undo.callback(client.close)
            master = Master("team")
            undo.callback(master.close)
            undo.callback(master.abandon)
            master.open(setup)
            if not client.find():
                raise BackendError(f"{setup.device}: the kernel has no team driver")
            table = OptionTable(client, master)
            undo.callback(table.events.close)
            self._opened = _Opened(client, master, table)
            undo.callback(self._close)
            self._set_up(setup)
            undo.pop_all()

    def _close(self) -> None:
        self._opened = None

    def _set_up(self, setup: Setup) -> None:
        master, table = self._master, self._table
        master.settle_address(setup)
        self._backups = setup.runner == "activebackup"
        self._hashes = setup if MODES[setup.runner] == "loadbalance" else None
        self._uses.clear()
        self._set_mode(MODES[setup.runner])
        table.change(device_options(setup))
        self._kept = {one.index for one in master.strangers if self._carries(setup.runner, one)}
        if not self._kept:
            master.set_carrier(False)

    def _set_mode(self, mode: str) -> None:
        """Set the mode, which the driver changes only while there are no ports."""
        master, table = self._master, self._table
        if table.get(MODE) == mode:
            return
        moved = [one.name for one in master.strangers]
        if moved:
            names = ", ".join(moved)
            log.warning("%s: taking %s out to change the mode to %s", master.name, names, mode)
        for name in moved:
            master.release(name)
        table.change([(MODE, mode)])
        for name in moved:
            taken = master.take(master.candidate(name))
            table.change([(enabled(taken.index), False)], always=True)
            master.leave(name)
        table.refresh()

    def _carries(self, runner: str, port: Interface) -> bool:
        """Whether a port that was left here does what a runner would let it do."""
        if runner == "lacp" or not port.carrier:
            return False
        if runner == "activebackup" and self._table.get(ACTIVE) != port.index:
            return False
        return self._table.get(enabled(port.index)) is True

    @property
    def address(self) -> Mac | None:
        """The device's address, as it was last seen."""
        return self._opened.master.address if self._opened is not None else None

    def set_address(self, address: Mac) -> None:
        """Give the device its address; from then on it is not that of the first port."""
        self._master.set_address(address)

    def set_carrier(self, up: bool) -> None:
        """Give the device carrier, or take it; from the first time on the driver does neither."""
        self._kept.clear()
        self._master.set_carrier(up)

    def configure(self, setup: Setup) -> None:
        """Take other fragments of `tx_hash`, or other bursts, none included."""
        bursts = (setup.notify_peers or Burst(), setup.mcast_rejoin or Burst())
        whole = replace(setup, notify_peers=bursts[0], mcast_rejoin=bursts[1])
        if self._hashes is not None:
            self._hashes = setup
        self._table.change(device_options(whole))
        self._steer()

    def destroy(self, keep: bool = False) -> None:
        """Remove the device, which releases its ports; or let go of it and leave it as it is."""
        if self._opened is None:
            return
        opened, self._opened = self._opened, None
        try:
            if not keep:
                opened.master.delete()
        finally:
            opened.close()

    # Ports.

    def ports(self) -> list[str]:
        """The interfaces below the device."""
        if self._opened is None:
            return []
        return [*self._master.ports, *(one.name for one in self._master.strangers)]

    def add_port(self, port: str, setup: PortSetup) -> None:
        """Put an interface below the device, or adopt one that is there already.

        The first one gives the device its address, unless it was given one. The driver lets a new
        port carry traffic at once; it is stopped in the next call to the kernel.
        """
        master = self._master
        found = master.candidate(port)
        adopted = found.master == master.index
        master.inherit(found, self.ports())
        taken = master.take(found)
        try:
            if not adopted:
                news = {Key(name, taken.index): value for name, value in NEW_PORT.items()}
                self._table.expect(news)
            self._begin(taken.index, setup)
        except BackendError:
            # Nothing half done.
            if adopted:
                master.leave(port)
            else:
                with contextlib.suppress(BackendError):
                    master.release(port)
            self._forget_departed()
            raise

    def _begin(self, index: int, setup: PortSetup) -> None:
        use = self._uses[index] = _Use(queued=bool(setup.queue_id))
        if index in self._kept and not setup.watched:
            use.collecting = use.distributing = True
            self._table.change(port_options(index, setup))
            return
        self._table.change([(enabled(index), False), *port_options(index, setup)])
        self._table.claim({enabled(index): False})
        self._stopped(index)

    def remove_port(self, port: str) -> None:
        """Take a port away from the device, which sets it down and gives it its own address."""
        self._master.release(port)
        self._forget_departed()

    def configure_port(self, port: str, setup: PortSetup) -> None:
        """Set what differs."""
        index = self._master.port(port).index
        self._table.change(port_options(index, setup))
        use, queued = self._uses[index], bool(setup.queue_id)
        if use.queued is not queued:
            use.queued = queued
            self._switch(index)

    def set_port_address(self, port: str, address: Mac | None) -> None:
        """Give a port an address; None gives it its own again, if that is known."""
        self._master.set_port_address(port, address)

    def enable_port(self, port: str, collecting: bool, distributing: bool) -> None:
        """Let a port carry traffic, one way or both, or stop it.

        The driver has one switch for both ways. Where it selects by hash, one that may only collect
        is on, so that nothing is lost that the partner sends at once, and no hash leads to it.
        """
        index = self._master.port(port).index
        use = self._uses[index]
        use.collecting, use.distributing = collecting, distributing
        if collecting and not distributing:
            self._steer()
        self._switch(index)
        if distributing or not collecting:
            self._steer()
        if not collecting:
            self._stopped(index)

    def _steer(self) -> None:
        """Give frames to no port that may only collect, as long as another one distributes."""
        if self._hashes is None or self._hashes.balancing is not None:
            # A balancer knows which ports distribute, and leads every hash to one.
            return
        givers = [index for index, use in self._uses.items() if use.distributing]
        halves = any(use.collecting and not use.distributing for use in self._uses.values())
        if givers and halves:
            # The driver forgets by itself the ways through a port that was stopped.
            self._table.change(steered(self._hashes, givers), always=True)
        elif not halves:
            self._table.change(device_options(self._hashes))

    def _switch(self, index: int) -> None:
        """Switch a port as the runner wants it.

        One that stands by stays on for the frames of its queue: the mode itself takes nothing from
        it and gives nothing to it.
        """
        use = self._uses[index]
        on = use.collecting if self._hashes is not None else use.collecting and use.distributing
        on = on or (self._backups and use.queued and use.usable)
        self._table.decide({enabled(index): on})

    def activate(self, port: str | None) -> None:
        """Make this the one port; the driver cannot be without one, `enable_port` stops it."""
        if port is None:
            self._table.release(ACTIVE)
        else:
            self._table.decide({ACTIVE: self._master.port(port).index})

    def set_verdict(self, port: str, up: bool) -> None:
        """Show the verdict; of a watched port it takes the place of the carrier."""
        index = self._master.port(port).index
        self._table.change([(Key("user_linkup", index), up)])
        use = self._uses[index]
        use.usable = up
        if use.queued:
            self._switch(index)

    def map_hash(self, hash: int, port: str) -> None:
        """Send frames with this hash (0..255) through this port, which must carry traffic."""
        to = self._master.port(port).index
        # The driver forgets by itself the ways through a port that is stopped.
        self._table.change([(Key(HASH_MAPPING, 0, hash), to)], always=True)

    def _stopped(self, index: int) -> None:
        """A port carries no traffic any more; without any from before, the carrier goes too."""
        if index in self._kept:
            self._kept.remove(index)
            if not self._kept:
                self._master.set_carrier(False)

    def _forget_departed(self) -> None:
        here = {port.index for port in self._master.ports.values()}
        here |= {one.index for one in self._master.strangers}
        self._table.forget_ports_but(here)
        self._uses = {index: use for index, use in self._uses.items() if index in here}
        for index in self._kept - here:
            self._stopped(index)

    # News.

    def filenos(self) -> list[int]:
        """A socket for links and one for options."""
        if self._opened is None:
            return []
        return [self._master.fileno(), self._table.events.fileno()]

    def read(self) -> list[PlaneNews]:
        """What others did. What only the runner may decide is set back, and reported."""
        if self._opened is None:
            return []
        master, table = self._master, self._table
        before = dict(table.loads)
        failure: BackendError | None = None
        try:
            # First, so that who has lost its options is asked for before they are missed.
            master.suspect(table.read())
        except BackendError as error:
            failure = error
        news = master.read()
        if any(isinstance(item, DeviceGone) for item in news):
            return news
        try:
            if failure is not None:
                raise failure
            if any(isinstance(item, PortLeft) for item in news):
                self._forget_departed()
            self._stop({item.port for item in news if isinstance(item, PortJoined)})
        except BackendError as error:
            news.append(Trouble(str(error)))
        if table.loads != before:
            news.append(Loads(dict(table.loads)))
        return news + table.insist()

    def _stop(self, names: set[str]) -> None:
        """Let no port carry traffic of which the runner does not know yet."""
        stopped = {enabled(one.index): False for one in self._master.strangers if one.name in names}
        self._table.change(stopped.items(), always=True)
        self._table.claim(stopped)
