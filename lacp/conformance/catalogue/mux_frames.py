"""Group MUX, third part: what the Mux machine does to user frames (6.4.15)."""

from __future__ import annotations

from itertools import pairwise

from lacp.conformance.catalogue.case import Script, Wall, case
from lacp.conformance.catalogue.steps import TOGETHER, attached, hold
from lacp.conformance.tester.device import Need
from lacp.conformance.tester.times import BOUND
from lacp.conformance.tester.trial import Trial

#: What the user frames of a case carry before their number: a local experimental EtherType.
_MARK = bytes.fromhex("88b5") + b"lacp conformance"
_BROADCAST = b"\xff" * 6
_CLIENT = bytes.fromhex("0248000003ff")


def _user_frame(number: int, source: bytes = _CLIENT) -> bytes:
    """A broadcast frame with a number, of one conversation with all the others."""
    return (_BROADCAST + source + _MARK + number.to_bytes(4, "big")).ljust(60, b"\0")


def _number(frame: bytes) -> int | None:
    """The number of a user frame of ours; None for any other frame."""
    at = frame.find(_MARK)
    if at < 0:
        return None
    start = at + len(_MARK)
    return int.from_bytes(frame[start : start + 4], "big")


def _on_wire(t: Trial, link: int, since: float) -> list[int]:
    """The numbers of the user frames that the device has sent on a link."""
    numbers = (_number(it.octets) for it in t.frames(link, since))
    return [number for number in numbers if number is not None]


def _collected(t: Trial) -> list[int]:
    numbers = (_number(frame) for _, frame in t.dataplane.collected())
    return [number for number in numbers if number is not None]


@case(
    "MUX-12",
    "A port that does not distribute sends no user frame",
    clause="6.4.15",
    stimulus="the device's client sends user frames while the port is attached, while it is "
    "collecting for a partner that does not collect, and while it distributes",
    expected="none on the link while its LACPDUs say Distributing=0, all while Distributing=1",
    needs={Need.DATAPLANE},
    device={"fallback": False},
)
def sends_no_frame(t: Trial) -> Script:
    yield from attached(t)
    for synchronization in (0, 1):
        hold(t.partner(), synchronization, 0, 0)
        yield from t.wait(1.5)
        start, last = t.now, t.last()
        assert last is not None
        for number in range(10):
            t.dataplane.send(_user_frame(number))
            yield from t.wait(0.02)
        yield from t.wait(0.5)
        sent = _on_wire(t, 0, start)
        t.check(
            last.distributing or not sent,
            f"{len(sent)} of 10 user frames on the link after {last.summary}",
            "none while Distributing=0",
        )
    yield from t.b2()
    start = t.now
    t.dataplane.send(_user_frame(99))
    yield from t.until(
        lambda: _on_wire(t, 0, start) == [99], 1.0, "the client's frame while Distributing=1"
    )


@case(
    "MUX-13",
    "A port that does not collect drops what it receives, and one that collects delivers it",
    clause="6.4.15",
    stimulus="H sends user frames while the device is attached, then while it is collecting",
    expected="nothing reaches the device's client while Collecting=0; all does while Collecting=1",
    needs={Need.DATAPLANE},
    device={"fallback": False},
)
def drops_and_delivers(t: Trial) -> Script:
    yield from attached(t)
    _collected(t)
    for number in range(10):
        t.partner().send_octets(_user_frame(number))
    yield from t.wait(0.5)
    got = _collected(t)
    t.check(not got, f"{len(got)} of 10 user frames delivered while Collecting=0", "none")
    hold(t.partner(), 1, 0, 0)
    yield from t.next_pdu(
        lambda it: it.collecting, within=BOUND, what="Collecting=1: the partner is in sync"
    )
    for number in range(10, 20):
        t.partner().send_octets(_user_frame(number))
    yield from t.wait(0.5)
    got = _collected(t)
    t.check(
        sorted(got) == list(range(10, 20)),
        f"{len(got)} of 10 user frames delivered while Collecting=1",
        "each of them once",
    )


@case(
    "MUX-14",
    "When a link goes, its conversations move to the other one in order",
    clause="6.3.14",
    stimulus="two links converged; the device's client sends a numbered frame each 10 ms; the link "
    "that carries them goes down",
    expected="the frames come on the other link within 1.25 s, each at most once and in order",
    links=2,
    needs={Need.DATAPLANE, Need.LINK},
    device=TOGETHER,
    wall=Wall.MIDDLE,
)
def conversation_moves(t: Trial) -> Script:
    yield from t.b2()
    start = t.now
    used = None
    for number in range(300):
        t.dataplane.send(_user_frame(number))
        yield from t.wait(0.01)
        if number == 99:
            used = next((link for link in (0, 1) if _on_wire(t, link, start)), None)
            t.check(used is not None, "no user frame on either link", "those of the client")
            assert used is not None
            t.partner(used).silence()
            t.set_link(used, False)
    yield from t.wait(0.5)
    assert used is not None
    before, after = _on_wire(t, used, start), _on_wire(t, 1 - used, start)
    t.check(
        after and after[0] < 100 + 100 * t.bound,
        f"{f'frame {after[0]}' if after else 'nothing'} first on link {1 - used}",
        f"the conversation there within {BOUND:g} s of frame 99, when link {used} went down",
    )
    for earlier, later in pairwise(before + after):
        t.check(
            earlier < later,
            f"frame {later} after frame {earlier}",
            "each frame at most once and in order",
        )
