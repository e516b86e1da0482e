"""What the bonding driver is told and what it says, without one."""

from __future__ import annotations

import select
import time
from typing import Any

import pytest

from lacp.address import Mac
from lacp.dataplane.base import Burst, DriverLacp, PortSetup, Setup
from lacp.dataplane.bond import options, probe
from lacp.dataplane.bond.alarm import Alarm
from lacp.dataplane.bond.plane import BondDataplane
from lacp.errors import UsageError
from lacp.netlink import bond
from lacp.netlink.codec import integer


def setup(runner: str, **more: Any) -> Setup:
    return Setup(device="bond9", runner=runner, **more)


def told(runner: str, **more: Any) -> dict[str, int]:
    """The settings of a device, by name."""
    settings = options.device_settings(setup(runner, **more))
    return {
        "mode" if key == bond.MODE else bond.OPTIONS[key][0]: integer(value)
        for key, value in settings.items()
    }


@pytest.mark.parametrize(
    ("runner", "more", "mode"),
    [
        ("broadcast", {}, "broadcast"),
        ("roundrobin", {}, "balance-rr"),
        ("random", {}, "balance-rr"),
        ("activebackup", {}, "active-backup"),
        ("loadbalance", {}, "balance-xor"),
        ("lacp", {"max_ports": 1}, "active-backup"),
        ("lacp", {"driver_lacp": DriverLacp()}, "802.3ad"),
    ],
)
def test_each_runner_has_its_mode(runner: str, more: dict[str, Any], mode: str) -> None:
    wanted = setup(runner, **more)
    assert options.inability(wanted) is None
    assert bond.MODES[options.mode(wanted)] == mode


@pytest.mark.parametrize(
    ("runner", "more", "reason"),
    [
        ("lacp", {}, 'runner.max_ports to 1, or runner.lacp_by to "driver", or use dataplane'),
        ("lacp", {"max_ports": 2}, "one of them only"),
        ("loadbalance", {"balancing": 5.0}, "it has no tx_balancer"),
        ("lacp", {"driver_lacp": DriverLacp(), "balancing": 5.0}, "it has no tx_balancer"),
        ("lacp", {"driver_lacp": DriverLacp(beyond=("fallback",))}, "knows no runner.fallback"),
        ("lacp", {"driver_lacp": DriverLacp(keys=frozenset({1, 2}))}, "one key for all ports"),
        ("lacp", {"driver_lacp": DriverLacp(keys=frozenset({1024}))}, "up to 1023, found 1024"),
        ("lacp", {"driver_lacp": DriverLacp(agg_select_policy="port_config")}, "port_config"),
        ("juggling", {}, "no mode for runner juggling"),
    ],
)
def test_what_no_bond_can_be_is_refused_with_the_reason(
    runner: str, more: dict[str, Any], reason: str
) -> None:
    said = probe.refusal(setup(runner, **more))
    assert said is not None
    assert reason in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("fragments", "policy"),
    [
        (("eth",), "layer2"),
        ((), "layer2"),
        (("eth", "vlan"), "vlan+srcmac"),
        (("eth", "ipv4"), "layer2+3"),
        (("eth", "vlan", "ipv6"), "layer2+3"),
        (("l3",), "layer2+3"),
        (("ip", "tcp"), "layer3+4"),
        (("l3", "l4"), "layer3+4"),
        (("udp",), "layer3+4"),
        (("sctp",), "layer3+4"),
    ],
)
def test_the_nearest_hash_policy(fragments: tuple[str, ...], policy: str) -> None:
    assert bond.HASH_POLICIES[options.hash_policy(fragments)] == policy


def test_bursts_are_what_the_driver_can() -> None:
    bursts = {"notify_peers": Burst(count=1000, interval=51), "mcast_rejoin": Burst(count=2)}
    found = told("activebackup", **bursts)
    assert (found["num_grat_arp"], found["peer_notif_delay"], found["resend_igmp"]) == (255, 100, 2)
    found = told("activebackup")
    assert (found["num_grat_arp"], found["peer_notif_delay"], found["resend_igmp"]) == (0, 0, 0)


def test_the_driver_changes_the_active_port_only_when_it_fails() -> None:
    assert told("activebackup")["primary_reselect"] == 2
    assert "primary_reselect" not in told("roundrobin")


def test_random_is_a_port_anew_for_each_frame() -> None:
    assert told("random")["packets_per_slave"] == 0
    assert told("roundrobin")["packets_per_slave"] == 1


def test_lacp_of_the_driver_is_as_configured() -> None:
    system = Mac.parse("02:00:00:00:00:07")
    lacp = DriverLacp(
        activity=False,
        short_timeout=True,
        min_ports=3,
        system_priority=5,
        system=system,
        keys=frozenset({17}),
        agg_select_policy="count",
    )
    found = options.device_settings(setup("lacp", driver_lacp=lacp))
    assert found[bond.AD_ACTOR_SYSTEM] == bytes(system)
    numbers = told("lacp", driver_lacp=lacp)
    del numbers["ad_actor_system"]
    assert numbers == {
        "miimon": 50,
        "lacp_active": 0,
        "lacp_rate": 1,
        "min_links": 3,
        "ad_select": 2,
        "ad_actor_sys_prio": 5,
        "ad_user_port_key": 17,
        "xmit_hash_policy": 2,
        "num_grat_arp": 0,
        "peer_notif_delay": 0,
        "resend_igmp": 0,
    }


def test_a_port_that_is_no_good_is_the_last_to_fall_back_on() -> None:
    its = PortSetup(prio=-5, queue_id=3)
    good = options.port_settings(its, bond.ACTIVE_BACKUP, usable=True)
    bad = options.port_settings(its, bond.ACTIVE_BACKUP, usable=False)
    assert integer(good[bond.PORT_QUEUE_ID]) == 3
    assert integer(good[bond.PORT_PRIO], signed=True) == -5
    assert integer(bad[bond.PORT_PRIO], signed=True) == -(1 << 31)
    assert bond.PORT_PRIO not in options.port_settings(its, bond.XOR, usable=True)


def test_settings_in_words() -> None:
    settings = options.device_settings(setup("loadbalance", tx_hash=("l4",)))
    assert bond.words(settings).startswith("miimon to 50, xmit_hash_policy to layer3+4, ")


def test_nothing_works_without_a_device() -> None:
    plane = BondDataplane()
    assert (plane.ports(), plane.read(), plane.filenos(), plane.address) == ([], [], [], None)
    assert plane.lacp_state() is None
    with pytest.raises(UsageError, match="there is no bond"):
        plane.add_port("e1", PortSetup())
    plane.destroy()


def test_an_alarm_wakes_at_the_earliest_moment_and_once() -> None:
    alarm = Alarm()
    try:
        now = time.monotonic()
        alarm.at(now + 3600)
        assert not _woken(alarm, 0)
        alarm.at(now + 0.01)
        # The later one does not put it off.
        alarm.at(now + 7200)
        assert _woken(alarm, 10)
        assert time.monotonic() >= now + 0.01
        alarm.read()
        assert not _woken(alarm, 0)
        # The past is now.
        alarm.at(now - 5)
        assert _woken(alarm, 10)
        alarm.read()
        alarm.read()
    finally:
        alarm.close()


def _woken(alarm: Alarm, seconds: float) -> bool:
    return bool(select.select([alarm.fileno()], [], [], seconds)[0])
