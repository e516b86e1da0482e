"""Which links are looked at when many of them change together."""

from __future__ import annotations

from lacp.backends.flurry import CROWD, PAUSE, PIECE, Flurry

PORTS = [f"p{number}" for number in range(2 * PIECE + 10)]


def looked(flurry: Flurry, now: float) -> list[str]:
    """All that are looked at from `now` on, in pieces."""
    found: list[str] = []
    while piece := flurry.look(PORTS, now):
        assert len(piece) <= PIECE
        found += piece
    return found


def test_few_changes_are_no_reason_to_look() -> None:
    flurry = Flurry()
    flurry.changed(CROWD - 1, 1.0)
    assert looked(flurry, 1.0) == []
    assert looked(flurry, 100.0) == []


def test_all_are_looked_at_until_a_look_changes_nothing() -> None:
    flurry = Flurry()
    flurry.changed(CROWD, 1.0)
    now = 1.0
    assert looked(flurry, now) == PORTS
    # What that look brought is a reason to look again, a moment later.
    flurry.changed(1, now)
    assert looked(flurry, now + PAUSE / 2) == []
    for _ in range(2):
        now += PAUSE
        assert looked(flurry, now) == PORTS
    assert looked(flurry, now + PAUSE) == []
    assert looked(flurry, 100.0) == []


def test_a_look_is_not_begun_anew_before_it_has_come_to_its_end() -> None:
    flurry = Flurry()
    flurry.changed(CROWD, 1.0)
    found = []
    for step in range(3):
        flurry.changed(CROWD, 1.0 + step)
        found += flurry.look(PORTS, 1.0 + step)
    assert found == PORTS
