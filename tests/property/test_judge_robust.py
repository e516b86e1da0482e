"""Whatever a capture holds, the judge takes it without a word, and in bounded memory."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from lacp.capture.frame import Frame
from lacp.conformance.judge import judge as module
from lacp.conformance.judge.judge import Judge, Options
from lacp.conformance.judge.seen import block, flawless
from lacp.wire.lacpdu import Lacpdu
from lacp.wire.validate import validate
from tests.property.judge_breaking import MUTATIONS

SLOW = bytes.fromhex("0180c2000002 020000010001 8809".replace(" ", ""))


def some_frames() -> list[bytes]:
    """Frames of each kind, good and bad."""
    said = []
    for rule in ("PDU-03", "PDU-11", "V2-01", "MRK-02", "RXV-25"):
        said += [frame.octets for frame in MUTATIONS[rule][0](Random(1)).frames[:60]]
    return list(dict.fromkeys(said))


KNOWN = some_frames()

octets = st.one_of(
    st.sampled_from(KNOWN),
    st.binary(max_size=200),
    st.builds(lambda tail: SLOW + tail, st.binary(max_size=140)),
    st.builds(
        lambda frame, at, mask: bytes(
            octet ^ mask if place == at else octet for place, octet in enumerate(frame)
        ),
        st.sampled_from(KNOWN),
        st.integers(0, 123),
        st.integers(1, 255),
    ),
    st.builds(lambda frame, length: frame[:length], st.sampled_from(KNOWN), st.integers(0, 124)),
)


@st.composite
def captures(draw: st.DrawFn) -> list[Frame]:
    result = []
    time = 0.0
    for number in range(1, draw(st.integers(1, 60)) + 1):
        time += draw(st.sampled_from((0.0, 0.001, 0.4, 1.0, 30.0, 100.0, -0.01, -5.0, 1e9)))
        taken = draw(octets)
        cut = draw(st.sampled_from((0, 0, 0, 1, 56)))
        result.append(
            Frame(
                number, time, taken, len(taken) + cut, cooked=draw(st.sampled_from((False, True)))
            )
        )
    return result


@settings(deadline=None, max_examples=150)
@given(captures(), st.sampled_from((None, "02:00:00:01:00:00#1")))
def test_nothing_in_a_capture_raises(frames: list[Frame], actor: str | None) -> None:
    judge = Judge("any", Options(actor=actor, exhibits=10))
    for frame in frames:
        judge.frame(frame)
    report = judge.report(len(frames))
    assert report.frames.total == len(frames)
    assert {finding.actor for finding in report.findings} <= {actor} or actor is None


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from([frame for frame in KNOWN if flawless(frame)]),
    st.lists(st.tuples(st.integers(0, 123), st.integers(0, 255)), max_size=3),
)
def test_no_octet_makes_a_flawless_lacpdu_that_the_validator_refuses(
    frame: bytes, changes: list[tuple[int, int]]
) -> None:
    changed = bytearray(frame)
    for at, octet in changes:
        changed[at] = octet
    if flawless(bytes(changed)):
        assert validate(bytes(changed)) == []


def test_each_state_is_flawless_if_and_only_if_the_validator_has_nothing_against_it() -> None:
    frame = bytearray(next(frame for frame in KNOWN if flawless(frame)))
    for state in range(256):
        frame[32] = state
        assert flawless(bytes(frame)) is (validate(bytes(frame)) == [])


@settings(deadline=None, max_examples=300)
@given(octets)
def test_a_flawless_lacpdu_is_one_to_codec_and_validator(frame: bytes) -> None:
    if flawless(frame):
        pdu = Lacpdu.decode(frame[14:])
        assert validate(frame) == []
        assert (block(frame, 18), block(frame, 38)) == (pdu.actor, pdu.partner)


def test_our_own_lacpdus_are_flawless() -> None:
    frames = MUTATIONS["PDU-13"][0](Random(1)).frames
    assert all(flawless(frame.octets) for frame in frames)


@settings(deadline=None, max_examples=5)
@given(st.randoms(use_true_random=False))
def test_cut_off_frames_are_counted_and_not_held_against_anybody(dice: Random) -> None:
    for snaplen in (68, 96):
        judge = Judge("cut")
        frames = MUTATIONS["PDU-06"][0](dice).frames
        for frame in frames:
            judge.frame(Frame(frame.number, frame.time, frame.octets[:snaplen], frame.length))
        report = judge.report()
        assert report.frames.truncated == report.frames.lacpdu == len(frames)
        assert {finding.rule for finding in report.findings} <= {"PDU-06"}


def storm(number: int) -> Judge:
    """As many LACPDUs, each of somebody else, or of one who says something else each time."""
    judge = Judge("storm")
    frame = bytearray(KNOWN[1])
    for index in range(number):
        frame[8:12] = (index * 7).to_bytes(4, "big")
        frame[22:26] = (index // 2).to_bytes(4, "big")
        frame[40:46] = index.to_bytes(6, "big")
        judge.frame(Frame(index + 1, index * 0.001, bytes(frame), 124))
    return judge


def test_a_storm_of_strangers_is_counted_not_kept() -> None:
    number = 3 * module._ACTORS
    report = storm(number).report()
    assert report.frames.lacpdu == number
    assert len(report.actors) <= module._ACTORS
    assert report.left_out > 0
    assert len(report.limits) < 100
