"""Generic netlink: families of messages, and the groups in which they are announced."""

from __future__ import annotations

import errno
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from lacp.netlink.codec import HEADER, attribute, name_value, nested, number, table, text
from lacp.netlink.sockets import KernelRefused, Requests

# linux/netlink.h, linux/genetlink.h
NETLINK_GENERIC = 16
_GENL_ID_CTRL = 16
_CTRL_CMD_GETFAMILY = 3
_CTRL_VERSION = 1
_FAMILY_ID, _FAMILY_NAME, _MCAST_GROUPS = 1, 2, 7
_GROUP_NAME, _GROUP_ID = 1, 2

COMMAND = struct.Struct("=BB2x")  # genlmsghdr: command, version
#: Where the attributes of such a message begin.
GENERIC_AT = HEADER.size + COMMAND.size


@dataclass(frozen=True, slots=True)
class Family:
    """A family, under the number that this kernel has given it."""

    number: int
    #: The numbers of its groups, by name.
    groups: Mapping[str, int]


def find_family(requests: Requests, name: str) -> Family | None:
    """The family of this name, for which the kernel may load a driver; None when there is none.

    Raises KernelRefused.
    """
    body = COMMAND.pack(_CTRL_CMD_GETFAMILY, _CTRL_VERSION)
    try:
        found = requests.ask(_GENL_ID_CTRL, body + attribute(_FAMILY_NAME, name_value(name)))
    except KernelRefused as refused:
        if refused.number == errno.ENOENT:
            return None
        raise
    return read_family(found[0]) if found else None


def read_family(message: bytes) -> Family | None:
    """The kernel's answer about a family, header included; None when it says no number."""
    said = table(message, GENERIC_AT)
    found = number(said.get(_FAMILY_ID))
    if found is None:
        return None
    groups = [table(each) for each in nested(said, _MCAST_GROUPS).values()]
    return Family(
        found,
        {text(each.get(_GROUP_NAME, b"")): number(each.get(_GROUP_ID)) or 0 for each in groups},
    )
