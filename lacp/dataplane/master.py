"""A device of the kernel with ports below it: what its team and bonding drivers have in common."""

from __future__ import annotations

import contextlib
import errno
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lacp.address import Mac
from lacp.dataplane.base import (
    DeviceChanged,
    DeviceGone,
    PlaneNews,
    PortJoined,
    PortLeft,
    Setup,
    Trouble,
)
from lacp.dataplane.refusals import foreign, refuse_owned, taken
from lacp.errors import BackendError, UsageError
from lacp.netlink.codec import Interface
from lacp.netlink.links import LinkEvents, Links, Settings
from lacp.netlink.sockets import KernelRefused, Lost

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Port:
    """An interface below the device."""

    index: int
    name: str
    #: The address that it has when it is nobody's port; None when nobody knows it.
    own: Mac | None


class Master:
    """The device, and the ports that were added through here.

    What the kernel tells is a reminder to ask: the answer is compared with what is known here, so
    that only what others did is news, in whatever order it becomes known.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.links = Links()
        self._device: Interface | None = None
        self._events: LinkEvents | None = None
        self._ports: dict[str, Port] = {}
        #: Ports that nobody has added through here: left there by another process, or new.
        self._strangers: dict[int, Interface] = {}
        #: Names of ports that left by themselves, which not everybody may have noticed.
        self._departed: set[str] = set()
        #: Own addresses of interfaces that were ports once, by index.
        self._own: dict[int, Mac | None] = {}
        #: What was last told of the device: up, address; None before the first time.
        self._told: tuple[bool, Mac | None] | None = None
        #: Indexes to ask for at the next `read`.
        self._suspects: set[int] = set()
        #: Indexes that `_events` lets through.
        self._watched: set[int] = set()
        self._gone = False
        #: Whether the device was made by `open`.
        self.made = False
        #: Whether the first port gives the device its address.
        self._inherits = False

    # The device.

    @property
    def device(self) -> Interface:
        """The device as it was last seen. Raises UsageError before `open`."""
        if self._device is None:
            raise UsageError(f"there is no {self.kind} device yet")
        return self._device

    @property
    def name(self) -> str:
        """The name that the device has now."""
        return self.device.name

    @property
    def index(self) -> int:
        """The device's interface index."""
        return self.device.index

    @property
    def address(self) -> Mac | None:
        """The device's address, as it was last seen."""
        return self._device.address if self._device is not None else None

    def open(self, setup: Setup, settings: Settings | None = None) -> None:
        """Make the device, or use the one of this name, as `setup` has it."""
        found = self.links.named(setup.device)
        if found is not None and (setup.recreate or setup.take_over) and found.kind != self.kind:
            raise foreign(found, self.kind)
        if found is not None and setup.recreate:
            self.links.delete(found)
            found = None
        if found is None:
            self._device = self._make(setup, settings)
        elif setup.take_over:
            log.info("%s: taking over the device", setup.device)
            self._device = found
        else:
            raise taken(found, self.kind)
        self._events = LinkEvents(self.index)
        if not self.made:
            # Once to listen to them, and once more, now that none can leave unheard.
            self._watch(one.index for one in self.links.below(self.index))
            self._strangers = {one.index: one for one in self.links.below(self.index)}
        self._events.ask()

    def _make(self, setup: Setup, settings: Settings | None) -> Interface:
        try:
            made = self.links.create(setup.device, self.kind, setup.address, settings)
        except KernelRefused as refused:
            found = self.links.named(setup.device)
            if refused.number == errno.EEXIST and found is not None:
                raise taken(found, self.kind) from None
            raise BackendError(
                f"{setup.device}: cannot make a {self.kind} device: {refused}"
            ) from refused
        self.made = True
        return made

    def settle_address(self, setup: Setup) -> None:
        """Give a device that was taken over its address; without one it has that of the first port,
        unless it has ports already."""
        if not self.made and setup.address is not None:
            self.set_address(setup.address)
        self._inherits = setup.address is None and not self._strangers

    def inherit(self, interface: Interface, ports: Iterable[str]) -> None:
        """Give the device the address of the first port, unless it was given one.

        `ports` are those that it has, on their way or in place.
        """
        own = self.own_address(interface)
        if self._inherits and own is not None and not set(ports) - {interface.name}:
            self._give_address(own)

    def set_address(self, address: Mac) -> None:
        """Give the device an address; from then on it is not that of the first port."""
        self._inherits = False
        self._give_address(address)

    def _give_address(self, address: Mac) -> None:
        try:
            self.links.set_address(self._refreshed(), address)
        except KernelRefused as refused:
            raise BackendError(
                f"{self.name}: cannot have address {address}: {refused}"
            ) from refused
        now = self._refreshed()
        if self._told is not None:
            self._told = (self._told[0], now.address)

    def set_carrier(self, up: bool) -> None:
        """Give the device carrier, or take it."""
        try:
            self.links.set_carrier(self.device, up)
        except KernelRefused as refused:
            what = "have" if up else "be without"
            raise BackendError(f"{self.name}: cannot {what} carrier: {refused}") from refused

    def delete(self) -> None:
        """Remove the device, if it is there."""
        found = self.links.at(self.index) if self._device is not None else None
        if found is not None:
            try:
                self.links.delete(found)
            except KernelRefused as refused:
                raise BackendError(f"{self.name}: cannot be removed: {refused}") from refused

    def abandon(self) -> None:
        """Remove a device that was made in vain. Why it was in vain is what has to be said."""
        if self.made:
            with contextlib.suppress(BackendError):
                self.delete()

    def close(self) -> None:
        """Let go of everything, which stays as it is."""
        if self._events is not None:
            self._events.close()
        self.links.close()

    def _refreshed(self) -> Interface:
        """The device as it is now."""
        found = self.links.at(self.index)
        if found is None:
            raise BackendError(f"{self.name}: the device is gone")
        self._device = found
        return found

    # Ports.

    @property
    def ports(self) -> Mapping[str, Port]:
        """The ports that were added through here, by name."""
        return MappingProxyType(self._ports)

    @property
    def strangers(self) -> list[Interface]:
        """The other ones, as they were when they were found."""
        return list(self._strangers.values())

    def port(self, name: str) -> Port:
        """A port that was added.

        Raises BackendError when it has left, UsageError when it never was there.
        """
        if name in self._departed:
            raise BackendError(f"{name}: is no longer a port of {self.name}")
        if name not in self._ports:
            raise UsageError(f"{self.name}: no port {name}")
        return self._ports[name]

    def candidate(self, name: str) -> Interface:
        """The interface of this name, if it may become a port, or is one that nobody has added.

        Raises BackendError when the kernel would refuse it, with what can be done about it.
        """
        if name in self._ports:
            raise UsageError(f"{self.name}: port {name} was added already")
        found = self.links.named(name)
        if found is None:
            raise BackendError(f"{name}: no such interface")
        if found.master == self.index:
            return found
        if found.loopback or found.index == self.index:
            raise BackendError(f"{name}: cannot be a port of {self.name}")
        refuse_owned(self.links, found)
        if found.address is None:
            raise BackendError(f"{name}: cannot be a port of {self.name}: it is not Ethernet")
        if found.up:
            raise BackendError(f"{name}: is up: set it down first (ip link set {name} down)")
        return found

    def take(self, interface: Interface) -> Port:
        """Make a candidate a port, unless it is one; from now on it is one that was added."""
        own = self.own_address(interface)
        if interface.master != self.index:
            self._watch([interface.index])
            try:
                self.links.enslave(interface, self.device)
            except KernelRefused as refused:
                raise BackendError(
                    f"{interface.name}: cannot become a port of {self.name}: {refused}"
                ) from refused
        port = Port(interface.index, interface.name, own)
        self._own[port.index] = own
        self._strangers.pop(port.index, None)
        self._ports[port.name] = port
        self._departed.discard(port.name)
        self._watch()
        return port

    def own_address(self, interface: Interface) -> Mac | None:
        """The address of an interface when it is nobody's port; None when that cannot be known."""
        if interface.master != self.index:
            return interface.address
        # It may have been replaced by the device's.
        if interface.index in self._own:
            return self._own[interface.index]
        if interface.address != self.address:
            return interface.address
        return interface.permanent

    def leave(self, name: str) -> None:
        """Leave a port where it is, as one that nobody has added."""
        index = self._ports.pop(name).index
        found = self.links.at(index)
        if found is not None and found.master == self.index:
            self._strangers[index] = found

    def release(self, name: str) -> None:
        """Take a port away from the device, added here or not; one that is gone is forgotten."""
        port = self._ports.get(name)
        found = self.links.at(port.index) if port is not None else self.links.named(name)
        if port is None and (found is None or found.master != self.index):
            if name not in self._departed:
                raise UsageError(f"{self.name}: no port {name}")
            self._departed.discard(name)
            return
        if found is not None and found.master == self.index:
            try:
                self.links.release(found)
            except KernelRefused as refused:
                raise BackendError(
                    f"{name}: cannot be taken from {self.name}: {refused}"
                ) from refused
            self._strangers.pop(found.index, None)
        if port is not None:
            del self._ports[name]
            if found is None:
                self._own.pop(port.index, None)
        self._watch()

    def set_port_address(self, name: str, address: Mac | None) -> None:
        """Give a port an address; None gives it its own again."""
        port = self.port(name)
        wanted = port.own if address is None else address
        if wanted is None:
            raise BackendError(f"{name}: its own address is not known, it was a port already")
        found = self.links.at(port.index)
        if found is None:
            raise BackendError(f"{name}: the interface is gone")
        try:
            self.links.set_address(found, wanted)
        except KernelRefused as refused:
            raise BackendError(f"{name}: cannot have address {wanted}: {refused}") from refused

    def _watch(self, more: Iterable[int] = ()) -> None:
        """Hear of every port, and of what may be one."""
        if self._events is not None:
            known = {port.index for port in self._ports.values()}
            wanted = {*known, *self._strangers, *more}
            if wanted != self._watched:
                self._events.watch(wanted)
                self._watched = wanted

    # News.

    def fileno(self) -> int:
        """The descriptor to wait on."""
        assert self._events is not None
        return self._events.fileno()

    def suspect(self, indexes: Iterable[int]) -> None:
        """Ask for these interfaces at the next `read`."""
        self._suspects.update(indexes)

    def read(self) -> list[PlaneNews]:
        """What others did to the device and its ports since the last call."""
        assert self._events is not None
        changed, self._suspects = self._suspects, set()
        try:
            changed |= self._events.read()
        except Lost as lost:
            log.warning("%s: news of links was lost (%s), asking again", self.name, lost)
            changed |= {self.index, *(port.index for port in self._ports.values())}
            changed |= self._strangers.keys() | {one.index for one in self.links.below(self.index)}
        ports = [
            item for index in sorted(changed - {self.index}) for item in self._port_news(index)
        ]
        # Who removes the device takes the ports away first.
        if self.index in changed or any(isinstance(item, PortLeft) for item in ports):
            return self._device_news() + ports
        return ports

    def _device_news(self) -> list[PlaneNews]:
        old, new = self.device, self.links.at(self.index)
        if self._gone:
            return []
        if new is None:
            self._gone = True
            return [DeviceGone()]
        self._device = new
        news: list[PlaneNews] = []
        if new.name != old.name:
            news.append(Trouble(f"{old.name} is called {new.name} now, and goes on to be used"))
        if self._told != (new.up, new.address) and new.address is not None:
            self._told = (new.up, new.address)
            news.append(DeviceChanged(new.up, new.address))
        return news

    def _port_news(self, index: int) -> list[PlaneNews]:
        known = next((port for port in self._ports.values() if port.index == index), None)
        if known is None and index not in self._strangers:
            # Before it is asked for, so that it cannot leave unheard.
            self._watch([index])
        now = self.links.at(index)
        here = now is not None and now.master == self.index
        news: list[PlaneNews] = []
        if known is not None and (now is None or not here or now.name != known.name):
            del self._ports[known.name]
            self._departed.add(known.name)
            gone = now is None or now.name != known.name
            news.append(PortLeft(known.name, gone=gone))
            known = None
        if now is None:
            self._own.pop(index, None)
        before = self._strangers.pop(index, None)
        if now is not None and here and known is None:
            # A port that was renamed goes and comes: its name is what is configured.
            self._strangers[index] = now
            if before is None or before.name != now.name:
                news.append(PortJoined(now.name))
        self._watch()
        return news
