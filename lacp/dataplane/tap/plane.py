"""The dataplane `tap`: decisions of the runner, carried out by the process that moves frames."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from dataclasses import dataclass

from lacp.address import Mac
from lacp.dataplane import ioctls, seclusion
from lacp.dataplane.base import (
    Burst,
    DeviceChanged,
    DeviceGone,
    PlaneNews,
    PortLeft,
    PortSetup,
    Setup,
    Trouble,
)
from lacp.dataplane.refusals import foreign, refuse_owned, taken
from lacp.dataplane.seclusion import Seclusion
from lacp.dataplane.tap import device
from lacp.dataplane.tap.device import Tap
from lacp.dataplane.tap.made import Made
from lacp.dataplane.tap.orders import Orders, PortOrder
from lacp.dataplane.tap.sockets import Sockets
from lacp.errors import BackendError, UsageError
from lacp.netlink.codec import Interface
from lacp.netlink.links import Links
from lacp.netlink.sockets import Lost

log = logging.getLogger(__name__)

#: Kinds of devices that a daemon may have left behind, on this dataplane or another one.
_REPLACED = ("tun", "team", "bond")


@dataclass(slots=True, eq=False)
class _Port:
    number: int
    name: str
    #: Its own address.
    own: Mac
    sockets: Sockets
    seclusion: Seclusion
    collecting: bool = False
    distributing: bool = False
    #: What was asked for.
    queue: int | None = None


class TapDataplane:
    """One team device in user space."""

    name = "tap"

    def __init__(self) -> None:
        #: None before `create` and after `destroy`.
        self._device: Made | None = None
        #: Those that may send in the order in which they were enabled.
        self._ports: dict[str, _Port] = {}
        self._numbers = 0
        self._active: str | None = None
        #: Names of ports by hash.
        self._mapping: dict[int, str] = {}

    # The device.

    def refusal(self, setup: Setup) -> str | None:
        """Why there can be no such team in user space."""
        if (reason := device.missing()) is not None:
            return reason
        links = Links()
        try:
            permitted = links.permitted()
        finally:
            links.close()
        return None if permitted else "not permitted (CAP_NET_ADMIN)"

    def create(self, setup: Setup) -> None:
        """Make the device, and start the process."""
        if self._device is not None:
            raise UsageError(f"device {self._device.setup.device} exists already")
        with contextlib.ExitStack() as undo:
            links = Links()
            undo.callback(links.close)
            found = links.named(setup.device)
            if found is not None and setup.recreate:
                if found.kind not in _REPLACED:
                    raise foreign(found, "TAP")
                links.delete(found)
            elif found is not None and not setup.take_over:
                raise taken(found, "tun", _REPLACED)
            log.info("%s: making a TAP device", setup.device)
            tap = Tap(setup.device)
            undo.callback(tap.close)
            tap.keep(False)
            tap.set_carrier(False)
            if setup.address is not None:
                tap.set_address(setup.address)
            made = links.named(setup.device)
            if made is None:
                raise BackendError(f"{setup.device}: vanished as soon as it was made")
            self._device = Made(links, tap, made, setup)
            undo.pop_all()

    def _made(self) -> Made:
        if self._device is None:
            raise UsageError("there is no device")
        return self._device

    @property
    def address(self) -> Mac | None:
        """The device's address."""
        return self._device.told[1] if self._device is not None else None

    def set_address(self, address: Mac) -> None:
        """Give the device its address."""
        made = self._made()
        log.info("%s: setting address %s", made.setup.device, address)
        made.tap.set_address(address)
        made.told = (made.told[0], address)
        self._hear(address)

    def _hear(self, own: Mac) -> None:
        """Have ports refuse what comes back under the address of the device."""
        for port in self._ports.values():
            if port.collecting:
                port.sockets.hear(own)

    def set_carrier(self, up: bool) -> None:
        """Show carrier, or none."""
        self._made().tap.set_carrier(up)

    def configure(self, setup: Setup) -> None:
        """Have the process divide and announce by what is said now."""
        self._made().setup = setup
        if setup.balancing is None:
            self._mapping.clear()
        self._tell()

    def destroy(self, keep: bool = False) -> None:
        """Give the ports back and remove the device, or leave it without anybody behind it."""
        if self._device is None:
            return
        made = self._device
        for name in list(self._ports):
            self.remove_port(name)
        if keep:
            log.info("%s: leaving the device, which carries nothing", made.setup.device)
            made.tap.keep(True)
        else:
            log.info("%s: removing the TAP device", made.setup.device)
        made.close()
        self._device = None

    @property
    def pid(self) -> int | None:
        """The process id of the one that moves the frames."""
        return self._device.mover.pid if self._device is not None else None

    # Ports.

    def ports(self) -> list[str]:
        """The ports; a device that was taken over has none at first."""
        return list(self._ports)

    def add_port(self, port: str, setup: PortSetup) -> None:
        """Take an interface from the host's own stack, and up."""
        made = self._made()
        if port in self._ports:
            raise UsageError(f"port {port} was added already")
        found, own = self._candidate(port)
        sockets = Sockets.open(port)
        done, trouble = seclusion.seclude(port, found.index, down=not found.up)
        self._numbers += 1
        added = _Port(self._numbers, port, own, sockets, done)
        try:
            _fit(added, made.mtu)
            if not found.up:
                made.links.set_up(found, True)
        except BackendError as refused:
            seclusion.reveal(done)
            sockets.close()
            raise BackendError(f"{port}: cannot become a port: {refused}") from refused
        self._ports[port] = added
        self._watch()
        self._tell(added)
        if made.setup.address is None and len(self._ports) == 1:
            self.set_address(own)
        if trouble is not None:
            self._say(Trouble(trouble))
        added.queue = setup.queue_id
        if setup.queue_id is not None:
            self._say(Trouble(f"{port}: {_no_queue(setup.queue_id)}"))

    def _candidate(self, port: str) -> tuple[Interface, Mac]:
        """An interface that may become a port, and its address."""
        made = self._made()
        found = made.links.named(port)
        if found is None:
            raise BackendError(f"{port}: no such interface")
        if found.loopback or found.index == made.index or found.address is None:
            raise BackendError(f"{port}: cannot be a port of {made.setup.device}")
        refuse_owned(made.links, found)
        return found, found.address

    def remove_port(self, port: str) -> None:
        """Give an interface back to the host."""
        self._give_back(self._port(port))

    def _give_back(self, port: _Port) -> None:
        del self._ports[port.name]
        if self._active == port.name:
            self._active = None
        self._mapping = {hash: name for hash, name in self._mapping.items() if name != port.name}
        port.sockets.close()
        self._watch()
        self._tell()
        for failure in seclusion.reveal(port.seclusion):
            log.warning("%s", failure)

    def configure_port(self, port: str, setup: PortSetup) -> None:
        """Refuse a queue; everything else has no effect here."""
        found = self._port(port)
        if setup.queue_id is not None and setup.queue_id != found.queue:
            raise BackendError(f"{port}: {_no_queue(setup.queue_id)}")
        found.queue = setup.queue_id

    def set_port_address(self, port: str, address: Mac | None) -> None:
        """Give a port an address. The device hears its frames whichever the port has."""
        found = self._port(port)
        wanted = found.own if address is None else address
        try:
            if ioctls.address(port) != wanted:
                ioctls.set_address(port, wanted)
        except OSError as error:
            if error.errno in (errno.EBUSY, errno.EOPNOTSUPP):
                log.warning("%s: its driver cannot change the address now: it stays", port)
                return
            raise BackendError(f"{port}: cannot have address {wanted}: {error.strerror}") from error
        found.seclusion.address = None if wanted == found.own else str(found.own)
        self._tell()

    def enable_port(self, port: str, collecting: bool, distributing: bool) -> None:
        """Let frames in here and now, and out as soon as the process has heard of it."""
        found = self._port(port)
        if not collecting:
            found.sockets.deafen()
        elif not found.collecting and self.address is not None:
            found.sockets.hear(self.address)
        found.collecting = collecting
        if distributing is not found.distributing:
            found.distributing = distributing
            # To the end: those that are enabled stand in the order in which they became so.
            self._ports[port] = self._ports.pop(port)
            self._tell()

    def activate(self, port: str | None) -> None:
        """Send through this port alone."""
        if port is not None:
            self._port(port)
        self._active = port
        self._tell()

    def set_verdict(self, port: str, up: bool) -> None:
        """Nobody asks for the verdict here: who carries traffic is told by `enable_port`."""
        self._port(port)

    def map_hash(self, hash: int, port: str) -> None:
        """Send frames with this hash through this port, from the next `read` on at the latest."""
        self._port(port)
        self._mapping[hash] = port
        # A balancer maps many at a time; they become one message.
        self._made().unsent = True
        self._made().stir()

    def _port(self, name: str) -> _Port:
        if name not in self._ports:
            raise UsageError(f"no port {name}, there are {', '.join(self._ports) or 'none'}")
        return self._ports[name]

    def _watch(self) -> None:
        self._made().events.watch(port.seclusion.index for port in self._ports.values())

    # The process.

    def _tell(self, new: _Port | None = None) -> None:
        """Have the process do what holds now; `new` is a port that it does not know yet."""
        made = self._made()
        made.unsent = False
        made.mover.tell(self._orders(made.setup), (new.number, new.sockets) if new else None)

    def _orders(self, setup: Setup) -> Orders:
        active = self._ports.get(self._active or "")
        return Orders(
            device=setup.device,
            runner=setup.runner,
            fragments=setup.tx_hash,
            balancing=setup.balancing,
            ports=tuple(
                PortOrder(port.number, port.name, port.distributing, port.seclusion)
                for port in self._ports.values()
            ),
            active=active.number if active is not None else None,
            mapping={hash: self._ports[name].number for hash, name in self._mapping.items()},
            notify_peers=setup.notify_peers or Burst(),
            mcast_rejoin=setup.mcast_rejoin or Burst(),
        )

    # News.

    def filenos(self) -> list[int]:
        """The one descriptor to wait on."""
        return [self._made().epoll.fileno()]

    def read(self) -> list[PlaneNews]:
        """What has happened to the device and its ports, and what the process reports."""
        made = self._made()
        for descriptor, _ in made.epoll.poll(0):
            if descriptor == made.stirred:
                os.eventfd_read(descriptor)
            elif descriptor == made.events.fileno():
                self._read_links(made)
            else:
                made.news += made.mover.read()
        if made.unsent:
            self._tell()
        news, made.news = made.news, []
        return news

    def _say(self, news: PlaneNews) -> None:
        self._made().news.append(news)
        self._made().stir()

    def _read_links(self, made: Made) -> None:
        try:
            changed = made.events.read()
        except Lost as lost:
            log.warning("%s: news of links was lost (%s)", made.setup.device, lost)
            changed = {made.index, *(port.seclusion.index for port in self._ports.values())}
        for port in list(self._ports.values()):
            if port.seclusion.index in changed:
                self._read_port(port)
        if made.index in changed:
            self._read_device(made)

    def _read_port(self, port: _Port) -> None:
        found = self._made().links.at(port.seclusion.index)
        if found is None or found.name != port.name or found.master:
            self._give_back(port)
            gone = found is None or found.name != port.name
            self._say(PortLeft(port.name, gone=gone))

    def _read_device(self, made: Made) -> None:
        found = made.links.at(made.index)
        if found is None:
            self._say(DeviceGone())
            return
        if (found.up, found.address) != made.told and found.address is not None:
            if found.address != made.told[1]:
                self._hear(found.address)
            made.told = (found.up, found.address)
            self._say(DeviceChanged(found.up, found.address))
        with contextlib.suppress(OSError):
            made.mtu = ioctls.mtu(found.name)
        for port in self._ports.values():
            try:
                _fit(port, made.mtu)
            except BackendError as refused:
                self._say(Trouble(str(refused)))


def _no_queue(number: int) -> str:
    return f"queue_id {number} has no effect: dataplane tap cannot see the queue of a frame"


def _fit(port: _Port, mtu: int) -> None:
    """Give a port the MTU of the device."""
    try:
        before = ioctls.mtu(port.name)
        if before != mtu:
            ioctls.set_mtu(port.name, mtu)
            if port.seclusion.mtu is None:
                port.seclusion.mtu = before
    except OSError as error:
        raise BackendError(f"{port.name}: cannot have MTU {mtu}: {error.strerror}") from error
