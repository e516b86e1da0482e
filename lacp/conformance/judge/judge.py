"""The judge: takes the frames of a capture one by one, in bounded memory, and reports.

    judge = Judge("link.pcap")
    for frame in capture:
        judge.frame(frame)
    report = judge.report()

Each actor is held against what the standard's machines could have done with what it must have
received. What depends on something that the capture cannot show is inconclusive.
"""

from __future__ import annotations

from dataclasses import dataclass

from lacp.capture.frame import Frame
from lacp.conformance.judge import formats
from lacp.conformance.judge.actor import Actor
from lacp.conformance.judge.allowances import GRACE, MISSED, SILENCE, TOGETHER
from lacp.conformance.judge.belonging import Belonging, bound
from lacp.conformance.judge.dossier import Dossier, Station, open_dossier
from lacp.conformance.judge.ledger import Ledger
from lacp.conformance.judge.marking import Marked
from lacp.conformance.judge.notable import events
from lacp.conformance.judge.report import (
    ActorReport,
    CaptureReport,
    Exhibit,
)
from lacp.conformance.judge.seen import Content, Identity, Seen, read
from lacp.conformance.judge.steady import Steady
from lacp.conformance.judge.summary import links
from lacp.conformance.judge.timeline import entry
from lacp.protocol.edition import EDITION_2014, Edition
from lacp.protocol.timers import SLOW_PERIODIC_TIME
from lacp.wire import lacpdu, slow
from lacp.wire.marker import SIZE, Marker
from lacp.wire.validate import Severity, validate

#: Actors and timeline entries beyond these are counted, not kept.
_ACTORS = 4096
_ENTRIES = 5000
_ALL_ENTRIES = 200_000
#: Sentences about what stands in the way of certainty.
_LIMITS = 50

#: Octets of a LACPDU up to its CollectorMaxDelay: 68 octets of a frame, an old default, are enough.
_ENOUGH = 46

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


class Judge:
    """Judges one capture."""

    def __init__(self, file: str, options: Options | None = None) -> None:
        self._options = options or Options()
        self._report = CaptureReport(file)
        self._ledger = Ledger()
        self._ignored = Ledger()
        self._actors: dict[Identity, Actor] = {}
        self._dossiers: dict[Identity, Dossier] = {}
        self._belonging = Belonging(self._ledger, self._actors)
        self._stations: dict[bytes, Station] = {}
        self._last = 0.0
        self._entries = 0
        self._limits: dict[str, None] = {}
        self._cut = 0

    def frame(self, frame: Frame) -> None:
        """Take the next frame. Whatever it holds, it never raises."""
        octets, counts = frame.octets, self._report.frames
        start = slow.payload_offset(octets)
        if octets[start - 2 : start] != _ETHERTYPE:
            return
        if frame.truncated:
            counts.truncated += 1
            if len(octets) < start + _ENOUGH:
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
                self._other(frame, octets, start)
            case _:
                self._malformed(frame, octets, start)

    def report(self, total: int | None = None) -> CaptureReport:
        """All there is to say so far. `total` is the number of frames of the capture."""
        report = self._report
        if total is not None:
            report.frames.total = total
        report.actors = [self._describe(actor) for actor in self._chosen()]
        for checks in self._dossiers.values():
            formats.flawless(checks.ledger, checks.flawless)
            checks.flawless = 0
        only = self._options.actor
        findings = self._ledger.findings()
        report.findings = [one for one in findings if only is None or one.actor == only]
        report.rules = dict(sorted(self._ledger.rules.items()))
        report.left_out += self._ledger.left_out
        report.links = links(self._chosen(), report.findings, self._events)
        if self._cut:
            self._limits[f"{self._cut} frames are cut off: what is missing was not judged"] = None
        report.limits = list(self._limits)
        return report

    # LACPDUs.

    def _lacpdu(self, frame: Frame, octets: bytes, start: int) -> None:
        report = self._report
        report.frames.total = max(report.frames.total, frame.number)
        content = read(octets, start, frame.cooked)
        seen = Seen(frame.number, frame.time, content)
        self._hole(frame.time)
        checks = self._dossier(content)
        if checks is None:
            report.left_out += 1
            return
        actor = checks.actor
        self._keep(frame, actor.name, "lacpdu")
        if actor.copies(seen):
            if content.other != actor.identity:
                checks.limit.copy(actor, seen)
            actor.pdus += 1
            return
        if actor.last is not None and actor.last.content.source != content.source:
            actor.shared_until = frame.time + TOGETHER
        actor.add(seen)
        station = self._station(content.source)
        station.actor = actor
        self._introduce(actor, content, frame.time)
        if content.deviations:
            deviations = content.deviations
            if frame.truncated:
                deviations = tuple(one for one in deviations if one.offset < len(frame.octets))
            formats.lacpdu(checks.ledger, actor, frame.number, frame.time, deviations)
        else:
            checks.flawless += 1
        self._belonging.sent(actor, seen)
        self._draw(checks, seen)
        if frame.time > actor.shared_until:
            self._behaviour(checks, station, seen)
            self._tell(actor, seen)

    def _behaviour(self, checks: Dossier, station: Station, seen: Seen) -> None:
        """What the actor does, as far as it is one."""
        actor = checks.actor
        echoes = checks.echo.sent(actor, seen)
        theirs = self._dossiers.get(actor.peer.identity) if actor.peer is not None else None
        checks.receiving.sent(actor, seen, theirs.periodic if theirs is not None else None)
        checks.muxing.sent(actor, seen, echoes)
        checks.periodic.sent(actor, seen, echoes)
        if seen.content.other != actor.identity:
            # A looped port's LACPDUs are all there twice.
            checks.limit.sent(actor, seen)
        checks.answers.sent(actor, seen)
        if not seen.current:
            checks.marking.deaf(seen.time)
        elif checks.marking.waiting:
            checks.marking.heartbeat(actor, seen.time)
        if station.steady is not None:
            odd = station.steady.sent(actor, seen)
            charge = checks.echo.charge
            if odd is not None and charge is not None and charge.seen is odd:
                checks.echo.charge = None

    def _tell(self, actor: Actor, seen: Seen) -> None:
        """Whoever hears the actor has heard this, or may have."""
        hearer = actor.peer
        if hearer is not None and hearer.peer is actor and hearer is not actor:
            theirs = self._dossiers[hearer.identity]
            theirs.echo.partner_sent(hearer, actor)
            theirs.receiving.partner_sent(hearer)
            theirs.periodic.partner_sent(hearer, seen)
            theirs.answers.partner_sent(hearer, actor, seen)

    def _dossier(self, content: Content) -> Dossier | None:
        dossier = self._dossiers.get(content.end)
        if dossier is None and len(self._dossiers) < _ACTORS:
            actor = self._actors[content.end] = Actor(content.end)
            only = self._options.actor
            ledger = self._ledger if only is None or actor.name == only else self._ignored
            dossier = open_dossier(actor, ledger, self._actors, self._options.edition)
            self._dossiers[content.end] = dossier
        return dossier

    def _station(self, source: bytes) -> Station:
        station = self._stations.get(source)
        if station is None:
            bound(self._stations)
            station = self._stations[source] = Station(None, Steady(self._ledger))
        return station

    def _introduce(self, actor: Actor, content: Content, now: float) -> None:
        """Whoever the partner block names is the peer and hears the actor, if it is still there."""
        named = self._actors.get(content.other)
        if named is None or not self._alive(named, now):
            return
        for one, other in ((actor, named), (named, actor)):
            if one.peer is not other and not self._paired(one, now):
                one.peer = other

    def _alive(self, actor: Actor, now: float) -> bool:
        """Whether the actor has spoken lately, and its address has not taken another name."""
        last = actor.last
        if last is None or now - last.time > 3 * actor.period + GRACE:
            return False
        station = self._stations.get(last.content.source)
        return station is not None and station.actor is actor

    def _paired(self, one: Actor, now: float) -> bool:
        """Whether the actor and its peer name each other, and are both there."""
        peer = one.peer
        return (
            peer is not None
            and peer.last is not None
            and one.last is not None
            and peer.last.content.other == one.identity
            and one.last.content.other == peer.identity
            and self._alive(peer, now)
        )

    def _hole(self, now: float) -> None:
        """A silence of all in which somebody should have spoken is told to whoever reads this."""
        before, self._last = self._last, now
        if now - before <= SILENCE:
            return
        missed = [_missed(actor.last) for actor in self._actors.values() if actor.last is not None]
        due = min((time for time in missed if time > before), default=now)
        if due >= now or len(self._limits) >= _LIMITS:
            return
        self._limits.setdefault(
            f"no LACPDU from {before:.1f} to {now:.1f} s, though some were due: a hole in the"
            " capture, or all links down; what depends on it was not judged"
        )

    def _draw(self, checks: Dossier, seen: Seen) -> None:
        last = checks.timeline[-1] if checks.timeline else None
        if last is not None and (last.actor_state, last.partner_state) == (
            seen.actor.state,
            seen.partner.state,
        ):
            return
        if len(checks.timeline) >= _ENTRIES or self._entries >= _ALL_ENTRIES:
            self._report.left_out += 1
            return
        self._entries += 1
        checks.timeline.append(entry(seen))

    # Markers and what cannot be read.

    def _marker(self, frame: Frame, octets: bytes, start: int) -> None:
        pdu = Marker.decode(octets[start:])
        kind = "marker_response" if pdu.response else "marker"
        checks = self._sender(octets)
        self._keep(frame, checks.actor.name if checks is not None else None, kind)
        if checks is None:
            return
        actor = checks.actor
        odd = self._form(checks, frame, octets, pdu.response)
        marked = Marked(frame.number, frame.time, pdu, octets[start : start + SIZE], odd)
        if pdu.response:
            checks.marking.sent(actor, marked)
        elif not checks.marking.mistyped(actor, marked):
            peer = actor.peer
            if peer is not None and peer is not actor:
                self._dossiers[peer.identity].marking.partner_sent(marked)

    def _other(self, frame: Frame, octets: bytes, start: int) -> None:
        """A slow protocol that is not ours, or a Marker PDU of an unknown type."""
        self._report.frames.other_slow += 1
        checks = self._sender(octets)
        if checks is None or octets[start] != slow.Subtype.MARKER or len(octets) < start + SIZE:
            return
        marked = Marked(frame.number, frame.time, None, octets[start : start + SIZE])
        if not checks.marking.mistyped(checks.actor, marked):
            self._form(checks, frame, octets)

    def _malformed(self, frame: Frame, octets: bytes, start: int) -> None:
        self._report.frames.malformed += 1
        checks = self._sender(octets)
        if checks is None or octets[start : start + 1] not in (b"\1", b"\2"):
            return
        if octets[start] == slow.Subtype.MARKER:
            self._form(checks, frame, octets)
            return
        checks.actor.spoke = frame.time
        found = [one for one in validate(octets) if not (frame.cooked and one.offset == 0)]
        formats.lacpdu(checks.ledger, checks.actor, frame.number, frame.time, tuple(found))

    def _form(self, checks: Dossier, frame: Frame, octets: bytes, response: bool = False) -> bool:
        """Judge how a Marker PDU is formed; whether it is odd.

        Most oddities of a response are those of the marker that it repeats.
        """
        found = tuple(
            one
            for one in validate(octets)
            if one.offset < len(frame.octets)
            and not (frame.cooked and one.offset == 0)
            and not (response and one.severity is Severity.WARN)
        )
        formats.marker(checks.ledger, checks.actor, frame.number, frame.time, found)
        return bool(found)

    def _sender(self, octets: bytes) -> Dossier | None:
        station = self._stations.get(octets[6:12])
        actor = station.actor if station is not None else None
        return self._dossiers[actor.identity] if actor is not None else None

    def _keep(self, frame: Frame, actor: str | None, kind: str) -> None:
        if not self._options.exhibits:
            return
        if len(self._report.exhibits) < self._options.exhibits:
            exhibit = Exhibit(frame.number, frame.time, actor, kind, frame.octets)
            self._report.exhibits.append(exhibit)
        else:
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

    def _events(self, actor: Actor) -> list[str]:
        return events(actor, self._dossiers[actor.identity].timeline, self._actors)

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
            self._dossiers[actor.identity].timeline,
        )


def _missed(last: Seen) -> float:
    """When a second LACPDU after this one must be missing, whatever its sender became meanwhile.

    Expired becomes Defaulted by itself, and asks itself for no fast LACPDUs then.
    """
    period = SLOW_PERIODIC_TIME if last.content.expired else last.content.period
    return last.time + MISSED * period
