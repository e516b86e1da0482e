"""A flood that takes longer to look at than it takes to arrive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lacp.backends.base import FrameReceived, LinkNews, News
from lacp.daemon.backlog import Line
from lacp.daemon.drive import Driver
from lacp.daemon.flood import FRAMES, PARTNER_FRAMES
from tests.daemons import Host, World, lacp, world

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
    monkeypatch.setattr(host.backend, "mute", lambda port, on, but=b"": muted.append((port, on)))
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


def rain(made: World, host: Host, frame: bytes, seconds: float, rate: int) -> None:
    """So many of these frames a second arrive at a1."""
    end = host.backend._end("a1")
    until = made.now + seconds
    while made.now < until:
        for _ in range(rate // 50):
            end.deliver(frame)
        made.run(0.02)


def partners(host: Host) -> bytes:
    """The last LACPDU that came to a1."""
    settled = lacp(host.team()).ports["a1"].settled_frame
    assert settled is not None
    return settled


@pytest.mark.parametrize("kind", ["garbage", "markers", "its partner's with a wrong length"])
def test_a_port_that_is_flooded_hears_its_partner_all_the_same(hosts: World, kind: str) -> None:
    left, right, _ = hosts.pair(fast_rate=True)
    hosts.run(5)
    begun, partner = hosts.now, partners(left)
    frames = {
        "garbage": JUNK,
        "markers": JUNK[:14] + b"\x02" + bytes(109),
        "its partner's with a wrong length": partner[:17] + b"\x15" + partner[18:],
    }
    rain(hosts, left, frames[kind], 8.0, 5000)
    assert left.backend._end("a1").muted == partner[:32]
    assert left.port("a1")["counters"]["flooded_rx"] >= 8
    assert left.mux() == right.mux() == ["DISTRIBUTING"] * 2
    for host, port in ((left, "a1"), (right, "b1")):
        changed = host.team().members[port].changed_at
        assert changed is not None
        assert changed < begun


def test_a_partner_who_floods_is_not_heard_either(hosts: World) -> None:
    left, _, _ = hosts.pair(fast_rate=True)
    hosts.run(5)
    heard = left.port("a1")["counters"]["lacpdus_rx"]
    frame = partners(left)
    rain(hosts, left, frame, 5.0, 5000)
    # Each second those that nobody calls too many, and what is spared.
    assert left.port("a1")["counters"]["lacpdus_rx"] - heard < 6 * (FRAMES + PARTNER_FRAMES)
    assert left.backend._end("a1").muted == b""
    hosts.run(3)
    assert left.backend._end("a1").muted is None
    assert left.mux() == ["DISTRIBUTING"] * 2
