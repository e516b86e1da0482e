"""The runners whose ports are all alike."""

from __future__ import annotations

import pytest

from lacp.errors import UsageError
from lacp.runners.base import PortAddressed, PortEnabled, RunnerPort
from lacp.runners.plain import NAMES, PlainRunner


@pytest.mark.parametrize("name", NAMES)
def test_every_usable_port_carries_traffic_under_the_address_of_the_team(name: str) -> None:
    runner = PlainRunner(name)
    for port in ("a", "b", "c"):
        runner.add_port(port, RunnerPort(), 0.0)
    told = list(runner.events())
    assert [e for e in told if isinstance(e, PortAddressed)] == [
        PortAddressed(port, True, 0.0) for port in ("a", "b", "c")
    ]
    runner.verdict_changed("a", True, 1.0)
    runner.verdict_changed("c", True, 1.0)
    assert [e for e in runner.events() if isinstance(e, PortEnabled)] == [
        PortEnabled("a", True, True, 1.0),
        PortEnabled("c", True, True, 1.0),
    ]
    assert runner.name == name


def test_there_is_no_active_port() -> None:
    runner = PlainRunner("roundrobin")
    runner.add_port("a", RunnerPort(), 0.0)
    with pytest.raises(UsageError, match="runner roundrobin uses all ports"):
        runner.activate("a", 0.0)


def test_other_names_are_refused() -> None:
    with pytest.raises(UsageError, match="no runner 'lacp' of this kind, there are broadcast, r"):
        PlainRunner("lacp")
