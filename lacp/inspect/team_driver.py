"""What the kernel's team driver has been told, its options: shown to CAP_NET_ADMIN only."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from lacp.errors import BackendError
from lacp.netlink.generic import NETLINK_GENERIC, find_family
from lacp.netlink.sockets import KernelRefused, Requests, left
from lacp.netlink.team import FAMILY, Key, Value, get_request, read_options

#: The driver's word for a device that has been given no mode yet.
_NO_MODE = "*NOMODE*"
#: Tables of the balancer, of 256 values each, and a program: for machines.
_LEFT_OUT = frozenset({"lb_hash_stats", "lb_tx_hash_to_port_mapping", "lb_port_stats"})

Options = Mapping[Key, Value]


class Driver:
    """Asks the team driver until `deadline`, of `time.monotonic`."""

    def __init__(self, deadline: float) -> None:
        self._requests = Requests(NETLINK_GENERIC, left(deadline))
        self._family: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._requests.close()

    def options(self, device: int) -> Options:
        """All options of a device and its ports.

        Raises BackendError, with the reason for people, when they are not shown.
        """
        try:
            if self._family is None:
                found = find_family(self._requests, FAMILY)
                if found is None:
                    raise BackendError("the driver has no generic netlink family")
                self._family = found.number
            answers = self._requests.ask(self._family, get_request(device))
        except KernelRefused as refused:
            if refused.number == errno.EPERM:
                raise BackendError("needs CAP_NET_ADMIN; run as root") from None
            raise
        values: dict[Key, Value] = {}
        for answer in answers:
            found_options = read_options(answer)
            if found_options is not None and found_options.device == device:
                values |= found_options.values
        return values


def mode(options: Options) -> str | None:
    """How the driver spreads frames."""
    found = options.get(Key("mode"))
    return found if isinstance(found, str) and found != _NO_MODE else None


def active_port(options: Options) -> int | None:
    """The interface index of the one port that is used, of a mode that uses one."""
    found = options.get(Key("activeport"))
    return found if isinstance(found, int) and found else None


def uses(options: Options, port: int, link: bool | None) -> tuple[bool | None, bool | None]:
    """Whether the driver takes frames from a port, and gives it some; None when it has not said.

    `link` is whether its link is up, which counts unless somebody watches it in its place.
    """
    enabled = options.get(Key("enabled", port))
    if enabled is None:
        return None, None
    watched = options.get(Key("user_linkup_enabled", port))
    up = bool(options.get(Key("user_linkup", port))) if watched else link
    mode_now = mode(options)
    if not enabled or (mode_now == "activebackup" and active_port(options) != port):
        return False, False
    # Without a mode it throws away what is to be sent.
    return up, up if mode_now is not None else False


def settings(options: Options, port: int = 0) -> dict[str, Value]:
    """The options of a port, or of the device, under the driver's names."""
    return {
        key.name: value
        for key, value in options.items()
        if key.port == port and key.name not in _LEFT_OUT and not isinstance(value, bytes)
    }
