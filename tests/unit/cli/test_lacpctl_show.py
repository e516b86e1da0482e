"""`lacpctl show`, `neighbors` and `counters`: tables that fit, and documents as promised."""

import io
import json
import math
from pathlib import Path
from typing import Any

import pytest

from lacp.cli.commands import show
from lacp.cli.lacpctl import build_parser, main
from lacp.cli.output import Screen, age, printable
from lacp.cli.source import Shown
from lacp.info import PortState
from lacp.link import speed
from lacp.picture.model import LagView, counted
from lacp.picture.reading import read_lag
from lacp.wire.flags import BITS, LEGEND, letters
from tests.golden import Golden
from tests.unit.cli.documents import (
    ACTIVEBACKUP,
    FULL,
    MIXED,
    NOTHING,
    ROUNDROBIN,
    UNKNOWN,
    lag,
    port,
)
from tests.unit.cli.fake_lacpd import answering, fake_lacpd
from tests.unit.cli.interface import check_show

LAGS = {
    "mixed": MIXED,
    "full": FULL,
    "nothing": NOTHING,
    "unknown": UNKNOWN,
    "activebackup": ACTIVEBACKUP,
    "roundrobin": ROUNDROBIN,
}


def shown(document: dict[str, Any], *arguments: str, width: int = 80) -> str:
    """What `show` prints of one LAG."""
    return told(Screen(io.StringIO(), {}, width=width), view(document), *arguments)


def view(document: dict[str, Any]) -> LagView:
    return counted(read_lag(document))


def told(screen: Screen, lag: LagView, *arguments: str) -> str:
    args = build_parser().parse_args(["show", *arguments])
    data = printable(Shown(host="here", time="2026-01-01T00:00:00.000Z", lags=(lag,)))
    return "\n".join(show.text(data, screen, args)) + "\n"


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("name", LAGS)
def test_table(name: str, width: int, golden: Golden) -> None:
    table = shown(LAGS[name], width=width)
    assert all(len(line) <= width for line in table.splitlines())
    golden.check(table)


@pytest.mark.parametrize("name", LAGS)
def test_everything(name: str, golden: Golden) -> None:
    said = shown(LAGS[name], "-v")
    assert all(len(line) <= 80 for line in said.splitlines())
    golden.check(said)


def test_show_prints_the_lags_of_all_daemons(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        fake_lacpd(run_dir / "team0.sock", answering(MIXED)),
        fake_lacpd(run_dir / "bond.sock", answering(FULL)),
    ):
        assert main(["show"]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        for document in (FULL, MIXED):
            for line in shown(document).splitlines():
                assert line in out or line.startswith(("  !", "    "))
        assert out.index("bond-to-the-dc: ") < out.index("team0: ")


def within(given: Any, found: Any) -> Any:
    """What is found, without members that were not given; findings are made by lacpctl."""
    if isinstance(given, dict):
        return {
            name: value if name == "problems" else within(value, found[name])
            for name, value in given.items()
        }
    if isinstance(given, list):
        return [within(*both) for both in zip(given, found, strict=True)]
    return found


def test_json_keeps_to_the_interface(run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with fake_lacpd(run_dir / "team0.sock", answering(MIXED)):
        assert main(["show", "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        check_show(document)
        (found,) = document["lags"]
        assert within(MIXED, found) == MIXED


NAMES = {
    ("team0",): ["eth1", "eth2", "eth3", "enp129s0f0np0v1"],
    ("eth2",): ["eth2"],
    ("eth3", "eth1"): ["eth1", "eth3"],
    ("team0", "eth1"): ["eth1", "eth2", "eth3", "enp129s0f0np0v1"],
}


@pytest.mark.parametrize("names", NAMES)
def test_names_choose(
    names: tuple[str, ...], run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        fake_lacpd(run_dir / "team0.sock", answering(MIXED)),
        fake_lacpd(run_dir / "bond.sock", answering(FULL)),
    ):
        assert main(["--json", "show", *names]) == 0
        (only,) = json.loads(capsys.readouterr().out)["lags"]
        assert [port["name"] for port in only["ports"]] == NAMES[names]
        assert (only["active_ports"], only["total_ports"]) == (1, 4)


def test_a_name_that_selects_nothing(run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with fake_lacpd(run_dir / "team0.sock", answering(lag("team0", port("eth1")))):
        for command in ("show", "neighbors", "counters"):
            assert main([command, "eth9"]) == 1
            out, err = capsys.readouterr()
            assert out == ""
            assert err == "lacpctl: nothing here is called eth9; there is team0 (eth1)\n"


def test_neighbors(run_dir: Path, capsys: pytest.CaptureFixture[str], golden: Golden) -> None:
    with fake_lacpd(run_dir / "team0.sock", answering(MIXED)):
        assert main(["neighbors"]) == 0
        golden.check(capsys.readouterr().out)
        assert main(["neighbors", "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
    first, *_, last = document["neighbors"]
    assert first == {
        "lag": "team0",
        "port": "eth1",
        "source": "lacpd",
        "mode": "lacp",
        "lacp": True,
        "heard": True,
        "partner": MIXED["ports"][0]["partner"],
        "last_rx_age": 12.4,
    }
    assert (last["port"], last["heard"], last["partner"]) == ("enp129s0f0np0v1", False, None)


def test_counters(run_dir: Path, capsys: pytest.CaptureFixture[str], golden: Golden) -> None:
    with fake_lacpd(run_dir / "team0.sock", answering(MIXED)):
        assert main(["counters", "eth1"]) == 0
        golden.check(capsys.readouterr().out)
        assert main(["counters", "eth1", "--json"]) == 0
        (only,) = json.loads(capsys.readouterr().out)["lags"]
    ports = [{"name": "eth1", "counters": MIXED["ports"][0]["counters"]}]
    assert only == {"name": "team0", "source": "lacpd", "ports": ports}


def test_who_speaks_no_lacp_is_not_missed(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with fake_lacpd(run_dir / "team2.sock", answering(ROUNDROBIN)):
        assert main(["neighbors"]) == 0
        rows = capsys.readouterr().out.splitlines()[1:]
    assert [row.split()[:4] for row in rows] == [
        ["team2", "eth1", "no", "LACP"],
        ["team2", "eth2", "no", "LACP"],
    ]


@pytest.mark.parametrize("command", ["neighbors", "counters"])
@pytest.mark.parametrize("name", LAGS)
def test_other_tables_fit(
    command: str, name: str, run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with fake_lacpd(run_dir / "team0.sock", answering(LAGS[name])):
        args = build_parser().parse_args([command])
        data = printable(args.row.run(args).data)
    ports = LAGS[name]["ports"]
    told = [each for each in ports if command == "neighbors" or each["counters"] is not None]
    for width in (80, 200):
        screen = Screen(io.StringIO(), {}, width=width)
        lines = list(args.row.text(data, screen, args))
        assert all(any(each["name"] in line for line in lines) for each in told)
        assert all(len(line) <= width for line in lines)


def test_nothing_in_a_name_moves_the_cursor(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = lag("team0", port("eth\x1b[2J\n1", problems=["a\rb"]))
    with fake_lacpd(run_dir / "team0.sock", answering(evil)):
        assert main(["show", "-v"]) == 0
    out = capsys.readouterr().out
    assert "eth?[2J?1" in out
    assert not {c for c in out if not c.isprintable()} - {"\n"}


def test_colours_only_add() -> None:
    screen = Screen(io.StringIO(), {"TERM": "xterm"}, width=80, terminal=True)
    import re

    painted = told(screen, view(MIXED))
    assert "\x1b[32m" in painted
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == shown(MIXED)


def test_letters_stand_for_the_bits_in_order() -> None:
    assert letters(0xFF) == "ATGSCDFE"
    assert letters(0) == "--------"
    assert letters(None) == "?"
    assert [bit.flag for bit in BITS] == list(PortState)
    assert [bit.name for bit in BITS] == PortState(0xFF).flags
    assert all(f"{bit.letter} " in LEGEND for bit in BITS)


AGES = {
    None: "-",
    math.inf: "-",
    math.nan: "-",
    0: "0.0 s",
    9.94: "9.9 s",
    9.96: "10 s",
    99: "99 s",
    100: "2 min",
    7200: "2 h",
}


@pytest.mark.parametrize("seconds", AGES)
def test_ages(seconds: float | None) -> None:
    assert age(seconds) == AGES[seconds]


def test_speeds() -> None:
    assert [speed(s) for s in (None, 100, 2500, 400000)] == ["", "100M", "2.5G", "400G"]


def test_printable_reaches_everywhere() -> None:
    assert printable({"a\x07": ["\x1b", 1, None]}) == {"a?": ["?", 1, None]}
