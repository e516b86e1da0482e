"""Why an interface cannot be used as device or port, and what can be done about it."""

from __future__ import annotations

from collections.abc import Collection

from lacp.errors import BackendError
from lacp.netlink.codec import Interface
from lacp.netlink.links import Links


def taken(found: Interface, usable: str, replaced: Collection[str] = ()) -> BackendError:
    """What is said when a device is to be made and there is something of its name.

    A device of kind `usable` could be taken over or made anew, one of those that are `replaced`
    could be made anew.
    """
    name = found.name
    if found.kind == usable:
        return BackendError(f"{name}: exists already: -o takes it over, -r makes it anew")
    if found.kind in replaced:
        return BackendError(f"{name}: {_kind(found)} exists already: -r makes it anew")
    return BackendError(
        f"{name}: {_kind(found)} has this name, and is nothing to take over or make anew: "
        "expected another name"
    )


def foreign(found: Interface, expected: str) -> BackendError:
    """What is said when a device is to be used, or made anew, and its name is another kind's."""
    return BackendError(f"{found.name}: found {_kind(found)}, expected a {expected} device")


def _kind(found: Interface) -> str:
    return f"a {found.kind} device" if found.kind else "an interface that is no device"


def refuse_owned(links: Links, found: Interface) -> None:
    """Raise BackendError when an interface is below another one, with the way to free it."""
    if found.master:
        above = links.at(found.master)
        owner = above.name if above is not None else f"interface {found.master}"
        way = f"free it first (ip link set {found.name} nomaster)"
        raise BackendError(f"{found.name}: belongs to {owner}: {way}")
