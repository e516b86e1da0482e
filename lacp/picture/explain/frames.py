"""What came in and was of no use, and how long a port has been out of sync."""

from __future__ import annotations

from lacp.picture.explain.seen import Seen, counted
from lacp.picture.explain.words import lasted, octet, weight
from lacp.picture.findings import Finding, Gravity, Where
from lacp.picture.model import BACKUP_MODES, PortView

#: A part of all LACPDUs; more than that is odd.
_SHARE = 0.01
#: Begins to count anew.
_RESET = "lacpctl counters --reset"


def flooded(port: PortView, seen: Seen) -> Finding | None:
    """More slow-protocol frames came in than any partner sends: a storm or a loop."""
    frames = counted(port, "flooded_rx")
    if not frames:
        return None
    return Finding(
        code="flooded",
        port=port.name,
        gravity=_share(port, frames),
        said=f"{frames} frames were dropped: too many came at once",
        evidence=(
            (
                f"flooded_rx is {frames}; a partner sends 10 slow-protocol frames a second at most "
                "(Annex 57A)"
            ),
        ),
        remedy=("look for a loop, or a partner that answers without a limit", _RESET),
        where=Where.PARTNER,
    )


def frames_useless(port: PortView, seen: Seen) -> Finding | None:
    """Frames that came in were refused before they were read."""
    if not port.refused:
        return None
    total = sum(port.refused.values())
    said = "; ".join(f"{count} frames were refused: {why}" for why, count in port.refused.items())
    return Finding(
        code="frames_useless",
        port=port.name,
        gravity=_share(port, total),
        said=said,
        evidence=(f"refused_rx is {total}",),
        remedy=("see what the other end sends, and on which VLAN", _RESET),
        where=Where.PARTNER,
    )


def _share(port: PortView, frames: int) -> Gravity:
    """What is little beside all that came may have been long ago: counters tell no time."""
    return Gravity.ODDITY if frames >= _SHARE * counted(port, "lacpdus_rx") else Gravity.NOTE


def illegal_pdus(port: PortView, seen: Seen) -> Finding | None:
    """LACPDUs came in that are badly formed."""
    frames = counted(port, "illegal_rx")
    if not frames:
        return None
    return Finding(
        code="illegal_pdus",
        port=port.name,
        gravity=Gravity.NOTE,
        said=f"{frames} badly formed slow-protocol frames came in",
        evidence=(f"illegal_rx is {frames} (dot3adAggPortStatsIllegalRx)",),
        remedy=("take one with tcpdump -w FILE and read it with lacpctl decode", _RESET),
        where=Where.PARTNER,
    )


def unknown_pdus(port: PortView, seen: Seen) -> Finding | None:
    """Slow-protocol frames of another protocol came in; not a fault by itself."""
    frames = counted(port, "unknown_rx")
    if not frames:
        return None
    return Finding(
        code="unknown_pdus",
        port=port.name,
        gravity=Gravity.NOTE,
        said=f"{frames} slow-protocol frames of other protocols came in",
        evidence=(f"unknown_rx is {frames} (dot3adAggPortStatsUnknownRx): OAM, ESMC or the like",),
        remedy=("nothing, if the other end runs such a protocol on this link",),
        where=Where.PARTNER,
    )


def markers_limited(port: PortView, seen: Seen) -> Finding | None:
    """More markers came in than may be answered."""
    frames = counted(port, "markers_limited")
    if not frames:
        return None
    return Finding(
        code="markers_limited",
        port=port.name,
        gravity=Gravity.NOTE,
        said=f"{frames} markers were left without an answer",
        evidence=(
            f"markers_limited is {frames}: slow protocols have 10 frames a second (Annex 57A)",
        ),
        remedy=("see why the partner sends so many markers", _RESET),
        where=Where.PARTNER,
    )


def churn(port: PortView, seen: Seen) -> Finding | None:
    """An end has been out of sync for more than 60 s, and nothing else says why."""
    sides = _churning(port)
    if not sides:
        return None
    evidence = churned(port)
    if port.distributing:
        evidence = (*evidence, "the port carries traffic: the driver keeps an old verdict")
    return Finding(
        code="churn",
        port=port.name,
        gravity=Gravity.NOTE if port.distributing else weight(port),
        said=f"churn: the {' and the '.join(sides)} "
        f"{'is' if len(sides) == 1 else 'are'} out of sync for more than 60 s",
        evidence=evidence,
        remedy=("compare both ends, here and at the partner", "lacpctl show -v"),
        where=Where.EITHER,
    )


def churned(port: PortView) -> tuple[str, ...]:
    """Which end has been out of sync for more than 60 s, and since when: evidence for its cause."""
    told = []
    for side in _churning(port):
        end = port.actor if side == "actor" else port.partner
        state = octet(None if end is None else end.state)
        told.append(
            f"{side}_churn is {side.upper()}_CHURN{_since(port, side)}, state {state} (6.4.17)"
        )
    return tuple(told)


def _churning(port: PortView) -> list[str]:
    machines = port.machines
    if machines is None:
        return []
    sides = (("actor", machines.actor_churn), ("partner", machines.partner_churn))
    return [side for side, state in sides if state == f"{side.upper()}_CHURN"]


def _since(port: PortView, side: str) -> str:
    for change in reversed(port.history or ()):
        if change.machine == f"{side}_churn" and change.time:
            return f" since {change.time}"
    return ""


def unexplained(port: PortView, seen: Seen) -> Finding | None:
    """The port carries no traffic and no rule knows why: it may be on its way."""
    if port.distributing is not False or port.refusal:
        return None
    if seen.lag.mode in BACKUP_MODES and seen.active:
        return None
    machines = port.machines
    mux = None if machines is None else machines.mux
    evidence = []
    if mux is not None and machines is not None:
        evidence.append(f"receive {machines.receive}, mux {mux}, selected {port.selected}")
    for name, end in (("our", port.actor), ("the partner's", port.partner)):
        if end is not None:
            evidence.append(f"{name} state is {octet(end.state)}")
    if port.changed_age is not None:
        evidence.append(f"it last moved {lasted(port.changed_age)} ago")
    return Finding(
        code="unexplained",
        port=port.name,
        said="carries no traffic yet",
        evidence=tuple(evidence) or ("the source tells no more than that",),
        remedy=(
            "wait a moment and look again; if it stays so, compare both ends",
            "lacpctl show -v",
        ),
        where=Where.EITHER,
    )
