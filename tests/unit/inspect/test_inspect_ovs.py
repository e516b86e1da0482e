"""Bonds of Open vSwitch, read from sockets that say what those of a switch would."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from lacp.address import Mac
from lacp.inspect import ovs
from lacp.inspect.survey import Places
from lacp.link import Duplex
from lacp.picture.model import LagView, LinkView, Machines, SystemId
from tests import hostile
from tests.hostile import listening
from tests.unit.inspect.switches import BONDS, LACP, STATS, TABLES, said


@contextmanager
def switch(
    directory: Path,
    texts: bytes = said(BONDS, LACP, STATS),
    base: object = TABLES,
    control: str = "ovs-vswitchd.ctl",
) -> Iterator[Places]:
    with ExitStack() as stack:
        answers = {control: texts}
        if base is not None:
            answers["db.sock"] = json.dumps({"id": 0, "result": base}).encode()
        for name, answer in answers.items():
            stack.enter_context(
                listening(directory / name, socket.SOCK_STREAM, hostile.answer(answer))
            )
        yield Places(ovs_run_dir=str(directory))


def found(places: Places, seconds: float = 5) -> tuple[list[LagView], list[str]]:
    everything = list(ovs.read(places, time.monotonic() + seconds))
    lags = [one for one in everything if isinstance(one, LagView)]
    return lags, [one for one in everything if isinstance(one, str)]


def test_a_bond_from_all_that_is_said_of_it(tmp_path: Path) -> None:
    with switch(tmp_path) as places:
        (ab, bond0), complaints = found(places)
    assert complaints == []
    assert (ab.name, ab.mode, ab.lacp, ab.up, ab.active_port) == (
        *("ab", "active-backup", False, True, "eth2"),
    )
    assert [(port.name, port.distributing, port.usable) for port in ab.ports] == [
        ("eth2", True, True),
        ("eth3", False, False),
    ]
    assert (bond0.source, bond0.mode, bond0.lacp, bond0.up) == ("ovs", "balance-tcp", True, True)
    assert (bond0.active_port, bond0.fallback) == ("eth1", "none")
    assert bond0.actor == SystemId(
        system_priority=65534, system=Mac.parse("02:00:00:00:00:01"), key=5
    )
    assert bond0.partner == SystemId(
        system_priority=100, system=Mac.parse("02:00:00:00:00:77"), key=3
    )
    assert bond0.settings["bridge"] == "br0"
    assert bond0.settings["lacp-time"] == "fast"
    assert bond0.settings["lacp_status"] == "negotiated"
    assert bond0.unseen == ()
    eth0, eth1, eth9 = bond0.ports
    assert (eth0.selected, eth0.machines) == ("SELECTED", Machines(receive="CURRENT"))
    # It may be enabled and waits for its delay: frames are taken, and none given.
    assert (eth0.collecting, eth0.distributing, eth0.timers) == (True, False, {"updelay": 0.07})
    assert eth0.link == LinkView(up=True, speed=10000, duplex=Duplex.FULL, admin_up=True)
    assert (eth0.ifindex, eth0.mtu, eth0.address) == (4, 1500, Mac.parse("02:00:00:00:00:10"))
    assert eth0.counters is not None
    assert eth0.counters["lacpdus_tx"] == 12
    assert (eth1.selected, eth1.machines) == ("UNSELECTED", Machines(receive="DEFAULTED"))
    assert eth1.settings["hash load (kB)"] == {"12": 40, "200": 3}
    assert (eth9.missing, eth9.collecting, eth9.distributing) == ("could not open", False, False)


def test_without_its_database_it_says_what_it_does_not_know(tmp_path: Path) -> None:
    with switch(tmp_path, base=None) as places:
        (_, bond0), complaints = found(places)
    assert complaints == []
    assert bond0.unseen == (
        f"how the bond is configured, and the links below it: no database at {tmp_path}/db.sock",
    )
    assert bond0.ports[0].link == LinkView()
    assert bond0.ports[0].selected == "SELECTED"


def test_a_database_that_lies_costs_a_line_and_not_the_bonds(tmp_path: Path) -> None:
    lies = listening(tmp_path / "db.sock", socket.SOCK_STREAM, hostile.answer(b"}"))
    with switch(tmp_path, base=None) as places, lies:
        lags, complaints = found(places)
    assert [lag.name for lag in lags] == ["ab", "bond0"]
    assert complaints == [f"{tmp_path}/db.sock: this is not Open vSwitch's protocol (JSON-RPC)"]


@pytest.mark.parametrize(
    ("behave", "said"),
    [
        (None, "no ovs-vswitchd runs"),
        (hostile.hang, "{}/ovs-vswitchd.7.ctl: no answer of Open vSwitch within 0.2 s"),
        (hostile.close, "{}/ovs-vswitchd.7.ctl: closed the connection without an answer"),
    ],
)
def test_without_its_switch_a_bond_is_what_was_configured(
    tmp_path: Path, behave: hostile.Behaviour | None, said: str
) -> None:
    path = tmp_path / "ovs-vswitchd.7.ctl"
    with ExitStack() as stack:
        places = stack.enter_context(switch(tmp_path, base=TABLES))
        (tmp_path / "ovs-vswitchd.ctl").unlink()
        if behave is None:
            hostile.stale(path)
        else:
            stack.enter_context(listening(path, socket.SOCK_STREAM, behave))
        (bond0,), complaints = found(places, seconds=0.3)
    said = said.format(tmp_path)
    assert complaints == ([] if behave is None else [said])
    assert bond0.unseen == (f"what becomes of the bond, and the links below it: {said}",)
    assert (bond0.name, bond0.mode, bond0.lacp, bond0.up) == ("bond0", "balance-tcp", True, None)
    assert [port.name for port in bond0.ports] == ["eth0", "eth1", "eth9"]
    for port in bond0.ports:
        # What the database has of the links is what the switch saw last.
        assert (port.link, port.ifindex, port.missing) == (LinkView(), None, None)
        assert (port.collecting, port.distributing) == (None, None)
    assert bond0.ports[0].settings == {"lacp-port-id": "9"}


def test_a_switch_that_knows_no_statistics(tmp_path: Path) -> None:
    with switch(tmp_path, said(BONDS, LACP, None)) as places:
        (_, bond0), complaints = found(places)
    assert complaints == []
    assert [port.counters for port in bond0.ports] == [None, None, None]


def test_a_single_port_that_speaks_lacp(tmp_path: Path) -> None:
    with switch(tmp_path, said("", LACP, STATS), base=None) as places:
        (lag,), _ = found(places)
    assert (lag.name, lag.lacp, lag.mode, lag.up) == ("bond0", True, None, None)
    assert [port.distributing for port in lag.ports] == [None, None]


def test_without_a_switch_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert found(Places(ovs_run_dir=str(tmp_path / "nowhere"))) == ([], [])
    hostile.stale(tmp_path / "ovs-vswitchd.4711.ctl")
    hostile.stale(tmp_path / "ovsdb-server.4712.ctl")
    assert found(Places(ovs_run_dir=str(tmp_path))) == ([], [])


@pytest.mark.parametrize(
    ("mode", "status", "fallback", "enabled", "active"),
    [
        ("active-backup", "off", "false", [True, False], [True, False]),
        ("balance-slb", "off", "false", [True, True], [True, True]),
        # It must have LACP.
        ("balance-tcp", "off", "false", [False, False], [False, False]),
        ("balance-slb", "negotiated", "false", [True, True], [True, True]),
        ("active-backup", "negotiated", "false", [True, True], [True, False]),
        # LACP without a partner: nothing, or as active-backup.
        ("balance-tcp", "configured", "false", [False, False], [False, False]),
        ("balance-slb", "configured", "false", [False, False], [False, False]),
        ("balance-tcp", "configured", "true", [True, False], [True, False]),
        ("balance-slb", "configured", "true", [True, True], [True, False]),
    ],
)
def test_who_carries_traffic(
    tmp_path: Path,
    mode: str,
    status: str,
    fallback: str,
    enabled: list[bool],
    active: list[bool],
) -> None:
    text = (
        f"---- b ----\nbond_mode: {mode}\nlacp_status: {status}\nlacp_fallback_ab: {fallback}\n"
        "member e0: enabled\n  active member\n  may_enable: true\n"
        "member e1: enabled\n  may_enable: true\n"
        "member e2: disabled\n  may_enable: false\n"
    )
    with switch(tmp_path, said(text, "", ""), base=None) as places:
        (lag,), _ = found(places)
    assert [port.collecting for port in lag.ports] == [*enabled, False]
    assert [port.distributing for port in lag.ports] == [*active, False]
    assert lag.up is any(active)
