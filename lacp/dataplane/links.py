"""Network interfaces over rtnetlink: what they are, and what is done to them.

For dataplanes that are devices of the kernel. Every order is logged before it is given, waits for
the kernel, and raises KernelRefused with what the kernel says. Requests are written with pyroute2;
answers are read by hand, which takes a thirtieth of the time.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lacp.address import Mac
from lacp.dataplane.netlink import (
    HEADER,
    Announcements,
    KernelRefused,
    Requests,
    attribute,
    attributes,
    fits,
)
from lacp.dataplane.parts import part
from lacp.errors import BackendError
from lacp.txhash.bpf import JEQ_K, LD_K, LD_W, LD_W_X, LDX_K, RET_K, TAX, Instruction

log = logging.getLogger(__name__)

# linux/rtnetlink.h, linux/netlink.h, linux/if_link.h, linux/if.h, linux/if_arp.h
_RTM_NEWLINK = 16
_RTM_DELLINK = 17
_RTM_GETLINK = 18
_RTNLGRP_LINK = 1
_NLM_F_EXCL = 0x200
_NLM_F_CREATE = 0x400
_IFLA_ADDRESS = 1
_IFLA_IFNAME = 3
_IFLA_MASTER = 10
_IFLA_LINKINFO = 18
_IFLA_PERM_ADDRESS = 54
_IFLA_INFO_KIND = 1
_IFLA_INFO_DATA = 2
_IFLA_INFO_SLAVE_KIND = 4
_IFLA_INFO_SLAVE_DATA = 5
_RTEXT_FILTER_SKIP_STATS = 8
_IFF_UP = 0x1
_IFF_LOOPBACK = 0x8
_IFF_LOWER_UP = 0x10000
_ARPHRD_ETHER = 1
_IFINFO = struct.Struct("=2xHiI")  # ifinfomsg: family, type, index, flags
_INDEX = struct.Struct("=i")
_INDEX_AT = 20  # of ifinfomsg, in a message

#: What a driver is told beside what every interface has: pyroute2's names and values.
Settings = Sequence[tuple[str, object]]


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface as it was when the kernel was asked."""

    index: int
    name: str
    #: The driver's name for its kind: ``team``, ``bond``, ``veth``; None of hardware.
    kind: str | None
    #: Administratively.
    up: bool
    carrier: bool
    loopback: bool
    #: None when it is no Ethernet interface.
    address: Mac | None
    #: The one that it was built with, where there is one.
    permanent: Mac | None
    #: The index of the bond, team or bridge above; 0 when there is none.
    master: int


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
        return self._get(IFLA_IFNAME=name)

    def at(self, index: int) -> Interface | None:
        """The interface of this index; None when there is none."""
        return self._get(index)

    def below(self, index: int) -> list[Interface]:
        """The interfaces below this one. The kernel selects them."""
        body = _body(0, IFLA_MASTER=index, IFLA_EXT_MASK=_RTEXT_FILTER_SKIP_STATS)
        found = self._requests.ask(_RTM_GETLINK, body, dump=True)
        return [one for one in map(read_interface, found) if one.master == index]

    def refuse_owned(self, found: Interface) -> None:
        """Raise BackendError when an interface is below another one, with the way to free it."""
        if found.master:
            above = self.at(found.master)
            owner = above.name if above is not None else f"interface {found.master}"
            way = f"free it first (ip link set {found.name} nomaster)"
            raise BackendError(f"{found.name}: belongs to {owner}: {way}")

    def driver(self, index: int) -> dict[int, bytes]:
        """What the driver of an interface says of it, by its own numbers; empty when it is gone."""
        return self._driver_data(index, _IFLA_INFO_DATA)

    def driver_above(self, index: int) -> dict[int, bytes]:
        """What the driver of the device above says of an interface; empty when there is none."""
        return self._driver_data(index, _IFLA_INFO_SLAVE_DATA)

    def _driver_data(self, index: int, which: int) -> dict[int, bytes]:
        answer = self._ask(index)
        if answer is None:
            return {}
        info = dict(attributes(dict(attributes(answer[_ATTRIBUTES:])).get(_IFLA_LINKINFO, b"")))
        return dict(attributes(info.get(which, b"")))

    def _get(self, index: int = 0, **values: object) -> Interface | None:
        answer = self._ask(index, **values)
        return None if answer is None else read_interface(answer)

    def _ask(self, index: int, **values: object) -> bytes | None:
        body = _body(index, **values, IFLA_EXT_MASK=_RTEXT_FILTER_SKIP_STATS)
        try:
            (answer,) = self._requests.ask(_RTM_GETLINK, body)
        except KernelRefused as refused:
            if refused.number in (errno.ENODEV, errno.ENXIO):
                return None
            raise
        return answer

    # Orders.

    def create(
        self, name: str, kind: str, address: Mac | None = None, settings: Settings = ()
    ) -> Interface:
        """Make a virtual interface, which is down; None leaves its address to the kernel."""
        log.info("%s: creating a %s device", name, kind)
        address_text = {} if address is None else {"IFLA_ADDRESS": str(address)}
        body = _body(0, IFLA_IFNAME=name, **address_text, IFLA_LINKINFO=_info(kind, settings))
        self._requests.ask(_RTM_NEWLINK, body, _NLM_F_CREATE | _NLM_F_EXCL)
        made = self.named(name)
        if made is None:
            raise BackendError(f"{name}: vanished as soon as it was made")
        return made

    def configure(self, device: Interface, kind: str, settings: Settings) -> None:
        """Change what the driver of a virtual interface is told."""
        said = ", ".join(f"{name} to {value}" for name, value in settings)
        log.info("%s: setting %s", device.name, said)
        self._change(device.index, IFLA_LINKINFO=_info(kind, settings))

    def tell_driver(self, index: int, kind: str, settings: Mapping[int, bytes]) -> None:
        """Tell the driver of an interface something, by its own numbers."""
        self._tell(index, kind, settings, _IFLA_INFO_KIND, _IFLA_INFO_DATA)

    def tell_driver_above(self, index: int, kind: str, settings: Mapping[int, bytes]) -> None:
        """Tell the driver of the device above something of an interface."""
        self._tell(index, kind, settings, _IFLA_INFO_SLAVE_KIND, _IFLA_INFO_SLAVE_DATA)

    def _tell(
        self, index: int, kind: str, settings: Mapping[int, bytes], named: int, data: int
    ) -> None:
        told = b"".join(attribute(number, value) for number, value in settings.items())
        info = attribute(named, kind.encode()) + attribute(data, told)
        self._requests.ask(_RTM_NEWLINK, _body(index) + attribute(_IFLA_LINKINFO, info))

    def delete(self, device: Interface) -> None:
        """Remove a virtual interface; those below it are released."""
        log.info("%s: removing the %s device", device.name, device.kind)
        self._requests.ask(_RTM_DELLINK, _body(device.index))

    def enslave(self, port: Interface, device: Interface) -> None:
        """Put an interface below another one."""
        log.info("%s: adding port %s", device.name, port.name)
        self._change(port.index, IFLA_MASTER=device.index)

    def release(self, port: Interface) -> None:
        """Take an interface away from the one above it."""
        log.info("%s: taking it away from its master", port.name)
        self._change(port.index, IFLA_MASTER=0)

    def set_address(self, device: Interface, address: Mac) -> None:
        """Give an interface an address, if it has another one."""
        if device.address != address:
            log.info("%s: setting address %s, was %s", device.name, address, device.address)
            self._change(device.index, IFLA_ADDRESS=str(address))

    def set_carrier(self, device: Interface, up: bool) -> None:
        """Give a virtual interface carrier or take it; from then on its driver no longer does."""
        log.debug("%s: switching carrier %s", device.name, "on" if up else "off")
        self._change(device.index, IFLA_CARRIER=int(up))

    def set_up(self, device: Interface, up: bool) -> None:
        """Set an interface administratively up or down."""
        log.info("%s: setting it %s", device.name, "up" if up else "down")
        message = _message(device.index)
        message["flags"], message["change"] = (_IFF_UP if up else 0), _IFF_UP
        self._requests.ask(_RTM_NEWLINK, _octets(message))

    def permitted(self) -> bool:
        """Whether interfaces may be changed here (CAP_NET_ADMIN)."""
        try:
            # There is no such interface, which is looked up only after the right to do so.
            self._change(0x7FFFFFFF, IFLA_MASTER=0)
        except KernelRefused as refused:
            return refused.number != errno.EPERM
        return True

    def _change(self, index: int, **values: object) -> None:
        self._requests.ask(_RTM_NEWLINK, _body(index, **values))


class LinkEvents:
    """Which of some interfaces have changed, and which others were put below `device`.

    They are hints: what has become of an interface has to be asked, and is then as new as can be.
    """

    def __init__(self, device: int, sock: Announcements | None = None) -> None:
        self._device = device
        self._socket = sock or Announcements(socket.NETLINK_ROUTE)
        self.watch(())
        self._socket.join(_RTNLGRP_LINK)

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
        body = _body(self._device, IFLA_EXT_MASK=_RTEXT_FILTER_SKIP_STATS)
        self._socket.ask(_RTM_GETLINK, body)

    def read(self) -> set[int]:
        """The indexes of interfaces to ask for. Raises `Lost` when it can be any."""
        return {
            _INDEX.unpack_from(message, _INDEX_AT)[0]
            for message in self._socket.read()
            if HEADER.unpack_from(message)[1] in (_RTM_NEWLINK, _RTM_DELLINK)
        }


#: What `LD_W` loads from here (linux/filter.h) is the place of the attribute whose type is in X,
#: looked for from A on; 0 when there is none.
_FIND_ATTRIBUTE = 0xFFFFF000 + 12
#: Where the attributes of a link message begin.
_ATTRIBUTES = 32
_ACCEPT = Instruction(RET_K, 0, 0, 0xFFFFFFFF)
_REFUSE = Instruction(RET_K, 0, 0, 0)


def link_filter(device: int, ports: Iterable[int]) -> list[Instruction]:
    """Lets link messages of these interfaces through, and of those below `device`."""
    program = [Instruction(LD_W, 0, 0, _INDEX_AT)]
    for index in (device, *ports):
        program += [_equal(index), _ACCEPT]
    program += [
        Instruction(LDX_K, 0, 0, _IFLA_MASTER),
        Instruction(LD_K, 0, 0, _ATTRIBUTES),
        Instruction(LD_W, 0, 0, _FIND_ATTRIBUTE),
        Instruction(JEQ_K, 0, 1, 0),
        _REFUSE,
        Instruction(TAX, 0, 0, 0),
        Instruction(LD_W_X, 0, 0, 4),
        _equal(device),
        _ACCEPT,
        _REFUSE,
    ]
    return program if fits(program) else [_ACCEPT]


def word_filter(offset: int, value: int) -> list[Instruction]:
    """Lets messages through that hold `value`, as this machine stores it, at `offset`."""
    return [Instruction(LD_W, 0, 0, offset), _equal(value), _ACCEPT, _REFUSE]


def _equal(value: int) -> Instruction:
    """Go on if A is `value`, else skip an instruction. A is loaded in network order."""
    return Instruction(JEQ_K, 0, 1, socket.htonl(value))


def taken(device: str) -> BackendError:
    """What is said when a device is to be made and there is one of its name."""
    return BackendError(f"{device}: exists already: -o takes it over, -r makes it anew")


def foreign(found: Interface, expected: str) -> BackendError:
    """What is said when a device is to be used, or made anew, and its name is another kind's."""
    what = f"a {found.kind} device" if found.kind else "an interface that is no device"
    return BackendError(f"{found.name}: found {what}, expected a {expected} device")


def read_interface(message: bytes) -> Interface:
    """An RTM_NEWLINK, headers included, as what it says of an interface."""
    hardware, index, flags = _IFINFO.unpack_from(message, HEADER.size)
    said = dict(attributes(message[_ATTRIBUTES:]))
    driver = dict(attributes(said.get(_IFLA_LINKINFO, b"")))
    ethernet = hardware == _ARPHRD_ETHER
    return Interface(
        index=index,
        name=_text(said.get(_IFLA_IFNAME, b"")),
        kind=_text(driver[_IFLA_INFO_KIND]) if _IFLA_INFO_KIND in driver else None,
        up=bool(flags & _IFF_UP),
        carrier=bool(flags & _IFF_LOWER_UP),
        loopback=bool(flags & _IFF_LOOPBACK),
        address=_mac(said.get(_IFLA_ADDRESS)) if ethernet else None,
        permanent=_mac(said.get(_IFLA_PERM_ADDRESS)) if ethernet else None,
        master=_INDEX.unpack(said[_IFLA_MASTER])[0] if _IFLA_MASTER in said else 0,
    )


def _text(octets: bytes) -> str:
    return os.fsdecode(octets.rstrip(b"\0"))


def _mac(octets: bytes | None) -> Mac | None:
    return Mac(octets) if octets is not None and len(octets) == 6 else None


def _message(index: int, **values: object) -> Any:
    message = part("pyroute2", "netlink.rtnl.ifinfmsg").ifinfmsg()
    message["index"] = index
    message["attrs"] = list(values.items())
    return message


def _octets(message: Any) -> bytes:
    message.encode()
    return bytes(message.data[HEADER.size :])


def _body(index: int, **values: object) -> bytes:
    return _octets(_message(index, **values))


def _info(kind: str, settings: Settings) -> dict[str, object]:
    """The attribute that is for the driver."""
    told: list[tuple[str, object]] = [("IFLA_INFO_KIND", kind)]
    if settings:
        told.append(("IFLA_INFO_DATA", {"attrs": list(settings)}))
    return {"attrs": told}
