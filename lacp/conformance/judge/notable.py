"""What an engineer asks of an end at night and no rule forbids: one phrase for each event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from lacp.conformance.judge.actor import Actor
from lacp.conformance.judge.report import TimelineEntry
from lacp.conformance.judge.seen import Identity, name
from lacp.info import PortState

_RECEIVING = PortState.DEFAULTED | PortState.EXPIRED
_FALLBACK = PortState.DEFAULTED | PortState.COLLECTING | PortState.DISTRIBUTING

#: Fields of an end that are configured, as they are called.
_CONFIGURED = (
    ("key", "key"),
    ("system_priority", "system priority"),
    ("port_priority", "port priority"),
)
#: Events of one kind that are told; the rest is counted.
_MOST = 2


def events(
    actor: Actor, timeline: Sequence[TimelineEntry], actors: Mapping[Identity, Actor]
) -> list[str]:
    """What happened to `actor` in the capture, by kind; its states are those of `timeline`.

    Nothing of two ports under one name: by turns they look like one that changes all the time.
    """
    if actor.last is None or actor.shared_until > float("-inf"):
        return []
    kinds = (
        _predecessor(actor, actors),
        _changes(actor),
        _restarts(timeline),
        _fallbacks(timeline, actor.last.time),
    )
    return [f"{actor.name} {phrase}" for kind in kinds for phrase in _few(list(kind))]


def _few(phrases: list[str]) -> list[str]:
    if len(phrases) <= _MOST:
        return phrases
    return [*phrases[:_MOST], f"did so {len(phrases) - _MOST} times more"]


def _predecessor(actor: Actor, actors: Mapping[Identity, Actor]) -> Iterator[str]:
    """Another name that its address had, until it had this one."""
    for identity in actor.names:
        before = actors.get(identity)
        if before is not None and before.last is not None and before.last.time < actor.first:
            yield f"was {name(identity)} until {before.last.time:.1f} s, by its source address"


def _changes(actor: Actor) -> Iterator[str]:
    for before, now in pairwise(actor.said):
        for field, text in _CONFIGURED:
            was, became = getattr(before.info, field), getattr(now.info, field)
            if was != became:
                yield f"changed its {text} from {was} to {became} at {now.first:.1f} s"


def _restarts(timeline: Sequence[TimelineEntry]) -> Iterator[str]:
    """Defaulted and Expired at once, out of CURRENT or EXPIRED: that is how a port starts."""
    for before, now in pairwise(timeline):
        receiving = PortState(now.actor_state) & _RECEIVING
        if receiving == _RECEIVING and PortState.DEFAULTED not in PortState(before.actor_state):
            yield f"began anew at {now.time:.1f} s (Defaulted and Expired at once)"


def _fallbacks(timeline: Sequence[TimelineEntry], end: float) -> Iterator[str]:
    since = None
    for entry in timeline:
        fallback = _FALLBACK in PortState(entry.actor_state)
        if fallback and since is None:
            since = entry.time
        elif not fallback and since is not None:
            yield _fallback(since, entry.time)
            since = None
    if since is not None:
        yield _fallback(since, end)


def _fallback(since: float, until: float) -> str:
    return f"carried traffic without a partner (Defaulted) from {since:.1f} to {until:.1f} s"
