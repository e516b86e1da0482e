"""A flood that takes longer to look at than it takes to arrive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lacp.backends.base import FrameReceived, LinkNews, News
from lacp.daemon.backlog import Line
from lacp.daemon.drive import Driver
from tests.daemons import Host, World, world

JUNK = bytes.fromhex("0180c2000002 020000000001 8809 01") + bytes(109)
ARP = bytes.fromhex("ffffffffffff 020000000001 0806") + bytes(46)
#: Seconds that each frame takes.
WORK = 0.005


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def laborious(made: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on it takes time to look at a frame."""
    look = Driver._frame

    def looking(driver: Driver, line: Line, received: FrameReceived, now: float) -> bool:
        made.now += WORK
        return look(driver, line, received, now)

    monkeypatch.setattr(Driver, "_frame", looking)


def flooded(host: Host, monkeypatch: pytest.MonkeyPatch, frame: bytes) -> list[tuple[str, bool]]:
    """What is muted in a turn of the driver in which a thousand frames have come to a1."""
    muted: list[tuple[str, bool]] = []
    batches: list[list[News]] = [[FrameReceived("a1", frame)] * 500, [FrameReceived("a1", frame)]]
    monkeypatch.setattr(host.backend, "read", lambda: batches.pop(0) if batches else [])
    monkeypatch.setattr(host.backend, "mute", lambda port, on: muted.append((port, on)))
    host.service.driver.poll(host.world.now)
    return muted


def test_a_flooded_port_is_muted_before_its_frames_have_been_looked_at(
    hosts: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, _, _ = hosts.pair(fast_rate=True)
    hosts.run(5)
    laborious(hosts, monkeypatch)
    before = hosts.now
    assert flooded(left, monkeypatch, JUNK) == [("a1", True)]
    assert hosts.now - before < 0.05
    assert left.port("a1")["counters"]["flooded_rx"] >= 290


def test_what_link_watchers_hear_too_much_of_mutes_nothing(
    hosts: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, _, _ = hosts.pair(fast_rate=True)
    hosts.run(5)
    laborious(hosts, monkeypatch)
    assert flooded(left, monkeypatch, ARP) == []
    assert left.port("a1")["counters"]["flooded_rx"] >= 290


def test_news_of_the_link_wait_behind_a_flood_and_are_not_lost(
    hosts: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, _, _ = hosts.pair(fast_rate=True)
    hosts.run(5)
    laborious(hosts, monkeypatch)
    link = left.team("team0").members["a1"].link
    assert link is not None
    up = LinkNews("a1", link)
    batches: list[list[News]] = [[*[FrameReceived("a1", JUNK)] * 500, up]]
    heard: list[News] = []
    take = Driver._take

    def taking(driver: Driver, line: Line, item: News, now: float) -> bool:
        heard.append(item)
        return take(driver, line, item, now)

    monkeypatch.setattr(Driver, "_take", taking)
    monkeypatch.setattr(left.backend, "read", lambda: batches.pop(0) if batches else [])
    while batches or left.service.driver.behind:
        left.service.driver.poll(hosts.now)
    assert up in heard
