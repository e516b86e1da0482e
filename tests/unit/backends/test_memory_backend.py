"""The in-memory backend: frames, link news, queues and the descriptor to wait on."""

import select
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from lacp.address import NO_MAC
from lacp.backends import kinds
from lacp.backends.base import BATCH, Backend, FrameReceived, LinkNews, News
from lacp.backends.memory import MemoryBackend, MemoryLink, connect
from lacp.errors import BackendError, UsageError
from lacp.link import Duplex
from tests.watch_frames import advertisement, arp, ip4


class World:
    """Makes backends that are closed when the test is over."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def backend(self, queue: int = 4096) -> MemoryBackend:
        return self._stack.enter_context(MemoryBackend(queue))

    def pair(self) -> tuple[MemoryBackend, MemoryBackend, MemoryLink]:
        """Two backends, port a of one cabled to port b of the other, first news read."""
        left, right = self.backend(), self.backend()
        link = connect(left, "a", right, "b")
        left.add("a")
        right.add("b")
        left.read()
        right.read()
        return left, right, link


@pytest.fixture
def world() -> Iterator[World]:
    with ExitStack() as stack:
        yield World(stack)


def readable(backend: Backend) -> bool:
    return bool(select.select(backend.filenos(), [], [], 0)[0])


def ups(news: list[News]) -> list[bool]:
    return [item.link.up for item in news if isinstance(item, LinkNews)]


def test_is_a_backend(world: World) -> None:
    backend: Backend = world.backend()
    with backend as same:
        assert same is backend


def test_the_first_news_of_a_port_is_its_link(world: World) -> None:
    left, right = world.backend(), world.backend()
    connect(left, "a", right, "b")
    assert not readable(left)
    left.add("a")
    assert readable(left)
    (news,) = left.read()
    assert isinstance(news, LinkNews)
    assert news.port == "a"
    assert (news.link.up, news.link.speed, news.link.duplex) == (True, 10_000, Duplex.FULL)
    assert news.link.address != NO_MAC
    assert not news.link.address.group
    assert not readable(left)
    assert left.read() == []


def test_a_muted_port_hears_nothing_but_its_link(world: World) -> None:
    left, right, link = world.pair()
    right.mute("b", True)
    assert left.send("a", b"x")
    link.set(up=False)
    link.set(up=True)
    assert ups(right.read()) == [False, True]
    right.mute("b", False)
    left.send("a", b"y")
    assert right.read() == [FrameReceived("b", b"y")]


def test_a_port_without_a_cable_is_down_and_sends_nothing(world: World) -> None:
    backend = world.backend()
    backend.add("a")
    assert ups(backend.read()) == [False]
    assert backend.send("a", b"x") is False
    assert backend.failure("a") == "ENETDOWN"
    backend.remove("a")
    backend.add("a")
    assert backend.failure("a") == ""


def test_frames_pass_in_both_directions_in_order(world: World) -> None:
    left, right, _ = world.pair()
    assert left.send("a", b"one")
    assert left.send("a", b"two")
    assert readable(right)
    assert not readable(left)
    assert right.read() == [FrameReceived("b", b"one"), FrameReceived("b", b"two")]
    assert right.send("b", b"back")
    assert left.read() == [FrameReceived("a", b"back")]
    assert left.failure("a") == ""


def test_a_cable_that_goes_down_is_told_to_both_ends_and_carries_nothing(world: World) -> None:
    left, right, link = world.pair()
    link.set(up=False)
    link.set(up=False)
    assert ups(left.read()) == ups(right.read()) == [False]
    assert not left.send("a", b"x")
    assert right.read() == []
    link.set(up=True)
    assert ups(left.read()) == [True]
    assert left.send("a", b"x")


def test_a_flap_between_two_reads_is_seen(world: World) -> None:
    left, _, link = world.pair()
    link.set(up=False)
    link.set(up=True)
    assert ups(left.read()) == [False, True]


def test_frames_and_link_news_keep_their_order(world: World) -> None:
    left, right, link = world.pair()
    left.send("a", b"last")
    link.set(up=False)
    assert [type(news) for news in right.read()] == [FrameReceived, LinkNews]


def test_speed_and_duplex_are_told(world: World) -> None:
    left, _, link = world.pair()
    link.set(speed=1_000, duplex=Duplex.HALF)
    (news,) = left.read()
    assert isinstance(news, LinkNews)
    assert (news.link.up, news.link.speed, news.link.duplex) == (True, 1_000, Duplex.HALF)


def test_a_silent_cable_takes_frames_and_loses_them(world: World) -> None:
    left, right, link = world.pair()
    link.silent = True
    assert left.send("a", b"x")
    assert right.read() == []
    assert left.read() == []
    link.silent = False
    assert left.send("a", b"y")
    assert right.read() == [FrameReceived("b", b"y")]


def test_a_full_queue_loses_frames_and_keeps_link_news(world: World) -> None:
    left, right = world.backend(), world.backend(queue=3)
    link = connect(left, "a", right, "b")
    left.add("a")
    right.add("b")
    for _ in range(5):
        assert left.send("a", b"x")
    link.set(up=False)
    assert [type(news) for news in right.read()] == [
        LinkNews,
        FrameReceived,
        FrameReceived,
        LinkNews,
    ]
    assert right.lost("b") == 3


def test_one_read_is_bounded_and_the_rest_stays_readable(world: World) -> None:
    left, right, _ = world.pair()
    for _ in range(BATCH + 7):
        left.send("a", b"x")
    assert len(right.read()) == BATCH
    assert readable(right)
    assert len(right.read()) == 7
    assert not readable(right)


def test_a_port_that_is_not_in_use_hears_nothing(world: World) -> None:
    left, right = world.backend(), world.backend()
    connect(left, "a", right, "b")
    left.add("a")
    assert left.send("a", b"early")
    right.add("b")
    left.send("a", b"unread")
    right.remove("b")
    assert not readable(right)
    left.send("a", b"late")
    assert right.read() == []
    right.add("b")
    assert ups(right.read()) == [True]


def test_removing_one_port_keeps_the_news_of_another(world: World) -> None:
    backend = world.backend()
    backend.add("a")
    backend.add("b")
    backend.remove("a")
    assert readable(backend)
    assert [news.port for news in backend.read() if isinstance(news, LinkNews)] == ["b"]


def test_a_port_is_cabled_while_in_use(world: World) -> None:
    left, right = world.backend(), world.backend()
    left.add("a")
    link = connect(left, "a", right, "b")
    assert ups(left.read()) == [False, True]
    link.disconnect()
    link.disconnect()
    assert ups(left.read()) == [False]
    connect(left, "a", right, "c")
    assert ups(left.read()) == [True]


def test_a_loop_at_one_backend(world: World) -> None:
    backend = world.backend()
    connect(backend, "a", backend, "b")
    backend.add("a")
    backend.add("b")
    backend.read()
    backend.send("a", b"x")
    assert backend.read() == [FrameReceived("b", b"x")]


def test_addresses_are_unique(world: World) -> None:
    backends = [world.backend() for _ in range(3)]
    seen = set()
    for backend in backends:
        for port in ("a", "b"):
            backend.add(port)
        seen |= {news.link.address for news in backend.read() if isinstance(news, LinkNews)}
    assert len(seen) == 6


def test_closing_is_a_pulled_cable_for_the_other_end(world: World) -> None:
    left, right, _ = world.pair()
    left.close()
    left.close()
    assert ups(right.read()) == [False]
    assert not right.send("b", b"x")
    with pytest.raises(UsageError, match="closed"):
        left.read()


def test_closing_leaves_no_descriptor(world: World) -> None:
    backend = world.backend()
    descriptors = backend.filenos()
    backend.close()
    for fd in descriptors:
        with pytest.raises(OSError, match="descriptor"):
            select.select([fd], [], [], 0)


def test_news_of_a_link_are_heard_apart_from_frames(world: World) -> None:
    left, right, link = world.pair()
    right.read()
    (urgent,) = right.urgent()
    assert urgent in right.filenos()
    left.send("a", b"frame")
    assert not select.select([urgent], [], [], 0)[0]
    link.set(up=False)
    assert select.select([urgent], [], [], 0)[0]
    right.read()
    assert not select.select([urgent], [], [], 0)[0]


def test_wrong_use_is_told(world: World) -> None:
    left, right, _ = world.pair()
    with pytest.raises(UsageError, match="'a' was added already"):
        left.add("a")
    with pytest.raises(UsageError, match="'zz' was not added"):
        left.send("zz", b"")
    with pytest.raises(UsageError, match="'zz' was not added"):
        left.remove("zz")
    with pytest.raises(UsageError, match="'a' is connected already"):
        connect(left, "a", right, "other")
    with pytest.raises(UsageError, match="to itself"):
        connect(left, "x", left, "x")


def test_the_ends_may_live_in_two_threads(world: World) -> None:
    left, right, _ = world.pair()
    total = 5_000

    def send() -> None:
        for number in range(total):
            left.send("a", number.to_bytes(4, "big"))

    sender = threading.Thread(target=send)
    sender.start()
    seen: list[int] = []
    while len(seen) + right.lost("b") < total:
        assert select.select(right.filenos(), [], [], 10)[0], "never woken"
        for news in right.read():
            assert isinstance(news, FrameReceived)
            seen.append(int.from_bytes(news.frame, "big"))
    sender.join()
    assert seen == sorted(seen)
    assert not readable(right)


def test_what_link_watchers_hear_passes_when_it_is_asked_for(world: World) -> None:
    left, right, _ = world.pair()
    frames = [arp(), arp(sender="192.168.23.9"), advertisement(), b"anything else"]

    def passed() -> list[bytes]:
        for frame in frames:
            left.send("a", frame)
        return [it.frame for it in right.read() if isinstance(it, FrameReceived)]

    assert passed() == frames[3:]
    right.listen("b", frozenset({kinds.ARP, kinds.ND}), frozenset({ip4("192.168.23.1")}))
    assert passed() == [frames[0], *frames[2:]]
    # A flood of slow protocols is no reason to miss the neighbour.
    right.mute("b", True)
    assert passed() == [frames[0], frames[2]]
    right.listen("b", frozenset())
    right.mute("b", False)
    assert passed() == frames[3:]
    right.listen("b", frozenset({kinds.ARP}))
    right.remove("b")
    right.add("b")
    assert passed() == frames[3:]


def test_there_is_no_tipc_in_memory(world: World) -> None:
    left, _, _ = world.pair()
    with pytest.raises(BackendError, match="no TIPC"):
        left.listen("a", frozenset({kinds.TIPC}))
