"""`lacpctl simulate`: every scenario in words, as JSON and live."""

import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from argparse import Namespace
from typing import Any

import pytest

from lacp.cli.commands import simulate
from lacp.cli.lacpctl import main
from lacp.cli.output import Screen
from lacp.protocol.edition import EDITIONS
from lacp.protocol.variables import Control
from lacp.sim.playback import Playback, ranges
from lacp.sim.scenarios import SCENARIOS
from tests.golden import Golden


def words(scenario: str, width: int = 80, **parameters: Any) -> list[str]:
    documents = simulate.Documents(Playback(SCENARIOS[scenario], **parameters), None)
    screen = Screen(io.StringIO(), {}, width=width)
    return list(simulate.text(documents, screen, Namespace(list=False)))


def outcomes(scenario: str, **parameters: Any) -> dict[str, list[str]]:
    playback = Playback(SCENARIOS[scenario], **parameters)
    for _ in playback.advance(1e9):
        pass
    return {each.text: each.facts for each in playback.finish()}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_in_words(scenario: str) -> None:
    for width in (80, 200):
        lines = words(scenario, width)
        assert all(len(line) <= width for line in lines)
    assert lines[0] == scenario
    said = "\n".join(lines)
    captions = [step.caption for step in SCENARIOS[scenario].script]
    for caption in captions:
        # When it happens, and in the summary.
        assert said.count(caption) == 2 * captions.count(caption)


def test_the_demo_in_words(golden: Golden) -> None:
    golden.check("\n".join(words("demo")) + "\n")


def test_what_came_of_the_demo() -> None:
    came = outcomes("demo")
    assert came["the cables are in, everybody starts"] == [
        "left:1-3 and right:1-3: traffic flows after 2.006 s"
    ]
    assert came["cable 2 is pulled"][0] == "left:2 and right:2: no traffic any more at once"
    silent = came["cable 3 goes silent from left to right"]
    assert any("right:3: the partner is silent (EXPIRED) after 2.80" in fact for fact in silent)
    assert "undisturbed: left:1,2 and right:1,2" in silent
    assert all("interrupted" in fact for fact in came["right restarts without a word"])


@pytest.mark.parametrize("control", Control)
@pytest.mark.parametrize("edition", EDITIONS)
def test_every_edition_and_control_brings_traffic(edition: str, control: Control) -> None:
    came = outcomes("demo", edition=EDITIONS[edition], control=control)
    (first,) = came["the cables are in, everybody starts"]
    assert "traffic flows after" in first


def test_json_is_a_line_for_each_event(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "simulate", "one-way"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)
    captions = [line["text"] for line in lines if line["event"] == "caption"]
    assert captions[1:] == [step.caption for step in SCENARIOS["one-way"].script]
    moved = [line for line in lines if line["event"] == "state_changed"]
    assert {"time", "system", "port", "event", "machine", "old", "new", "reason"} == set(moved[0])
    assert lines[-1]["event"] == "summary"
    assert [each["text"] for each in lines[-1]["outcomes"]] == captions


def test_the_same_seed_gives_the_same_run() -> None:
    assert words("demo", seed=3) == words("demo", seed=3)


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--list"]) == 0
    assert re.findall(r"^(\S+)", capsys.readouterr().out, re.M) == list(SCENARIOS)
    assert main(["simulate", "--list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["scenarios"]
    assert [each["name"] for each in listed] == list(SCENARIOS)


WRONG = {
    ("nowhere",): "no scenario 'nowhere', there are demo, ",
    ("--speed", "0"): "argument --speed: '0', expected a number above 0 or max",
    ("--speed", "fast"): "argument --speed: 'fast', expected a number above 0 or max",
    ("--speed", "nan"): "argument --speed: 'nan', expected a number above 0 or max",
    ("--seed", "x"): "argument --seed: invalid int value: 'x'",
    ("--edition", "1999"): "argument --edition: '1999', expected 2008, 2014, 2014-cor1 or 2020",
}


@pytest.mark.parametrize("arguments", WRONG)
def test_wrong_usage(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", *arguments]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert WRONG[arguments] in err


def terminal(*arguments: str, columns: int = 80, lines: int = 24) -> tuple[int, str]:
    """Exit code and all that the command writes to a terminal of that size."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    child = subprocess.Popen(
        [sys.executable, "-m", "lacp.cli.lacpctl", *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"},
    )
    os.close(slave)
    written = bytearray()
    while True:
        try:
            octets = os.read(master, 65536)
        except OSError:
            break
        if not octets:
            break
        written += octets
    os.close(master)
    return child.wait(30), written.decode()


@pytest.mark.parametrize("columns", [80, 200])
def test_live_on_a_terminal(columns: int) -> None:
    code, written = terminal("simulate", "--speed", "100", columns=columns)
    assert code == 0
    assert written.count("\x1b[?25l") > 2, "drawn over"
    assert written.rstrip().endswith("traffic flows again after 2.003 s")
    assert written.rfind("\x1b[?25h") > written.rfind("\x1b[?25l"), "the cursor is back"
    # The last picture has the whole story of the port whose cable was pulled.
    last = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", written[written.rfind("\x1b[?25l") :])
    pulled = next(line for line in last.splitlines() if line.startswith("left:2"))
    assert re.search("░█+x+█+▒+█+", pulled)


def test_no_colour_without_a_terminal_or_when_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b" not in "".join(words("demo"))
    monkeypatch.setenv("NO_COLOR", "1")
    code, written = terminal("simulate", "--speed", "max")
    assert (code, "\x1b" in written) == (0, False)


def test_ports_are_shortened() -> None:
    ends = [("left", "1"), ("right", "4"), ("left", "3"), ("left", "2"), ("right", "1")]
    assert ranges(ends) == ["left:1-3", "right:1,4"]
    assert ranges([("a", "eth0"), ("a", "eth1")]) == ["a:eth0,eth1"]
