"""The commands on LAGs that no lacpd made: kernel bonds, teams, Open vSwitch."""

import io
import json
from dataclasses import replace
from pathlib import Path
from socket import SOCK_SEQPACKET

import pytest

from lacp.address import NO_MAC
from lacp.cli.commands import show
from lacp.cli.lacpctl import build_parser, main
from lacp.cli.lags.brief import brief
from lacp.cli.output import Screen, columns_of, printable
from lacp.cli.source import Shown, select
from lacp.info import PortState
from lacp.inspect.survey import READERS
from lacp.picture.model import End, LagView, PortView, counted
from tests import hostile
from tests.unit.cli import made


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host with LAGs of every make, one of which complains."""
    monkeypatch.setitem(READERS, "team", ("tests.unit.cli.made", "read"))


def told(lag: LagView, *arguments: str, width: int = 80, unicode: bool = True) -> list[str]:
    screen = Screen(io.StringIO(), {}, width=width)
    screen.unicode = unicode
    args = build_parser().parse_args(["show", *arguments])
    data = printable(Shown(host="here", time="", lags=(counted(lag),)))
    return list(show.text(data, screen, args))


def test_a_bond_says_who_made_it_and_what_its_ports_do() -> None:
    lines = told(made.BOND)
    assert lines[0] == "bond0: up, 1 of 2 ports active, 802.3ad (kernel bond)"
    assert "partner  00:13:c4:12:0f:00  priority 65535  key 15" in lines[2]
    # The driver tells no state of its Mux machine, so whether there is traffic stands there.
    assert lines[3].split()[:4] == ["PORT", "LINK", "SELECTED", "TRAFFIC"]
    assert "MUX" not in lines[3]
    assert lines[4].split()[:6] == ["eth1", "10G", "yes", "yes", "A-GSCD--", "A-GSCD--"]
    assert lines[5].split()[:6] == ["eth2", "down", "yes", "no", "A-G---F-", "-"]


def test_what_is_assumed_of_nobody_is_not_shown_as_a_state() -> None:
    # Whoever may run without a partner assumes that one is in sync.
    nobody = End(system=NO_MAC, port=0, key=0, state=PortState(0x1A))
    lost = replace(made.BOND.ports[1], partner=nobody)
    lines = told(replace(made.BOND, ports=(made.BOND.ports[0], lost)))
    assert lines[5].split()[4:6] == ["A-G---F-", "-"]


def test_what_is_not_seen_is_said_once_and_never_guessed() -> None:
    lines = told(made.UNPRIVILEGED)
    assert "us       system unknown  key 15" in lines[1]
    assert "partner  00:13:c4:12:0f:00  priority ?  key 15" in lines[2]
    assert sum("not seen: partner details" in line for line in lines) == 1
    mute = told(made.MUTE)
    assert mute[0] == "team0: ?, ? of 1 port active, mode unknown (kernel team)"
    assert next(line for line in mute if "eth9" in line).split() == ["eth9", "10G", "-", "?"]
    assert not any("none heard" in line or "no LACP" in line for line in mute)


def test_one_port_is_active_and_the_others_stand_by() -> None:
    lines = told(made.BACKUP)
    assert lines[0].startswith("bond2: DOWN (switched off), 2 of 4 ports active, active-backup")
    assert lines[1] == "  address  02:00:00:00:00:01   active port  eth5"
    traffic = {line.split()[0]: line for line in lines[3:]}
    assert " active" in traffic["eth5"]
    assert " standby" in traffic["eth6"]
    assert " no" in traffic["eth8"]


def test_everything_that_a_source_knows_is_told_with_v() -> None:
    said = "\n".join(told(made.BOND, "-v"))
    for words in ("miimon 100", "xmit_hash_policy layer2", "mii_status up", "link downs 3"):
        assert words in said
    assert "actor churn NO_ACTOR_CHURN" in said
    # It does not tell when it last heard its partner; that is not the same as never.
    assert "never" not in said
    assert "link expired 4" in "\n".join(told(made.SWITCH, "-v"))


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("lag", made.ALL, ids=lambda lag: str(lag.name)[:5])
def test_the_table_fits(lag: LagView, width: int) -> None:
    for arguments in ((), ("-p",)):
        assert all(columns_of(line) <= width for line in told(lag, *arguments, width=width))


def test_a_name_that_is_too_long_is_cut_and_marked() -> None:
    wide = PortView(name="網路" * 40, link=made.UP)
    lag = LagView(name="x" * 300, source="ovs", mode="balance-tcp", lacp=False, ports=(wide,))
    for unicode, mark in ((True, "…"), (False, "~")):
        lines = told(lag, unicode=unicode)
        (line,) = (line for line in lines if line.startswith("網"))
        assert columns_of(line) <= 80
        assert mark in line
        assert "10G" in line
    assert "x" * 75 in lines[0]


def test_only_ports_with_problems() -> None:
    ports = tuple(made.bond_port(f"eth{number}") for number in range(99))
    bad = made.bond_port("eth99", problems=("something",))
    lag = counted(LagView(name="bond0", source="bond", mode="802.3ad", ports=(*ports, bad)))
    lines = list(brief(lag, Screen(io.StringIO(), {}, width=80), only_problems=True))
    assert [line.split()[0] for line in lines if line.startswith("eth")] == ["eth99"]
    assert lines[-1] == "99 other ports in use with nothing wrong"
    assert sum(line.startswith("eth") for line in told(lag)) == 100
    assert "eth5" not in "\n".join(told(lag, "-v", "-p"))


def test_a_name_that_nothing_has_is_answered_in_one_line() -> None:
    ports = tuple(made.bond_port(f"eth{number}") for number in range(100))
    big = counted(LagView(name="bond0", source="bond", ports=ports))
    several = [counted(LagView(name=f"team{number}", source="team")) for number in range(20)]
    for lags, name, words in (
        ([big], "xyz", "there is bond0 (100 ports)"),
        ([big], "etj7", "did you mean eth7?"),
        ([], "eth1", "there is nothing"),
        (several, "xyz", "team7 (no ports), 12 more"),
        ([made.BOND], "xyz", "there is bond0 (eth1 eth2)"),
    ):
        found, complaints = select(lags, [name])
        (said,) = complaints
        assert found == []
        assert said.startswith(f"nothing here is called {name}; ")
        assert said.endswith(words)
        assert len(said) < 250


def test_the_document_has_all_and_complaints_stand_beside(
    host: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", "--json"]) == 1
    out, err = capsys.readouterr()
    lags = {each["name"]: each for each in json.loads(out)["lags"]}
    assert set(lags) == {lag.name for lag in made.ALL}
    assert lags["bond1"]["ports"][0]["partner"]["system"] is None
    assert lags["team0"]["lacp"] is None
    assert err == "lacpctl: ovs: a database that cannot be read\n"
    assert main(["show", "--json", "--source", "lacpd"]) == 1
    assert json.loads(capsys.readouterr().out)["lags"] == []


def test_neighbors_of_all(host: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["neighbors"]) == 1
    lines = {line.split()[1]: line for line in capsys.readouterr().out.splitlines() if line}
    assert "00:13:c4:12:0f:00" in lines["eth1"]
    assert "none heard" in lines["eth2"]
    # Of the ports it is not seen who is there, of the bond it is.
    assert lines["(all)"].split()[:3] == ["bond1", "(all)", "00:13:c4:12:0f:00"]
    assert "not seen" in lines["eth3"]
    assert "A-GSCD--" in lines["eth3"]
    assert "none heard" in lines["eth4"]
    assert "no LACP" in lines["eth5"]
    assert "not seen" in lines["eth9"]

    assert main(["neighbors", "bond1", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["neighbors"]
    assert [each["heard"] for each in found] == [True, None, False]
    assert found[0]["port"] is None
    assert found[0]["partner"] == {
        "system_priority": None,
        "system": "00:13:c4:12:0f:00",
        "key": 15,
    }


def test_counters_of_all(host: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["counters"]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0].split()[:4] == ["LAG", "PORT", "RX", "TX"]
    assert any(line.split()[:4] == ["bond0", "eth1", "7", "9"] for line in out)
    # A counter that one source alone has finds its column.
    assert "LINK EXPIRED" in out[0]
    assert out[-1] == "without counters: bond2, team0"
    assert main(["counters", "--json"]) == 1
    lags = json.loads(capsys.readouterr().out)["lags"]
    assert {lag["name"]: lag["ports"][0]["counters"] for lag in lags}["bond2"] is None


def test_counters_that_cannot_be_reset_stay(host: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["counters", "--reset", "bond0"]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines()[1].split()[:4] == ["bond0", "eth1", "7", "9"]
    assert "lacpctl: bond0: the kernel's bonding driver keeps its counters" in err
    assert "bond2" not in err
    assert main(["counters", "--reset", "bond2"]) == 1
    assert "bond2: it has no counters of LACP" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["show --teamd-run-dir {}", "--teamd-run-dir={} show"])
def test_teamds_with_a_run_directory_of_their_own(
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(READERS, "team", ("lacp.inspect.team", "read"))
    config = {"device": "moved", "runner": {"name": "roundrobin"}}
    state = {"setup": {"runner_name": "roundrobin"}}
    said = [b"REPLY_SUCCESS\n" + json.dumps(each).encode() for each in (config, state)]
    with hostile.listening(tmp_path / "moved.sock", SOCK_SEQPACKET, hostile.answer(*said)):
        assert main([*words.format(tmp_path).split(), "moved", "--json"]) == 0
    (team,) = json.loads(capsys.readouterr().out)["lags"]
    assert (team["name"], team["source"], team["mode"]) == ("moved", "teamd", "roundrobin")
