"""A LAG of very many ports is explained in a time that grows as they do."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

import pytest

from lacp.address import Mac
from lacp.info import PORT_STATES
from lacp.link import Duplex
from lacp.picture.explain import diagnose
from lacp.picture.explain.words import listed
from lacp.picture.model import End, LagView, LinkView, Machines, PortView

OURS, THEIRS = Mac.parse("02:00:00:00:00:01"), Mac.parse("02:00:00:00:00:02")
IN_USE, OUT_OF_SYNC = PORT_STATES[0x3D], PORT_STATES[0x05]


def end(system: Mac, number: int, in_use: bool = True) -> End:
    state = IN_USE if in_use else OUT_OF_SYNC
    return End(system_priority=1, system=system, key=1, port_priority=1, port=number, state=state)


def port(number: int, partner: End) -> PortView:
    use = partner.state is IN_USE
    return PortView(
        name=f"eth{number}",
        link=LinkView(up=True, speed=1000, duplex=Duplex.FULL, admin_up=True),
        selected="SELECTED",
        aggregator=1,
        collecting=use,
        distributing=use,
        actor=end(OURS, number),
        partner=partner,
        machines=Machines(receive="CURRENT", mux="DISTRIBUTING" if use else "ATTACHED"),
    )


def every_second_out_of_sync(number: int) -> PortView:
    return port(number, end(THEIRS, number, in_use=number % 2 == 0))


def all_at_one_port(number: int) -> PortView:
    return port(number, end(THEIRS, 1))


def cost(made: Callable[[int], PortView], ports: int) -> float:
    """Seconds of CPU, at best."""
    lag = LagView(
        name="team0",
        source="lacpd",
        lacp=True,
        up=True,
        aggregator=1,
        ports=tuple(map(made, range(1, ports + 1))),
    )
    found = []
    for _ in range(3):
        start = process_time()
        assert len(diagnose(lag)) >= ports // 2
        found.append(process_time() - start)
    return min(found)


@pytest.mark.parametrize("made", [every_second_out_of_sync, all_at_one_port])
def test_eight_times_the_ports_cost_not_many_times_more(made: Callable[[int], PortView]) -> None:
    # The square would be 64 times.
    assert cost(made, 4000) < 24 * cost(made, 500)


NAMES = [f"p{number}" for number in range(9)]


@pytest.mark.parametrize(
    ("many", "besides", "said"),
    [
        (1, None, "p0"),
        (2, "p0", "p1"),
        (3, "p1", "p0 and p2"),
        (6, None, "p0, p1, p2, p3, p4 and p5"),
        (7, None, "p0, p1, p2, p3, p4, p5 and 1 more"),
        (7, "p6", "p0, p1, p2, p3, p4 and p5"),
        (8, "p0", "p1, p2, p3, p4, p5, p6 and 1 more"),
        (9, "p8", "p0, p1, p2, p3, p4, p5 and 2 more"),
        (9, None, "p0, p1, p2, p3, p4, p5 and 3 more"),
    ],
)
def test_of_many_names_the_first_are_told(many: int, besides: str | None, said: str) -> None:
    assert listed(NAMES[:many], besides) == said
