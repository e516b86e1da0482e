"""A periodic LACPDU that is due just before there is news says them, instead of being one more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacp import EDITIONS, Link, Mac, PortConfig, System, SystemConfig, Transmit
from lacp.protocol.periodic import together
from tests.worlds import VARIANT_IDS, VARIANTS, Control, Edition

#: Seconds after its link at which a port hears its partner.
HEARD = 0.1


@given(news=st.floats(-1, 40), period=st.sampled_from([1.0, 30.0]))
def test_a_period_stays_within_the_tolerance_of_the_timer(news: float, period: float) -> None:
    found = together(news, period)
    assert period <= found <= period + 0.15
    assert found in (news, period)


class Pair:
    """Two systems joined by one link, which says when each speaks."""

    def __init__(self, edition: Edition, control: Control) -> None:
        self.said: list[list[float]] = [[], []]
        self.ends = [
            System(
                SystemConfig(
                    system=Mac.parse(f"02:00:00:00:00:0{end}"),
                    edition=edition,
                    control=control,
                    beat=HEARD * (end - 1),
                )
            )
            for end in (1, 2)
        ]
        for number, end in enumerate(self.ends):
            end.add_port("1", PortConfig(number=1, short_timeout=True), HEARD * number)
            end.link_changed("1", Link(up=True, address=end.config.system), HEARD * number)
        self.carry(HEARD)

    def carry(self, now: float) -> None:
        busy = True
        while busy:
            busy = False
            for number, end in enumerate(self.ends):
                for event in end.take():
                    if isinstance(event, Transmit):
                        busy = True
                        self.said[number].append(now)
                        self.ends[1 - number].receive("1", event.frame, now)

    def run(self, until: float) -> None:
        while True:
            due = [at for end in self.ends if (at := end.next_deadline()) is not None]
            if min(due) > until:
                return
            for end in self.ends:
                end.advance(min(due))
            self.carry(min(due))


@pytest.mark.parametrize(("edition", "control"), VARIANTS, ids=VARIANT_IDS)
def test_nothing_is_said_just_before_the_wait_is_over(edition: Edition, control: Control) -> None:
    pair = Pair(edition, control)
    pair.run(2.5)
    for end, said in zip(pair.ends, pair.said, strict=True):
        over = next(c.time for c in end.ports["1"].history if c.new in ("ATTACHED", "ATTACH"))
        assert over == pytest.approx(HEARD + 2.0)
        assert not [at for at in said if over - 0.15 <= at < over - 1e-9]
        assert any(at == pytest.approx(over) for at in said)


def test_a_driver_that_is_behind_does_not_say_what_is_no_longer_so() -> None:
    pair = Pair(EDITIONS["2014"], Control.INDEPENDENT)
    pair.run(2.0)
    left, _ = pair.ends
    left.tick(2.12)
    assert not left.take()
    # But a partner is not left without a word for it.
    left.tick(2.35)
    assert [type(event) for event in left.take()] == [Transmit]
