"""Devices of the kernel with ports below them, as rtnetlink tells of them.

    with Devices(deadline) as devices:
        for bond in devices.of_kind("bond"):
            print(bond.name, [port.name for port in devices.below(bond.index)])

Everything is of the network namespace in which the thread is. The kernel selects what is sent, and
leaves out statistics, which some drivers have to ask their hardware for.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from lacp.errors import BackendError
from lacp.link import Duplex
from lacp.netlink.codec import (
    ATTRIBUTES_AT,
    HEADER,
    IFLA_EXT_MASK,
    IFLA_INFO_DATA,
    IFLA_INFO_KIND,
    IFLA_INFO_SLAVE_DATA,
    IFLA_LINKINFO,
    IFLA_MASTER,
    IFLA_MTU,
    NLM_F_DUMP_INTR,
    RTEXT_FILTER_SKIP_STATS,
    RTM_GETLINK,
    RTM_NEWLINK,
    Interface,
    attribute,
    link_body,
    name_value,
    nested,
    number,
    read_link,
    table,
    u32,
)
from lacp.netlink.ethtool import speed_and_duplex
from lacp.netlink.sockets import KernelRefused, Requests, left
from lacp.picture.model import LinkView

# linux/rtnetlink.h, linux/if_link.h
_RTM_GETSTATS = 94
_LINK_XSTATS_SLAVE = 3
_IFSTATS = struct.Struct("=B3xiI")  # if_stats_msg: family, index, mask of what is wanted

_SHORT = {IFLA_EXT_MASK: u32(RTEXT_FILTER_SKIP_STATS)}
#: How often a dump during which something changed is asked for.
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Device:
    """An interface, and what drivers say of it, by their own numbers."""

    interface: Interface
    #: Octets.
    mtu: int | None
    #: What its own driver says, and what the driver of the device above says.
    driver: Mapping[int, bytes]
    above: Mapping[int, bytes]

    @property
    def name(self) -> str:
        """The name of the interface."""
        return self.interface.name

    @property
    def index(self) -> int:
        """Its interface index."""
        return self.interface.index


@dataclass(frozen=True, slots=True)
class PortFacts:
    """What the kernel said of a port."""

    device: Device
    link: LinkView
    #: What the driver of the device above counts at it, by its own numbers.
    statistics: Mapping[int, bytes] = field(default_factory=dict)


def read_device(message: bytes) -> Device | None:
    """A link message, header included; None when it is none of an interface."""
    interface = read_link(message) if HEADER.unpack_from(message)[1] == RTM_NEWLINK else None
    if interface is None:
        return None
    said = table(message, ATTRIBUTES_AT)
    info = nested(said, IFLA_LINKINFO)
    return Device(
        interface,
        number(said.get(IFLA_MTU)),
        nested(info, IFLA_INFO_DATA),
        nested(info, IFLA_INFO_SLAVE_DATA),
    )


class Devices:
    """Asks the kernel for devices and their ports until `deadline`, of `time.monotonic`.

    Everything raises BackendError when the kernel does not answer.
    """

    def __init__(self, deadline: float) -> None:
        try:
            # Any socket of this namespace will do for ethtool.
            self._any = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        except OSError as error:
            raise BackendError(f"cannot open a socket: {error.strerror}") from error
        try:
            self._requests = Requests(socket.NETLINK_ROUTE, left(deadline))
        except BackendError:
            self._any.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._requests.close()
        self._any.close()

    def of_kind(self, kind: str) -> list[Device]:
        """All devices of a driver: ``bond``, ``team``; by index."""
        info = attribute(IFLA_INFO_KIND, name_value(kind))
        found = self._dump({IFLA_LINKINFO: info})
        # The kernel takes the name of a driver that is not loaded for none at all.
        return [device for device in found if device.interface.kind == kind]

    def below(self, index: int) -> list[Device]:
        """The ports below a device, by index."""
        found = self._dump({IFLA_MASTER: u32(index)})
        return [port for port in found if port.interface.master == index]

    def at(self, index: int) -> Device | None:
        """The interface of this index; None when it is gone."""
        try:
            answers = self._requests.ask(RTM_GETLINK, link_body(index, _SHORT))
        except KernelRefused as refused:
            if refused.number in (errno.ENODEV, errno.ENXIO):
                return None
            raise
        return next(filter(None, map(read_device, answers)), None)

    def statistics(self, index: int) -> Mapping[int, bytes]:
        """What the driver of the device above counts at a port, by its own numbers.

        Empty when the driver, or the kernel, counts nothing (before 4.7).
        """
        body = _IFSTATS.pack(0, index, 1 << (_LINK_XSTATS_SLAVE - 1))
        try:
            answers = self._requests.ask(_RTM_GETSTATS, body)
        except KernelRefused:
            return {}
        for answer in answers:
            found = nested(table(answer, HEADER.size + _IFSTATS.size), _LINK_XSTATS_SLAVE)
            if found:
                return found
        return {}

    def link(self, device: Device) -> LinkView:
        """The link of an interface."""
        speed, duplex = speed_and_duplex(self._any, device.name)
        return LinkView(
            up=device.interface.operational,
            speed=speed,
            duplex=None if duplex is Duplex.UNKNOWN else duplex,
            admin_up=device.interface.up,
        )

    def _dump(self, said: Mapping[int, bytes]) -> list[Device]:
        body = link_body(0, {**said, **_SHORT})
        for _ in range(_ATTEMPTS):
            answers = self._requests.ask(RTM_GETLINK, body, dump=True)
            if not any(HEADER.unpack_from(each)[2] & NLM_F_DUMP_INTR for each in answers):
                break
        devices = [device for each in answers if (device := read_device(each)) is not None]
        return sorted(devices, key=lambda device: device.index)
