"""The private Open vSwitch of the other tests: that it runs, speaks, and is understood."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lacp.address import SLOW_PROTOCOLS_MULTICAST, Mac
from lacp.backends.base import FrameReceived, LinkNews
from lacp.backends.packet import PacketBackend
from lacp.info import PortInfo, PortState
from lacp.wire.lacpdu import Lacpdu
from lacp.wire.slow import ethernet
from tests.interop.netns import namespaces, veth
from tests.interop.ovs import Bond, OpenVSwitch, open_vswitch, parse_show
from tests.interop.packets import Reader

pytestmark = pytest.mark.interop

BOTH = ["e0", "e1"]
UP = (
    PortState.AGGREGATION
    | PortState.SYNCHRONIZATION
    | PortState.COLLECTING
    | PortState.DISTRIBUTING
)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def pair(stack: ExitStack) -> tuple[OpenVSwitch, OpenVSwitch]:
    """Two switches on two cables."""
    left, right = stack.enter_context(namespaces(2))
    for port in BOTH:
        veth(left, port, right, port)
    return stack.enter_context(open_vswitch(left)), stack.enter_context(open_vswitch(right))


def agree(one: Bond, other: Bond) -> bool:
    """Both ends of every cable say the same of each other, and carry traffic."""
    return all(
        one.members[port].partner == other.members[port].actor
        and one.members[port].actor == other.members[port].partner
        and UP in one.members[port].actor.state & other.members[port].actor.state
        for port in BOTH
    )


def test_two_switches_agree(stack: ExitStack) -> None:
    left, right = pair(stack)
    left.bond("b", BOTH, active=True, fast=True, lacp_system_id="02:00:00:00:00:aa")
    right.bond("b", BOTH, active=False, fast=False, lacp_system_priority=7)
    left.until(lambda: agree(left.lacp_show("b"), right.lacp_show("b")))
    ours, theirs = left.lacp_show("b"), right.lacp_show("b")
    assert (ours.active, ours.fast, ours.negotiated) == (True, True, True)
    assert (theirs.active, theirs.fast, theirs.negotiated) == (False, False, True)
    assert ours.system == Mac.parse("02:00:00:00:00:aa")
    assert theirs.system_priority == 7
    for port in BOTH:
        assert ours.members[port].status == "current"
        assert ours.members[port].attached
        assert ours.members[port].may_enable
    assert left.lacp_stats("b")["e0"]["TX PDUs"] > 0


def test_a_switch_that_dies_is_missed_and_comes_back(stack: ExitStack) -> None:
    left, right = pair(stack)
    for switch in (left, right):
        switch.bond("b", BOTH)
    left.until(lambda: left.lacp_show("b").members["e0"].status == "current")
    right.kill()
    left.until(lambda: left.lacp_show("b").members["e0"].status != "current")
    right.start()
    left.until(lambda: left.lacp_show("b").members["e0"].status == "current")
    right.freeze()
    left.until(lambda: left.lacp_show("b").members["e0"].status != "current")
    right.thaw()
    left.until(lambda: left.lacp_show("b").members["e0"].status == "current")


def test_a_change_while_it_runs(stack: ExitStack) -> None:
    left, right = pair(stack)
    for switch in (left, right):
        switch.bond("b", BOTH, active=True, fast=False)
    left.until(lambda: left.lacp_show("b").negotiated)
    right.set_bond("b", active=False, fast=True)
    left.until(
        lambda: left.lacp_show("b").members["e0"].partner.state == UP | PortState.SHORT_TIMEOUT
    )


def test_a_hand_made_lacpdu_of_ours_is_its_partner(stack: ExitStack) -> None:
    here, there = stack.enter_context(namespaces(2))
    veth(here, "e0", there, "e0")
    switch = stack.enter_context(open_vswitch(there))
    switch.bond("b", ["e0"])
    with here.entered():
        backend = stack.enter_context(PacketBackend())
        backend.add("e0")
    reader = Reader(backend)
    reader.until(lambda: bool(reader.frames))
    link = next(one.link for one in reader.news if isinstance(one, LinkNews))
    heard = Lacpdu.decode(reader.frames[0].frame[14:])
    member = switch.lacp_show("b").members["e0"]
    assert heard.actor.identity == member.actor.identity
    us = PortInfo(1, Mac.parse("02:00:00:00:00:01"), 3, 4, 5, UP | PortState.ACTIVITY)
    answer = Lacpdu(actor=us, partner=heard.actor).encode()
    assert backend.send("e0", ethernet(SLOW_PROTOCOLS_MULTICAST, link.address, answer))
    switch.until(lambda: switch.lacp_show("b").members["e0"].partner == us)
    before = len(reader.frames)
    # It now says that it knows us.
    reader.until(lambda: len(reader.frames) > before)
    assert isinstance(reader.frames[-1], FrameReceived)
    assert Lacpdu.decode(reader.frames[-1].frame[14:]).partner.identity == us.identity


def test_nothing_is_left_behind(stack: ExitStack) -> None:
    with ExitStack() as inner:
        switch = inner.enter_context(open_vswitch(inner.enter_context(namespaces(1))[0]))
        directory = switch.directory
        pids = [one.pid for one in (switch._database, switch._switch) if one is not None]
        assert len(pids) == 2
    assert not directory.exists()
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert not [one for one in os.listdir("/sys/class/net") if one.startswith("ovs")]


def test_the_state_octet_without_a_bit_is_read() -> None:
    bond = parse_show(
        "---- b ----\n  status: passive\n  sys_id: 02:00:00:00:00:01\n  sys_priority: 65534\n"
        "  aggregation key: 1\n  lacp_time: slow\n\nmember: e0: defaulted detached\n"
        "  port_id: 1\n  port_priority: 65535\n  may_enable: false\n\n"
        "  actor sys_id: 02:00:00:00:00:01\n  actor sys_priority: 65534\n  actor port_id: 1\n"
        "  actor port_priority: 65535\n  actor key: 1\n  actor state: aggregation defaulted\n\n"
        "  partner sys_id: 00:00:00:00:00:00\n  partner sys_priority: 0\n  partner port_id: 0\n"
        "  partner port_priority: 0\n  partner key: 0\n  partner state:\n"
    )
    assert not bond.negotiated
    assert not bond.members["e0"].attached
    assert bond.members["e0"].partner == PortInfo()
