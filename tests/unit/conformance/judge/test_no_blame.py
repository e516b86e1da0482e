"""What looks wrong in a capture and is not: each was a false finding once."""

from __future__ import annotations

from lacp.address import Mac
from lacp.conformance.judge.report import CaptureReport
from lacp.info import PORT_STATES, PortInfo
from lacp.protocol.edition import EDITION_2014
from lacp.sim.network import address
from lacp.wire import slow
from lacp.wire.marker import Marker
from tests.property.judge_breaking.conversations import info, lacpdu
from tests.property.judge_worlds import Shot, frames, judged

LEFT, RIGHT = address(1, 1), address(2, 1)
NOBODY = PortInfo(state=PORT_STATES[0x02])


def report(said: list[Shot]) -> CaptureReport:
    return judged(frames(sorted(said, key=lambda shot: shot[:2])), EDITION_2014)


def assert_nothing(said: list[Shot]) -> None:
    assert report(said).findings == []


def talk(start: int, end: int, left: int = 0x3F, right: int = 0x3F) -> list[Shot]:
    """Both ends each second, each repeating the other."""
    return [
        shot
        for second in range(start, end)
        for shot in (
            lacpdu(second, LEFT, info(1, left), info(2, right)),
            lacpdu(second + 0.4, RIGHT, info(2, right), info(1, left)),
        )
    ]


def test_a_lacpdu_that_was_overtaken_repeats_what_was_said_before() -> None:
    late = lacpdu(10.42, LEFT, info(1, 0x3F), info(2, 0x3F))
    news = [
        lacpdu(10.40, RIGHT, info(2, 0x07), info(1, 0x3F)),
        lacpdu(10.41, LEFT, info(1, 0x0F), info(2, 0x07)),
    ]
    assert_nothing(talk(0, 10) + news + [late])


def test_a_mirror_port_that_shows_each_frame_twice_is_no_storm() -> None:
    said = talk(0, 10)
    news = [
        lacpdu(10 + n / 1000, LEFT, info(1, state), info(2, 0x3F))
        for n, state in enumerate((0x07, 0x0F, 0x3F))
    ]
    news.insert(0, lacpdu(9.99, RIGHT, info(2, 0x3F), info(1, 0x3F)))
    copies = [(time + 0.0005, order, octets) for time, order, octets in said + news]
    rules = {finding.rule for finding in report(said + news + copies).findings}
    assert "TX-01" not in rules


def test_a_looped_port_sends_as_often_as_others() -> None:
    said = []
    for n in range(3):
        frame = lacpdu(0.01 * n, LEFT, info(1, 0x05 | n), info(1, 0x05))
        said += [(frame[0] + delay, 1, frame[2]) for delay in (0, 0.0001, 0.02)]
    assert_nothing(said)


def test_a_port_that_was_renamed_may_be_in_sync_until_its_partner_says_otherwise() -> None:
    renamed = info(1, 0x07, key=9)
    news = [lacpdu(10, LEFT, renamed, info(2, 0x3F)), lacpdu(10.4, RIGHT, info(2, 0x07), renamed)]
    assert_nothing(talk(0, 10) + news)


def test_an_individual_link_does_not_change_when_its_other_end_becomes_individual_too() -> None:
    said = talk(0, 10, 0x3F, 0x3B)
    said += [
        lacpdu(10.1, LEFT, info(1, 0x3B), info(2, 0x3B)),
        lacpdu(10.2, RIGHT, info(2, 0x03), info(1, 0x3B)),
    ]
    assert_nothing(said)


def test_a_port_that_was_defaulted_meanwhile_has_not_been_current_all_the_time() -> None:
    said = talk(0, 10)
    said += [lacpdu(n, LEFT, info(1, 0x87), info(2, 0x37)) for n in (13, 14, 15)]
    said += [lacpdu(n, LEFT, info(1, 0x47), NOBODY) for n in (16, 46)]
    # Back, and heard, though the capture lost what was heard.
    said += [lacpdu(60, LEFT, info(1, 0x07), info(2, 0x07))]
    assert_nothing(said)


def test_the_slow_period_after_expired_is_no_hole_and_no_late_lacpdu() -> None:
    said = [lacpdu(n, LEFT, info(1, 0xC7), NOBODY) for n in (0, 1, 2)]
    said += [lacpdu(n, LEFT, info(1, 0x47), PortInfo()) for n in (33, 63)]
    told = report(said)
    assert (told.findings, told.limits) == ([], [])
    assert told.rules["PER-01"].inconclusive == 0


def test_nothing_is_early_whose_reason_may_be_missing() -> None:
    said = [lacpdu(n, LEFT, info(1, 0x05), info(2, 0x05)) for n in range(40)]
    assert_nothing(said)


def test_a_restart_is_not_held_to_what_it_sent_before() -> None:
    news = [
        lacpdu(10.00, LEFT, info(1, 0x3F), info(2, 0x3F)),
        lacpdu(10.01, LEFT, info(1, 0x0F), info(2, 0x37)),
        lacpdu(10.02, LEFT, info(1, 0xC7), NOBODY),
        lacpdu(10.03, RIGHT, info(2, 0x0F), info(1, 0xC7)),
        lacpdu(10.04, LEFT, info(1, 0x07), info(2, 0x0F)),
        lacpdu(10.05, RIGHT, info(2, 0x0F), info(1, 0x07)),
    ]
    assert "TX-01" not in {finding.rule for finding in report(talk(0, 10) + news).findings}


def marker(at: float, source: Mac, number: int, response: bool = False) -> Shot:
    pdu = Marker(requester_port=1, requester_system=address(2), transaction=number)
    payload = (pdu.respond() if response else pdu).encode()
    return at, 1, slow.ethernet(Mac.parse("01:80:c2:00:00:02"), source, payload)


def test_a_copy_of_a_marker_is_not_another_one() -> None:
    said = talk(0, 60)
    for number in range(3):
        at = 40.7 + 2 * number
        said += [marker(at, RIGHT, number), marker(at + 0.0005, RIGHT, number)]
    assert_nothing(said)


def test_a_looped_port_answers_its_own_marker() -> None:
    own = [lacpdu(n, LEFT, info(1, 0x07), info(1, 0x07)) for n in range(10)]
    pdu = Marker(requester_port=1, requester_system=address(1), transaction=1)
    answer = slow.ethernet(Mac.parse("01:80:c2:00:00:02"), LEFT, pdu.respond().encode())
    assert_nothing([*own, (5.5, 1, answer)])


def test_a_prompt_lacpdu_that_the_capture_lost_explains_what_its_hearer_says() -> None:
    said = talk(0, 10, 0x07, 0x07)
    # The left end became ready at 9.5, and what it said then is missing.
    said += [
        lacpdu(9.5, RIGHT, info(2, 0x0F), info(1, 0x0F)),
        lacpdu(9.6, RIGHT, info(2, 0x3F), info(1, 0x1F)),
        lacpdu(10.0, LEFT, info(1, 0x3F), info(2, 0x3F)),
        lacpdu(10.4, RIGHT, info(2, 0x3F), info(1, 0x3F)),
    ]
    assert_nothing(said)


def test_at_the_slow_rate_a_hole_may_hide_what_the_machines_did() -> None:
    said = []
    for turn in range(5):
        said += [
            lacpdu(30 * turn, LEFT, info(1, 0x3D), info(2, 0x1D if turn == 3 else 0x3D)),
            lacpdu(30 * turn + 7 * (turn == 3) + 9, RIGHT, info(2, 0x3D), info(1, 0x3D)),
        ]
    assert_nothing(said)
