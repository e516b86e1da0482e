"""Bonds of Open vSwitch in the one picture, beside what ovs-appctl and ovs-vsctl say of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lacp.info import PortInfo
from lacp.inspect.survey import Places, Seen, survey
from lacp.picture.model import End, LagView, PortView
from lacp.picture.reading import read_lag
from tests.interop.commands import lacpctl
from tests.interop.netns import Namespace, namespace, veth
from tests.interop.ovs import OpenVSwitch, open_vswitch

pytestmark = [pytest.mark.interop, pytest.mark.netns]

#: Each bond has two members, and is cabled to the one that is named.
CABLES = {"slb": "tcp", "fast": "slow", "alone": "", "off": "", "backup": "", "plain": ""}
#: What lacp/show-stats calls the counters.
COUNTERS = {
    "lacpdus_tx": "TX PDUs",
    "lacpdus_rx": "RX PDUs",
    "illegal_rx": "RX Bad PDUs",
    "marker_pdus_rx": "RX Marker Request PDUs",
    "link_expired": "Link Expired",
    "link_defaulted": "Link Defaulted",
    "carrier_status_changed": "Carrier Status Changed",
}


#: What bond/show calls a switch that is on or off.
WORDS = {"yes": "true", "no": "false", "enabled": "true", "disabled": "false"}


def members(bond: str) -> list[str]:
    return [f"{bond}{number}" for number in (1, 2)]


@contextmanager
def bonds() -> Iterator[OpenVSwitch]:
    """A switch with bonds of every mode, with LACP active, passive and off."""
    with namespace() as there, open_vswitch(there) as switch:
        for one, other in CABLES.items():
            for port, end in zip(members(one), members(other or f"x{one}"), strict=True):
                veth(there, port, there, end)
        # Two systems in one switch: who hears itself aggregates nothing.
        switch.bond("slb", members("slb"), lacp_system_priority=100, bond_rebalance_interval=0)
        switch.bond(
            *("tcp", members("tcp")),
            mode="balance-tcp",
            active=False,
            fast=False,
            lacp_system_id="02:00:00:00:00:77",
        )
        switch.bond("fast", members("fast"), mode="active-backup")
        switch.bond(
            *("slow", members("slow")),
            mode="balance-tcp",
            fast=False,
            lacp_system_id="02:00:00:00:00:88",
        )
        switch.bond("alone", members("alone"), mode="balance-tcp", lacp_fallback_ab="true")
        off = ("--", "set", "port", "off", "lacp=off", "bond_updelay=300", "bond_downdelay=70")
        switch.vsctl("add-bond", "ovsbr", "off", *members("off"), "bond_mode=balance-slb", *off)
        switch.vsctl(
            *("add-bond", "ovsbr", "backup", *members("backup"), "bond_mode=active-backup"),
            *("--", "set", "port", "backup", "other_config:bond-primary=backup2"),
        )
        switch.vsctl("add-bond", "ovsbr", "plain", *members("plain"), "bond_mode=balance-tcp")
        down(there, "xbackup1")
        for bond in ("slb", "tcp", "fast", "slow"):
            switch.until(partial(at_rest, switch, bond), seconds=30)
        switch.until(lambda: "disabled" in switch.appctl("bond/show", "backup"))
        switch.until(lambda: "  active member" in switch.appctl("bond/show", "alone"))
        yield switch


def down(there: Namespace, interface: str) -> None:
    there.ip(f"link set {interface} down")


def at_rest(switch: OpenVSwitch, bond: str) -> bool:
    return all(
        member.may_enable and member.status == "current"
        for member in switch.lacp_show(bond).members.values()
    )


def look(switch: OpenVSwitch) -> Seen:
    directory = str(switch.directory)
    return survey(Places(sources=frozenset({"ovs"}), ovs_run_dir=directory), patience=10)


@pytest.fixture(scope="module")
def switch() -> Iterator[OpenVSwitch]:
    with bonds() as made:
        yield made


@pytest.fixture(scope="module")
def seen(switch: OpenVSwitch) -> Seen:
    return look(switch)


def lag(seen: Seen, name: str) -> LagView:
    (one,) = (lag for lag in seen.lags if lag.name == name)
    return one


def test_every_bond_is_listed(seen: Seen) -> None:
    assert seen.complaints == []
    assert {(one.name, one.source, one.mode, one.lacp, one.up) for one in seen.lags} == {
        ("slb", "ovs", "balance-slb", True, True),
        ("tcp", "ovs", "balance-tcp", True, True),
        ("fast", "ovs", "active-backup", True, True),
        ("slow", "ovs", "balance-tcp", True, True),
        # Without a partner it does as active-backup does.
        ("alone", "ovs", "balance-tcp", True, True),
        ("off", "ovs", "balance-slb", False, True),
        ("backup", "ovs", "active-backup", False, True),
        # It carries nothing as long as it has no LACP.
        ("plain", "ovs", "balance-tcp", False, False),
    }
    assert all(one.unseen == () for one in seen.lags)


@pytest.mark.parametrize("name", ["slb", "tcp", "fast", "slow", "alone"])
def test_every_field_is_that_of_lacp_show(switch: OpenVSwitch, seen: Seen, name: str) -> None:
    told, view = switch.lacp_show(name), lag(seen, name)
    assert view.actor is not None
    assert (view.actor.system_priority, view.actor.system, view.actor.key) == (
        *(told.system_priority, told.system, told.key),
    )
    assert view.settings["status"].split() == [
        "active" if told.active else "passive",
        *(["negotiated"] if told.negotiated else []),
    ]
    assert view.settings["lacp_time"] == ("fast" if told.fast else "slow")
    assert [port.name for port in view.ports] == sorted(told.members)
    for port in view.ports:
        member = told.members[port.name]
        assert port.machines is not None
        assert port.machines.receive == member.status.upper()
        assert port.selected == ("SELECTED" if member.attached else "UNSELECTED")
        assert port.settings["lacp may_enable"] is member.may_enable
        assert values(port.actor) == values(member.actor)
        assert values(port.partner) == values(member.partner)
        if name != "alone":
            assert view.partner is not None
            assert view.partner.system == member.partner.system
            assert view.partner.key == member.partner.key


def values(end: End | PortInfo | None) -> list[object]:
    names = ("system_priority", "system", "key", "port_priority", "port", "state")
    return [getattr(end, name) for name in names]


@pytest.mark.parametrize("name", [*CABLES, "tcp", "slow"])
def test_every_field_is_that_of_bond_show(switch: OpenVSwitch, seen: Seen, name: str) -> None:
    text, view = switch.appctl("bond/show", name), lag(seen, name)
    for key, value in re.findall(r"^([a-z][a-z_ -]+): (.*)$", text, re.MULTILINE):
        if key in ("next rebalance", "active member mac") or key.startswith("member "):
            continue
        if value == "<none>":
            assert key not in view.settings
            continue
        shown = json.dumps(view.settings[key]).strip('"')
        assert WORDS.get(value.partition(",")[0], value.removesuffix(" ms")) == shown
    active = re.search(r"active member mac: .*\((.*)\)", text)
    assert active is not None
    assert view.active_port == active[1]
    for member in re.split(r"^member ", text, flags=re.MULTILINE)[1:]:
        port = view.port(member.partition(":")[0])
        assert port is not None
        assert port.settings["enabled"] is (": enabled" in member)
        assert port.settings["active"] is ("active member" in member)
        assert port.settings["may_enable"] is ("may_enable: true" in member)


def test_every_counter_is_that_of_show_stats(switch: OpenVSwitch) -> None:
    before = {name: switch.lacp_stats(name) for name in ("slb", "alone")}
    now = look(switch)
    after = {name: switch.lacp_stats(name) for name in ("slb", "alone")}
    for name in before:
        for port in lag(now, name).ports:
            assert port.counters is not None
            assert set(port.counters) == set(COUNTERS)
            for counter, word in COUNTERS.items():
                least, most = before[name][port.name][word], after[name][port.name][word]
                assert least <= (port.counters[counter] or 0) <= most
    assert sum((port.counters or {})["lacpdus_rx"] or 0 for port in lag(now, "slb").ports) > 0


def test_what_is_configured_and_the_links_are_those_of_the_database(
    switch: OpenVSwitch, seen: Seen
) -> None:
    for row in table(switch, "Port", "name,lacp,bond_updelay,bond_downdelay,other_config"):
        if row["name"] == "ovsbr":
            continue
        settings = lag(seen, row["name"]).settings
        assert settings.get("lacp", []) == ([] if row["lacp"] == ["set", []] else row["lacp"])
        assert settings["bond_updelay"] == row["bond_updelay"]
        assert settings["bond_downdelay"] == row["bond_downdelay"]
        for key, value in row["other_config"][1]:
            assert settings[key] == value
    ports = {port.name: port for one in seen.lags for port in one.ports}
    columns = "name,ifindex,link_state,admin_state,link_speed,duplex,mac_in_use,mtu,link_resets"
    for row in table(switch, "Interface", columns):
        if row["name"] != "ovsbr":
            check_link(ports.pop(row["name"]), row)
    assert ports == {}


def check_link(port: PortView, row: dict[str, Any]) -> None:
    assert (port.ifindex, port.mtu) == (row["ifindex"], row["mtu"])
    assert port.link.up is (row["link_state"] == row["admin_state"] == "up")
    assert port.link.admin_up is (row["admin_state"] == "up")
    assert port.link.speed == row["link_speed"] // 1_000_000
    assert port.link.duplex == row["duplex"]
    assert str(port.address) == row["mac_in_use"]
    assert port.settings["link_resets"] == row["link_resets"]


def table(switch: OpenVSwitch, name: str, columns: str) -> list[dict[str, Any]]:
    told = json.loads(switch.vsctl("--format=json", f"--columns={columns}", "list", name))
    return [dict(zip(told["headings"], row, strict=True)) for row in told["data"]]


def test_who_carries_traffic(seen: Seen) -> None:
    carrying = {
        one.name: [port.name for port in one.ports if port.distributing] for one in seen.lags
    }
    one_of_two = {
        name: [port] if (port := lag(seen, name).active_port) else [] for name in ("fast", "alone")
    }
    assert carrying == {
        **{name: members(name) for name in ("slb", "tcp", "slow", "off")},
        **one_of_two,
        "backup": ["backup2"],
        "plain": [],
    }
    assert all(len(names) == 1 for names in one_of_two.values())


def test_it_is_known_in_which_namespace_the_switch_is(switch: OpenVSwitch, seen: Seen) -> None:
    number = switch.namespace.run("readlink", "/proc/self/ns/net").strip()
    assert {f"net:[{one.netns}]" for one in seen.lags} == {number}


def test_lacpctl_shows_the_same(switch: OpenVSwitch, tmp_path: Path) -> None:
    done = lacpctl(switch.namespace, tmp_path, switch, "--json", "show")
    assert (done.returncode, done.stderr) == (0, "")
    shown = Seen([read_lag(one) for one in json.loads(done.stdout)["lags"]])
    test_every_bond_is_listed(shown)
    for name in ("slb", "tcp", "fast", "slow", "alone"):
        test_every_field_is_that_of_lacp_show(switch, shown, name)
    for name in (*CABLES, "tcp", "slow"):
        test_every_field_is_that_of_bond_show(switch, shown, name)
    test_what_is_configured_and_the_links_are_those_of_the_database(switch, shown)
    table = lacpctl(switch.namespace, tmp_path, switch, "show").stdout
    assert max(map(len, table.splitlines())) <= 80
    assert {port.name for lag in shown.lags for port in lag.ports} <= set(table.split())


def test_an_interface_that_is_not_there_is_missing(switch: OpenVSwitch) -> None:
    switch.namespace.ip("link add lone type veth peer name xlone")
    switch.vsctl("add-bond", "ovsbr", "broken", "lone", "nowhere", "lacp=active")
    try:
        lone, nowhere = lag(look(switch), "broken").ports
    finally:
        switch.vsctl("del-port", "ovsbr", "broken")
    assert (lone.name, lone.missing) == ("lone", None)
    assert lone.machines is not None
    assert (nowhere.name, nowhere.distributing) == ("nowhere", False)
    assert nowhere.missing == "could not open network device nowhere (No such device)"


def test_of_a_switch_that_was_killed_the_database_tells(switch: OpenVSwitch) -> None:
    switch.kill()
    try:
        seen = look(switch)
    finally:
        switch.start()
    assert seen.complaints == []
    assert [one.name for one in seen.lags] == sorted([*CABLES, "tcp", "slow"])
    for one in seen.lags:
        assert (one.up, one.actor, one.lacp) == (
            None,
            None,
            one.name not in ("off", "backup", "plain"),
        )
        assert one.unseen == (
            "what becomes of the bond, and the links below it: no ovs-vswitchd runs",
        )
        assert [port.name for port in one.ports] == members(one.name)
