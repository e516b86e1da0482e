"""What the kernel's team driver says and hears: options over generic netlink (linux/if_team.h).

A device that spreads its traffic by hash has more than 500 options, and announces those that
changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from lacp.netlink.codec import (
    HEADER,
    attribute,
    attributes,
    integer,
    number,
    s32,
    table,
    text,
    u32,
)
from lacp.netlink.generic import COMMAND, GENERIC_AT

FAMILY = "team"
VERSION = 1
#: The multicast group of announcements.
GROUP = "change_event"

COMMAND_OPTIONS_SET = 1
COMMAND_OPTIONS_GET = 2

#: Hashes that the driver tells apart.
HASHES = 256

#: Where a message holds the device's index: behind both headers and the head of an attribute.
IFINDEX_AT = HEADER.size + 4 + 4


# The attributes that matter here.
_TEAM_IFINDEX, _LIST_OPTION = 1, 2
_ITEM_OPTION = 1
_NAME, _TYPE, _DATA, _REMOVED, _PORT_IFINDEX, _ARRAY_INDEX = 1, 3, 4, 5, 6, 7


class Type(IntEnum):
    """What an option holds, as the kernel numbers it (NLA_*)."""

    U32 = 3
    STRING = 5
    BOOL = 6
    BINARY = 11
    S32 = 14


#: The type of every option that is set here.
TYPES = {
    "mode": Type.STRING,
    "notify_peers_count": Type.U32,
    "notify_peers_interval": Type.U32,
    "mcast_rejoin_count": Type.U32,
    "mcast_rejoin_interval": Type.U32,
    "enabled": Type.BOOL,
    "user_linkup": Type.BOOL,
    "user_linkup_enabled": Type.BOOL,
    "priority": Type.S32,
    "queue_id": Type.U32,
    "activeport": Type.U32,
    "bpf_hash_func": Type.BINARY,
    "lb_tx_method": Type.STRING,
    "lb_tx_hash_to_port_mapping": Type.U32,
    "lb_stats_refresh_interval": Type.U32,
}

Value = bool | int | str | bytes


@dataclass(frozen=True, slots=True)
class Key:
    """Which option."""

    name: str
    #: The index of the port that it belongs to; 0 when it is the device's.
    port: int = 0
    #: Its place when it is one of an array.
    place: int = 0


@dataclass(frozen=True, slots=True)
class Options:
    """What a message says of options of one device."""

    #: The device's interface index.
    device: int
    values: dict[Key, Value]
    #: Those that exist no longer.
    removed: frozenset[Key]


def set_request(device: int, options: Iterable[tuple[Key, Value]]) -> bytes:
    """The request, without its netlink header, that sets options of a device in this order."""
    items = b"".join(_item(key, value) for key, value in options)
    return _request(COMMAND_OPTIONS_SET, device) + attribute(_LIST_OPTION, items)


def get_request(device: int) -> bytes:
    """The request, without its netlink header, for all options of a device."""
    return _request(COMMAND_OPTIONS_GET, device)


def read_options(message: bytes) -> Options | None:
    """A message of the family, headers included; None when it says nothing about options."""
    if len(message) < GENERIC_AT or message[HEADER.size] != COMMAND_OPTIONS_GET:
        return None
    device = 0
    values: dict[Key, Value] = {}
    removed: set[Key] = set()
    for kind, value in attributes(message, GENERIC_AT):
        if kind == _TEAM_IFINDEX:
            device = integer(value)
        elif kind == _LIST_OPTION:
            for item, octets in attributes(value):
                if item == _ITEM_OPTION:
                    _read_item(table(octets), values, removed)
    return Options(device, values, frozenset(removed))


def _read_item(item: dict[int, bytes], values: dict[Key, Value], removed: set[Key]) -> None:
    """Add what an item says; what has no name says nothing."""
    if _NAME not in item:
        return
    port, place = item.get(_PORT_IFINDEX), item.get(_ARRAY_INDEX)
    key = Key(
        text(item[_NAME]),
        0 if port is None else integer(port),
        0 if place is None else integer(place),
    )
    if _REMOVED in item:
        removed.add(key)
        return
    data = item.get(_DATA)
    match number(item.get(_TYPE)):
        case Type.BOOL:
            values[key] = data is not None
        case Type.U32 if data is not None:
            values[key] = integer(data)
        case Type.S32 if data is not None:
            values[key] = integer(data, signed=True)
        case Type.STRING if data is not None:
            values[key] = text(data)
        case _ if data is not None:
            values[key] = data


def octets_sent(value: Value) -> int:
    """What an option ``lb_hash_stats`` says."""
    assert isinstance(value, bytes)
    return integer(value)


def _item(key: Key, value: Value) -> bytes:
    kind = TYPES[key.name]
    told = attribute(_NAME, key.name.encode() + b"\0") + attribute(_TYPE, bytes([kind]))
    data = _data(kind, value)
    if data is not None:
        told += attribute(_DATA, data)
    if key.port:
        told += attribute(_PORT_IFINDEX, u32(key.port))
    if key.name == "lb_tx_hash_to_port_mapping":
        told += attribute(_ARRAY_INDEX, u32(key.place))
    return attribute(_ITEM_OPTION, told)


def _data(kind: Type, value: Value) -> bytes | None:
    """The octets of a value; a bool is there or is not."""
    match kind, value:
        case Type.BOOL, bool():
            return b"" if value else None
        case Type.U32, int():
            return u32(value)
        case Type.S32, int():
            return s32(value)
        case Type.STRING, str():
            return value.encode() + b"\0"
        case Type.BINARY, bytes():
            return value
    raise TypeError(f"{value!r} is no {kind.name}")


def _request(command: int, device: int) -> bytes:
    return COMMAND.pack(command, VERSION) + attribute(_TEAM_IFINDEX, u32(device))
