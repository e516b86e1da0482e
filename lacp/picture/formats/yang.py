"""What data of YANG models has in common when it is JSON (RFC 7951)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lacp.info import PortState
from lacp.picture.model import End, LagView, PortView

#: A container of YANG, or an entry of a list.
Node = dict[str, Any]

#: The type of a device that is a LAG, of a port of one, and of what may be anything (iana-if-type).
LAG_TYPE = "iana-if-type:ieee8023adLag"
PORT_TYPE = "iana-if-type:ethernetCsmacd"
OTHER_TYPE = "iana-if-type:other"


def node(**leaves: Any) -> Node:
    """A node without what is not known: None, and containers with nothing in them.

    An underscore in a name stands for a hyphen.
    """
    return {
        name.replace("_", "-"): value
        for name, value in leaves.items()
        if value is not None and value != {}
    }


def within(module: str, **nodes: Any) -> Node:
    """The same for nodes of another module than the one around them, which names them in full."""
    return {f"{module}:{name}": value for name, value in node(**nodes).items()}


def counter(value: int | None) -> str | None:
    """A number of 64 bits without a sign, which JSON has as a string (6.1)."""
    return str(value) if value is not None and 0 <= value < 1 << 64 else None


def uint16(value: int | None, least: int = 0) -> int | None:
    """A number that the type has room for."""
    return value if value is not None and least <= value <= 0xFFFF else None


def uint32(value: int | None) -> int | None:
    """A number that the type has room for."""
    return value if value is not None and 0 <= value < 1 << 32 else None


def index(value: int | None) -> int | None:
    """The number of an interface, as all models have room for it."""
    return value if value is not None and 1 <= value < 1 << 31 else None


def says(end: End | None, bit: PortState) -> bool | None:
    """Whether an end says this bit; None when that is not known."""
    return None if end is None else end.says(bit)


def common(ports: Iterable[PortView], bit: PortState) -> bool | None:
    """Whether our end says this bit on every port; None when they differ, or nothing is known."""
    said = {says(port.actor, bit) for port in ports}
    return said.pop() if len(said) == 1 else None


def port_type(lag: LagView, port: PortView) -> str:
    """The type of a port's interface: below a LAG without LACP there may be no Ethernet."""
    return PORT_TYPE if lag.lacp or port.address is not None else OTHER_TYPE


def status(up: bool | None) -> str:
    """The operational state of an interface, in lower case."""
    return "unknown" if up is None else "up" if up else "down"


def admin_status(admin_up: bool | None) -> str | None:
    """The administrative state of an interface, in lower case, if it is known."""
    return None if admin_up is None else status(admin_up)


def named_once(lags: Iterable[LagView]) -> tuple[list[LagView], list[str]]:
    """LAGs of which no two have the same name, which is a key; and a line for each other one."""
    kept: dict[str, LagView] = {}
    left_out = []
    for lag in lags:
        first = kept.setdefault(lag.name, lag)
        if first is not lag:
            said = f"{lag.name} of {lag.source} is left out: {first.source} has one of that name"
            left_out.append(said)
    return list(kept.values()), left_out
