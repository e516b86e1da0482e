"""Who looks for the live table: not faster than the table is drawn."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from queue import SimpleQueue
from threading import Event

import pytest

from lacp.cli.live import looking
from lacp.cli.live.looking import Looker, RemoteLooker, Sight
from lacp.cli.source import Shown
from tests.waiting import until

#: How many sights may wait.
MANY = 3


class Over(Event):
    """Counts how often somebody waits for the end."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = 0

    def wait(self, timeout: float | None = None) -> bool:
        self.waits += 1
        return super().wait(0.001)


@pytest.fixture
def wake() -> Iterator[int]:
    reading, writing = os.pipe2(os.O_NONBLOCK)
    yield writing
    os.close(reading)
    os.close(writing)


def test_a_terminal_that_takes_nothing_has_nothing_heaped_up_for_it(
    wake: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    def look(args: Namespace, names: list[str]) -> tuple[Shown, list[str]]:
        looks.append(names)
        return Shown(host="here", time="", lags=()), []

    monkeypatch.setattr(looking, "look", look)
    monkeypatch.setattr(looking, "_UNTAKEN", MANY)
    sights: SimpleQueue[Sight] = SimpleQueue()
    looker = Looker(Namespace(interval=0.1, names=[]), sights, wake)
    over = looker._over = Over()
    looker.start()
    try:
        until(lambda: over.waits > 50)
        assert (sights.qsize(), len(looks)) == (MANY, MANY + 1)
        sights.get()
        until(lambda: len(looks) == MANY + 2)
    finally:
        looker.stop()
        looker.join(10)
    assert not looker.is_alive()


def test_a_look_that_is_made_to_fill_the_memory_is_none(wake: int) -> None:
    lag = {"name": "a", "source": "bond"}
    crowd = {**lag, "settings": {"x": [[]] * 20_000}}
    looks = ({"host": "x", "time": "", "lags": [each]} for each in (lag, crowd))
    said = "\\n".join(json.dumps(each) for each in looks)
    sights: SimpleQueue[Sight] = SimpleQueue()
    command = [sys.executable, "-c", f"print('{said}')"]
    looker = RemoteLooker("b", command, Namespace(interval=0.1, names=[]), sights, wake)
    looker.start()
    try:
        assert [lag.name for lag in sights.get(timeout=10).lags] == ["a"]
        (complaint,) = sights.get(timeout=10).complaints
    finally:
        looker.stop()
        looker.join(10)
    assert complaint.startswith("b: a look that is none: 20,00")
