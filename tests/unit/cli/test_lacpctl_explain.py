"""`lacpctl explain`: the worst first, commands that can be copied, and an exit code for scripts."""

import io
import json
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from lacp.cli.commands import explain
from lacp.cli.lacpctl import main
from lacp.cli.output import Screen, printable
from lacp.picture.findings import Finding, Where
from lacp.picture.model import LagView, document
from lacp.sim.network import Network
from tests.faults import hears, up, view
from tests.golden import Golden
from tests.unit.cli.fake_lacpd import answering, fake_lacpd
from tests.worlds import cable, pair


def lag(network: Network, name: str = "team0") -> LagView:
    """The left system of a network as lacpd would tell of it."""
    return replace(view(network), name=name, source="lacpd")


def broken() -> Network:
    """Two faults and an oddity."""
    network = pair(5, max_ports=4, left={"system_priority": 1})
    network.run(60)
    cable(network, 2).set_link(speed=1000)
    cable(network, 4).pull()
    network.run(5)
    hears(network, 3, our_port=2)
    return network


@contextmanager
def told(run_dir: Path, *lags: LagView) -> Iterator[None]:
    with ExitStack() as stack:
        for each in lags:
            answer = answering(document(each))
            stack.enter_context(fake_lacpd(run_dir / f"{each.name}.sock", answer))
        yield


def blocks(text: str) -> list[str]:
    """The first line of each finding."""
    return [line.strip() for line in text.splitlines() if line.startswith("  ") and line[2] != " "]


def test_the_worst_first(run_dir: Path, capsys: pytest.CaptureFixture[str], golden: Golden) -> None:
    with told(run_dir, lag(broken())):
        assert main(["explain"]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    assert [line.split()[0] for line in blocks(out)] == ["FAULT", "FAULT", "ODDITY"]
    golden.check(out)


def test_commands_are_not_broken() -> None:
    seen = lag(broken())
    findings = explain.explained([seen], [seen], [])
    out = io.StringIO()
    screen = Screen(stream=out, environ={}, width=40, terminal=False)
    lines = list(
        explain.text(printable(explain.Explained(lags=tuple(findings))), screen, Namespace())
    )
    assert all(len(line) <= 40 or "$ " in line for line in lines)
    assert any(line.endswith("$ ethtool 4") for line in lines)


def test_a_healthy_host(run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = up(1, left={"key": 2})
    with told(run_dir, lag(up(2)), lag(other, "team1")):
        assert main(["explain"]) == 0
        assert capsys.readouterr() == ("team0: nothing is wrong\nteam1: nothing is wrong\n", "")
        assert main(["explain", "team1"]) == 0
        assert capsys.readouterr().out == "team1: nothing is wrong\n"
        assert main(["explain", "--json", "team1"]) == 0
        assert json.loads(capsys.readouterr().out) == {
            "version": 1,
            "lags": [
                {"name": "team1", "source": "lacpd", "findings": [], "unseen": [], "ports": []}
            ],
        }


def test_a_note_is_nothing_wrong(run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = pair(2, max_ports=1, left={"system_priority": 1})
    network.run(60)
    with told(run_dir, lag(network)):
        assert main(["explain"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(
        "team0: 1 note\n\n  note 2: stands by: others rank higher, max_ports is 1"
    )


def test_one_port(run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with told(run_dir, lag(broken())):
        assert main(["explain", "4"]) == 1
        assert blocks(capsys.readouterr().out) == ["FAULT 4: link is down"]
        # It is judged beside the others, which are not told of.
        assert main(["explain", "2"]) == 1
        out = capsys.readouterr().out
        assert blocks(out) == ["ODDITY 2: speed differs from the other ports' (1G, not 10G)"]
        assert out.startswith("team0 2: 1 oddity\n")
        assert main(["explain", "1"]) == 0
        assert capsys.readouterr().out == "team0 1: nothing is wrong\n"


def test_two_lags_with_one_key(run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with told(run_dir, lag(up(2)), lag(up(2), "team1")):
        assert main(["explain"]) == 1
    assert blocks(capsys.readouterr().out) == [
        "ODDITY team0: team1 has the same system and key 1",
        "ODDITY team1: team0 has the same system and key 1",
    ]


def test_a_name_that_nothing_has(run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with told(run_dir, lag(up(2))):
        assert main(["explain", "team7"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "lacpctl: nothing here is called team7; there is team0 (1 2)\n"


def test_json(run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with told(run_dir, lag(broken())):
        assert main(["explain", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["version"] == 1
    (one,) = found["lags"]
    assert (one["name"], one["source"]) == ("team0", "lacpd")
    first = one["findings"][1]
    assert list(first) == ["code", "port", "gravity", "said", "evidence", "remedy", "where"]
    assert (first["code"], first["port"], first["gravity"]) == ("link_down", "4", "fault")
    assert first["where"] == "on the link between"
    assert "ethtool 4" in first["remedy"]


def test_the_same_of_many_ports_is_told_once(
    run_dir: Path, capsys: pytest.CaptureFixture[str], golden: Golden
) -> None:
    network = up(60)
    for number in range(2, 61):
        cable(network, number).pull()
    network.run(1)
    with told(run_dir, lag(network)):
        assert main(["explain"]) == 1
    out = capsys.readouterr().out
    assert len(out.splitlines()) < 20
    assert all(len(line) <= 80 for line in out.splitlines())
    golden.check(out)


def test_the_same_of_two_ports_is_told_once(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = up(4)
    for number in (2, 3):
        cable(network, number).pull()
        network.run(1)
    with told(run_dir, lag(network)):
        assert main(["explain"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("team0: 2 faults\n")
    assert blocks(out) == ["FAULT 2: link is down"]
    assert "    also  3\n" in out
    assert "$ ethtool 2\n" in out


def test_how_long_it_is_so_makes_no_other_block(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = up(4, short_timeout=True)
    for number in (2, 3):
        cable(network, number).set(("right", str(number)), silent=True)
        network.run(1)
    network.run(9)
    with told(run_dir, lag(network)):
        assert main(["explain"]) == 1
    out = capsys.readouterr().out
    (block,) = blocks(out)
    assert block.startswith("FAULT 2: no LACPDU received for ")
    assert "    also  3\n" in out


def test_what_differs_in_a_block_is_told(run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = up(5)
    for number, key in ((2, 5), (3, 6), (4, 5)):
        network.nodes["right"].configure_port(str(number), key=key)
    network.run(5)
    with told(run_dir, lag(network)):
        assert main(["explain"]) == 1
    out = capsys.readouterr().out
    assert blocks(out) == ["FAULT 2: partner's key differs from the other ports' (5, not 1)"]
    assert (
        "    also  4\n          3: partner's key differs from the other ports' (6, not 1)\n" in out
    )


def test_other_remedies_make_other_blocks() -> None:
    seen = lag(up(2))
    one = Finding(code="odd", port="1", said="is odd", remedy=("do this to 1", "ip link show 1"))
    other = replace(one, port="2", remedy=("do this to 2", "ip link show 2"))
    screen = Screen(stream=io.StringIO(), environ={}, width=80, terminal=False)

    def shown(*findings: Finding) -> list[str]:
        told = explain.ExplainedLag(
            name=seen.name, source=seen.source, findings=findings, unseen=(), ports=()
        )
        lines = explain.text(explain.Explained(lags=(told,)), screen, Namespace())
        return blocks("\n".join(lines))

    assert shown(one, other) == ["FAULT 1: is odd"]
    assert shown(one, replace(other, remedy=("do that to 2",))) == [
        "FAULT 1: is odd",
        "FAULT 2: is odd",
    ]
    assert shown(one, replace(other, where=Where.LINK)) == ["FAULT 1: is odd", "FAULT 2: is odd"]


def test_what_was_not_seen_is_said_and_is_no_fault(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with told(run_dir, replace(lag(up(2)), unseen=("who the partner is (needs root)",))):
        assert main(["explain"]) == 0
    out = capsys.readouterr().out
    assert out == "team0: nothing is wrong\n  not seen: who the partner is (needs root)\n"


def test_the_worst_lag_first(run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = up(1, left={"key": 2})
    with told(run_dir, lag(other, "a"), lag(broken(), "b")):
        assert main(["explain"]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "b: 2 faults, 1 oddity"
    assert out[-1] == "a: nothing is wrong"


def test_two_lags_of_one_name_are_not_mixed_up() -> None:
    first = lag(up(2))
    other = replace(first, source="ovs")
    names: Sequence[str] = [each.source for each in explain.explained([first, other], [other], [])]
    assert names == ["ovs"]


def test_a_hostile_name_moves_no_cursor(run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen = lag(up(2))
    evil = replace(seen.ports[0], name="\x1b[2Jeth0", link=replace(seen.ports[0].link, up=False))
    with told(run_dir, replace(seen, ports=(evil, seen.ports[1]))):
        assert main(["explain"]) == 1
    out = capsys.readouterr().out
    assert "\x1b" not in out
