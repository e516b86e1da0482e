"""Teams: what teamd says, what the kernel says, and what is said when one of them is silent."""

import copy
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from lacp.address import Mac
from lacp.errors import BackendError
from lacp.inspect import team, team_driver
from lacp.inspect.devices import Device
from lacp.inspect.netns import netns_inode
from lacp.inspect.survey import KERNEL_PATIENCE, Places
from lacp.inspect.teamd import TEAMD, Told, view
from lacp.link import Duplex
from lacp.netlink.codec import IFF_LOWER_UP, IFF_RUNNING, IFF_UP, Interface
from lacp.netlink.team import Key, Value
from lacp.picture.model import (
    LagView,
    LinkView,
    Machines,
    PortView,
    SystemId,
    WatcherView,
    document,
)
from tests import hostile, reference
from tests.hostile import listening

Document = dict[str, Any]

CONFIG: Document = {
    "device": "team0",
    "hwaddr": "02:00:00:00:00:77",
    "notify_peers": {"count": 2},
    "runner": {
        "name": "lacp",
        "tx_hash": ["eth", "ipv4"],
        "tx_balancer": {"name": "basic"},
        "fast_rate": True,
    },
    "ports": {"eth1": {"prio": 5, "sticky": True, "queue_id": 2, "lacp_key": 7}},
}


def end(system: str, port: int, state: int) -> Document:
    return {
        "system_priority": 100,
        "system": system,
        "key": 7,
        "port_priority": 255,
        "port": port,
        "state": state,
    }


def port(ifindex: int, aggregator: int, chosen: bool, partner: int = 61) -> Document:
    return {
        "ifinfo": {"ifindex": ifindex, "dev_addr": "02:00:00:00:00:01"},
        "link": {"up": True, "speed": 10000, "duplex": "full"},
        "link_watches": {
            "up": True,
            "list": {
                "link_watch_0": {"name": "ethtool", "up": True, "down_count": 3, "delay_up": 50},
                "link_watch_1": {"name": "tipc", "up": False, "down_count": 1},
            },
        },
        "runner": {
            "selected": aggregator != 0,
            "aggregator": {"id": aggregator, "selected": chosen},
            "state": "current",
            "key": 7,
            "prio": 255,
            "actor_lacpdu_info": end("02:00:00:00:00:77", ifindex, 61),
            "partner_lacpdu_info": end("02:00:00:00:00:99", 1, partner),
        },
    }


STATE: Document = {
    "setup": {"runner_name": "lacp", "pid": 4711, "kernel_team_mode_name": "loadbalance"},
    "team_device": {"ifinfo": {"ifindex": 9, "ifname": "team0", "dev_addr": "02:00:00:00:00:77"}},
    "runner": {"active": True, "sys_prio": 100, "fast_rate": True, "select_policy": "count"},
    "ports": {"eth1": port(3, 4, True), "eth2": port(4, 4, True), "eth3": port(5, 5, False)},
}


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


# The whole reader, over a kernel that is made up.


class Kernel:
    """What rtnetlink and the driver would say."""

    def __init__(self) -> None:
        self.teams: list[Device] = []
        self.ports: dict[int, list[Device]] = {}
        #: None as for somebody without rights.
        self.told: Mapping[Key, Value] | None = None

    def add(self, name: str, index: int, *ports: tuple[str, int]) -> None:
        self.teams.append(_device(name, index))
        self.ports[index] = [_device(port, number, index) for port, number in ports]

    # As Devices and Driver are used.

    def __call__(self, deadline: float) -> "Kernel":
        return self

    def __enter__(self) -> "Kernel":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def of_kind(self, kind: str) -> list[Device]:
        return self.teams if kind == "team" else []

    def below(self, index: int) -> list[Device]:
        return self.ports[index]

    def link(self, device: Device) -> LinkView:
        return LinkView(up=True, speed=25000, duplex=Duplex.FULL, admin_up=True)

    def options(self, device: int) -> Mapping[Key, Value]:
        if self.told is None:
            raise BackendError("needs CAP_NET_ADMIN; run as root")
        return self.told


def _device(name: str, index: int, master: int = 0) -> Device:
    flags = IFF_UP | IFF_RUNNING | IFF_LOWER_UP
    address, built = Mac.parse("02:00:00:00:00:77"), Mac(bytes([2, 0, 0, 0, 1, index]))
    return Device(Interface(index, name, flags, address, built, master, None, 6), 9000, {}, {})


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    made = Kernel()
    monkeypatch.setattr(team, "Devices", made)
    monkeypatch.setattr(team, "Driver", made)
    return made


@pytest.fixture
def teamd(tmp_path: Path) -> Iterator["Sockets"]:
    with ExitStack() as stack:
        yield Sockets(tmp_path, stack)


class Sockets:
    """teamd's run directory."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self.directory = directory
        self._stack = stack

    def answers(self, name: str, state: Document = STATE, config: Document = CONFIG) -> None:
        records = [b"REPLY_SUCCESS\n" + json.dumps(each).encode() for each in (config, state)]
        self.behaves(name, hostile.answer(*records))

    def behaves(self, name: str, behave: hostile.Behaviour) -> None:
        path = self.directory / f"{name}.sock"
        self._stack.enter_context(listening(path, socket.SOCK_SEQPACKET, behave))

    def read(self, seconds: float = 5) -> tuple[dict[str, LagView], list[str]]:
        places = Places(teamd_run_dir=str(self.directory))
        found = list(team.read(places, time.monotonic() + seconds * KERNEL_PATIENCE))
        lags = [one for one in found if isinstance(one, LagView)]
        assert len({lag.name for lag in lags}) == len(lags)
        return {lag.name: lag for lag in lags}, [one for one in found if isinstance(one, str)]


def options(mode: str = "loadbalance", **ports: bool) -> dict[Key, Value]:
    found: dict[Key, Value] = {Key("mode"): mode, Key("lb_tx_method"): "hash"}
    for name, enabled in ports.items():
        found[Key("enabled", int(name[1:]))] = enabled
    return found


def test_the_kernel_adds_what_teamd_does_not_say(kernel: Kernel, teamd: Sockets) -> None:
    kernel.add("team0", 9, ("eth1", 3), ("eth2", 4), ("eth9", 8))
    kernel.told = options(p3=True, p4=False, p8=True)
    teamd.answers("team0")
    lags, complaints = teamd.read()
    assert complaints == []
    lag = lags["team0"]
    assert (lag.source, lag.up, lag.admin_up, lag.mtu) == ("teamd", True, True, 9000)
    assert (lag.netns, lag.unseen) == (netns_inode(), ())
    assert lag.settings["lb_tx_method"] == "hash"
    eth1, eth2, eth3, eth9 = lag.ports
    # What the driver does goes before what teamd ought to have told it.
    assert [one.distributing for one in lag.ports] == [True, False, False, True]
    assert (eth1.mtu, eth1.permanent_address) == (9000, Mac(bytes([2, 0, 0, 0, 1, 3])))
    assert eth1.link == LinkView(up=True, speed=10000, duplex=Duplex.FULL, admin_up=True)
    assert eth2.settings["enabled"] is False
    # The word of teamd's watcher of the link, and of the kernel where it has none.
    assert [one.link_downs for one in lag.ports] == [3, 3, 3, 6]
    # teamd has one that has left the device, and does not know yet of one that came.
    assert (eth3.name, eth3.mtu) == ("eth3", None)
    assert (eth9.name, eth9.selected) == ("eth9", None)


def test_a_device_without_a_daemon_says_why(kernel: Kernel, teamd: Sockets) -> None:
    kernel.add("alone", 9, ("eth1", 3), ("eth2", 4))
    kernel.add("killed", 19)
    kernel.told = {
        **options("activebackup", p3=True, p4=True),
        Key("activeport"): 4,
        Key("queue_id", 3): 5,
        Key("priority", 3): -7,
    }
    hostile.stale(teamd.directory / "killed.sock", socket.SOCK_SEQPACKET)
    lags, complaints = teamd.read()
    assert complaints == []
    alone, killed = lags["alone"], lags["killed"]
    assert (alone.source, alone.mode, alone.lacp) == ("team", "activebackup", None)
    assert alone.active_port == "eth2"
    assert [one.distributing for one in alone.ports] == [False, True]
    assert (alone.ports[0].prio, alone.ports[0].queue_id) == (-7, 5)
    assert alone.ports[0].link_downs == 6
    at = f"what its daemon knows: {teamd.directory}"
    assert alone.unseen == (f"{at}/alone.sock: no such socket",)
    assert killed.unseen == (f"{at}/killed.sock: nobody listens here any more",)


def test_a_daemon_that_hangs_is_said_at_its_team_and_costs_no_other(
    kernel: Kernel, teamd: Sockets
) -> None:
    kernel.add("hangs", 7, ("eth7", 17))
    kernel.add("team0", 9, ("eth1", 3))
    kernel.told = options(p3=True, p17=True)
    teamd.answers("team0")
    for name in ("hangs", "hangs0"):
        teamd.behaves(name, hostile.hang)
    lags, complaints = teamd.read(seconds=0.3)
    assert lags["team0"].source == "teamd"
    assert lags["hangs"].unseen == (
        f"what its daemon knows: {teamd.directory}/hangs.sock: no answer of teamd within 0.2 s",
    )
    # This one has no device here.
    assert complaints == [f"{teamd.directory}/hangs0.sock: no answer of teamd within 0.2 s"]


def test_without_the_right_to_ask_the_driver(kernel: Kernel, teamd: Sockets) -> None:
    kernel.add("team0", 9, ("eth1", 3))
    lags, _ = teamd.read()
    assert lags["team0"].mode is None
    assert lags["team0"].unseen[0] == "the driver's options: needs CAP_NET_ADMIN; run as root"
    assert lags["team0"].ports[0].distributing is None
    teamd.answers("team0")
    lags, _ = teamd.read()
    assert lags["team0"].source == "teamd"
    assert lags["team0"].ports[0].distributing is True


@pytest.mark.parametrize("change", [{"ifindex": 10}, {"ifname": "team1"}])
def test_a_socket_of_another_namespace_is_told_from_the_device_here(
    kernel: Kernel, teamd: Sockets, change: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel.add("other", 9, ("eth1", 3))
    monkeypatch.setattr(team, "netns_inode", lambda: 1)
    state = copy.deepcopy(STATE)
    state["team_device"]["ifinfo"] |= change
    teamd.answers("team0", state)
    lags, complaints = teamd.read()
    assert complaints == []
    assert set(lags) == {"other", change.get("ifname", "team0")}
    (said,) = lags[change.get("ifname", "team0")].unseen
    assert said == f"its device: in network namespace number {netns_inode()}"


def test_the_same_name_and_index_elsewhere_is_another_team(
    kernel: Kernel, teamd: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel.add("team0", 9, ("eth1", 3))
    monkeypatch.setattr(team, "netns_inode", lambda: 1)
    teamd.answers("team0")
    places = Places(teamd_run_dir=str(teamd.directory))
    found = list(team.read(places, time.monotonic() + 5))
    assert [one.source for one in found if isinstance(one, LagView)] == ["teamd", "team"]


def test_a_team_of_lacpd_without_a_device_of_the_driver(kernel: Kernel, teamd: Sockets) -> None:
    state = copy.deepcopy(STATE)
    state["team_device"]["ifinfo"]["ifindex"] = 0
    teamd.answers("team0", state)
    lags, complaints = teamd.read()
    assert complaints == []
    assert (lags["team0"].ifindex, lags["team0"].unseen) == (None, ())
    assert lags["team0"].netns == netns_inode()


def test_a_run_directory_that_may_not_be_read(
    kernel: Kernel, teamd: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel.add("team0", 9)

    def refuse(path: str) -> list[str]:
        raise PermissionError

    monkeypatch.setattr(os, "listdir", refuse)
    lags, complaints = teamd.read()
    assert set(lags) == {"team0"}
    assert len(complaints) == 1
    assert complaints[0].startswith(f"{teamd.directory}: may not be read")


@pytest.mark.parametrize(
    ("told", "link", "expected"),
    [
        ({}, True, (None, None)),
        ({Key("enabled", 3): False}, True, (False, False)),
        # Nothing is sent as long as there is no mode.
        ({Key("enabled", 3): True}, True, (True, False)),
        ({Key("enabled", 3): True, Key("mode"): "*NOMODE*"}, True, (True, False)),
        ({Key("enabled", 3): True, Key("mode"): "random"}, True, (True, True)),
        ({Key("enabled", 3): True, Key("mode"): "random"}, False, (False, False)),
        (
            {
                Key("enabled", 3): True,
                Key("mode"): "random",
                Key("user_linkup_enabled", 3): True,
                Key("user_linkup", 3): False,
            },
            True,
            (False, False),
        ),
        (
            {Key("enabled", 3): True, Key("mode"): "activebackup", Key("activeport"): 4},
            True,
            (False, False),
        ),
    ],
)
def test_who_the_driver_uses(
    told: dict[Key, Value], link: bool, expected: tuple[bool | None, bool | None]
) -> None:
    assert team_driver.uses(told, 3, link) == expected


def test_tables_for_machines_are_left_out() -> None:
    told: dict[Key, Value] = {
        Key("mode"): "loadbalance",
        Key("bpf_hash_func"): b"\0" * 8,
        Key("lb_tx_hash_to_port_mapping", 0, 5): 3,
        Key("queue_id", 3): 1,
    }
    assert team_driver.settings(told) == {"mode": "loadbalance"}
    assert team_driver.settings(told, 3) == {"queue_id": 1}
    assert isinstance(view(Told({}, {}), "x"), LagView)
    assert view(Told({}, {"ports": {"a": {}}}), "x").ports[0] == PortView(
        name="a", link_watches=(), prio=0, sticky=False
    )
