"""Why an interface cannot be used as device or port, and what can be done about it."""

from __future__ import annotations

from lacp.errors import BackendError
from lacp.netlink.codec import Interface
from lacp.netlink.links import Links


def taken(device: str) -> BackendError:
    """What is said when a device is to be made and there is one of its name."""
    return BackendError(f"{device}: exists already: -o takes it over, -r makes it anew")


def foreign(found: Interface, expected: str) -> BackendError:
    """What is said when a device is to be used, or made anew, and its name is another kind's."""
    what = f"a {found.kind} device" if found.kind else "an interface that is no device"
    return BackendError(f"{found.name}: found {what}, expected a {expected} device")


def refuse_owned(links: Links, found: Interface) -> None:
    """Raise BackendError when an interface is below another one, with the way to free it."""
    if found.master:
        above = links.at(found.master)
        owner = above.name if above is not None else f"interface {found.master}"
        way = f"free it first (ip link set {found.name} nomaster)"
        raise BackendError(f"{found.name}: belongs to {owner}: {way}")
