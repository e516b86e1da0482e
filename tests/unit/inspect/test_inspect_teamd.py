"""Teams as their teamd tells of them."""

import copy
import json

import pytest

from lacp.address import Mac
from lacp.errors import BackendError
from lacp.inspect.teamd import TEAMD, Told, view
from lacp.link import Duplex
from lacp.picture.model import LinkView, Machines, SystemId, WatcherView, document
from tests import reference
from tests.unit.inspect.teams import CONFIG, STATE, Document, end


def test_a_team_that_speaks_lacp() -> None:
    lag = view(Told(CONFIG, STATE), "team0")
    assert (lag.name, lag.source, lag.mode, lag.lacp) == ("team0", "teamd", "lacp", True)
    assert (lag.ifindex, lag.address) == (9, Mac.parse("02:00:00:00:00:77"))
    who = {"system_priority": 100, "key": 7}
    assert lag.actor == SystemId(system=Mac.parse("02:00:00:00:00:77"), **who)
    assert lag.partner == SystemId(system=Mac.parse("02:00:00:00:00:99"), **who)
    assert (lag.aggregator, lag.min_ports, lag.agg_select_policy) == (4, 1, "count")
    assert lag.settings == {
        "hwaddr": "02:00:00:00:00:77",
        "notify_peers.count": 2,
        "tx_hash": ["eth", "ipv4"],
        "tx_balancer.name": "basic",
        "active": True,
        "sys_prio": 100,
        "fast_rate": True,
        "pid": 4711,
        "kernel_team_mode_name": "loadbalance",
    }


def test_its_ports() -> None:
    eth1, _, eth3 = view(Told(CONFIG, STATE), "team0").ports
    assert (eth1.ifindex, eth1.aggregator, eth1.selected) == (3, 4, "SELECTED")
    assert (eth1.collecting, eth1.distributing, eth1.usable) == (True, True, True)
    assert eth1.machines == Machines(receive="CURRENT")
    assert eth1.link == LinkView(up=True, speed=10000, duplex=Duplex.FULL)
    assert (eth1.prio, eth1.sticky, eth1.queue_id, eth1.link_downs) == (5, True, 2, 3)
    assert eth1.link_watches == (
        WatcherView(name="ethtool", up=True, down_count=3),
        WatcherView(name="tipc", up=False, down_count=1),
    )
    assert eth1.settings["link_watch_0.delay_up"] == 50
    assert eth1.settings["lacp_key"] == 7
    # In an aggregator of its own, which is not the one in use.
    assert (eth3.aggregator, eth3.selected, eth3.distributing) == (5, "SELECTED", False)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"partner_lacpdu_info": end("02:00:00:00:00:99", 1, 0x05)}, (False, "CURRENT")),
        ({"state": "expired"}, (True, "EXPIRED")),
        ({"state": "disabled", "selected": False, "aggregator": {}}, (None, "PORT_DISABLED")),
        ({"aggregator": {"id": 0, "selected": False}, "state": "new"}, (False, None)),
    ],
)
def test_a_port_carries_what_its_partner_is_in_sync_for(
    change: Document, expected: tuple[bool | None, str | None]
) -> None:
    state = copy.deepcopy(STATE)
    state["ports"]["eth1"]["runner"] |= change
    eth1 = view(Told(CONFIG, state), "team0").ports[0]
    receive = eth1.machines.receive if eth1.machines else None
    assert (eth1.distributing, receive) == expected


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        # teamd has no word for what is not known.
        ({"up": False, "speed": 0, "duplex": "half"}, LinkView(up=False)),
        ({"up": True, "speed": -1, "duplex": "full"}, LinkView(up=True)),
        (
            {"up": True, "speed": 100, "duplex": "half"},
            LinkView(up=True, speed=100, duplex=Duplex.HALF),
        ),
        ({}, LinkView()),
    ],
)
def test_a_speed_that_is_not_known_is_none(link: Document, expected: LinkView) -> None:
    state = copy.deepcopy(STATE)
    state["ports"]["eth1"]["link"] = link
    assert view(Told(CONFIG, state), "team0").ports[0].link == expected


@pytest.mark.parametrize(
    "odd", [float("nan"), float("inf"), 10**40, [1], [[]], [{"a": float("nan")}]]
)
def test_a_value_that_json_has_not_is_none_of_a_port(odd: object) -> None:
    state = copy.deepcopy(STATE)
    state["ports"]["eth1"]["runner"] |= {"key": odd, "prio": odd, "state": odd}
    lag = view(Told(CONFIG, state), "team0")
    assert json.dumps(document(lag), allow_nan=False)
    assert not {"state", "lacp_prio"} & lag.ports[0].settings.keys()
    # What was configured holds.
    assert lag.ports[0].settings["lacp_key"] == 7


@pytest.mark.parametrize(
    ("case", "carrying", "active"),
    [
        ("ab_arp", {"e1": True, "e2": False}, "e1"),
        ("lb", {"e1": True, "e2": True}, None),
        ("lacp", {"a0": True, "a1": True}, None),
    ],
)
def test_what_a_real_teamd_said(case: str, carrying: dict[str, bool], active: str | None) -> None:
    config = reference.golden(f"teamd/{case}.config.json")
    lag = view(Told(config, reference.golden(f"teamd/{case}.state.json")), "team0")
    assert {one.name: one.distributing for one in lag.ports} == carrying
    assert lag.active_port == active
    assert lag.lacp is (case == "lacp")
    assert (lag.aggregator is not None) is (case == "lacp")


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (b"REPLY_ERROR\nNoSuchDev\nNo such device.\n", "teamd refuses: No such device."),
        (b"REPLY_ERROR\n\x1b[2J", "teamd refuses: ?[2J"),
        (b"REPLY_SUCCESS\n[]", "this is not teamd's protocol"),
        (b"REPLY_SUCCESS\n{", "this is not teamd's protocol"),
        (b"REPLY_SUCCESS\n" + b"[" * 100_000, "this is not teamd's protocol"),
        (b"{}", "this is not teamd's protocol"),
        (b"\xff", "this is not teamd's protocol"),
    ],
)
def test_another_answer_is_a_complaint(record: bytes, said: str) -> None:
    with pytest.raises(BackendError) as raised:
        TEAMD.whole([record])
    assert str(raised.value) == said
