"""lacpd against Open vSwitch over two cables: both ends' views, losses, silence, and our rate."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from lacp.address import Mac
from lacp.info import PORT_STATES, PortInfo
from tests.daemons import conf
from tests.interop.daemon import Daemon, Times, lacpd, watching
from tests.interop.netns import namespaces, veth
from tests.interop.ovs import OpenVSwitch, open_vswitch

pytestmark = pytest.mark.interop

BOTH = ["e0", "e1"]


def info(side: dict[str, object]) -> PortInfo:
    """One end, out of our document."""
    numbers = {n: int(str(side[n])) for n in ("system_priority", "key", "port_priority", "port")}
    return PortInfo(
        **numbers, system=Mac.parse(str(side["system"])), state=PORT_STATES[int(str(side["state"]))]
    )


class Lab:
    """lacpd here, Open vSwitch there, two cables between."""

    def __init__(
        self, stack: ExitStack, *, ours: dict[str, object], active: bool = True, fast: bool
    ) -> None:
        self.here, self.there = stack.enter_context(namespaces(2))
        for port in BOTH:
            veth(self.here, port, self.there, port)
        self.times: list[Times] = [
            stack.enter_context(watching(self.there, port, arriving=True)) for port in BOTH
        ]
        self.switch: OpenVSwitch = stack.enter_context(open_vswitch(self.there))
        self.switch.bond("bond0", BOTH, active=active, fast=fast)
        self.daemon: Daemon = stack.enter_context(lacpd(self.here, conf("team0", BOTH, **ours)))

    def up(self, *ports: str, seconds: float = 20) -> None:
        """Wait until exactly these ports carry traffic, to both ends."""
        wanted = list(ports or BOTH)
        self.daemon.until_distributing(wanted, seconds)
        self.switch.until(lambda: self.enabled() == wanted, seconds)

    def enabled(self) -> list[str]:
        """The ports that the switch uses."""
        members = self.switch.lacp_show("bond0").members
        return [port for port in BOTH if members[port].may_enable]

    def agree(self) -> None:
        """Both ends say the same of each other."""

        def same() -> bool:
            ours, theirs = self.daemon.lag(), self.switch.lacp_show("bond0")
            views = []
            for port in ours["ports"]:
                member = theirs.members[port["name"]]
                views.append((info(port["actor"]), member.partner))
                views.append((info(port["partner"]), member.actor))
            return all(mine == other for mine, other in views)

        self.daemon.until(same, 35)

    def rate(self) -> int:
        """The most LACPDUs of ours that have arrived on a port in a second."""
        for times in self.times:
            times.read()
        return max(times.most_in_a_second() for times in self.times)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"active": True, "fast_rate": True}, {"active": True, "fast": True}),
        ({"active": True, "fast_rate": False}, {"active": False, "fast": True}),
        ({"active": False, "fast_rate": True}, {"active": True, "fast": False}),
        ({"active": True, "fast_rate": False}, {"active": True, "fast": False}),
        ({"active": True, "fast_rate": True, "control": "coupled"}, {"active": True, "fast": True}),
        ({"active": True, "fast_rate": True, "edition": "2020"}, {"active": True, "fast": True}),
    ],
    ids=["fast", "they-passive", "we-passive", "slow", "coupled", "2020"],
)
def test_both_come_up_and_agree(
    stack: ExitStack, ours: dict[str, object], theirs: dict[str, bool]
) -> None:
    lab = Lab(stack, ours=ours, **theirs)
    lab.up()
    lab.agree()
    lag = lab.daemon.lag()
    shown = lab.switch.lacp_show("bond0")
    assert lag["up"]
    assert lag["problems"] == []
    assert [port["problems"] for port in lag["ports"]] == [[], []]
    assert lag["partner"]["system"] == str(shown.system)
    for port in lag["ports"]:
        assert shown.members[port["name"]].status == "current"
        assert shown.members[port["name"]].attached
        # The rate that each asked for is the rate at which the other speaks.
        slow = "SLOW_PERIODIC" if not theirs["fast"] else "FAST_PERIODIC"
        if ours.get("edition") != "2020":
            assert port["machines"]["periodic"] == slow
    assert lab.rate() <= (10 if ours.get("edition") == "2020" else 3)


def test_a_carrier_lost_and_back(stack: ExitStack) -> None:
    lab = Lab(stack, ours={"fast_rate": True}, fast=True)
    lab.up()
    lab.there.ip("link set e0 down")
    lab.up("e1", seconds=5)
    assert lab.daemon.port("e0")["problems"] == ["link is down"]
    lab.there.ip("link set e0 up")
    lab.up()
    lab.agree()
    # The other link has not noticed, and the limit holds against a peer that has none.
    assert lab.daemon.port("e1")["counters"]["actor_sync_transition_count"] == 1
    assert lab.rate() <= 3, [times.sent for times in lab.times]


def test_a_switch_that_falls_silent_and_comes_back(stack: ExitStack) -> None:
    lab = Lab(stack, ours={"fast_rate": True}, fast=True)
    lab.up()
    before = time.monotonic()
    lab.switch.freeze()
    lab.daemon.until_distributing([], 6)
    # Its last LACPDU may be a second old.
    assert 1.5 < time.monotonic() - before < 4.5
    lag = lab.daemon.lag()
    assert not lag["up"]
    assert "no LACPDU received for" in lag["ports"][0]["problems"][0]
    lab.switch.thaw()
    lab.up()
    lab.agree()
    assert lab.rate() <= 3, [times.sent for times in lab.times]


def test_a_switch_that_dies_and_is_started_again(stack: ExitStack) -> None:
    lab = Lab(stack, ours={"fast_rate": True}, fast=True)
    lab.up()
    lab.switch.kill()
    lab.daemon.until_distributing([], 8)
    lab.daemon.until(
        lambda: [p["machines"]["receive"] for p in lab.daemon.lag()["ports"]] == ["DEFAULTED"] * 2
    )
    lab.switch.start()
    lab.up()
    lab.agree()
    assert lab.rate() <= 3, [times.sent for times in lab.times]


def test_our_end_tells_it_at_once(stack: ExitStack) -> None:
    lab = Lab(stack, ours={"fast_rate": False}, fast=False)
    lab.up()
    before = time.monotonic()
    assert lab.daemon.end() == 0
    lab.switch.until(lambda: lab.enabled() == [], 2)
    # Slow rate: it would have taken 90 s to find out.
    assert time.monotonic() - before < 2.5
    assert lab.rate() <= 3, [times.sent for times in lab.times]
