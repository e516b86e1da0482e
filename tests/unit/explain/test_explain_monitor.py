"""Diagnoses of link monitors and watchers, and of LAGs without LACP."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lacp.picture.findings import Gravity, Where
from lacp.picture.model import LinkView, WatcherView
from tests.faults import is_told
from tests.unit.explain.lags import bond, lag, only, port, said, with_lacp


def test_no_link_monitoring() -> None:
    is_told(
        only(lag(settings={"miimon": 0, "arp_interval": 0})),
        "miimon_off",
        "no link monitoring: a link that fails goes on being used",
        Where.HERE,
        "miimon is 0 and arp_interval is 0",
        gravity=Gravity.ODDITY,
        remedy="ip link set dev bond0 type bond miimon 100",
    )
    assert said(lag(settings={"miimon": 0, "arp_interval": 1000})) == []


def test_the_arp_monitor_hears_nothing() -> None:
    settings = {"miimon": 0, "arp_interval": 1000, "arp_ip_target": ["192.0.2.1", "192.0.2.2"]}
    silent = port("eth1", usable=False, distributing=False, collecting=False)
    is_told(
        only(lag(port("eth0"), silent, settings=settings)),
        "arp_silent",
        "the ARP monitor hears nothing although the link is up",
        Where.PARTNER,
        "arp_interval is 1000 ms, targets: 192.0.2.1, 192.0.2.2",
        remedy="arping -I bond0 192.0.2.1",
    )
    six = settings | {"arp_ip_target": [], "ns_ip6_target": []}
    is_told(
        only(lag(port("eth0"), silent, settings=six)),
        "arp_silent",
        "the ARP monitor hears nothing although the link is up",
        Where.PARTNER,
        "arp_interval is 1000 ms, targets: none",
        remedy="arping -I bond0 TARGET",
    )


@pytest.mark.parametrize(
    ("status", "option"), [("going back", "updelay"), ("going down", "downdelay")]
)
def test_a_delay_of_the_monitor(status: str, option: str) -> None:
    waits = port(
        "eth1", usable=False, distributing=False, collecting=False, settings={"mii_status": status}
    )
    is_told(
        only(lag(port("eth0"), waits, settings={"miimon": 100, option: 5000})),
        "monitor_waits",
        f"the link is {status}: {option} runs",
        Where.HERE,
        f"mii_status is {status}, {option} is 5000 ms",
        gravity=Gravity.NOTE,
    )


def test_a_delay_of_open_vswitch() -> None:
    waits = port("eth1", usable=True, distributing=False, collecting=False, timers={"updelay": 3.2})
    found = only(lag(port("eth0"), waits, source="ovs", mode="balance-slb"))
    assert (found.code, found.evidence) == ("monitor_waits", ("3.2 s of updelay are left",))


def test_a_monitor_that_says_down_without_a_reason() -> None:
    bad = port("eth1", usable=False, distributing=False, settings={"mii_status": "down"})
    is_told(
        only(lag(port("eth0"), bad)),
        "monitor_down",
        "the monitor of bond says that the port cannot be used",
        Where.HERE,
        "its status is down, the link is up",
    )


def test_a_watcher_without_a_reason() -> None:
    watch = WatcherView(name="arp_ping", up=False, down_count=3)
    bad = port("eth1", usable=False, distributing=False, link_watches=(watch,))
    found = only(lag(port("eth0"), bad, source="teamd", mode="roundrobin"))
    assert (found.code, found.said) == ("watcher_down", "arp_ping: down")
    assert found.evidence == ("watcher arp_ping: down, down 3 times",)


def test_a_watcher_beside_lacp() -> None:
    watch = WatcherView(name="arp_ping", up=False, reason="no answer")
    out = {"distributing": False, "collecting": False}
    bad = with_lacp("eth1", 2, usable=False, link_watches=(watch,), selected="UNSELECTED", **out)
    team = bond(with_lacp("eth0"), bad, source="teamd", mode="lacp", dataplane=None)
    assert said(team) == [("eth1", "watcher_down")]
    # What it says to lacpd of a port that is closed means nothing.
    assert said(replace(team, source="lacpd")) == [("eth1", "not_selected")]


def test_lacp_at_the_other_end_only() -> None:
    is_told(
        only(lag(port("eth0", counters={"lacpdus_rx": 12}), port("eth1"))),
        "lacp_unanswered",
        "the other end speaks LACP, mode balance-xor does not",
        Where.EITHER,
        "12 LACPDUs came in",
        gravity=Gravity.ODDITY,
    )


def test_a_port_that_could_be_used_and_is_not() -> None:
    idle = port("eth1", distributing=False, collecting=False)
    found = only(lag(port("eth0"), idle))
    assert (found.code, found.said) == ("carries_nothing", "carries nothing yet")


def test_lacpd_knows_nothing_yet() -> None:
    new = port("eth1", distributing=False, usable=None, link=LinkView(), link_watches=())
    found = only(lag(port("eth0"), new, source="lacpd", mode="roundrobin"))
    assert (found.code, found.said) == ("nothing_known", "nothing is known of the interface yet")
