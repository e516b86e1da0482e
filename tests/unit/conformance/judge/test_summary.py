"""The sentence for each link: how it went, and which end is wrong."""

from __future__ import annotations

from lacp.info import PORT_STATES, PortInfo
from lacp.protocol.edition import EDITION_2014
from lacp.sim.network import address
from tests.property.judge_breaking.conversations import info, lacpdu
from tests.property.judge_worlds import Shot, frames, judged

LEFT, RIGHT = address(1, 1), address(2, 1)
ONE, TWO = f"{address(1)}#1", f"{address(2)}#1"


def summary(said: list[Shot]) -> str:
    (link,) = judged(frames(sorted(said)), EDITION_2014).links
    return link.summary


def pair(left: int, right: int) -> list[Shot]:
    return [
        shot
        for n in range(10)
        for shot in (
            lacpdu(n, LEFT, info(1, left), info(2, right)),
            lacpdu(n + 0.4, RIGHT, info(2, right), info(1, left)),
        )
    ]


def test_both_ends_are_fine() -> None:
    assert summary(pair(0x3F, 0x3F)) == "Both ends distribute at the end. Nothing violated."


def test_one_end_is_wrong() -> None:
    said = summary(pair(0x2F, 0x3F))
    assert said.endswith(
        f"{ONE} is wrong: MUX-10 (Distributing needs Collecting, that needs Synchronization, and"
        " neither goes with Expired)."
    )


def test_one_end_is_deaf() -> None:
    said = pair(0x3F, 0x3F)
    for n in range(10, 20):
        nobody = PortInfo(state=PORT_STATES[0x02])
        left = (info(1, 0x87), info(2, 0x37)) if n < 13 else (info(1, 0x47), nobody)
        said += [lacpdu(n + 3, LEFT, *left), lacpdu(n + 0.4, RIGHT, info(2, 0x0F), info(1, 0x87))]
    assert summary(said).startswith(f"{ONE} does not hear {TWO}, whose LACPDUs are in this capture")


def test_nobody_answers() -> None:
    said = [lacpdu(30 * n, LEFT, info(1, 0x45), PortInfo()) for n in range(3)]
    assert summary(said).startswith(f"Nobody in this capture answers {ONE}")


def test_a_loop() -> None:
    said = [lacpdu(n, LEFT, info(1, 0x07), info(1, 0x07)) for n in range(9)]
    assert summary(said) == f"{ONE} hears itself: its link is looped. Nothing violated."


def test_one_direction_only() -> None:
    said = [lacpdu(n, LEFT, info(1, 0x3F), info(2, 0x3F)) for n in range(9)]
    assert "only its own side was judged" in summary(said)


def test_traffic_without_a_partner() -> None:
    alone = [lacpdu(n, LEFT, info(1, 0x7D), PortInfo()) for n in (0, 30, 60)]
    said = summary([*alone, *((at + 70, order, octets) for at, order, octets in pair(0x3F, 0x3F))])
    assert said == (
        f"Both ends distribute at the end. {ONE} carried traffic without a partner (Defaulted) from"
        " 0.0 to 70.0 s. Nothing violated."
    )


def test_traffic_without_a_partner_to_the_end() -> None:
    said = summary([lacpdu(n, LEFT, info(1, 0x7D), PortInfo()) for n in (0, 30, 60)])
    assert "carried traffic without a partner (Defaulted) from 0.0 to 60.0 s. Nothing" in said


def test_a_restart_is_told_and_a_link_that_flaps_without_a_partner_is_not() -> None:
    states = {0: 0x3D, 10: 0xC5, 13: 0x45, 50: 0xC5, 53: 0x45}
    said = summary([lacpdu(at, LEFT, info(1, state), PortInfo()) for at, state in states.items()])
    assert said.count("began anew") == 1
    assert f"{ONE} began anew at 10.0 s (Defaulted and Expired at once)." in said


def test_another_key() -> None:
    said = [lacpdu(n, LEFT, info(1, 0x45, key=1 + (n > 60)), PortInfo()) for n in range(0, 120, 30)]
    assert f"{ONE} changed its key from 1 to 2 at 90.0 s." in summary(said)


def test_many_events_of_one_kind_are_counted() -> None:
    said = [lacpdu(n, LEFT, info(1, 0x45, key=1 + n), PortInfo()) for n in range(0, 300, 30)]
    assert summary(said).count("changed its key") == 2
    assert f"{ONE} did so 7 times more." in summary(said)


def test_another_name_of_the_same_port() -> None:
    said = [lacpdu(30 * n, LEFT, info(1 + n // 3, 0x45), PortInfo()) for n in range(6)]
    old, new = judged(frames(said), EDITION_2014).links
    assert old.ends == (ONE,)
    assert f"{TWO} was {ONE} until 60.0 s, by its source address." in new.summary
    assert "was" not in old.summary


def test_two_ports_under_one_name_are_not_one_that_changes_all_the_time() -> None:
    said = [
        lacpdu(n, address(1, 1 + n % 2), info(1, 0x45, key=1 + n % 2), PortInfo())
        for n in range(10)
    ]
    assert "changed" not in summary(said)
