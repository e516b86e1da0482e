"""The generic netlink family of the kernel's team driver: find it, ask it, listen to it."""

from __future__ import annotations

from collections.abc import Sequence

from lacp.netlink.filters import word_filter
from lacp.netlink.generic import NETLINK_GENERIC, find_family
from lacp.netlink.sockets import Announcements, Lost, Requests
from lacp.netlink.team import (
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
        found = find_family(self._requests, FAMILY)
        if found is None:
            return False
        self._family, self._group = found.number, found.groups.get(GROUP, 0)
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
