"""What several rules say in the same words."""

from __future__ import annotations

from collections.abc import Sequence

from lacp.info import PortState
from lacp.picture.findings import Gravity
from lacp.picture.model import End, PortView

#: Names of ports that are told at most; the rest is counted.
_MOST = 6


def octet(state: PortState | None) -> str:
    """A state octet as a number and in letters."""
    return "not known" if state is None else f"{int(state):#04x} {state.letters}"


def lasted(seconds: float) -> str:
    """How long, exact while that matters."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172800 else f"{seconds / 86400:.0f} d"


def listed(names: Sequence[str], besides: str | None = None) -> str:
    """Names in a sentence, but for one of them; of very many the first ones."""
    if len(names) > _MOST + 1:
        first = [name for name in names[: _MOST + 1] if name != besides][:_MOST]
        left = len(names) - len(first) - (besides is not None)
        return f"{', '.join(first)} and {left} more"
    names = [name for name in names if name != besides]
    if len(names) > _MOST:
        return f"{', '.join(names[:_MOST])} and {len(names) - _MOST} more"
    if len(names) > 1:
        return f"{', '.join(names[:-1])} and {names[-1]}"
    return "".join(names)


def who(end: End | None) -> str:
    """Which system and port an end is."""
    if end is None or not end.known:
        return "nobody"
    said = f"system {end.system}"
    return said if end.port is None else f"{said} port {end.port}"


def weight(port: PortView) -> Gravity:
    """How much it matters what is wrong with a port: whether it carries traffic all the same."""
    return Gravity.ODDITY if port.distributing else Gravity.FAULT
