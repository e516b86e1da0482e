"""What the judge has to say about one capture: plain values, in the shape of its JSON."""

from __future__ import annotations

from dataclasses import dataclass, field

from lacp.conformance.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Finding:
    """One violation of one rule by one actor."""

    rule: str
    #: Of 802.1AX-2014, or of 802.3 Annex 57A for what all slow protocols share.
    clause: str
    #: FAIL or WARN.
    verdict: Verdict
    #: SYSTEM#PORT of who is wrong.
    actor: str
    #: The frames that prove it, in order.
    frames: tuple[int, ...]
    #: Seconds since the first frame of the capture, of the moment it was proved.
    time: float
    #: One sentence: what was seen, what was expected and why.
    message: str


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """An actor's state from here on, as its LACPDUs show it; one entry for each change."""

    time: float
    frame: int
    #: The state octets of the LACPDU's two blocks.
    actor_state: int
    partner_state: int
    #: The states that the octets show, by the standard's names; None where they cannot tell.
    receive: str | None
    mux: str | None


@dataclass(slots=True)
class ActorReport:
    """One end of one link: whoever sent LACPDUs as this system and port."""

    #: SYSTEM#PORT.
    actor: str
    system_priority: int
    key: int
    port_priority: int
    source_mac: str
    #: LACPDUs.
    pdus: int
    first: float
    last: float
    #: SYSTEM#PORT of the other end, of the last one if there were several; None if never seen.
    peer: str | None = None
    timeline: list[TimelineEntry] = field(default_factory=list)


@dataclass(slots=True)
class Tally:
    """How often a rule was checked, by what came of it."""

    passed: int = 0
    failed: int = 0
    warned: int = 0
    inconclusive: int = 0


@dataclass(slots=True)
class FrameCounts:
    """The frames of a capture by kind."""

    total: int = 0
    lacpdu: int = 0
    marker: int = 0
    marker_response: int = 0
    other_slow: int = 0
    malformed: int = 0
    #: Slow-protocol frames of which the capture kept too little to judge.
    truncated: int = 0


@dataclass(slots=True)
class LinkReport:
    """Two ends that talk to each other, or one that nobody answers, and who is wrong."""

    ends: tuple[str, ...]
    #: One sentence for the engineer: how the conversation went and which end is wrong, if any.
    summary: str


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One PDU kept for a picture."""

    frame: int
    time: float
    #: SYSTEM#PORT of the sender; None for a Marker PDU whose sender sent no LACPDU.
    actor: str | None
    #: "lacpdu", "marker" or "marker_response".
    kind: str
    octets: bytes


@dataclass(slots=True)
class CaptureReport:
    """All about one capture."""

    file: str
    frames: FrameCounts = field(default_factory=FrameCounts)
    actors: list[ActorReport] = field(default_factory=list)
    links: list[LinkReport] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    rules: dict[str, Tally] = field(default_factory=dict)
    #: Where and why reading ended early; the frames before it were judged.
    damage: str | None = None
    #: What stands in the way of certainty, one sentence each: a hole, one direction only.
    limits: list[str] = field(default_factory=list)
    #: The PDUs of a picture, as many as were asked for.
    exhibits: list[Exhibit] = field(default_factory=list)
    #: Findings, timeline entries or exhibits that were left out to bound the memory.
    left_out: int = 0
