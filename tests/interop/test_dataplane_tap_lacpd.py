"""lacpd with the dataplane `tap`: LACP between two daemons, user frames over what it agrees on."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from tests.daemons import conf
from tests.interop.daemon import Daemon, lacpd
from tests.interop.netns import Namespace, namespaces, veth
from tests.interop.taps import ping
from tests.interop.traffic import acquaint, address, traffic

TEAM = "team0"


@dataclass(frozen=True, slots=True)
class Two:
    """Two daemons, and cables p1 to q1, p2 to q2."""

    here: Namespace
    there: Namespace
    near: Daemon
    far: Daemon


@contextmanager
def two(**runner: object) -> Iterator[Two]:
    with ExitStack() as stack:
        here, there = stack.enter_context(namespaces(2))
        for number in (1, 2):
            veth(here, f"p{number}", there, f"q{number}")
        daemons = []
        for netns, letter, host in ((here, "p", "10.9.0.1"), (there, "q", "10.9.0.2")):
            text = conf(TEAM, [f"{letter}1", f"{letter}2"], **runner)
            daemons.append(stack.enter_context(lacpd(netns, text, "--dataplane", "tap")))
            netns.ip(f"addr add {host}/24 dev {TEAM}")
            netns.ip(f"link set {TEAM} up")
        made = Two(here, there, *daemons)
        yield made


def test_lacp_over_tap_carries_frames_and_loses_few_when_a_cable_is_pulled() -> None:
    with two(fast_rate=True, tx_hash=["l3", "l4"]) as both:
        both.near.until_distributing(["p1", "p2"])
        both.far.until_distributing(["q1", "q2"])
        ping(both.here, "10.9.0.2")
        address(both.there, TEAM, "10.1", "10.1.200.200", 20)
        both.here.ip(f"addr add 10.1.200.201/16 dev {TEAM}")
        acquaint(both.here, TEAM, both.there, TEAM, "10.1", 20)
        with traffic(both.here, both.there) as flows:
            flows.until_flowing()
            both.there.ip("link set q1 down")
            both.near.until_distributing(["p2"])
            both.far.until_distributing(["q2"])
            told = flows.now()
            flows.until_flowing()
            both.there.ip("link set q1 up")
            both.near.until_distributing(["p1", "p2"])
            flows.wait(0.5)
        assert flows.report.lost_since(told + 0.1) == 0
        assert flows.report.duplicates == 0


@pytest.mark.parametrize("name", ["activebackup", "roundrobin", "loadbalance"])
def test_the_other_runners_over_tap(name: str) -> None:
    with two(name=name) as both:
        ping(both.here, "10.9.0.2")
        both.there.ip("link set q1 down")
        both.near.until_distributing(["p2"])
        ping(both.here, "10.9.0.2")


def test_a_daemon_that_is_killed_leaves_its_ports_to_the_host() -> None:
    with two(fast_rate=True) as both:
        both.near.until_distributing(["p1", "p2"])
        os.kill(both.near.process.pid, signal.SIGKILL)
        both.near.process.wait()
        both.far.until_distributing([])
        assert TEAM not in both.here.ip("link show")
        assert both.here.run("tc", "qdisc", "show", "dev", "p1").count("clsact") == 0
        assert both.here.run("cat", "/proc/sys/net/ipv4/conf/p1/arp_ignore").strip() == "0"


_FLOOD = """
import socket, time
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.connect(("10.9.0.2", 9))
octets, end = bytes(64), time.monotonic() + 4
while time.monotonic() < end:
    for _ in range(64):
        try:
            sock.send(octets)
        except OSError:
            pass
"""


def test_user_traffic_does_not_keep_lacp_waiting() -> None:
    with two(fast_rate=True) as both:
        both.near.until_distributing(["p1", "p2"])
        both.far.until_distributing(["q1", "q2"])

        def heard() -> int:
            found = both.near.port("p1")["counters"]["lacpdus_rx"]
            assert isinstance(found, int)
            return found

        before, said = heard(), (both.near.said(), both.far.said())
        both.here.run(sys.executable, "-c", _FLOOD)
        # Four seconds, one each; the partner gives up after three without one.
        assert 3 <= heard() - before <= 6
        assert (both.near.said(), both.far.said()) == said
        assert both.near.distributing() == ["p1", "p2"]
