"""The real teamdctl: every command on every runner, and that lacpd answers as teamd does."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lacp.config.words import RUNNERS
from tests.daemons import conf
from tests.interop import guest
from tests.interop.daemon import lacpd
from tests.interop.netns import namespaces, veth
from tests.interop.teamdctl import Answer, Teamdctl
from tests.interop.teamdctl_script import CASES, TALKATIVE, both
from tests.lab import need_teamd

pytestmark = [pytest.mark.interop, pytest.mark.guest]

REFUSED = 'Error message received: "{}"'
Rule = Callable[[str, str, str], tuple[str, str]]


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, list[tuple[str, Answer]]]]:
    """What teamd and lacpd say in one guest, by case."""
    need_teamd()
    done = guest.run(
        both, {"cases": list(CASES)}, modules=[*guest.TEAM_MODULES, "bridge"], timeout=900
    )
    return {
        case: {who: [(line, Answer(*rest)) for line, *rest in said] for who, said in sides.items()}
        for case, sides in done.result.items()
    }


# Where lacpd differs on purpose, and what differs between any two runs. Each rule takes from the
# teamd's text and lacpd's what it is about; a rule that nothing is left without is no rule.


def in_both(pattern: str, replacement: str = "*") -> Rule:
    """What this pattern finds is not compared."""

    def rule(line: str, teamd: str, lacpd: str) -> tuple[str, str]:
        return re.sub(pattern, replacement, teamd), re.sub(pattern, replacement, lacpd)

    return rule


def in_lacpd(pattern: str, replacement: str) -> Rule:
    """What this pattern finds is what teamd says elsewise, or does not say."""

    def rule(line: str, teamd: str, lacpd: str) -> tuple[str, str]:
        return teamd, re.sub(pattern, replacement, lacpd)

    return rule


def done_by_lacpd(line: str, refusal: str) -> Rule:
    """teamd refuses this command, and lacpd does it."""

    def rule(said: str, teamd: str, lacpd: str) -> tuple[str, str]:
        if said != line or REFUSED.format(refusal) not in teamd or lacpd != "0\n":
            return teamd, lacpd
        return "", ""

    return rule


WATCHER = r'"link_watch": \{\s+"name": "ethtool"\s+\},\s+("prio": 7)'
DIFFERENCES: dict[str, Rule] = {
    "another process in a dump": in_both(r'"pid": \d+'),
    "another process in a view": in_both(r"PID: \d+"),
    "the directory under the name that it has since /var/run is a link": in_lacpd(
        r"(?<=[ \"])/run/teamd/", "/var/run/teamd/"
    ),
    "probes that are under way at the moment, in a dump": in_both(r'"missed": [01]\b'),
    "probes that are under way at the moment, in a view": in_both(r"missed packets: [01]/"),
    "a port keeps its LACP number when its interface gets another index, in a dump": in_both(
        r'("actor_lacpdu_info": \{\s+"key": \d+,\s+"port": )\d+', r"\1*"
    ),
    "a port keeps its LACP number when its interface gets another index, in a view": in_both(
        r"(actor LACPDU info:(?:\n.*){4}\n\s+port: )\d+", r"\1*"
    ),
    "escapes next to each other are understood": done_by_lacpd(
        r'port config update e0 {"prio": 7, "x": "a\\b"}', "InvalidArgs"
    ),
    "a port may be configured without a prio": done_by_lacpd(
        'port config update e0 {"sticky": true}', "ConfigUpdateFail"
    ),
    "the watcher that a port has by default is shown as long as it has it": in_lacpd(
        WATCHER, r"\1"
    ),
}


def shown(answer: Answer) -> str:
    return f"{answer.code}\n{answer.output}{answer.errors}"


def compared(
    line: str, teamd: Answer, lacpd: Answer, used: set[str] | None = None
) -> tuple[str, str]:
    """The two answers without what may differ; `used` gets the rules that took something."""
    left, right = shown(teamd), shown(lacpd)
    for why, rule in DIFFERENCES.items():
        if left == right:
            break
        new = rule(line, left, right)
        if used is not None and new != (left, right):
            used.add(why)
        left, right = new
    return left, right


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.xdist_group("guest-teamdctl")
class TestBesideTeamd:
    @pytest.mark.parametrize("case", CASES)
    def test_lacpd_answers_as_teamd(self, case: str, answers: dict[str, Any]) -> None:
        sides = answers[case]
        assert len(sides["teamd"]) > 30
        found = []
        for (line, teamd), (again, own) in zip(sides["teamd"], sides["lacpd"], strict=True):
            assert line == again
            left, right = compared(line, teamd, own)
            diff = difflib.unified_diff(left.split("\n"), right.split("\n"), "teamd", "lacpd", n=2)
            if left != right:
                found.append("\n".join([f"teamdctl team0 {line}", *diff]))
        assert not found, "\n\n".join(found)

    def test_every_difference_is_one(self, answers: dict[str, Any]) -> None:
        used: set[str] = set()
        for sides in answers.values():
            for (line, teamd), (_, own) in zip(sides["teamd"], sides["lacpd"], strict=True):
                compared(line, teamd, own, used)
        assert used | {why for why in DIFFERENCES if "at the moment" in why} == {*DIFFERENCES}

    def test_the_commands_were_understood(self, answers: dict[str, Any]) -> None:
        said = dict(answers[TALKATIVE]["lacpd"])
        assert json.loads(said["config dump"].ok)["runner"]["name"] == "lacp"
        assert "ports" not in json.loads(said["config dump noports"].ok)
        assert said["state item get setup.runner_name"].ok == "lacp\n"
        assert said["port present e0"].code == 0
        assert said["port present e9"].code == 1
        assert 'Unknown command "frobnicate".' in said["frobnicate"].errors
        assert REFUSED.format("PathDoesNotExist") in said["state item get nothing"].errors


# Without a guest: a bridge lends its name, and user frames are carried by nobody.


@pytest.fixture(params=RUNNERS)
def runner(request: pytest.FixtureRequest) -> Iterator[tuple[str, Teamdctl]]:
    """A runner with two ports, and a teamdctl for it."""
    need_teamd()
    with namespaces(2) as (here, there):
        here.ip("link add team0 type bridge")
        for number in (0, 1):
            veth(here, f"e{number}", there, f"p{number}")
        text = conf(ports=["e0", "e1"], name=request.param)
        with lacpd(here, text, "--dataplane", "memory") as daemon:
            yield request.param, Teamdctl(here, daemon.directory / "teamd")


def test_every_command(runner: tuple[str, Teamdctl]) -> None:
    name, ctl = runner
    document = json.loads(ctl("state", "dump").ok)
    assert document["setup"]["runner_name"] == name
    assert [*document["ports"]] == ["e0", "e1"]
    assert "  e1\n" in ctl("state").ok
    assert ctl("state", "view").ok == ctl("state").ok
    assert "ethtool link: 10000mbit/fullduplex/up" in ctl("state", "view", "-v").ok
    config = json.loads(ctl("config", "dump").ok)
    assert config["runner"]["name"] == name
    assert json.loads(ctl("config", "dump", "actual").ok)["ports"] == config.pop("ports")
    assert json.loads(ctl("config", "dump", "noports").ok) == config
    assert ctl("state", "item", "get", "ports.e0.link.speed").ok == "10000\n"
    assert ctl("state", "item", "set", "setup.debug_level", "1").ok == ""
    assert ctl("state", "item", "get", "setup.debug_level").ok == "1\n"
    assert ctl("port", "config", "update", "e0", '{\n"prio": 9\n}').ok == ""
    assert json.loads(ctl("port", "config", "dump", "e0").ok)["prio"] == 9
    assert ctl("port", "remove", "e1").ok == ""
    assert ctl("port", "present", "e1").code == 1
    assert ctl("port", "add", "e1").ok == ""
    assert ctl("port", "present", "e1").code == 0


def test_what_cannot_be(runner: tuple[str, Teamdctl]) -> None:
    _, ctl = runner
    for line, code in {
        "state item get nothing": "PathDoesNotExist",
        "state item get ports.e.link.up": "PathDoesNotExist",
        "state item get ports.e0": "ItemValueGetFail",
        "state item set setup.pid 1": "OpNotSupp",
        "state item set setup.debug_level much": "ItemValueSetFail",
        "port add nobody": "NoSuchDev",
        "port add lo": "PortAddFail",
        "port remove nobody": "NoSuchDev",
        "port config update nobody {}": "NoSuchDev",
        "port config update e0 {": "ConfigUpdateFail",
        "port config dump nobody": "NoSuchDev",
        "port config dump lo": "ConfigDumpFail",
    }.items():
        answer = ctl(*line.split())
        assert answer.code == 1, line
        assert REFUSED.format(code) in answer.errors, line


def test_names_are_taken_to_the_letter() -> None:
    need_teamd()
    with namespaces(2) as (here, there):
        here.ip("link add team0 type bridge")
        names = ["e1", "e10", "e1.100", "e1.1"]
        for number, name in enumerate(names):
            veth(here, name, there, f"p{number}")
        text = conf(ports=names, name="roundrobin")
        with lacpd(here, text, "--dataplane", "memory") as daemon:
            ctl = Teamdctl(here, daemon.directory / "teamd")
            for name in names:
                for path in (f"ports.{name}.ifinfo.ifname", f'ports."{name}".ifinfo.ifname'):
                    assert ctl("state", "item", "get", path).ok == f"{name}\n"
            assert ctl("state", "item", "get", "ports.e.ifinfo.ifname").code == 1
            assert ctl("port", "remove", "e1").ok == ""
            assert ctl("port", "present", "e1").code == 1
            assert ctl("port", "present", "e10").code == 0
            assert ctl("port", "config", "update", "e1.100", '{"prio": 4}').ok == ""
            assert json.loads(ctl("port", "config", "dump", "e1.100").ok)["prio"] == 4


def test_a_team_whose_state_is_longer_than_a_send_buffer() -> None:
    need_teamd()
    with namespaces(1) as (here,):
        pairs = range(100)
        here.ip_batch([f"link add a{n} type veth peer name b{n}" for n in pairs])
        here.ip_batch(["link add team0 type bridge"])
        ports = [f"{end}{n}" for n in pairs for end in "ab"]
        with lacpd(here, conf(ports=ports), "--dataplane", "memory") as daemon:
            ctl = Teamdctl(here, daemon.directory / "teamd")
            answer = ctl("state", "dump")
            assert len(answer.ok) > 250_000
            assert {*json.loads(answer.ok)["ports"]} == {*ports}
