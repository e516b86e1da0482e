"""What drives a case, with cases made for the purpose on our own engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from lacp.conformance.catalogue.case import Case, Script, Wall, case
from lacp.conformance.tester.device import Device, Need
from lacp.conformance.tester.profile import Profile
from lacp.conformance.tester.results import Outcome
from lacp.conformance.tester.run import KEPT, Run
from lacp.conformance.tester.seen import read
from lacp.conformance.tester.trial import Trial
from lacp.conformance.tester.virtual import VirtualBench, profile_for, run_case
from lacp.conformance.verdict import Verdict
from lacp.info import PORT_STATES, PortInfo
from lacp.wire import slow
from lacp.wire.lacpdu import Envelope, Lacpdu
from lacp.wire.marker import Marker


def made(script: Callable[[Trial], Script], **rest: object) -> Case:
    """A case with this script."""
    text = {"clause": "1", "stimulus": "none", "expected": "nothing"}
    decorate = case("ROB-99", "A case", **{**text, **rest})  # type: ignore[arg-type]
    return decorate(script)


def outcome(script: Callable[[Trial], Script], **rest: object) -> Outcome:
    it = made(script, **rest)
    return run_case(it, profile_for(it, short_timeout=True))


def nothing(t: Trial) -> Script:
    yield from t.wait(1.0)


def test_a_case_passes_and_the_device_recovers() -> None:
    it = outcome(nothing)
    assert (it.verdict, it.remarks, it.frames) == (Verdict.PASS, (), ())
    assert it.duration > 3.0
    assert outcome(nothing, recovers=False).duration == 1.0


def test_remarks_weigh() -> None:
    def notes(t: Trial) -> Script:
        t.note("a fact")
        yield from t.wait(1.0)

    def informs(t: Trial) -> Script:
        t.info("a behaviour")
        yield from notes(t)

    def warns(t: Trial) -> Script:
        t.warn("unwise")
        yield from informs(t)

    assert outcome(notes).verdict is Verdict.PASS
    assert [it.text for it in outcome(notes).remarks] == ["a fact"]
    assert outcome(informs).verdict is Verdict.INFO
    assert outcome(warns).verdict is Verdict.WARN
    assert outcome(warns).reason == "unwise"


def fails(t: Trial) -> Script:
    yield from t.b2()
    t.warn("unwise")
    t.check(False, "this", "that")


def test_a_failure_ends_the_case() -> None:
    it = outcome(fails)
    assert it.verdict is Verdict.FAIL
    assert it.reason == "saw this, expected that"
    assert it.frames
    assert it.frames[0].ours
    assert "LACPDU 02:48:00:00:00:01#257" in it.frames[0].summary


def test_a_waived_failure_is_shown_as_one() -> None:
    it = made(fails)
    profile = replace(profile_for(it), waivers={"ROB-99": "known since 1999"})
    waived = run_case(it, profile)
    assert (waived.verdict, waived.waiver) == (Verdict.WARN, "known since 1999")
    assert [remark.verdict for remark in waived.remarks] == [Verdict.WARN, Verdict.FAIL]
    assert waived.reason == "saw this, expected that"


def test_a_waiver_that_is_no_longer_needed_is_told() -> None:
    it = made(nothing)
    passed = run_case(it, replace(profile_for(it), waivers={"ROB-99": "known since 1999"}))
    assert (passed.verdict, passed.waiver) == (Verdict.INFO, None)
    assert passed.reason == "did not fail: the waiver is no longer needed (known since 1999)"


def stops(t: Trial) -> Script:
    yield from t.wait(1.0)
    t.management.stop()
    t.management.restore = lambda: None  # type: ignore[method-assign]


@pytest.mark.parametrize("waivers", [{}, {"ROB-99": "known since 1999"}], ids=["", "waived"])
def test_a_device_that_does_not_recover_fails_the_case(waivers: dict[str, str]) -> None:
    it = made(stops, needs={Need.RESTART})
    stuck = run_case(it, replace(profile_for(it), waivers=waivers))
    assert (stuck.verdict, stuck.waiver) == (Verdict.FAIL, None)
    assert stuck.reason.startswith("the case passed, but the device did not recover: expected")


def test_what_management_changed_is_put_back() -> None:
    def changes(t: Trial) -> Script:
        yield from t.b2()
        t.management.configure(system_priority=1)
        t.management.configure_port(0, key=77)
        yield from t.next_pdu(lambda it: it.actor.key == 77, within=2.0)

    def restarts(t: Trial) -> Script:
        yield from t.b2()
        t.management.stop()
        yield from t.wait(0.5)
        t.check(t.pdus()[-1].synchronization is False, "no goodbye", "Synchronization=0")

    bench = VirtualBench(profile_for(made(nothing)), 1)
    for script in (changes, restarts):
        assert bench.run(made(script)).verdict is Verdict.PASS
        assert bench.management is not None
        actor = bench.management.port(0).actor
        assert actor is not None
        assert (actor.key, actor.system_priority) == (1, 0x8000)


def test_waits_see_every_frame_once_and_in_order() -> None:
    def script(t: Trial) -> Script:
        yield from t.b2()
        first = yield from t.next_pdu(within=2.0)
        second = yield from t.next_pdu(within=2.0)
        t.check_at(second.time - first.time, 1.0, "the next LACPDU after", tolerance=0.001)
        t.partner().send(echo=PortInfo())
        third = yield from t.next_pdu(within=0.1)
        t.check_prompt(third, t.now - 0.001, "the answer")
        nobody = yield from t.try_frame(lambda it: it.is_marker, within=0.5)
        t.check(nobody is None, "a marker", "none")
        t.partner().send_octets(
            slow.ethernet(
                t.partner().destination,
                t.partner().address,
                Marker(1, t.partner().address, 7).encode(),
            )
        )
        answer = yield from t.next_frame(lambda it: it.is_marker, within=0.1, what="a response")
        t.check(isinstance(answer.pdu, Marker) and answer.pdu.response, "a marker", "a response")

    assert outcome(script).remarks == ()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            lambda t: t.next_pdu(lambda it: it.expired, within=1.0, what="Expired=1"),
            "expected Expired=1 within 1 s, none came; on link 0 the last was LACPDU",
        ),
        (
            lambda t: t.next_frame(lambda it: it.is_marker, within=1, what="a frame", link=None),
            "expected a frame within 1 s, none came; on link 0 the last was LACPDU",
        ),
        (lambda t: t.quiet(5.0, "no LACPDU"), "expected no LACPDU, saw LACPDU"),
        (lambda t: t.until(lambda: False, 1.0, "it"), "expected it within 1 s, it did not happen"),
    ],
)
def test_failures_say_what_was_seen(script: Callable[[Trial], Script], said: str) -> None:
    def whole(t: Trial) -> Script:
        yield from t.b2()
        yield from script(t)

    it = outcome(whole)
    assert it.verdict is Verdict.FAIL
    assert it.reason.startswith(said)


def test_a_check_of_time_names_its_limits() -> None:
    def script(t: Trial) -> Script:
        yield from t.wait(0.1)
        t.check_at(3.5, 3.0, "it came after", late=0.2)

    assert outcome(script).reason == (
        "saw it came after 3.500 s, expected 3 s, that is 2.75 to 3.45 s with all tolerances"
    )


def test_why_a_case_is_skipped() -> None:
    plain = Profile(name="x", device=Device())

    def reason(**rest: object) -> str:
        return made(nothing, **rest).unfit(plain, 1)

    assert reason(editions=["2020"]) == "is of edition 2020, the device is of 2014"
    assert reason(links=2) == "needs 2 links, there are 1"
    assert reason(needs={Need.LINK}) == "needs link, which this bench does not offer"
    assert run_case(made(nothing, needs={Need.LINK}), plain).verdict is Verdict.SKIP


def test_how_long_a_case_takes() -> None:
    quick, patient = made(nothing), made(nothing, expires=True)
    assert [it.wall_on(Device(short_timeout=True)) for it in (quick, patient)] == [Wall.QUICK] * 2
    assert patient.wall_on(Device(short_timeout=False)) is Wall.LONG


def test_how_many_links_a_device_can_use() -> None:
    four = range(4)
    assert Device().usable(four) == 4
    assert Device(max_links=3).usable(four) == 3
    assert Device(max_links=1, lags=2).usable(four) == 2
    assert Device(lags=2, aggregators=1).usable(four) == 2
    assert Device(aggregation=False).usable(four) == 4
    assert Device(aggregation=False, aggregators=1).usable(four) == 1


def test_the_evidence_is_bounded() -> None:
    def floods(t: Trial) -> Script:
        for _ in range(2 * KEPT + 10):
            t.partner().send_octets(b"\0" * 60)
        yield from t.wait(1.0)
        t.info("flooded")

    it = outcome(floods, recovers=False)
    assert len(it.frames) == 2 * KEPT
    assert it.left_out > 0


def test_a_bench_that_breaks_down_is_not_held_against_the_device() -> None:
    def warns(t: Trial) -> Script:
        t.warn("unwise")
        yield from nothing(t)

    it = made(warns)
    profile = replace(profile_for(it), waivers={"ROB-99": "known since 1999"})
    run = Run(it, profile, VirtualBench(profile, 1), 0.0)
    run.receive(3, b"", 0.5)
    broken = run.abort("the cable is gone")
    assert (broken.verdict, broken.waiver) == (Verdict.SKIP, None)
    assert broken.reason == "not judged: the bench broke down: the cable is gone"
    run.advance(9.0)
    run.receive(0, b"", 9.0)
    assert run.outcome is broken


def test_frames_of_the_device_are_read_leniently() -> None:
    info = PortInfo(state=PORT_STATES[0x3D])
    odd = Lacpdu(info, info, envelope=Envelope(actor_length=7, partner_length=0), version=9)
    frame = slow.ethernet(b"\x01" * 6, b"\x02" * 6, odd.encode())  # type: ignore[arg-type]
    tagged = frame[:12] + b"\x81\x00\x00\x05" + frame[12:]
    for octets in (frame, tagged, frame[:80]):
        pdu = read(octets)
        assert isinstance(pdu, Lacpdu)
        assert pdu.actor == info
    for octets in (b"", b"\0" * 14, frame[:14], frame[:60], b"\0" * 12 + b"\x08\x00" + b"\1" * 110):
        assert read(octets) is None
