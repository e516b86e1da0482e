"""Network interfaces over rtnetlink: what they are, and what is done to them.

Every order is logged before it is given, waits for the kernel, and raises KernelRefused with what
the kernel says.
"""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Iterable, Mapping

from lacp.address import Mac
from lacp.errors import BackendError
from lacp.netlink.codec import (
    HEADER,
    IFF_UP,
    IFINFO,
    IFLA_ADDRESS,
    IFLA_CARRIER,
    IFLA_EXT_MASK,
    IFLA_IFNAME,
    IFLA_INFO_DATA,
    IFLA_INFO_KIND,
    IFLA_INFO_SLAVE_DATA,
    IFLA_INFO_SLAVE_KIND,
    IFLA_LINKINFO,
    IFLA_MASTER,
    NLM_F_CREATE,
    NLM_F_EXCL,
    RTEXT_FILTER_SKIP_STATS,
    RTM_DELLINK,
    RTM_GETLINK,
    RTM_NEWLINK,
    RTNLGRP_LINK,
    Interface,
    attribute,
    driver,
    driver_above,
    link_body,
    name_value,
    read_link,
    u32,
)
from lacp.netlink.filters import link_filter
from lacp.netlink.sockets import Announcements, KernelRefused, Requests

log = logging.getLogger(__name__)

#: What a driver is told: values by its own numbers, as it stores them.
Settings = Mapping[int, bytes]

#: Octets of a name, the final zero included (linux/if.h).
_IFNAMSIZ = 16

# Statistics are left out, which some drivers have to ask their hardware for.
_SHORT = {IFLA_EXT_MASK: u32(RTEXT_FILTER_SKIP_STATS)}


class Links:
    """Asks for interfaces and changes them."""

    def __init__(self) -> None:
        self._requests = Requests(socket.NETLINK_ROUTE)

    def close(self) -> None:
        """Close the socket."""
        self._requests.close()

    # Questions.

    def named(self, name: str) -> Interface | None:
        """The interface of this name; None when there is none."""
        value = name_value(name)
        # The kernel would refuse the question.
        return self._get(0, {IFLA_IFNAME: value}) if len(value) <= _IFNAMSIZ else None

    def at(self, index: int) -> Interface | None:
        """The interface of this index; None when there is none."""
        return self._get(index)

    def below(self, index: int) -> list[Interface]:
        """The interfaces below this one. The kernel selects them."""
        body = link_body(0, {IFLA_MASTER: u32(index), **_SHORT})
        found = map(read_link, self._requests.ask(RTM_GETLINK, body, dump=True))
        return [one for one in found if one is not None and one.master == index]

    def driver(self, index: int) -> dict[int, bytes]:
        """What the driver of an interface says of it, by its own numbers; empty when it is gone."""
        answer = self._ask(index)
        return {} if answer is None else driver(answer)

    def driver_above(self, index: int) -> dict[int, bytes]:
        """What the driver of the device above says of an interface; empty when there is none."""
        answer = self._ask(index)
        return {} if answer is None else driver_above(answer)

    def _get(self, index: int, said: Mapping[int, bytes] | None = None) -> Interface | None:
        answer = self._ask(index, said)
        return None if answer is None else read_link(answer)

    def _ask(self, index: int, said: Mapping[int, bytes] | None = None) -> bytes | None:
        body = link_body(index, {**(said or {}), **_SHORT})
        try:
            (answer,) = self._requests.ask(RTM_GETLINK, body)
        except KernelRefused as refused:
            if refused.number in (errno.ENODEV, errno.ENXIO):
                return None
            raise
        return answer

    # Orders.

    def create(
        self, name: str, kind: str, address: Mac | None = None, settings: Settings | None = None
    ) -> Interface:
        """Make a virtual interface, which is down; None leaves its address to the kernel."""
        log.info("%s: creating a %s device", name, kind)
        said = {IFLA_IFNAME: name_value(name)}
        if address is not None:
            said[IFLA_ADDRESS] = address
        info = attribute(IFLA_INFO_KIND, name_value(kind))
        if settings:
            info += _told(IFLA_INFO_DATA, settings)
        said[IFLA_LINKINFO] = info
        self._requests.ask(RTM_NEWLINK, link_body(0, said), NLM_F_CREATE | NLM_F_EXCL)
        made = self.named(name)
        if made is None:
            raise BackendError(f"{name}: vanished as soon as it was made")
        return made

    def tell_driver(self, index: int, kind: str, settings: Settings) -> None:
        """Tell the driver of an interface something."""
        info = attribute(IFLA_INFO_KIND, name_value(kind)) + _told(IFLA_INFO_DATA, settings)
        self._change(index, {IFLA_LINKINFO: info})

    def tell_driver_above(self, index: int, kind: str, settings: Settings) -> None:
        """Tell the driver of the device above something of an interface."""
        named = attribute(IFLA_INFO_SLAVE_KIND, name_value(kind))
        self._change(index, {IFLA_LINKINFO: named + _told(IFLA_INFO_SLAVE_DATA, settings)})

    def delete(self, device: Interface) -> None:
        """Remove a virtual interface; those below it are released."""
        log.info("%s: removing the %s device", device.name, device.kind)
        self._requests.ask(RTM_DELLINK, link_body(device.index, {}))

    def enslave(self, port: Interface, device: Interface) -> None:
        """Put an interface below another one."""
        log.info("%s: adding port %s", device.name, port.name)
        self._change(port.index, {IFLA_MASTER: u32(device.index)})

    def release(self, port: Interface) -> None:
        """Take an interface away from the one above it."""
        log.info("%s: taking it away from its master", port.name)
        self._change(port.index, {IFLA_MASTER: u32(0)})

    def set_address(self, device: Interface, address: Mac) -> None:
        """Give an interface an address, if it has another one."""
        if device.address != address:
            log.info("%s: setting address %s, was %s", device.name, address, device.address)
            self._change(device.index, {IFLA_ADDRESS: address})

    def set_carrier(self, device: Interface, up: bool) -> None:
        """Give a virtual interface carrier or take it; from then on its driver no longer does."""
        log.debug("%s: switching carrier %s", device.name, "on" if up else "off")
        self._change(device.index, {IFLA_CARRIER: bytes([up])})

    def set_up(self, device: Interface, up: bool) -> None:
        """Set an interface administratively up or down."""
        log.info("%s: setting it %s", device.name, "up" if up else "down")
        body = link_body(device.index, {}, IFF_UP if up else 0, IFF_UP)
        self._requests.ask(RTM_NEWLINK, body)

    def permitted(self) -> bool:
        """Whether interfaces may be changed here (CAP_NET_ADMIN)."""
        try:
            # There is no such interface, which is looked up only after the right to do so.
            self._change(0x7FFFFFFF, {IFLA_MASTER: u32(0)})
        except KernelRefused as refused:
            return refused.number != errno.EPERM
        return True

    def _change(self, index: int, said: Mapping[int, bytes]) -> None:
        self._requests.ask(RTM_NEWLINK, link_body(index, said))


class LinkEvents:
    """Which of some interfaces have changed, and which others were put below `device`.

    They are hints: what has become of an interface has to be asked, and is then as new as can be.
    """

    def __init__(self, device: int, sock: Announcements | None = None) -> None:
        self._device = device
        self._socket = sock or Announcements(socket.NETLINK_ROUTE)
        self.watch(())
        self._socket.join(RTNLGRP_LINK)

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def watch(self, ports: Iterable[int]) -> None:
        """From now on hear of these interfaces, and of `device` and its new ports."""
        self._socket.filter(link_filter(self._device, ports))

    def ask(self) -> None:
        """Have something to read, that says what `device` is like."""
        self._socket.ask(RTM_GETLINK, link_body(self._device, _SHORT))

    def read(self) -> set[int]:
        """The indexes of interfaces to ask for. Raises `Lost` when it can be any."""
        return {
            IFINFO.unpack_from(message, HEADER.size)[2]
            for message in self._socket.read()
            if HEADER.unpack_from(message)[1] in (RTM_NEWLINK, RTM_DELLINK)
        }


def _told(kind: int, settings: Settings) -> bytes:
    """What a driver is told, as one attribute."""
    return attribute(kind, b"".join(attribute(which, value) for which, value in settings.items()))
