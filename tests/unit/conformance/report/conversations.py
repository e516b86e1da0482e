"""Reports of simulated conversations: what is in them is known without a judge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lacp.capture.frame import Frame
from lacp.conformance.judge.report import (
    ActorReport,
    CaptureReport,
    Exhibit,
    Finding,
    FrameCounts,
    LinkReport,
    Tally,
    TimelineEntry,
)
from lacp.conformance.verdict import Verdict
from lacp.protocol.events import StateChanged
from lacp.sim.network import Network
from lacp.wire.lacpdu import Lacpdu
from tests.worlds import cable, pair

TITLES = {
    "TX-01": "at most three LACPDUs in any second",
    "PDU-06": "reserved octets are zero",
    "MRK-01": "a Marker is answered within a second",
    "NTT-12": "a right echo is not answered",
}


def frames(network: Network) -> Iterator[Frame]:
    """What a tap between the systems captured, loss behind it included."""
    start = network.frames[0].sent_at
    for number, flight in enumerate(network.frames, 1):
        yield Frame(number, flight.sent_at - start, flight.frame, len(flight.frame))


def report(network: Network, file: str = "simulated.pcap") -> CaptureReport:
    """Everything that a judge would say of a conversation without fault."""
    made = CaptureReport(file, FrameCounts())
    start = network.frames[0].sent_at
    machines = _machines(network, start)
    actors: dict[tuple[str, str], ActorReport] = {}
    for frame, flight in zip(frames(network), network.frames, strict=True):
        pdu = Lacpdu.decode(frame.octets[14:])
        name = f"{pdu.actor.system}#{pdu.actor.port}"
        actor = actors.get(flight.source)
        if actor is None:
            actor = actors[flight.source] = ActorReport(
                name,
                pdu.actor.system_priority,
                pdu.actor.key,
                pdu.actor.port_priority,
                frame.octets[6:12].hex(":"),
                0,
                frame.time,
                frame.time,
            )
        actor.pdus += 1
        actor.last = frame.time
        if pdu.partner.port:
            actor.peer = f"{pdu.partner.system}#{pdu.partner.port}"
        entry = TimelineEntry(
            frame.time,
            frame.number,
            int(pdu.actor.state),
            int(pdu.partner.state),
            _at(machines.get((*flight.source, "receive"), []), frame.time),
            _at(machines.get((*flight.source, "mux"), []), frame.time),
        )
        if not actor.timeline or _shown(actor.timeline[-1]) != _shown(entry):
            actor.timeline.append(entry)
        made.exhibits.append(Exhibit(frame.number, frame.time, name, "lacpdu", frame.octets))
    made.actors = list(actors.values())
    made.frames.total = made.frames.lacpdu = len(made.exhibits)
    made.links = list(_links(made.actors))
    made.rules = {
        "TX-01": Tally(passed=len(made.exhibits)),
        "NTT-12": Tally(passed=12, inconclusive=3),
    }
    return made


def add_finding(
    made: CaptureReport,
    rule: str,
    frames: Iterable[int],
    message: str,
    verdict: Verdict = Verdict.FAIL,
) -> None:
    """Let the sender of the last of these frames be wrong."""
    numbers = tuple(frames)
    (last,) = (each for each in made.exhibits if each.frame == numbers[-1])
    tally = made.rules.setdefault(rule, Tally())
    if verdict is Verdict.FAIL:
        tally.failed += 1
    else:
        tally.warned += 1
    assert last.actor is not None
    made.findings.append(Finding(rule, "6.4.16", verdict, last.actor, numbers, last.time, message))


def calm(seconds: float = 20.0, links: int = 1) -> Network:
    """Two systems that come up and stay up."""
    network = pair(links, short_timeout=True)
    network.run(seconds)
    return network


def flapping(seconds: float = 400.0) -> Network:
    """Two systems that come up, lose one direction of their link for 12 s, and recover."""
    network = calm(60)
    cable(network).set(("left", "1"), loss=1.0)
    network.run(12)
    cable(network).heal()
    network.run(seconds - 72)
    return network


def _links(actors: Iterable[ActorReport]) -> Iterator[LinkReport]:
    left = {actor.actor: actor for actor in actors}
    while left:
        name, actor = next(iter(left.items()))
        del left[name]
        peer = left.pop(actor.peer, None) if actor.peer else None
        if peer is None:
            yield LinkReport((name,), f"{name} is alone.")
        else:
            yield LinkReport((name, peer.actor), "Both ends converged; neither is wrong.")


#: When a machine entered which box.
Moves = list[tuple[float, str]]


def _machines(network: Network, start: float) -> dict[tuple[str, str, str], Moves]:
    states: dict[tuple[str, str, str], Moves] = {}
    for each in network.log:
        event = each.event
        if isinstance(event, StateChanged):
            moves = states.setdefault((each.node, event.port, event.machine), [])
            moves.append((each.time - start, event.new))
    return states


def _at(moves: Moves, time: float) -> str | None:
    return next((state for at, state in reversed(moves) if at <= time), None)


def _shown(entry: TimelineEntry) -> tuple[int, int, str | None, str | None]:
    return entry.actor_state, entry.partner_state, entry.receive, entry.mux
