"""Bonds of Open vSwitch: its texts of several releases, its database, and its sockets."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from lacp.address import Mac
from lacp.errors import BackendError
from lacp.info import PortState
from lacp.inspect import jsonrpc, ovs, ovs_database, ovs_texts
from lacp.inspect.survey import Places
from lacp.link import Duplex
from lacp.picture.model import End, LagView, LinkView, Machines, SystemId
from tests import hostile
from tests.hostile import listening

BONDS = """---- bond0 ----
bond_mode: balance-tcp
bond may use recirculation: yes, Recirc-ID : 2
bond-hash-basis: 7
lb_output action: disabled, bond-id: -1
updelay: 100 ms
downdelay: 200 ms
next rebalance: 8891 ms
lacp_status: negotiated
lacp_fallback_ab: false
active-backup primary: <none>
something of next year: 1
active member mac: e2:98:24:ae:65:14(eth1)

member eth0: disabled
  updelay expires in 70 ms
  may_enable: true

member eth1: enabled
  active member
  may_enable: true
  hash 12: 40 kB load
  hash 200: 3 kB load

---- ab ----
bond_mode: active-backup
lacp_status: off

member eth2: enabled
  active member
  may_enable: true

member eth3: disabled
  may_enable: false

"""

LACP = """---- bond0 ----
  status: active negotiated
  sys_id: 02:00:00:00:00:01
  sys_priority: 65534
  aggregation key: 5
  lacp_time: fast

member: eth0: current attached
  port_id: 2
  port_priority: 65535
  may_enable: true

  actor sys_id: 02:00:00:00:00:01
  actor sys_priority: 65534
  actor port_id: 2
  actor port_priority: 65535
  actor key: 5
  actor state: activity timeout aggregation synchronized collecting distributing

  partner sys_id: 02:00:00:00:00:77
  partner sys_priority: 100
  partner port_id: 4
  partner port_priority: 255
  partner key: 3
  partner state: activity aggregation

member: eth1: defaulted detached
  port_id: 1
  port_priority: 65535
  may_enable: false

  actor sys_id: 02:00:00:00:00:01
  actor sys_priority: 65534
  actor port_id: 1
  actor port_priority: 65535
  actor key: 5
  actor state: activity timeout aggregation defaulted

  partner sys_id: 00:00:00:00:00:00
  partner sys_priority: 0
  partner port_id: 0
  partner port_priority: 0
  partner key: 0
  partner state:
"""

STATS = """---- bond0 statistics ----

member: eth0:
  TX PDUs: 12
  RX PDUs: 11
  RX Bad PDUs: 2
  RX Marker Request PDUs: 3
  Link Expired: 4
  Link Defaulted: 5
  Carrier Status Changed: 6
  Of Next Year: 9

member: eth1:
  TX PDUs: 1
"""


def test_a_bond_as_bond_show_has_it() -> None:
    found = ovs_texts.bonds(BONDS)
    assert list(found) == ["bond0", "ab"]
    assert found["bond0"].settings == {
        "bond_mode": "balance-tcp",
        "bond may use recirculation": True,
        "bond-hash-basis": 7,
        "lb_output action": False,
        "updelay": 100,
        "downdelay": 200,
        "next rebalance": 8891,
        "lacp_status": "negotiated",
        "lacp_fallback_ab": False,
    }
    eth0, eth1 = found["bond0"].members["eth0"], found["bond0"].members["eth1"]
    assert (eth0.enabled, eth0.active, eth0.may_enable, eth0.delays) == (
        *(False, False, True),
        {"updelay": 0.07},
    )
    assert (eth1.enabled, eth1.active, eth1.loads) == (True, True, {"12": 40, "200": 3})


def test_lacp_as_lacp_show_has_it() -> None:
    found = ovs_texts.lacps(LACP)["bond0"]
    assert found.active is True
    assert found.actor == SystemId(
        system_priority=65534, system=Mac.parse("02:00:00:00:00:01"), key=5
    )
    eth0, eth1 = found.members["eth0"], found.members["eth1"]
    assert (eth0.status, eth0.attached, eth0.may_enable) == ("current", True, True)
    assert (eth1.status, eth1.attached, eth1.may_enable) == ("defaulted", False, False)
    assert eth0.end("partner") == End(
        system_priority=100,
        system=Mac.parse("02:00:00:00:00:77"),
        key=3,
        port_priority=255,
        port=4,
        state=PortState.ACTIVITY | PortState.AGGREGATION,
    )
    nobody = eth1.end("partner")
    assert nobody is not None
    assert not nobody.known
    assert nobody.state == PortState(0)


def test_counters_have_the_names_of_all_sources() -> None:
    assert ovs_texts.counters(STATS) == {
        "bond0": {
            "eth0": {
                "lacpdus_tx": 12,
                "lacpdus_rx": 11,
                "illegal_rx": 2,
                "marker_pdus_rx": 3,
                "link_expired": 4,
                "link_defaulted": 5,
                "carrier_status_changed": 6,
            },
            "eth1": {"lacpdus_tx": 1},
        }
    }


def old(text: str) -> str:
    """A text as releases up to 2.14 had it; those up to 2.9 indented with tabs."""
    return text.replace("member", "slave").replace("\n  ", "\n\t")


def test_older_releases_say_the_same_in_other_words() -> None:
    assert ovs_texts.bonds(old(BONDS)) == ovs_texts.bonds(BONDS)
    assert ovs_texts.lacps(old(LACP)) == ovs_texts.lacps(LACP)
    assert ovs_texts.counters(old(STATS)) == ovs_texts.counters(STATS)


@pytest.mark.parametrize("text", ["", "no such bond", "---- x ----", "member e0: enabled\n"])
def test_what_is_not_said_is_not_known(text: str) -> None:
    assert all(not bond.members for bond in ovs_texts.bonds(text).values())
    for lacp in ovs_texts.lacps(text).values():
        assert (lacp.active, lacp.actor) == (None, SystemId())
    assert not any(ovs_texts.counters(text).values())


def test_values_that_are_none_are_not_known() -> None:
    text = (
        "---- x ----\n  sys_id: here\n  sys_priority: many\n  aggregation key: none\n"
        "member: e0: current attached\n  actor sys_id: 02:00\n  actor key: 1e9\n"
        "  actor state: activity wild\n"
    )
    (found,) = ovs_texts.lacps(text).values()
    assert found.actor == SystemId()
    assert found.members["e0"].end("actor") == End(state=PortState.ACTIVITY)
    assert found.members["e0"].end("partner") is None


# The protocol.


def whole(text: str, calls: int = 2) -> list[jsonrpc.Reply] | None:
    return jsonrpc.replies(calls)([text.encode()])


def test_replies_are_told_apart_by_their_numbers() -> None:
    text = '{"id":1,"result":"b","error":null} {"id":0,"result":null,"error":"no"}\n'
    assert whole(text) == [jsonrpc.Reply(None, "no"), jsonrpc.Reply("b", None)]
    echo = '{"id":0,"method":"echo","params":[]}'
    assert whole(echo + text) == whole(text)


def test_an_answer_cut_anywhere_is_not_whole_yet() -> None:
    text = '{"id":1,"result":"b\\n\\u00e4}","error":null}{"id":0,"result":[true,{"a":-1.5e3}]}'
    assert whole(text) is not None
    for cut in range(len(text)):
        assert whole(text[:cut]) is None


DEEP = ["[" * 100_000, '{"a":' * 100_000]


@pytest.mark.parametrize(
    "text", ["hello, what do you want?", "[1]", "{]   this goes on", "9" * 5000, *DEEP]
)
def test_garbage_is_called_that(text: str) -> None:
    with pytest.raises(BackendError, match="not Open vSwitch's protocol"):
        whole(text)


# The database.


def row(number: int, **columns: object) -> dict[str, object]:
    return {"_uuid": ["uuid", f"u{number}"], **columns}


def some(*values: object) -> list[object]:
    return ["set", list(values)]


TABLES = [
    {"rows": [{"name": "br0", "ports": some(["uuid", "u1"], ["uuid", "u2"])}]},
    {
        "rows": [
            row(
                1,
                name="bond0",
                interfaces=some(["uuid", "u11"], ["uuid", "u10"], ["uuid", "u12"]),
                bond_mode="balance-tcp",
                lacp="active",
                bond_updelay=100,
                bond_fake_iface=False,
                other_config=["map", [["lacp-time", "fast"], ["priority-tags", "x"]]],
            ),
            row(2, name="br0", interfaces=["uuid", "u99"], bond_mode=some()),
        ]
    },
    {
        "rows": [
            row(
                10,
                name="eth0",
                ifindex=4,
                admin_state="up",
                link_state="up",
                link_speed=10_000_000_000,
                duplex="full",
                mac_in_use="02:00:00:00:00:10",
                mtu=1500,
                link_resets=3,
                error=some(),
                other_config=["map", [["lacp-port-id", "9"]]],
            ),
            row(11, name="eth1", admin_state="up", link_state="down", link_speed=0, ifindex=0),
            row(12, name="eth9", error="could not open", link_state=some()),
        ]
    },
]


def test_a_bond_of_the_database() -> None:
    port = ovs_database.ports(TABLES)["bond0"]
    assert port.bridge == "br0"
    assert port.settings == {
        "bond_mode": "balance-tcp",
        "lacp": "active",
        "bond_updelay": 100,
        "bond_fake_iface": False,
        "lacp-time": "fast",
    }
    eth0, eth1, eth9 = port.interfaces
    assert eth0 == ovs_database.Interface(
        name="eth0",
        ifindex=4,
        link=LinkView(up=True, speed=10000, duplex=Duplex.FULL, admin_up=True),
        address=Mac.parse("02:00:00:00:00:10"),
        mtu=1500,
        settings={"link_resets": 3, "lacp-port-id": "9"},
    )
    assert (eth1.link, eth1.ifindex) == (LinkView(up=False, admin_up=True), None)
    assert (eth9.link, eth9.error) == (LinkView(), "could not open")


BAD: list[object] = [5, ["set"], ["set", 5], ["map"], ["map", [["a"]]], ["uuid", {}], {}]


@pytest.mark.parametrize(
    "result",
    [
        *(None, [], "x", [1, 2], [{"rows": [None, {}, {"name": 5}]}] * 3, [{"error": "no"}] * 3),
        *(
            [{"rows": [{"name": "x", "interfaces": bad, "other_config": bad, "ports": bad}]}] * 3
            for bad in BAD
        ),
    ],
)
def test_another_answer_of_the_database_is_no_bond(result: Any) -> None:
    assert not any(port.interfaces for port in ovs_database.ports(result).values())


# The whole reader, with sockets that say what those of a switch would.


def said(*texts: str | None) -> bytes:
    return b"".join(
        json.dumps({"id": n, "result": text, "error": None if text else "no command"}).encode()
        for n, text in enumerate(texts)
    )


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
