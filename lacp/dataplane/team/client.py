"""The generic netlink family of the kernel's team driver: find it, ask it, listen to it."""

from __future__ import annotations

import errno
from collections.abc import Sequence

from lacp.dataplane.links import word_filter
from lacp.dataplane.netlink import HEADER, Announcements, KernelRefused, Lost, Requests
from lacp.dataplane.parts import part
from lacp.dataplane.team.messages import (
    FAMILY,
    GROUP,
    IFINDEX_AT,
    Key,
    Options,
    Value,
    get_request,
    read_options,
    set_request,
)

# linux/netlink.h, linux/genetlink.h
NETLINK_GENERIC = 16
_GENL_ID_CTRL = 16
_CTRL_CMD_GETFAMILY = 3
_CTRL_VERSION = 1


class TeamClient:
    """Options of the team devices of this network namespace."""

    def __init__(self) -> None:
        self._requests = Requests(NETLINK_GENERIC)
        self._family = 0
        self._group = 0

    def close(self) -> None:
        """Close the socket."""
        self._requests.close()

    def find(self) -> bool:
        """Look for the family, for which the kernel loads the driver; False when there is none."""
        ctrlmsg = part("pyroute2", "netlink").ctrlmsg
        question = ctrlmsg()
        question["cmd"], question["version"] = _CTRL_CMD_GETFAMILY, _CTRL_VERSION
        question["attrs"] = [("CTRL_ATTR_FAMILY_NAME", FAMILY)]
        question.encode()
        try:
            body = bytes(question.data[HEADER.size :])
            (found,) = self._requests.ask(_GENL_ID_CTRL, body)
        except KernelRefused as refused:
            if refused.number == errno.ENOENT:
                return False
            raise
        answer = ctrlmsg(found)
        answer.decode()
        self._family = answer.get_attr("CTRL_ATTR_FAMILY_ID")
        for group in answer.get_attr("CTRL_ATTR_MCAST_GROUPS") or ():
            if group.get_attr("CTRL_ATTR_MCAST_GRP_NAME") == GROUP:
                self._group = group.get_attr("CTRL_ATTR_MCAST_GRP_ID")
        return True

    def options(self, device: int) -> dict[Key, Value]:
        """All options of a device and its ports."""
        values: dict[Key, Value] = {}
        for message in self._requests.ask(self._family, get_request(device)):
            found = read_options(message)
            if found is not None:
                values |= found.values
        return values

    def set(self, device: int, options: Sequence[tuple[Key, Value]]) -> None:
        """Set options in this order. One that is refused ends it; those before it stay set."""
        self._requests.ask(self._family, set_request(device, options))

    def listen(self, device: int) -> OptionEvents:
        """Hear from now on of changes of the options of a device."""
        return OptionEvents(device, self._group)


class OptionEvents:
    """What the driver tells of one device."""

    def __init__(self, device: int, group: int, sock: Announcements | None = None) -> None:
        self._device = device
        self._socket = sock or Announcements(NETLINK_GENERIC)
        self._socket.filter(word_filter(IFINDEX_AT, device))
        self._socket.join(group)

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def read(self) -> list[Options]:
        """What was changed, in order, by whomever. Raises `Lost` when that is not all."""
        found = (read_options(message) for message in self._socket.read())
        return [options for options in found if options and options.device == self._device]

    def discard(self) -> None:
        """Throw away what has not been read."""
        while True:
            try:
                self.read()
            except Lost:
                continue
            return
