"""A driver that takes time for what it does: the clock goes on while it works."""

from __future__ import annotations

from pathlib import Path

import pytest

from lacp.backends import memory
from tests.daemons import World, conf, lacp

#: Ports of each host, in LAGs of two, and seconds that pass with every look at the clock.
_PORTS, _STEP = 16, 0.0002


class Busy(World):
    """A world in which whoever looks at the clock is a little older then."""

    def __init__(self, directory: Path) -> None:
        self._at = 0.0
        super().__init__(directory)

    @property
    def now(self) -> float:
        self._at += _STEP
        return self._at

    @now.setter
    def now(self, at: float) -> None:
        self._at = max(self._at, at)


def test_timers_that_expire_after_much_was_heard_expire_at_the_time_of_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "BATCH", 2)
    busy = Busy(tmp_path)
    left, right = busy.host("a"), busy.host("b")
    try:
        for at in range(_PORTS):
            busy.cable(left, f"a{at}", right, f"b{at}")
        for end, host in (("a", left), ("b", right)):
            for at in range(0, _PORTS, 2):
                ports = [f"{end}{at}", f"{end}{at + 1}"]
                host.write(conf(f"t{at}", ports, fast_rate=True), f"t{at}.conf")
            host.start()
        # Time that went back would be a UsageError of an engine.
        busy.run(6.0)
        for host in (left, right):
            for team in host.service.driver.teams.values():
                assert all(port.distributing for port in lacp(team).ports.values())
    finally:
        busy.close()
