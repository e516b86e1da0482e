"""A log that nobody reads holds up nothing, and says afterwards what it has lost."""

from __future__ import annotations

import logging
import threading

import pytest

from lacp.daemon.process import logs

log = logging.getLogger("lacp.tests")


class Stuck:
    """Somewhere to write that takes nothing until it is let go."""

    def __init__(self) -> None:
        self.taken = threading.Event()
        self.free = threading.Event()
        self.lines: list[str] = []

    def write(self, lines: list[tuple[int, str]]) -> None:
        self.taken.set()
        assert self.free.wait(10)
        self.lines += [line for _, line in lines]


@pytest.mark.parametrize("more", [False, True])
def test_lines_that_are_lost_are_counted_where_they_would_stand(
    monkeypatch: pytest.MonkeyPatch, more: bool
) -> None:
    monkeypatch.setattr(logs, "_WAITING", 3)
    stuck = Stuck()
    handler = logs._Queued(stuck.write)
    log.addHandler(handler)
    try:
        log.warning("first")
        assert stuck.taken.wait(10)
        for number in range(8):
            log.warning("line %d", number)
        stuck.free.set()
        if more:
            while not handler._lines.empty():
                pass
            log.warning("last")
    finally:
        log.removeHandler(handler)
        handler.close()
    assert stuck.lines == [
        "first",
        *(f"line {number}" for number in range(3)),
        "5 lines of this log lost: nobody read it in time",
        *(["last"] if more else []),
    ]
