"""`lacpctl set`: what it says, to whom it goes, and who else could do it."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from lacp.cli import foreign, setting
from lacp.cli.commands.set import text
from lacp.cli.lacpctl import main
from lacp.cli.output import Screen
from lacp.daemon.setting import settable
from lacp.inspect.survey import Seen
from lacp.picture.model import LagView
from tests.unit.cli.fake_lacpd import Serve, fake_lacpd, line

OTHERS = [
    LagView(name="bond0", source="bond"),
    LagView(name="bond0.5", source="bond"),
    LagView(name="team5", source="teamd"),
    LagView(name="team6", source="team"),
    LagView(name="br bond", source="ovs"),
]


@pytest.fixture(autouse=True)
def run_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty run directory, and LAGs of others beside it."""
    monkeypatch.setenv("LACPD_RUN_DIR", str(tmp_path))
    monkeypatch.setattr(foreign, "survey", lambda places: Seen(lags=list(OTHERS)))
    return tmp_path


class Teams:
    """Sockets of teams, and what was asked at them."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.warnings: list[str] = []

    def serve(self, team: str) -> Serve:
        """Agrees to everything."""

        def serve(connection: Any) -> None:
            with connection.makefile("rwb") as stream:
                while octets := stream.readline():
                    request = json.loads(octets)
                    self.asked.append((team, request))
                    stream.write(line({"version": 1, "ok": True, "lag": team, **self._answer()}))
                    stream.flush()

        return serve

    def _answer(self) -> dict[str, Any]:
        listed = {"path": "runner.min_ports", "value": 1, "says": "fewer and it has no carrier"}
        return {
            "path": "runner.fast_rate",
            "old": False,
            "new": True,
            "effect": "we ask the partner",
            "holds": "until the next start",
            "warnings": self.warnings,
            "settings": [listed],
        }


@pytest.fixture
def teams(run_dir: Path) -> Iterator[Teams]:
    """Teams team0 and team0.1."""
    made = Teams()
    with (
        fake_lacpd(run_dir / "team0.sock", made.serve("team0")),
        fake_lacpd(run_dir / "team0.1.sock", made.serve("team0.1")),
    ):
        yield made


@pytest.fixture
def one(run_dir: Path) -> Iterator[Teams]:
    """Team team0."""
    made = Teams()
    with fake_lacpd(run_dir / "team0.sock", made.serve("team0")):
        yield made


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """The exit code, and what was printed and complained."""
    code = main(["set", *words])
    out, err = capsys.readouterr()
    return code, out, err


def refused(capsys: pytest.CaptureFixture[str], *words: str, code: int = 1) -> str:
    """The one line that says why not."""
    found, out, err = said(capsys, *words)
    assert (found, out, err.count("\n")) == (code, "", 1)
    return err.removeprefix("lacpctl: ").rstrip()


def test_what_it_was_what_it_is_and_what_that_does(
    one: Teams, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said(capsys, "runner.fast_rate", "true")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "team0 runner.fast_rate false -> true: we ask the partner",
        "holds until the next start",
    ]
    assert one.asked[0][1]["value"] is True


def test_json(one: Teams, capsys: pytest.CaptureFixture[str]) -> None:
    # Options stand where fingers put them.
    for words in (
        ("runner.fast_rate", "true", "--json"),
        ("runner.fast_rate", "--json", "true"),
        ("--json", "runner.fast_rate", "true"),
    ):
        code, out, _ = said(capsys, *words)
        assert code == 0
        assert json.loads(out) == {
            "version": 1,
            "lag": "team0",
            "path": "runner.fast_rate",
            "old": False,
            "new": True,
            "effect": "we ask the partner",
            "holds": "until the next start",
            "warnings": [],
        }


def test_what_of_a_value_has_no_effect(one: Teams, capsys: pytest.CaptureFixture[str]) -> None:
    one.warnings = ["ports.a1.link_watch.x: unknown"]
    code, out, err = said(capsys, "ports.a1.link_watch", '{"name": "ethtool", "x": 1}')
    assert code == 0
    assert out
    assert err == "lacpctl: ports.a1.link_watch.x: unknown\n"


@pytest.mark.parametrize(
    ("typed", "value"),
    [("3", 3), ("-3", -3), ("null", None), ("eth1", "eth1"), ("02:00:00:00:00:01",) * 2, ("", "")],
)
def test_values_are_json_or_words(
    one: Teams, capsys: pytest.CaptureFixture[str], typed: str, value: Any
) -> None:
    assert said(capsys, "runner.x", typed)[0] == 0
    assert one.asked[0][1]["value"] == value


@pytest.mark.parametrize(
    ("path", "team"),
    [
        ("team0.runner.active", "team0"),
        ("team0.1.runner.active", "team0.1"),
        ("team0.ports.1.prio", "team0"),
        ("team0.hwaddr", "team0"),
        ("team0.nonsense", "team0"),
    ],
)
def test_the_team_is_the_one_that_is_named(
    teams: Teams, capsys: pytest.CaptureFixture[str], path: str, team: str
) -> None:
    assert said(capsys, path, "1")[0] == 0
    assert [name for name, request in teams.asked] == [team]


def test_of_several_teams_one_must_be_named(
    teams: Teams, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(capsys, "runner.active", "true", code=2) == (
        "set: 'runner.active' does not say which of several teams, team0, team0.1; "
        "expected TEAM.runner.active"
    )
    assert refused(capsys, "team7.runner.active", "true") == (
        "set: no team 'team7' here; there are team0, team0.1, bond0 (bond), bond0.5 (bond), "
        "team5 (teamd), team6 (team), br bond (ovs)"
    )
    assert teams.asked == []


def test_another_team_than_the_only_one(one: Teams, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, "team7.runner.active", "true").startswith("set: no team 'team7' here")
    # What no team is called like is wrong in another way, and lacpd knows in which.
    assert said(capsys, "runer.active", "true")[0] == 0
    assert one.asked[-1][1]["path"] == "runer.active"


def test_without_any_lacpd(run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = f"no lacpd is running: no socket in {run_dir}"
    assert refused(capsys, "runner.active", "true") == said
    assert refused(capsys) == said
    assert "ip link set dev bond0 type bond min_links 2" in refused(
        capsys, "bond0.runner.min_ports", "2"
    )


ELSEWHERE = {
    ("bond0.runner.fast_rate", "true"): (
        "bond0 is a bond of the kernel, lacpd cannot set it: ip link set dev bond0 down && "
        "ip link set dev bond0 type bond lacp_rate fast && ip link set dev bond0 up"
    ),
    ("bond0.miimon", "50"): "ip link set dev bond0 type bond miimon 50",
    ("bond0.5.runner.sys_prio", "7"): "ip link set dev bond0.5 type bond ad_actor_sys_prio 7",
    ("bond0.runner.active_port", "eth1"): "ip link set dev bond0 type bond active_slave eth1",
    ("bond0.ports.eth1.queue_id", "2"): "ip link set dev eth1 type bond_slave queue_id 2",
    ("bond0.ports.e$1.prio", "2"): "ip link set dev 'e$1' type bond_slave prio 2",
    ("bond0.runner.tx_hash", '["l3"]'): "ip link set dev bond0 type bond xmit_hash_policy POLICY",
    ("bond0.", "x"): "ip link set dev bond0 type bond OPTION VALUE",
    ("team5.runner.active_port", "eth1"): (
        "team5 is a team of teamd, lacpd cannot set it: "
        "teamdctl team5 state item set runner.active_port eth1"
    ),
    ("team5.ports.eth1.prio", "7"): "teamdctl team5 port config update eth1 '{\"prio\": 7}'",
    ("team5.runner.fast_rate", "true"): "fast_rate in its configuration, then start teamd again",
    ("team6.runner.fast_rate", "true"): "teamnl team6 setoption",
    ("br bond.runner.fast_rate", "false"): (
        "ovs-vsctl set port 'br bond' other_config:lacp-time=slow"
    ),
    ("br bond.runner.active", "true"): "ovs-vsctl set port 'br bond' lacp=active",
    ("br bond.ports.p1.lacp_key", "3"): (
        "ovs-vsctl set interface p1 other_config:lacp-aggregation-key=3"
    ),
    ("br bond.runner.active_port", "p1"): "ovs-appctl bond/set-active-slave 'br bond' p1",
    ("br bond.x", "1"): "ovs-vsctl set port 'br bond' COLUMN=VALUE",
}


@pytest.mark.parametrize(("path", "value"), ELSEWHERE)
def test_who_else_could_do_it(
    one: Teams, capsys: pytest.CaptureFixture[str], path: str, value: str
) -> None:
    assert ELSEWHERE[path, value] in refused(capsys, path, value)
    assert one.asked == []


def test_the_list(teams: Teams, capsys: pytest.CaptureFixture[str]) -> None:
    for words in ((), ("--list",)):
        code, out, _ = said(capsys, *words)
        assert code == 0
        assert out.splitlines() == [
            "team0.runner.min_ports 1",
            "    fewer and it has no carrier",
            "",
            "team0.1.runner.min_ports 1",
            "    fewer and it has no carrier",
        ]
    code, out, _ = said(capsys, "--list", "team0", "--json")
    (lag,) = json.loads(out)["lags"]
    assert (code, lag["name"], lag["settings"][0]["value"]) == (0, "team0", 1)
    assert "no team 'team7' here" in refused(capsys, "--list", "team7")
    assert "bond0 is a bond of the kernel" in refused(capsys, "--list", "bond0")


def test_what_keys_mean_is_whole_and_said_once_of_what_ports_have_in_common() -> None:
    says = "the port priority: the lower number is used first, where a limit keeps some of them out"
    settings = [
        {"path": f"ports.eth{number}.lacp_prio", "value": 255, "says": says} for number in (1, 2)
    ]
    data = {"lags": [{"name": "team0", "settings": settings}]}
    lines = list(text(data, Screen(StringIO(), {}, width=60), Namespace()))
    assert all(len(line) <= 60 for line in lines)
    first, second = (f"team0.ports.eth{number}.lacp_prio 255" for number in (1, 2))
    assert (lines[0], lines[-1]) == (first, second)
    assert " ".join(line.strip() for line in lines[1:-1]) == says


def test_what_is_no_list(
    run_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    teams = Teams()
    monkeypatch.setattr(teams, "_answer", lambda: {"settings": [1]})
    with fake_lacpd(run_dir / "team0.sock", teams.serve("team0")):
        code, _, err = said(capsys)
    assert (code, err.count("\n")) == (1, 1)
    assert "this is no list that lacpctl understands" in err


def test_what_a_path_begins_with_is_what_lacpd_takes() -> None:
    assert {*setting.FIRST_WORDS} == {"runner", "ports", *settable.TOP_KEYS}
