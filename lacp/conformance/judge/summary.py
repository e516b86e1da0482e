"""One sentence for each link: how it went, and which end is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lacp.conformance.judge.actor import Actor
from lacp.conformance.judge.report import Finding, LinkReport
from lacp.conformance.judge.rules import RULES
from lacp.conformance.verdict import Verdict
from lacp.info import PortState

_DISTRIBUTING = PortState.DISTRIBUTING
#: LACPDUs that one end must have missed to be called deaf.
_DEAF = 3


def links(
    actors: Iterable[Actor], findings: list[Finding], told: Callable[[Actor], list[str]]
) -> list[LinkReport]:
    """The links between `actors`, in the order in which they were first seen.

    `told` is what happened to an actor besides.
    """
    reports: list[LinkReport] = []
    done: set[int] = set()
    for actor in actors:
        if id(actor) in done:
            continue
        done.add(id(actor))
        peer = actor.peer
        if peer is None or peer is actor or peer.peer is not actor:
            reports.append(
                LinkReport(
                    (actor.name,), _sentence([_alone(actor), *told(actor)], [actor], findings)
                )
            )
            continue
        done.add(id(peer))
        ends = (actor.name, peer.name)
        reports.append(
            LinkReport(
                ends,
                _sentence([_pair(actor, peer), *told(actor), *told(peer)], [actor, peer], findings),
            )
        )
    return reports


def _sentence(told: list[str], ends: list[Actor], findings: list[Finding]) -> str:
    blame = [text for end in ends if (text := _blame(end, findings))]
    return f"{'. '.join(told)}. {'; '.join(blame) or 'Nothing violated'}."


def _blame(end: Actor, findings: list[Finding]) -> str:
    mine = [finding for finding in findings if finding.actor == end.name]
    broken = dict.fromkeys(one.rule for one in mine if one.verdict is Verdict.FAIL)
    odd = dict.fromkeys(one.rule for one in mine if one.verdict is Verdict.WARN)
    if broken:
        return f"{end.name} is wrong: {_rules(broken)}"
    return f"{end.name} is unusual: {_rules(odd)}" if odd else ""


def _rules(rules: Iterable[str]) -> str:
    return ", ".join(f"{rule} ({RULES[rule].title})" for rule in rules)


def _alone(actor: Actor) -> str:
    assert actor.last is not None
    if actor.last.content.other == actor.identity:
        return f"{actor.name} hears itself: its link is looped"
    if actor.last.current:
        return (
            f"{actor.name} talks to somebody who is not in this capture, so that only its own side"
            " was judged"
        )
    return f"Nobody in this capture answers {actor.name}, which hears no partner either"


def _pair(one: Actor, two: Actor) -> str:
    assert one.last is not None
    assert two.last is not None
    deaf = [text for a, b in ((one, two), (two, one)) if (text := _deaf(a, b))]
    if deaf:
        return "; ".join(deaf)
    up = _DISTRIBUTING in one.last.actor.state, _DISTRIBUTING in two.last.actor.state
    if all(up):
        return "Both ends distribute at the end"
    if any(up):
        yes, no = (one, two) if up[0] else (two, one)
        return f"At the end {yes.name} distributes and {no.name} does not"
    return "Neither end distributes at the end"


def _deaf(actor: Actor, peer: Actor) -> str:
    """Whether the actor does not hear a peer who speaks."""
    assert actor.last is not None
    assert peer.last is not None
    if actor.last.current or actor.deaf_to < _DEAF:
        return ""
    return (
        f"{actor.name} does not hear {peer.name}, whose LACPDUs are in this capture: look at the"
        f" way from {peer.name} to {actor.name}"
    )
