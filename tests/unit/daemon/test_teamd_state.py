"""The document of StateDump: as teamd's own, for the same set-up and the same history."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from lacp.address import Mac
from lacp.backends.memory import MemoryBackend, MemoryLink, connect
from lacp.config.document import Json
from lacp.daemon.host import Host as Interfaces
from lacp.daemon.options import Options
from lacp.daemon.team.team import Team
from lacp.daemon.teamd import methods
from lacp.daemon.teamd.state import DaemonFacts, state
from lacp.daemon.teamd.subject import TeamSubject
from lacp.dataplane.base import LacpPortState, LacpState
from lacp.dataplane.memory import MemoryDataplane
from lacp.info import PortInfo, PortState
from tests import reference
from tests.daemons import Host, World, conf, world

#: What the kernel would say.
INDEXES = {"team0": 7, "a0": 4, "a1": 6, "e1": 4, "e2": 6, "eth1": 4, "eth10": 5, "eth1.100": 6}
LINKS: dict[str, dict[str, Any]] = {
    "ethtool": {"delay_up": int, "delay_down": int},
    "arp_ping": {
        "source_host": str,
        "target_host": str,
        "interval": int,
        "init_wait": int,
        "missed_max": int,
        "missed": int,
        "validate_active": bool,
        "validate_inactive": bool,
        "send_always": bool,
    },
    "nsna_ping": {
        "target_host": str,
        "interval": int,
        "init_wait": int,
        "missed_max": int,
        "missed": int,
    },
    "tipc": {"tipc_bearer": str},
}
INFO = {
    "system_priority": int,
    "system": str,
    "key": int,
    "port_priority": int,
    "port": int,
    "state": int,
}
IFINFO = {"ifindex": int, "ifname": str, "dev_addr": str, "dev_addr_len": int}


class Machine(Host):
    """A host whose interfaces have numbers, and a team with its subject."""

    def __init__(self, world: World, directory: Path, **options: Any) -> None:
        super().__init__(world, directory)
        self.service.host = Interfaces(ifindex=INDEXES.get)
        self.service.options = Options(run_dir=str(directory), dataplane="memory", **options)
        self.cables: dict[str, MemoryLink] = {}
        #: The other end of cables that lead to no team.
        self.nowhere = MemoryBackend()
        world.hosts.append(self)

    def begin(self, text: str) -> Team:
        """Start a team whose ports have cables to nowhere, unless they have one already."""
        for port in json.loads(text).get("ports", {}):
            if port not in self.cables:
                self.nowhere.add(f"far-{port}")
                self.cables[port] = connect(self.backend, port, self.nowhere, f"far-{port}")
        return self.start(text)

    @cached_property
    def subject(self) -> TeamSubject:
        return TeamSubject(self.service, self.team(), "/run/teamd/team0.pid")

    def state(self) -> dict[str, Any]:
        return state(self.team(), DaemonFacts(debug_level=0, pid_file="/run/teamd/team0.pid"))

    def ask(self, method: str, *arguments: str) -> str | None:
        return methods.call(self.subject, method, arguments)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Callable[..., Machine]]:
    with world(tmp_path) as there, ExitStack() as stack:

        def make(**options: Any) -> Machine:
            made = Machine(there, tmp_path / "a", **options)
            stack.enter_context(made.nowhere)
            return made

        yield make


def normal(document: dict[str, Any]) -> str:
    """A document as text, without what differs between any two runs of the same set-up."""

    def clean(path: str, value: Json) -> Json:
        if isinstance(value, dict):
            return {key: clean(f"{path}.{key}", inner) for key, inner in value.items()}
        if path.endswith((".pid", ".pid_file", ".dev_addr", ".system", ".missed", "_info.port")):
            return type(value).__name__
        if path == ".team_device.ifinfo.ifindex":
            return "int"
        return value

    cleaned = clean("", document)
    assert isinstance(cleaned, dict)
    return json.dumps(cleaned, indent=4, sort_keys=True)


def same_as_teamd(machine: Machine, case: str) -> None:
    real = reference.golden(f"teamd/{case}.state.json")
    assert normal(machine.state()) == normal(real)
    assert machine.ask("StateDump") == json.dumps(machine.state(), indent=4, sort_keys=True)


@pytest.mark.parametrize("case", ["rr", "bc", "rnd", "lb", "ab_ethtool"])
def test_runners_without_a_partner(machine: Callable[..., Machine], case: str) -> None:
    config = json.dumps(reference.golden(f"teamd/{case}.config.json"))
    here = machine(daemonized=True)
    here.begin(config)
    here.world.run(1.0)
    same_as_teamd(here, case)


def test_lacp_with_its_partner(machine: Callable[..., Machine]) -> None:
    config = json.dumps(reference.golden("teamd/lacp.config.json"))
    here = machine(daemonized=True)
    there = here.world.host("b")
    for number in (0, 1):
        cable = here.world.cable(here, f"a{number}", there, f"b{number}")
        here.cables[f"a{number}"] = cable
    # The one with the lower address ranks the ports of both.
    low = {"system": "02:00:00:00:00:01"}
    text = json.loads(config)
    text["runner"] |= low
    here.begin(json.dumps(text))
    there.start(conf(ports=["b0", "b1"], fast_rate=True, system="02:00:00:00:00:02"))
    here.world.run(10.0)
    same_as_teamd(here, "lacp")


def test_neighbours_that_are_asked(machine: Callable[..., Machine]) -> None:
    config = json.dumps(reference.golden("teamd/ab_arp.config.json"))
    here = machine(daemonized=True)
    here.begin(config)
    sender = bytes.fromhex("020000000099")
    heading = bytes.fromhex("ffffffffffff") + sender + bytes.fromhex("0806 0001 0800 0604 0002")
    answer = heading + sender + bytes([192, 168, 23, 1]) + bytes(6) + bytes([192, 168, 23, 2])
    for step in range(60):
        here.nowhere.send("far-e1", answer)
        if step < 10:
            here.nowhere.send("far-e2", answer)
        here.world.run(0.1)
    same_as_teamd(here, "ab_arp")
    missed = here.state()["ports"]["e2"]["link_watches"]["list"]["link_watch_0"]["missed"]
    assert missed > 3


def paths(document: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf, under the path that teamdctl would ask for."""
    for key, value in document.items():
        name = f'"{key}"' if above == "ports." else key
        if isinstance(value, dict):
            yield from paths(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


EVERYTHING = {
    "device": "team0",
    "runner": {"name": "lacp", "active": False, "sys_prio": 7},
    "link_watch": [
        {"name": "arp_ping", "target_host": "192.0.2.1"},
        {"name": "nsna_ping", "target_host": "fe80::1"},
        {"name": "tipc", "tipc_bearer": "eth1"},
    ],
    "ports": {
        "eth1": {"link_watch": {"name": "ethtool", "delay_up": 3}, "lacp_key": 5},
        "eth10": {"lacp_prio": 9},
        "eth1.100": {},
    },
}


@pytest.mark.parametrize("runner", ["lacp", "activebackup", "loadbalance", "broadcast"])
def test_every_value_can_be_asked_for(machine: Callable[..., Machine], runner: str) -> None:
    here = machine(dbus=True)
    here.begin(json.dumps({**EVERYTHING, "runner": {"name": runner}}))
    here.world.run(5.0)
    found = dict(paths(here.state()))
    assert len(found) > 60
    for path, value in found.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        assert here.ask("StateItemValueGet", path) == text, path
        assert here.ask("StateItemValueGet", path.replace('"', "")) == text, path


def test_every_key_is_there_with_its_type(machine: Callable[..., Machine]) -> None:
    here = machine(dbus=True)
    here.begin(json.dumps(EVERYTHING))
    here.world.run(5.0)
    document = here.state()
    assert types(document["setup"]) == {
        "runner_name": str,
        "kernel_team_mode_name": str,
        "dbus_enabled": bool,
        "zmq_enabled": bool,
        "debug_level": int,
        "daemonized": bool,
        "pid": int,
        "pid_file": str,
    }
    assert types(document["team_device"]) == {"ifinfo": IFINFO}
    assert types(document["runner"]) == {
        "active": bool,
        "sys_prio": int,
        "fast_rate": bool,
        "select_policy": str,
    }
    assert document.keys() == {"setup", "team_device", "runner", "ports"}
    for port in document["ports"].values():
        assert port.keys() == {"ifinfo", "link", "link_watches", "runner"}
        assert types(port["ifinfo"]) == IFINFO
        assert types(port["link"]) == {"up": bool, "speed": int, "duplex": str}
        assert types(port["runner"]) == {
            "selected": bool,
            "aggregator": {"id": int, "selected": bool},
            "state": str,
            "key": int,
            "prio": int,
            "actor_lacpdu_info": INFO,
            "partner_lacpdu_info": INFO,
        }
        watches = port["link_watches"]
        assert types(watches) | {"list": {}} == {"up": bool, "list": {}}
        for watch in watches["list"].values():
            common: dict[str, Any] = {"name": str, "up": bool, "down_count": int}
            assert types(watch) == common | LINKS[watch["name"]]
    names = [w["name"] for w in document["ports"]["eth1"]["link_watches"]["list"].values()]
    assert sorted(names) == sorted(LINKS)


def types(document: dict[str, Any]) -> dict[str, Any]:
    return {
        key: types(value) if isinstance(value, dict) else type(value)
        for key, value in document.items()
    }


def test_there_is_no_key_for_what_there_is_not(machine: Callable[..., Machine]) -> None:
    here = machine()
    here.begin(json.dumps({"device": "team0", "runner": {"name": "random"}}))
    assert here.state().keys() == {"setup", "team_device"}
    assert here.state()["setup"]["pid"] == os.getpid()


@pytest.mark.parametrize("mode", ["roundrobin", "broadcast", "random", "loadbalance", "lacp"])
def test_the_mode_of_the_kernel(machine: Callable[..., Machine], mode: str) -> None:
    here = machine()
    here.begin(json.dumps({"device": "team0", "runner": {"name": mode}}))
    expected = "loadbalance" if mode == "lacp" else mode
    assert here.state()["setup"]["kernel_team_mode_name"] == expected


def test_a_port_without_carrier(machine: Callable[..., Machine]) -> None:
    here = machine()
    here.begin(conf(ports=["eth1", "eth10"]))
    here.world.run(1.0)
    here.cables["eth1"].set(up=False)
    here.world.run(1.0)
    port = here.state()["ports"]["eth1"]
    # What the driver of the kernel says of a link that is down.
    assert port["link"] == {"up": False, "speed": 0, "duplex": "half"}
    assert port["link_watches"]["up"] is False
    assert port["runner"]["state"] == "disabled"
    assert port["runner"]["aggregator"] == {"id": 0, "selected": False}
    watch = port["link_watches"]["list"]["link_watch_0"]
    assert (watch["up"], watch["down_count"]) == (False, 1)


def test_the_states_of_a_port_that_hears_nobody(machine: Callable[..., Machine]) -> None:
    here = machine()
    here.begin(conf(ports=["eth1"], fast_rate=True))
    here.world.run(0.1)
    assert here.ask("StateItemValueGet", "ports.eth1.runner.state") == "expired"
    assert here.ask("StateItemValueGet", "ports.eth1.runner.selected") == "false"
    here.world.run(10.0)
    runner = here.state()["ports"]["eth1"]["runner"]
    assert (runner["state"], runner["selected"]) == ("defaulted", False)


def test_no_active_port_is_an_empty_one(machine: Callable[..., Machine]) -> None:
    here = machine()
    here.begin(conf(ports=["eth1", "eth10"], name="activebackup"))
    here.world.run(1.0)
    assert here.state()["runner"] == {"active_port": "eth1"}
    for cable in here.cables.values():
        cable.set(up=False)
    here.world.run(1.0)
    assert here.ask("StateItemValueGet", "runner.active_port") == ""


def test_the_active_port_is_set(machine: Callable[..., Machine]) -> None:
    here = machine()
    here.begin(conf(ports=["eth1", "eth10"], name="activebackup"))
    here.world.run(1.0)
    here.ask("StateItemValueSet", "runner.active_port", "eth10")
    assert here.ask("StateItemValueGet", "runner.active_port") == "eth10"
    with pytest.raises(methods.MethodError, match="ItemValueSetFail"):
        here.ask("StateItemValueSet", "runner.active_port", "eth9")
    here.cables["eth1"].set(up=False)
    here.world.run(1.0)
    with pytest.raises(methods.MethodError, match="ItemValueSetFail"):
        here.ask("StateItemValueSet", "runner.active_port", "eth1")


def test_an_aggregator_is_selected(machine: Callable[..., Machine]) -> None:
    here = machine()
    partners = [here.world.host(name) for name in ("b", "c")]
    for port, partner in zip(("eth1", "eth10"), partners, strict=True):
        here.cables[port] = here.world.cable(here, port, partner, "x")
    here.begin(conf(ports=["eth1", "eth10"], agg_select_policy="lacp_prio_stable"))
    for number, partner in enumerate(partners):
        partner.start(conf(ports=["x"], system=f"02:00:00:00:01:0{number}"))
    here.world.run(40.0)

    def selected() -> list[bool]:
        ports = here.state()["ports"].values()
        assert all(port["runner"]["selected"] for port in ports)
        ids = [port["runner"]["aggregator"]["id"] for port in ports]
        assert ids == [INDEXES["eth1"], INDEXES["eth10"]]
        return [port["runner"]["aggregator"]["selected"] for port in ports]

    first = selected()
    assert sorted(first) == [False, True]
    other = ("eth1", "eth10")[first.index(False)]
    here.ask("StateItemValueSet", f"ports.{other}.runner.aggregator.selected", "true")
    here.world.run(40.0)
    assert selected() == [not one for one in first]


def test_ports_come_and_go(machine: Callable[..., Machine]) -> None:
    here = machine()
    here.begin(conf(ports=["eth1", "eth10"], name="roundrobin"))
    here.world.run(1.0)
    here.ask("PortRemove", "eth1")
    assert [*here.state()["ports"]] == ["eth10"]
    with pytest.raises(methods.MethodError, match="NoSuchDev"):
        here.ask("PortRemove", "eth1")
    actual = json.loads(here.ask("ConfigDumpActual") or "")
    assert [*actual["ports"]] == ["eth10"]
    # What was configured stays, with the default that teamd wrote into it.
    assert json.loads(here.ask("ConfigDump") or "")["ports"]["eth1"] == {
        "link_watch": {"name": "ethtool"}
    }
    here.ask("PortAdd", "eth1")
    here.world.run(1.0)
    assert {*here.state()["ports"]} == {"eth1", "eth10"}
    with pytest.raises(methods.MethodError, match="NoSuchDev"):
        here.ask("PortAdd", "eth7")


def test_what_is_configured_for_a_port_is_replaced(machine: Callable[..., Machine]) -> None:
    here = machine()
    here.begin(conf(ports={"eth1": {}, "eth10": {}}, name="activebackup"))
    here.world.run(1.0)
    assert here.state()["runner"]["active_port"] == "eth1"
    here.ask("PortConfigUpdate", "eth10", '{"prio": 100}')
    here.world.run(1.0)
    assert here.state()["runner"]["active_port"] == "eth10"
    for wrong in ("{", "[]", '{"prio": 1, "prio": 2}', '{"prio": "high"}'):
        with pytest.raises(methods.MethodError, match="ConfigUpdateFail"):
            here.ask("PortConfigUpdate", "eth10", wrong)
    assert json.loads(here.ask("PortConfigDump", "eth10") or "")["prio"] == 100
    # A port that is to come: what NetworkManager does before it puts an interface into the team.
    here.ask("PortConfigUpdate", "eth1.100", '{"prio": 7}')
    assert json.loads(here.ask("ConfigDump") or "")["ports"]["eth1.100"] == {"prio": 7}
    assert "eth1.100" not in json.loads(here.ask("ConfigDumpActual") or "")["ports"]


def test_addresses_are_those_of_the_moment(machine: Callable[..., Machine]) -> None:
    here = machine()
    team = here.begin(conf(ports=["eth1"], name="roundrobin", hwaddr="02:11:22:33:44:55"))
    here.world.run(1.0)
    document = here.state()
    assert document["team_device"]["ifinfo"]["dev_addr"] == "02:11:22:33:44:55"
    assert document["team_device"]["ifinfo"]["ifindex"] == INDEXES["team0"]
    link = team.links["eth1"]
    assert document["ports"]["eth1"]["ifinfo"]["dev_addr"] == str(Mac(link.address))


class Driven(MemoryDataplane):
    """A dataplane whose driver speaks LACP."""

    said: LacpState | None = None

    def lacp_state(self) -> LacpState | None:
        return self.said


def test_lacp_of_the_driver(machine: Callable[..., Machine]) -> None:
    here, plane = machine(), Driven()
    here.service._planes = lambda name, setup: plane
    here.begin(conf(ports=["eth1", "eth10", "eth1.100"], dataplane="bond", lacp_by="driver"))
    here.world.run(1.0)
    everything = here.state()["ports"]
    assert {port["runner"]["state"] for port in everything.values()} == {"disabled"}
    assert types(everything["eth1"]["runner"])["actor_lacpdu_info"] == INFO
    own, other = Mac.parse("02:00:00:00:00:01"), Mac.parse("02:00:00:00:00:02")
    partner = PortInfo(1, other, 2, 3, 4, PortState(0x3D))
    plane.said = LacpState(
        7,
        {
            "eth1": LacpPortState(7, PortInfo(65535, own, 15, 255, 2, PortState(0x3D)), partner),
            "eth10": LacpPortState(7, PortInfo(65535, own, 15, 255, 1, PortState(0x8D)), partner),
            "eth1.100": LacpPortState(
                8, PortInfo(65535, own, 15, 255, 3, PortState(0x45)), PortInfo()
            ),
        },
    )
    found = {name: port["runner"] for name, port in here.state()["ports"].items()}
    assert [port["state"] for port in found.values()] == ["current", "expired", "defaulted"]
    lead = {"id": INDEXES["eth10"], "selected": True}
    assert found["eth1"]["aggregator"] == found["eth10"]["aggregator"] == lead
    assert found["eth1.100"]["aggregator"] == {"id": 0, "selected": False}
    assert found["eth1"]["partner_lacpdu_info"]["system"] == str(other)
    assert found["eth1"]["actor_lacpdu_info"]["state"] == 0x3D
