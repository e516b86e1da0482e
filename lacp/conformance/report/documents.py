"""The judge's reports as plain data, in the shape of the JSON that programs read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from lacp.conformance.judge.report import (
    ActorReport,
    CaptureReport,
    Finding,
    FrameCounts,
    Tally,
    TimelineEntry,
)
from lacp.conformance.verdict import Verdict

Document = dict[str, Any]

VERSION = 1


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A capture that could not be judged at all."""

    file: str
    #: One line: what was found and what was expected.
    reason: str


def document(captures: Sequence[CaptureReport], unreadable: Sequence[Unreadable] = ()) -> Document:
    """All captures as one document; `unreadable` is there only when a capture was."""
    said: Document = {"version": VERSION, "captures": [capture(each) for each in captures]}
    if unreadable:
        said["unreadable"] = [{"file": each.file, "reason": each.reason} for each in unreadable]
    return said


def capture(report: CaptureReport) -> Document:
    """One capture, but for its exhibits."""
    return {
        "file": report.file,
        "frames": _frames(report.frames),
        "damage": report.damage,
        "limits": list(report.limits),
        "left_out": report.left_out,
        "links": [{"ends": list(link.ends), "summary": link.summary} for link in report.links],
        "actors": [_actor(each) for each in report.actors],
        "findings": [finding(each) for each in by_time(report.findings)],
        "rules": {rule: _tally(report.rules[rule]) for rule in sorted(report.rules)},
    }


def by_time(findings: Iterable[Finding]) -> list[Finding]:
    """The findings as they happened."""
    return sorted(findings, key=lambda each: (each.time, each.frames[:1], each.rule))


def failed(captures: Iterable[CaptureReport]) -> bool:
    """Whether anything is violated; a warning is no violation."""
    return any(each.verdict is Verdict.FAIL for report in captures for each in report.findings)


def finding(found: Finding) -> Document:
    """One finding."""
    return {
        "rule": found.rule,
        "clause": found.clause,
        "verdict": str(found.verdict),
        "actor": found.actor,
        "frames": list(found.frames),
        "time": seconds(found.time),
        "message": found.message,
    }


def seconds(time: float) -> float:
    """To the nanosecond, the finest that a capture has: 0.1 and not 0.09999999999999998."""
    return round(time, 9)


def _frames(counts: FrameCounts) -> Document:
    return {name: getattr(counts, name) for name in FrameCounts.__slots__}


def _actor(actor: ActorReport) -> Document:
    return {
        "actor": actor.actor,
        "system_priority": actor.system_priority,
        "key": actor.key,
        "port_priority": actor.port_priority,
        "source_mac": actor.source_mac,
        "pdus": actor.pdus,
        "first": seconds(actor.first),
        "last": seconds(actor.last),
        "peer": actor.peer,
        "timeline": [timeline_entry(each) for each in actor.timeline],
    }


def timeline_entry(entry: TimelineEntry) -> Document:
    """What an actor's LACPDUs show from one of them on."""
    return {
        "time": seconds(entry.time),
        "frame": entry.frame,
        "actor_state": entry.actor_state,
        "partner_state": entry.partner_state,
        "receive": entry.receive,
        "mux": entry.mux,
    }


def _tally(tally: Tally) -> Document:
    return {
        "pass": tally.passed,
        "fail": tally.failed,
        "warn": tally.warned,
        "inconclusive": tally.inconclusive,
    }
