"""The emulated partner: its modes, its limit, and that it can send anything."""

from __future__ import annotations

from dataclasses import replace

from lacp.address import Mac
from lacp.conformance.tester.partner import Partner, default_actor
from lacp.conformance.tester.seen import Seen, read
from lacp.info import PORT_STATES, PortInfo
from lacp.wire import slow
from lacp.wire.flags import letters
from lacp.wire.lacpdu import Lacpdu

DEVICE = PortInfo(1, Mac.parse("02:00:00:00:00:0d"), 2, 3, 4, PORT_STATES[0x07])


class Bench:
    """A partner on link 0, and all that it sent."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sent: list[Seen] = []
        self.partner = Partner(0, self.send)
        self.partner.advance(0.0)

    def send(self, link: int, octets: bytes) -> Seen:
        self.sent.append(Seen(self.now, link, True, octets, read(octets)))
        return self.sent[-1]

    def hear(self, actor: PortInfo = DEVICE, echo: PortInfo | None = None) -> None:
        """The device says who it is, and whom it has recorded; an exact echo by default."""
        pdu = Lacpdu(actor, self.partner.cooperating() if echo is None else echo)
        seen = Seen(self.now, 0, False, b"", pdu)
        self.partner.heard(seen)
        self.partner.react(seen)
        self.partner.advance(self.now)

    def run(self, until: float) -> list[float]:
        """When it sent by itself up to that time."""
        start = len(self.sent)
        while self.partner.next_deadline() <= until:
            self.now = self.partner.next_deadline()
            self.partner.advance(self.now)
        self.now = until
        self.partner.advance(until)
        return [it.time for it in self.sent[start:]]

    @property
    def states(self) -> list[str]:
        return [letters(it.actor.state) for it in self.sent]


def test_silence() -> None:
    bench = Bench()
    assert bench.run(100.0) == []
    bench.partner.mirror()
    bench.partner.silence()
    bench.hear()
    assert bench.run(200.0) == []


def test_a_mirror_shakes_hands_and_echoes() -> None:
    bench = Bench()
    bench.partner.mirror()
    bench.partner.advance(0.0)
    for state in (0x07, 0x0F, 0x1F, 0x3F):
        bench.now += 2.0
        bench.hear(replace(DEVICE, state=PORT_STATES[state]))
    assert bench.states == ["ATGS----", "ATGS----", "ATGSC---", "ATGSCD--", "ATGSCD--"]
    assert [it.partner.state for it in bench.sent] == [0, 0x07, 0x0F, 0x1F, 0x3F]


def test_a_mirror_sends_as_often_as_the_device_asks() -> None:
    bench = Bench()
    bench.partner.mirror()
    assert bench.run(2.5) == [0.0, 1.0, 2.0]
    bench.hear(replace(DEVICE, state=PORT_STATES[0x05]))
    assert bench.run(70.0) == [32.5, 62.5]


def test_a_mirror_keeps_to_three_a_second() -> None:
    bench = Bench()
    bench.partner.mirror()
    bench.partner.advance(0.0)
    for step in range(20):
        bench.now = 0.1 + step * 0.1
        bench.partner.advance(bench.now)
        bench.hear(echo=PortInfo())
    times = [it.time for it in bench.sent]
    assert all(over - first >= 1.0 for first, over in zip(times, times[3:], strict=False))
    assert len(times) == 7


def test_a_mirror_does_not_answer_who_is_right() -> None:
    bench = Bench()
    bench.partner.mirror()
    bench.partner.advance(0.0)
    bench.hear()
    count = len(bench.sent)
    bench.hear()
    assert len(bench.sent) == count


def test_hold() -> None:
    bench = Bench()
    bench.hear()
    bench.partner.hold(PORT_STATES[0x0F], period=0.5)
    bench.partner.advance(0.0)
    bench.hear(replace(DEVICE, state=PORT_STATES[0x3F]))
    assert bench.run(1.2) == [0.5, 1.0]
    assert set(bench.states) == {"ATGS----"}
    assert [it.partner.state for it in bench.sent] == [0x07, 0x3F, 0x3F]


def test_who_it_is_and_what_is_altered() -> None:
    bench = Bench()
    partner = bench.partner
    partner.actor = replace(partner.actor, key=9)
    partner.alter = lambda pdu: replace(pdu, version=255)
    partner.destination = Mac.parse("ff:ff:ff:ff:ff:ff")
    sent = partner.send(collector_max_delay=7)
    assert (sent.actor.key, sent.lacpdu.version, sent.lacpdu.collector_max_delay) == (9, 255, 7)
    assert sent.octets[:6] == b"\xff" * 6
    assert slow.classify(sent.octets, partner.destination).kind is slow.Kind.LACP
    assert partner.send_octets(b"\x00").octets == b"\x00"
    partner.reset()
    assert partner.actor == default_actor(0)
    assert partner.send().lacpdu.version == 1
