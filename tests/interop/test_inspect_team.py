"""Teams in the one picture, beside what teamd, its clients and the kernel say: in one guest."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import pytest

from lacp.info import PortState
from lacp.inspect.survey import Places, survey
from lacp.picture.model import document
from tests.interop import guest
from tests.interop.netns import Namespace, namespaces, veth
from tests.interop.teamd import Teamd, configured

pytestmark = [pytest.mark.interop, pytest.mark.guest, pytest.mark.slow]

Document = dict[str, Any]

#: By team: its configuration, with what is said of its first port, or of both.
CONFIGURATIONS: dict[str, Document] = {
    "backup": {
        "runner": {"name": "activebackup", "hwaddr_policy": "by_active"},
        "link_watch": [
            {"name": "ethtool", "delay_up": 50, "delay_down": 20},
            {"name": "arp_ping", "target_host": "192.0.2.1", "interval": 100, "missed_max": 7},
        ],
        "notify_peers": {"count": 2, "interval": 50},
        "port": {"prio": 100, "sticky": True, "queue_id": 3},
    },
    "balance": {
        "runner": {
            "name": "loadbalance",
            "tx_hash": ["eth", "ipv4"],
            "tx_balancer": {"name": "basic", "balancing_interval": 30},
        },
    },
    "robin": {"runner": {"name": "roundrobin"}, "hwaddr": "02:00:00:00:00:77"},
    "spoken": {
        "runner": {
            "name": "lacp",
            "fast_rate": True,
            "min_ports": 2,
            "sys_prio": 200,
            "agg_select_policy": "bandwidth",
        },
        "both": {"lacp_prio": 10, "lacp_key": 5},
    },
    # Its partner, in the other namespace.
    "there": {"runner": {"name": "lacp", "fast_rate": True}},
    # Its daemon is killed.
    "orphan": {"runner": {"name": "broadcast"}},
}


def ports(team: str) -> list[str]:
    return [f"{team}{number}" for number in (1, 2)]


def running(here: Namespace, there: Namespace) -> Iterator[AbstractContextManager[Teamd]]:
    """The teams, yet to be started, each with two ports."""
    for team in ("backup", "balance", "robin", "orphan", "bare"):
        for port in ports(team):
            veth(here, port, there, f"x{port}")
    for port, partner in zip(ports("spoken"), ports("there"), strict=True):
        veth(here, port, there, partner)
    for team, told in CONFIGURATIONS.items():
        text = dict(told)
        first, second = ports(team)
        both = text.pop("both", {})
        text |= {"device": team, "ports": {first: text.pop("port", both), second: both}}
        yield configured(there if team == "there" else here, json.dumps(text))


def everything() -> Document:
    """What is found by root and by somebody else, and what teamdctl and the kernel say."""
    with namespaces(2) as (here, there), ExitStack() as stack:
        teams = {}
        for one in running(here, there):
            team = stack.enter_context(one)
            team.start()
            teams[team.name] = team
        here.ip("link add bare type team")
        for port in ports("bare"):
            here.ip(f"link set {port} down")
            here.ip(f"link set {port} master bare")
        here.ip("link set bare up")
        teams["orphan"].kill()
        teams["spoken"].until(lambda: len(teams["spoken"].current()) == 2)
        # Both ends are at rest: nothing moves between one look and the next.
        teams["spoken"].until(lambda: _distributing(teams["spoken"]))
        with here.entered():
            seen = survey(Places(sources=frozenset({"team"})), patience=20)
        names = [name for name in teams if name != "orphan"]
        return {
            "lags": document(seen.lags),
            "complaints": seen.complaints,
            "state": {name: _teamdctl(teams[name], "state") for name in names},
            "config": {name: _teamdctl(teams[name], "config") for name in names},
            "ip": json.loads(here.run("ip", "-d", "-j", "link")),
            "nobody": _nobody(here),
        }


def _distributing(team: Teamd) -> bool:
    states = (team.runner(port)["actor_lacpdu_info"]["state"] for port in team.ports)
    return all(PortState.DISTRIBUTING in PortState(state) for state in states)


def _teamdctl(team: Teamd, what: str) -> Document:
    found = json.loads(team.namespace.run("teamdctl", team.name, what, "dump"))
    assert isinstance(found, dict)
    return found


def _nobody(here: Namespace) -> Document:
    """What is found without any right."""
    code = (
        "import json; from lacp.inspect.survey import Places, survey; "
        "from lacp.picture.model import document; "
        "seen = survey(Places(sources=frozenset({'team'})), patience=20); "
        "print(json.dumps({'lags': document(seen.lags), 'complaints': seen.complaints}))"
    )
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all")
    done = subprocess.run(
        here.command(*nobody, sys.executable, "-c", code),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def found() -> Document:
    result = guest.run(everything, modules=guest.TEAM_MODULES).result
    assert isinstance(result, dict)
    return result


def lag(found: Document, name: str) -> Document:
    (one,) = (lag for lag in found["lags"] if lag["name"] == name)
    assert isinstance(one, dict)
    return one


def test_every_team_is_listed(found: Document) -> None:
    assert {(lag["name"], lag["source"], lag["mode"]) for lag in found["lags"]} == {
        ("backup", "teamd", "activebackup"),
        ("balance", "teamd", "loadbalance"),
        ("robin", "teamd", "roundrobin"),
        ("spoken", "teamd", "lacp"),
        ("there", "teamd", "lacp"),
        ("orphan", "team", "broadcast"),
        ("bare", "team", None),
    }
    assert found["complaints"] == []


@pytest.mark.parametrize("name", ["backup", "balance", "robin", "spoken", "there"])
def test_every_field_is_that_of_teamdctl(found: Document, name: str) -> None:
    view, state, config = lag(found, name), found["state"][name], found["config"][name]
    info = state["team_device"]["ifinfo"]
    assert (view["ifindex"], view["address"]) == (info["ifindex"], info["dev_addr"])
    assert view["mode"] == state["setup"].pop("runner_name")
    assert view["lacp"] is (view["mode"] == "lacp")
    runner = state.get("runner", {})
    assert view["active_port"] == (runner.pop("active_port", None) or None)
    assert view["agg_select_policy"] == runner.pop("select_policy", None)
    for key, value in {**state["setup"], **runner}.items():
        assert view["settings"][key] == value
    assert [port["name"] for port in view["ports"]] == sorted(state["ports"])
    for port in view["ports"]:
        check_port(port, state["ports"][port["name"]], config["ports"].get(port["name"], {}))


def check_port(port: Document, state: Document, config: Document) -> None:
    assert port["ifindex"] == state["ifinfo"]["ifindex"]
    assert port["address"] == state["ifinfo"]["dev_addr"]
    assert {key: port["link"][key] for key in state["link"]} == state["link"]
    assert port["usable"] is state["link_watches"]["up"]
    watchers = state["link_watches"]["list"]
    assert [one["name"] for one in port["link_watches"]] == [
        one["name"] for one in watchers.values()
    ]
    for number, (place, told) in enumerate(watchers.items()):
        shown = port["link_watches"][number]
        assert (shown["up"], shown["down_count"]) == (told["up"], told["down_count"])
        # It goes on counting between one look and the next.
        assert port["settings"].get(f"{place}.missed", 0) <= told.pop("missed", 0)
        for key, value in told.items():
            assert port["settings"][f"{place}.{key}"] == value
    assert port["prio"] == config.get("prio", 0)
    assert port["sticky"] is config.get("sticky", False)
    runner = state.get("runner")
    if runner is None:
        assert (port["selected"], port["aggregator"], port["actor"]) == (None, None, None)
        return
    assert port["selected"] == ("SELECTED" if runner["selected"] else "UNSELECTED")
    assert port["aggregator"] == (runner["aggregator"]["id"] or None)
    assert port["machines"]["receive"] == runner["state"].upper()
    assert port["settings"]["lacp_prio"] == runner["prio"]
    assert port["settings"]["lacp_key"] == runner["key"]
    for end in ("actor", "partner"):
        told = {key: value for key, value in port[end].items() if key != "flags"}
        assert told == runner[f"{end}_lacpdu_info"]


def test_what_the_configuration_says_is_there(found: Document) -> None:
    backup = lag(found, "backup")
    assert backup["settings"]["hwaddr_policy"] == "by_active"
    assert backup["settings"]["notify_peers.interval"] == 50
    assert backup["settings"]["notify_peers_interval"] == 50
    assert backup["settings"]["link_watch.1.missed_max"] == 7
    assert backup["ports"][0]["queue_id"] == 3
    balance = lag(found, "balance")["settings"]
    assert balance["tx_hash"] == ["eth", "ipv4"]
    assert balance["tx_balancer.balancing_interval"] == 30
    assert balance["lb_tx_method"] == "hash_to_port_mapping"
    spoken = lag(found, "spoken")
    assert spoken["min_ports"] == 2
    assert spoken["settings"]["fast_rate"] is True
    assert spoken["ports"][0]["settings"]["lacp_key"] == 5


def test_every_device_is_that_of_the_kernel(found: Document) -> None:
    links = {link["ifname"]: link for link in found["ip"]}
    for view in found["lags"]:
        if view["name"] == "there":
            continue
        told = links[view["name"]]
        assert view["ifindex"] == told["ifindex"]
        assert view["address"] == told["address"]
        assert view["mtu"] == told["mtu"]
        assert view["up"] is ("LOWER_UP" in told["flags"])
        assert view["admin_up"] is ("UP" in told["flags"])
        assert [port["name"] for port in view["ports"]] == sorted(
            name for name, link in links.items() if link.get("master") == view["name"]
        )
        for port in view["ports"]:
            link = links[port["name"]]
            assert (port["ifindex"], port["mtu"]) == (link["ifindex"], link["mtu"])
            assert port["address"] == link["address"]
            assert port["link"]["up"] is ("LOWER_UP" in link["flags"])
            assert port["link"]["admin_up"] is ("UP" in link["flags"])


def test_who_carries_traffic(found: Document) -> None:
    carrying = {
        view["name"]: [port["name"] for port in view["ports"] if port["distributing"]]
        for view in found["lags"]
    }
    assert carrying == {
        # Nobody answers its arp_ping, and one watcher of two is enough.
        "backup": ["backup1"],
        "balance": ports("balance"),
        "robin": ports("robin"),
        "spoken": ports("spoken"),
        "there": ports("there"),
        "orphan": ports("orphan"),
        # The driver sends nothing as long as it was told no mode.
        "bare": [],
    }
    for view in found["lags"]:
        for port in view["ports"]:
            assert port["collecting"] is (port["distributing"] or view["name"] == "bare")


def test_lacp_has_both_ends(found: Document) -> None:
    spoken, there = lag(found, "spoken"), lag(found, "there")
    assert spoken["actor"]["system_priority"] == 200
    assert spoken["actor"]["system"] == spoken["address"]
    assert spoken["partner"]["system"] == there["address"]
    assert spoken["aggregator"] in [port["ifindex"] for port in spoken["ports"]]


def test_what_was_not_seen_is_said(found: Document) -> None:
    assert all(lag(found, name)["unseen"] == [] for name in ("backup", "spoken"))
    assert lag(found, "orphan")["unseen"] == [
        "what its daemon knows: /run/teamd/orphan.sock: nobody listens here any more"
    ]
    assert lag(found, "bare")["unseen"] == [
        "what its daemon knows: /run/teamd/bare.sock: no such socket"
    ]
    (elsewhere,) = lag(found, "there")["unseen"]
    assert elsewhere.startswith("its device: in network namespace number ")
    assert lag(found, "there")["netns"] != lag(found, "spoken")["netns"]


def test_without_rights_the_kernel_still_says_which_ports_there_are(found: Document) -> None:
    views = {view["name"]: view for view in found["nobody"]["lags"]}
    assert set(views) == {"backup", "balance", "robin", "spoken", "orphan", "bare"}
    for name, view in views.items():
        assert [port["name"] for port in view["ports"]] == ports(name)
        assert (view["source"], view["mode"]) == ("team", None)
        assert all(port["link"]["up"] for port in view["ports"])
        assert all(port["distributing"] is None for port in view["ports"])
        assert view["unseen"][0] == "the driver's options: needs CAP_NET_ADMIN; run as root"
    assert views["spoken"]["unseen"][1] == (
        "what its daemon knows: /run/teamd/spoken.sock: this user may not ask teamd; run as root"
    )
    assert found["nobody"]["complaints"] == [
        "/run/teamd/there.sock: this user may not ask teamd; run as root"
    ]
