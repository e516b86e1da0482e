"""What `PacketBackend.listen` lets through: the kernel's filter, tags, and whose frames."""

from __future__ import annotations

import logging
import random
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from lacp.backends import kinds
from lacp.backends.base import FrameReceived, LinkNews
from lacp.backends.packet import PacketBackend
from lacp.errors import BackendError, UsageError
from tests.interop.netns import namespaces, veth
from tests.watch_frames import (
    BROADCAST,
    OURS,
    REQUEST,
    SOLICITATION,
    THEIRS,
    advertisement,
    arp,
    ethernet,
    ip4,
    ip6,
    mutated,
)

pytestmark = pytest.mark.netns

BOTH = frozenset({kinds.ARP, kinds.ND})
SLOW = ethernet(b"\1\1".ljust(110, b"\0"), 0x8809, to=bytes.fromhex("0180c2000002"), source=THEIRS)


class Taps:
    """A backend with port e0, and the far end of its cable."""

    def __init__(self, stack: ExitStack) -> None:
        self.here, self.there = stack.enter_context(namespaces(2))
        veth(self.here, "e0", self.there, "e0")
        # Unicast frames of the tests are to the port.
        self.here.ip(f"link set e0 address {OURS.hex(':')}")
        self.wire = stack.enter_context(self.there.wire("e0"))
        stack.enter_context(self.here.entered())
        self.backend = stack.enter_context(PacketBackend())
        self.backend.add("e0")
        self.until_up()

    def until_up(self) -> None:
        end = time.monotonic() + 10
        while True:
            links = [it.link.up for it in self.backend.read() if isinstance(it, LinkNews)]
            if links and links[-1]:
                return
            assert time.monotonic() < end

    def heard(self, *frames: bytes) -> list[bytes]:
        """What of these frames comes through. The last one always does, so that the end is seen."""
        for frame in frames:
            self.wire.send(frame)
        self.wire.send(SLOW)
        got: list[bytes] = []
        end = time.monotonic() + 10
        while SLOW not in got:
            assert time.monotonic() < end, got
            got += [it.frame for it in self.backend.read() if isinstance(it, FrameReceived)]
        # Slow protocols come by another socket, perhaps first.
        got += [it.frame for it in self.backend.read() if isinstance(it, FrameReceived)]
        return [frame for frame in got if frame != SLOW]


@pytest.fixture
def taps() -> Iterator[Taps]:
    with ExitStack() as stack:
        yield Taps(stack)


def test_nothing_is_heard_beside_slow_protocols_until_it_is_asked_for(taps: Taps) -> None:
    assert taps.heard(arp(), advertisement()) == []
    taps.backend.listen("e0", frozenset({kinds.ARP}))
    assert taps.heard(arp(), advertisement()) == [arp()]
    taps.backend.listen("e0", frozenset({kinds.ND}))
    assert taps.heard(arp(), advertisement()) == [advertisement()]
    taps.backend.listen("e0", frozenset())
    assert taps.heard(arp(), advertisement()) == []


def test_requests_and_replies_are_heard_and_no_other_traffic(taps: Taps) -> None:
    taps.backend.listen("e0", BOTH)
    asked = arp(REQUEST, to=BROADCAST)
    others = [
        arp(3),
        arp(ethertype=0x8035),
        advertisement(kind=SOLICITATION),
        advertisement(following=17),
        ethernet(b"user" * 20, 0x0800, to=OURS, source=THEIRS),
        ethernet(b"user" * 20, 0x0800, to=OURS, source=THEIRS, tags=(0x81000005,)),
    ]
    assert taps.heard(asked, *others, arp(), advertisement()) == [asked, arp(), advertisement()]


@pytest.mark.parametrize("tag", [0x81000000, 0x81000005, 0x8100A005, 0x81000FFF, 0x88A80005])
def test_the_tag_is_put_back(taps: Taps, tag: int) -> None:
    taps.backend.listen("e0", BOTH)
    frames = [arp(tags=(tag,)), advertisement(tags=(tag,))]
    assert taps.heard(*frames) == frames


def test_only_frames_of_the_hosts_asked_for_are_heard(taps: Taps) -> None:
    hosts = frozenset({ip4("192.168.23.1"), ip6("fd00::1"), ip6("fd00::ffff:1")})
    taps.backend.listen("e0", BOTH, hosts)
    wanted = [arp(), arp(REQUEST, to=BROADCAST), advertisement(), advertisement("fd00::ffff:1")]
    others = [arp(sender="192.168.23.3"), advertisement("fd00::2"), advertisement("fd01::1")]
    assert taps.heard(*wanted, *others) == wanted
    taps.backend.listen("e0", BOTH, frozenset({ip6("fd00::1")}))
    assert taps.heard(*others, advertisement()) == [others[0], advertisement()]


def test_what_the_host_itself_sends_is_not_heard(taps: Taps) -> None:
    taps.backend.listen("e0", BOTH)
    own = arp(REQUEST, source=OURS, to=BROADCAST)
    assert taps.backend.send("e0", own)
    assert taps.wire.recv(4096) == own
    assert taps.heard() == []


def test_the_filter_in_the_kernel_is_the_one_that_is_documented(taps: Taps) -> None:
    chance = random.Random(4)
    tagged = ((), (0x81000005,))
    hosts = frozenset({ip4("192.168.23.1"), ip6("fd00::1"), ip6("fd00::2")})
    seeds = [
        *(arp(one, tags=tags) for one in (1, 2) for tags in tagged),
        *(
            advertisement(one, tags=tags)
            for one in ("fd00::1", "fd00::2")
            for tags in ((), (0x81000005,))
        ),
        arp(sender="192.168.23.2"),
        advertisement("fd00::3"),
    ]
    for asked, of in ((BOTH, hosts), (BOTH, frozenset[bytes]()), (frozenset({kinds.ND}), hosts)):
        taps.backend.listen("e0", asked, of)
        frames = [mutated(chance.choice(seeds), chance) for _ in range(400)]
        # An interface takes no frame without a whole header.
        frames = [it for it in frames if len(it) > 18 and kinds.kind_of(it) != kinds.SLOW]
        for at in range(0, len(frames), 40):
            some = frames[at : at + 40]
            assert taps.heard(*some) == [it for it in some if kinds.wanted(it, asked, of)]


def test_listening_goes_on_with_whatever_bears_the_name(taps: Taps) -> None:
    taps.backend.listen("e0", BOTH)
    taps.here.ip("link set e0 down")
    taps.here.ip("link set e0 name e1")
    taps.here.ip("link set e1 up")
    taps.backend.read()
    assert not taps.backend.send("e0", arp())
    taps.here.ip("link set e1 down")
    taps.here.ip("link set e1 name e0")
    taps.here.ip("link set e0 up")
    taps.until_up()
    assert taps.heard(arp()) == [arp()]


def test_listening_survives_down_and_up(taps: Taps) -> None:
    taps.backend.listen("e0", BOTH)
    taps.here.ip("link set e0 down")
    taps.here.ip("link set e0 up")
    taps.until_up()
    assert taps.heard(arp()) == [arp()]


def test_a_storm_does_not_drown_slow_protocols(taps: Taps) -> None:
    taps.backend.listen("e0", BOTH)
    for _ in range(3000):
        taps.wire.send(arp(REQUEST, to=BROADCAST))
    taps.wire.send(SLOW)
    first = taps.backend.read()
    assert FrameReceived("e0", SLOW) in first
    assert len(first) < 600


def test_a_port_that_is_removed_leaves_no_socket(taps: Taps) -> None:
    taps.backend.listen("e0", BOTH)
    taps.backend.remove("e0")
    assert taps.backend.read() == []
    with pytest.raises(UsageError, match="was not added"):
        taps.backend.listen("e0", BOTH)
    taps.backend.add("e0")
    taps.until_up()
    assert taps.heard(arp()) == []


def test_an_address_that_is_asked_under_is_received_until_the_port_is_let_go(taps: Taps) -> None:
    def received() -> bool:
        return THEIRS.hex(":") in taps.here.run("bridge", "fdb", "show", "dev", "e0")

    taps.backend.listen("e0", BOTH)
    for _ in range(2):
        assert taps.backend.send("e0", ethernet(bytes(40), 0x86DD, to=BROADCAST, source=THEIRS))
    assert received()
    taps.backend.remove("e0")
    assert not received()


def test_each_privileged_step_is_logged_first(taps: Taps, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    taps.backend.listen("e0", BOTH)
    taps.backend.send("e0", arp(source=THEIRS))
    taps.backend.send("e0", ethernet(b"", 0x86DD, to=OURS, source=THEIRS))
    assert [it.getMessage() for it in caplog.records] == [
        "opening a packet socket for ARP and Neighbour Discovery on e0",
        "having e0 listen to 02:00:00:00:00:aa too",
    ]


def test_tipc_that_is_not_there_is_one_clear_line(
    taps: Taps, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = 46
    monkeypatch.setattr(socket, "AF_TIPC", unknown)
    with pytest.raises(BackendError) as caught:
        taps.backend.listen("e0", frozenset({kinds.TIPC}))
    said = "cannot open a TIPC socket: Address family not supported by protocol"
    assert str(caught.value) == f"{said}; it takes the module tipc"
