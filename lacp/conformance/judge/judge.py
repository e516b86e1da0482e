"""The judge: takes the frames of a capture one by one, in bounded memory, and reports.

    judge = Judge("link.pcap")
    for frame in capture:
        judge.frame(frame)
    report = judge.report()

Each actor is held against what the standard's machines could have done with what it must have
received. What depends on something that the capture cannot show is inconclusive.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lacp.capture.frame import Frame
from lacp.conformance.judge import formats
from lacp.conformance.judge.actor import Actor
from lacp.conformance.judge.belonging import Belonging
from lacp.conformance.judge.echo import Echo
from lacp.conformance.judge.ledger import Ledger
from lacp.conformance.judge.marking import Marked, Marking
from lacp.conformance.judge.muxing import Muxing
from lacp.conformance.judge.receiving import Receiving
from lacp.conformance.judge.report import (
    ActorReport,
    CaptureReport,
    Exhibit,
    TimelineEntry,
)
from lacp.conformance.judge.seen import Identity, Seen, identity, read
from lacp.conformance.judge.sending import Answers, Limit, Periodic
from lacp.conformance.judge.summary import links
from lacp.conformance.judge.timeline import entry
from lacp.protocol.edition import EDITION_2014, Edition
from lacp.wire import lacpdu, slow
from lacp.wire.layout import HEADER
from lacp.wire.marker import Marker
from lacp.wire.validate import validate

#: Actors and timeline entries beyond these are counted, not kept.
_ACTORS = 4096
_ENTRIES = 5000

_TAG = 4
_TAGS = tuple(tag.to_bytes(2, "big") for tag in slow.TAGS)
_ETHERTYPE = slow.ETHERTYPE.to_bytes(2, "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to judge."""

    #: Whose figures count where the editions differ: the transmit limit.
    edition: Edition = EDITION_2014
    #: SYSTEM#PORT of the only actor to judge; None judges all.
    actor: str | None = None
    #: PDUs to keep for a picture.
    exhibits: int = 0


@dataclass(slots=True)
class _Checks:
    """What is checked of one actor."""

    echo: Echo
    receiving: Receiving
    muxing: Muxing
    periodic: Periodic
    limit: Limit
    answers: Answers
    marking: Marking
    timeline: list[TimelineEntry] = field(default_factory=list)


class Judge:
    """Judges one capture."""

    def __init__(self, file: str, options: Options | None = None) -> None:
        self._options = options or Options()
        self._report = CaptureReport(file)
        self._ledger = Ledger()
        self._ignored = Ledger()
        self._actors: dict[Identity, Actor] = {}
        self._checks: dict[Identity, _Checks] = {}
        self._belonging = Belonging(self._ledger, self._actors)
        #: The actor that last sent from an address.
        self._stations: dict[bytes, Actor] = {}
        self._last = 0.0
        self._limits: dict[str, None] = {}
        self._cut = 0

    def frame(self, frame: Frame) -> None:
        """Take the next frame. Whatever it holds, it never raises."""
        octets, counts = frame.octets, self._report.frames
        start = _payload(octets)
        if start is None:
            return
        if frame.truncated:
            counts.truncated += 1
            if len(octets) < start + lacpdu.FIXED:
                return
            self._cut += 1
            octets = octets + bytes(max(0, start + lacpdu.SIZE - len(octets)))
        kind, _ = slow.protocol(octets[start:])
        match kind:
            case slow.Kind.LACP:
                counts.lacpdu += 1
                self._lacpdu(frame, octets, start)
            case slow.Kind.MARKER:
                counts.marker += 1
                self._marker(frame, octets, start)
            case slow.Kind.MARKER_RESPONSE:
                counts.marker_response += 1
                self._marker(frame, octets, start)
            case slow.Kind.OTHER:
                counts.other_slow += 1
            case _:
                counts.malformed += 1
                self._malformed(frame, octets, start)

    def report(self, total: int | None = None) -> CaptureReport:
        """All there is to say so far. `total` is the number of frames of the capture."""
        report = self._report
        if total is not None:
            report.frames.total = total
        report.actors = [self._describe(actor) for actor in self._chosen()]
        report.findings = self._ledger.findings()
        report.rules = dict(sorted(self._ledger.rules.items()))
        report.left_out += self._ledger.left_out
        report.links = links(self._chosen(), report.findings)
        if self._cut:
            self._limits[f"{self._cut} frames are cut off: what is missing was not judged"] = None
        report.limits = list(self._limits)
        return report

    # LACPDUs.

    def _lacpdu(self, frame: Frame, octets: bytes, start: int) -> None:
        self._report.frames.total = max(self._report.frames.total, frame.number)
        content = read(octets, start, frame.cooked)
        seen = Seen(frame.number, frame.time, content)
        self._hole(frame.time)
        actor = self._actor(seen)
        if actor is None:
            self._report.left_out += 1
            return
        self._keep(frame, actor.name, "lacpdu")
        actor.add(seen)
        self._stations[content.source] = actor
        actor.sources[content.source] = frame.time
        self._introduce(actor, seen)
        checks = self._checks[actor.identity]
        deviations = content.deviations
        if frame.truncated:
            deviations = tuple(one for one in deviations if one.offset < len(frame.octets))
        formats.lacpdu(self._of(actor), actor.name, frame.number, frame.time, deviations)
        checks.echo.sent(actor, seen)
        checks.receiving.sent(actor, seen)
        checks.muxing.sent(actor, seen)
        checks.periodic.sent(actor, seen)
        checks.limit.sent(actor, seen)
        checks.answers.sent(actor, seen)
        if seen.current:
            checks.marking.heartbeat(actor, frame.time)
        self._belonging.sent(actor, seen)
        self._draw(checks, seen)
        hearer = actor.peer
        if hearer is not None and hearer.peer is actor and hearer is not actor:
            theirs = self._checks[hearer.identity]
            theirs.periodic.partner_sent(hearer, seen)
            theirs.answers.partner_sent(hearer, seen)

    def _actor(self, seen: Seen) -> Actor | None:
        who = identity(seen.actor)
        actor = self._actors.get(who)
        if actor is None and len(self._actors) < _ACTORS:
            actor = self._actors[who] = Actor(who)
            ledger = self._of(actor)
            self._checks[who] = _Checks(
                Echo(ledger, self._actors),
                Receiving(ledger),
                Muxing(ledger),
                Periodic(ledger),
                Limit(ledger, self._options.edition),
                Answers(ledger),
                Marking(ledger),
            )
        return actor

    def _of(self, actor: Actor) -> Ledger:
        only = self._options.actor
        return self._ledger if only is None or actor.name == only else self._ignored

    def _introduce(self, actor: Actor, seen: Seen) -> None:
        """Whoever the partner block names is the peer, and hears the actor."""
        named = self._actors.get(identity(seen.partner))
        if named is not None:
            actor.peer = named
            named.peer = actor

    def _hole(self, now: float) -> None:
        """A silence of all in which somebody should have spoken proves nothing against anybody."""
        before, self._last = self._last, now
        if now - before <= 4.0:
            return
        due = [
            actor.last.time + 2.5 * actor.period
            for actor in self._actors.values()
            if actor.last is not None and actor.last.time + 2.5 * actor.period > before
        ]
        if not due or min(due) >= now:
            return
        self._limits.setdefault(
            f"no LACPDU from {before:.1f} to {now:.1f} s, though some were due: a hole in the"
            " capture, or all links down; what depends on it was not judged"
        )
        for actor in self._actors.values():
            actor.steady_since = now

    def _draw(self, checks: _Checks, seen: Seen) -> None:
        last = checks.timeline[-1] if checks.timeline else None
        if last is not None and (last.actor_state, last.partner_state) == (
            seen.actor.state,
            seen.partner.state,
        ):
            return
        if len(checks.timeline) >= _ENTRIES:
            self._report.left_out += 1
            return
        checks.timeline.append(entry(seen))

    # Markers and what cannot be read.

    def _marker(self, frame: Frame, octets: bytes, start: int) -> None:
        pdu = Marker.decode(octets[start:])
        marked = Marked(frame.number, frame.time, pdu, octets[start : start + 110])
        actor = self._stations.get(octets[6:12])
        kind = "marker_response" if pdu.response else "marker"
        self._keep(frame, actor.name if actor is not None else None, kind)
        if actor is None:
            return
        ledger = self._of(actor)
        found = [
            one
            for one in validate(octets)
            if one.offset < len(frame.octets) and not (frame.cooked and one.offset == 0)
        ]
        formats.marker(ledger, actor.name, frame.number, frame.time, tuple(found))
        if pdu.response:
            self._checks[actor.identity].marking.sent(actor, marked)
        elif actor.peer is not None and actor.peer is not actor:
            self._checks[actor.peer.identity].marking.partner_sent(marked)

    def _malformed(self, frame: Frame, octets: bytes, start: int) -> None:
        actor = self._stations.get(octets[6:12])
        if actor is None or octets[start : start + 1] != b"\1":
            return
        formats.lacpdu(
            self._of(actor), actor.name, frame.number, frame.time, tuple(validate(octets))
        )

    def _keep(self, frame: Frame, actor: str | None, kind: str) -> None:
        if len(self._report.exhibits) < self._options.exhibits:
            exhibit = Exhibit(frame.number, frame.time, actor, kind, frame.octets)
            self._report.exhibits.append(exhibit)
        elif self._options.exhibits:
            self._report.left_out += 1

    # The report.

    def _chosen(self) -> list[Actor]:
        only = self._options.actor
        return [
            actor
            for actor in self._actors.values()
            if only is None
            or actor.name == only
            or (actor.peer is not None and actor.peer.name == only)
        ]

    def _describe(self, actor: Actor) -> ActorReport:
        assert actor.last is not None
        info = actor.last.actor
        return ActorReport(
            actor.name,
            info.system_priority,
            info.key,
            info.port_priority,
            str(actor.last.content.source),
            actor.pdus,
            actor.first,
            actor.last.time,
            actor.peer.name if actor.peer is not None else None,
            self._checks[actor.identity].timeline,
        )


def _payload(octets: bytes) -> int | None:
    """Where the payload of a slow-protocol frame begins, behind any tags; None for others."""
    at = HEADER
    while octets[at - 2 : at] in _TAGS:
        at += _TAG
    return at if octets[at - 2 : at] == _ETHERTYPE else None
