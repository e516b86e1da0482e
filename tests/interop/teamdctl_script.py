"""One conversation with teamdctl, held with teamd and with lacpd in a guest: everything it can ask.

The set-up is the same to the last index and address, so that what the two answer can be compared.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.interop.netns import Namespace, namespaces, need_link, veth
from tests.interop.teamdctl import Answer, Teamdctl
from tests.lab import need_teamd
from tests.waiting import until

PORTS = ("e0", "e1")
ROOT = Path(__file__).parents[2]

_ARP = {
    "name": "arp_ping",
    "interval": 100,
    "source_host": "192.0.2.2",
    "target_host": "192.0.2.1",
    "missed_max": 5,
}

#: Configurations, by what is special about them.
CASES: dict[str, dict[str, Any]] = {
    "broadcast": {"runner": {"name": "broadcast"}},
    "roundrobin": {"hwaddr": "02:11:22:33:44:55", "notify_peers": {"count": 2, "interval": 100}},
    "random": {"runner": {"name": "random"}, "ports": {"e1": {"queue_id": 3, "prio": 8}}},
    "loadbalance": {
        "runner": {"name": "loadbalance", "tx_hash": ["eth", "l3", "l4"]},
        "link_watch": [{"name": "ethtool"}],
    },
    "balancer": {
        "runner": {
            "name": "loadbalance",
            "tx_hash": ["eth"],
            "tx_balancer": {"name": "basic", "balancing_interval": 30},
        },
    },
    "activebackup": {
        "runner": {"name": "activebackup"},
        "link_watch": {"name": "ethtool", "delay_up": 50, "delay_down": 100},
        "ports": {"e0": {"prio": 100, "sticky": True}, "e1": {"prio": -10}},
    },
    "arp_ping": {
        "runner": {"name": "activebackup"},
        "link_watch": [_ARP, {"name": "ethtool"}],
        "ports": {"e0": {"prio": 10}, "e1": {"link_watch": {"name": "ethtool"}}},
    },
    "lacp": {
        "runner": {"name": "lacp", "active": True, "fast_rate": True, "sys_prio": 5},
        "ports": {"e0": {"lacp_prio": 10, "lacp_key": 3}, "e1": {"lacp_key": 3}},
    },
    "lacp_port_config": {
        "runner": {"name": "lacp", "agg_select_policy": "port_config", "fast_rate": True},
        "ports": {"e0": {"prio": 1}, "e1": {"prio": 2}},
        "nothing_of_teamd": {"kept": [1, 2.5, None]},
    },
}

GET = ("state", "item", "get")
SET = ("state", "item", "set")

_DUMPS: list[tuple[str, ...]] = [
    ("config", "dump"),
    ("config", "dump", "actual"),
    ("state", "view", "-v"),
    ("state", "dump"),
]
#: What is asked of every runner before anything is changed.
_LOOKS: list[tuple[str, ...]] = [
    *_DUMPS,
    ("config", "dump", "noports"),
    ("-o", "config", "dump"),
    ("state",),
    (*GET, "setup.kernel_team_mode_name"),
    (*GET, "team_device.ifinfo.dev_addr"),
    (*GET, "ports.e1.link_watches.list.link_watch_0.name"),
    (*GET, "ports.e0.runner.aggregator.id"),
    (*GET, "runner.active_port"),
    (*GET, "runner.sys_prio"),
    ("port", "present", "e0"),
    ("port", "present", "e9"),
    ("port", "config", "dump", "e1"),
]
#: What is asked of one: no runner has to do with it.
_MORE_LOOKS: list[tuple[str, ...]] = [
    ("state", "view"),
    (*GET, "setup.runner_name"),
    (*GET, "ports.e0.ifinfo.ifindex"),
    (*GET, 'ports."e1".link.up'),
    (*GET, "ports.e0"),
    (*GET, "ports.e0.link"),
    (*GET, "ports.nobody.link.up"),
    (*GET, "nothing"),
    ("port", "config", "dump", "e9"),
    ("port", "config", "dump", "lo"),
    ("c", "d", "n"),
    ("s", "i", "g", "setup.runner_name"),
    ("port",),
    ("port", "add"),
    (*SET, "setup.debug_level"),
    ("frobnicate",),
]
#: Stands for what the case says of the port, and another `prio`.
_UPDATE = "{...}"
#: Changes of every runner.
_CHANGES: list[tuple[str, ...]] = [
    (*SET, "setup.debug_level", "2"),
    (*GET, "setup.debug_level"),
    (*SET, "setup.debug_level", "0"),
    (*SET, "setup.pid", "1"),
    (*SET, "runner.active_port", "e1"),
    (*GET, "runner.active_port"),
    (*SET, "runner.active_port", "e9"),
    (*SET, "ports.e1.runner.aggregator.selected", "false"),
    (*SET, "ports.e1.runner.aggregator.selected", "true"),
    ("port", "config", "update", "e0", _UPDATE),
    ("port", "config", "dump", "e0"),
]
_MORE_CHANGES: list[tuple[str, ...]] = [
    (*SET, "setup.debug_level", "much"),
    (*SET, "nothing", "1"),
    (*SET, "ports.e1.link.up", "true"),
    (*SET, "ports.e1.runner.aggregator.selected", "perhaps"),
    ("port", "config", "update", "e9", "{}"),
    ("port", "config", "update", "e0", "{"),
    ("port", "config", "update", "e0", '{"prio": 7, "prio": 8}'),
    ("port", "config", "update", "e0", '{"prio": 7, "x": "a\\\\b"}'),
    ("port", "config", "update", "e0", '{"sticky": true}'),
    ("port", "add", "e9"),
    ("port", "add", "lo"),
    ("port", "remove", "e9"),
    ("port", "remove", "lo"),
]
_REMOVE: list[tuple[str, ...]] = [
    ("port", "remove", "e1"),
    ("port", "present", "e1"),
    ("port", "remove", "e1"),
    ("port", "config", "dump", "e1"),
    (*GET, "ports.e1.link.up"),
]
#: The case in which more is said.
TALKATIVE = "lacp"


def hold(who: str, case: str) -> list[tuple[str, Answer]]:
    """The whole conversation with `who` (teamd or lacpd) about one configuration."""
    need_teamd()
    with namespaces(2) as (here, there):
        need_link(here, "team", "the kernel's team driver")
        with _partner(here, there, case), _daemon(who, here, case):
            ctl = Teamdctl(here)
            _until_settled(ctl, PORTS, case)
            more = case == TALKATIVE
            said = _say(ctl, _LOOKS + _MORE_LOOKS * more + _MORE_CHANGES * more)
            said += _say(ctl, [tuple(_meant(word, case) for word in line) for line in _CHANGES])
            said += _say(ctl, _REMOVE)
            _until_settled(ctl, PORTS[:1], case)
            said += _say(ctl, [*_DUMPS, ("port", "add", "e1")])
            _until_settled(ctl, PORTS, case)
            return said + _say(ctl, [("port", "add", "e1"), *_DUMPS])


def both(cases: list[str]) -> dict[str, dict[str, list[tuple[str, int, str, str]]]]:
    """What teamd and lacpd answer, by case: command, exit code, output, errors."""
    return {
        case: {
            who: [(command, a.code, a.output, a.errors) for command, a in hold(who, case)]
            for who in ("teamd", "lacpd")
        }
        for case in cases
    }


def _meant(word: str, case: str) -> str:
    if word != _UPDATE:
        return word
    port = CASES[case].get("ports", {}).get("e0", {})
    # Not on one line, as NetworkManager's users write it.
    return "{\n" + json.dumps({**port, "prio": 7})[1:]


def _say(ctl: Teamdctl, commands: list[tuple[str, ...]]) -> list[tuple[str, Answer]]:
    """One command after the other, in one shell: to start one from here costs more than it does."""
    with tempfile.TemporaryDirectory() as directory:
        lines = [
            f"{shlex.join(['teamdctl', 'team0', *command])} >{n}.out 2>{n}.err; echo $? >{n}.code"
            for n, command in enumerate(commands)
        ]
        script = ctl.command(["sh", "-c", "\n".join(lines)])
        subprocess.run(script, cwd=directory, timeout=120, check=True)

        def read(number: int, what: str) -> str:
            return (Path(directory) / f"{number}.{what}").read_text()

        return [
            (" ".join(command), Answer(int(read(n, "code")), read(n, "out"), read(n, "err")))
            for n, command in enumerate(commands)
        ]


def _text(case: str) -> str:
    ports = {port: CASES[case].get("ports", {}).get(port, {}) for port in PORTS}
    return json.dumps({"device": "team0", **CASES[case], "ports": ports})


@contextmanager
def _partner(here: Namespace, there: Namespace, case: str) -> Iterator[None]:
    """Cables to a neighbour that answers ARP, and LACP where that is wanted."""
    there.ip("link add br0 type bridge")
    there.ip("address add 192.0.2.1/24 dev br0")
    there.ip("link set br0 up")
    lacp = case.startswith("lacp")
    for number, port in enumerate(PORTS):
        veth(here, port, there, f"p{number}")
        here.ip(f"link set {port} down")
        here.ip(f"link set {port} address 02:00:00:00:00:0{number + 1}")
        if not lacp:
            there.ip(f"link set p{number} master br0")
    if not lacp:
        yield
        return
    runner = {"name": "lacp", "fast_rate": True}
    text = json.dumps({"runner": runner, "hwaddr": "02:00:00:00:01:00", "ports": {}})
    for number in range(len(PORTS)):
        there.ip(f"link set p{number} down")
    command = ["teamd", "-t", "team1", "-c", text]
    with _running(there.command(*command)):
        ctl = Teamdctl(there)
        until(lambda: ctl("state", team="team1").code == 0, 30)
        for number in range(len(PORTS)):
            assert ctl("port", "add", f"p{number}", team="team1").code == 0
        there.ip("link set team1 up")
        yield


@contextmanager
def _daemon(who: str, here: Namespace, case: str) -> Iterator[None]:
    command = ["teamd"] if who == "teamd" else [sys.executable, "-m", "lacp.cli.lacpd"]
    with _running(here.command(*command, "-t", "team0", "-c", _text(case))):
        ctl = Teamdctl(here)
        until(lambda: ctl("state").code == 0, 30)
        here.ip("link set team0 up")
        yield


@contextmanager
def _running(command: list[str]) -> Iterator[None]:
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", *command], cwd=ROOT, stdin=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def _until_settled(ctl: Teamdctl, ports: tuple[str, ...], case: str) -> None:
    """Wait until these are the ports, and all that will happen has happened."""

    def settled() -> bool:
        answer = ctl("state", "dump")
        state = json.loads(answer.output) if answer.code == 0 else {}
        there = state.get("ports", {})
        if tuple(there) != ports:
            return False
        for port in there.values():
            if not port["link"]["up"] or not port["link_watches"]["up"]:
                return False
            watchers = port["link_watches"]["list"].values()
            if any(not watcher["up"] or watcher.get("missed", 0) > 1 for watcher in watchers):
                return False
            if case.startswith("lacp") and not _carries(port["runner"]):
                return False
        active: str = state.get("runner", {}).get("active_port", "?")
        return active != ""

    until(settled, 30)
    time.sleep(0.3 if case.startswith("lacp") else 0.1)


def _carries(runner: dict[str, Any]) -> bool:
    ends = (runner["actor_lacpdu_info"], runner["partner_lacpdu_info"])
    states: list[int] = [end["state"] for end in ends]
    return all(state & 0x38 == 0x38 for state in states)
