"""`lacpctl` as a whole: usage, help, and how it ends."""

import io
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lacp.cli.command import Answer, Row
from lacp.cli.commands import show
from lacp.cli.commands.conformance import PARTS
from lacp.cli.lacpctl import COMMANDS, build_parser, main, run
from lacp.cli.output import Screen
from lacp.cli.source import Shown
from lacp.picture.model import counted
from lacp.picture.reading import read_lag
from tests.unit.cli.documents import MIXED
from tests.unit.cli.fake_lacpd import answering, fake_lacpd

PROGRAM = [sys.executable, "-m", "lacp.cli.lacpctl"]

# Usage.


WRONG_USAGE = {
    "": "lacpctl: the following arguments are required: COMMAND",
    "shwo": "lacpctl: argument COMMAND: 'shwo'; did you mean show?",
    "show --verbos": "lacpctl show: no option --verbos; did you mean --verbose?",
    "--socket": "lacpctl: argument --socket: expected one argument",
    "--jso show": "lacpctl: no option --jso; did you mean --json?",
    "set runner.fast_rate": "lacpctl: set runner.fast_rate: the value is missing",
    "set --list team0 runner.fast_rate": "lacpctl: set: expected --list [TEAM], or PATH VALUE",
    "watch -n 0": "lacpctl watch: argument -n/--interval: '0', expected seconds from 0.1 to 3600",
    "watch -n x": "lacpctl watch: argument -n/--interval: 'x', expected seconds from 0.1 to 3600",
    "simulate demo demo": "lacpctl simulate: unexpected 'demo'",
    "sxyz": "lacpctl: argument COMMAND: 'sxyz', expected show, neighbors, ",
    "conformance lst": "lacpctl conformance: argument list|run|matrix: 'lst', expected list, ",
    "show --nothing-like-it": "lacpctl show: no option --nothing-like-it (see",
    "decode --run-dir x": "lacpctl decode: no option --run-dir (see",
}


@pytest.mark.parametrize("usage", WRONG_USAGE)
def test_wrong_usage_is_one_line_and_2(usage: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(usage.split()) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(WRONG_USAGE[usage])
    assert "--help" in err


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"\n  {command.name} " in said for command in COMMANDS)


HELPED = [
    "",
    *(row.name for row in COMMANDS),
    *(f"conformance {row.name}" for row in PARTS),
]


@pytest.mark.parametrize("command", HELPED)
def test_help_of_every_command(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main([*command.split(), "--help"]) == 0
    out, err = capsys.readouterr()
    assert (out.startswith(f"usage: lacpctl {command}".rstrip()), err) == (True, "")
    assert [each for each in out.splitlines() if len(each) > 80] == []


def test_help_says_how_it_ends_and_what_it_reads(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    for words in (
        "\nexit status:\n  0    done\n",
        "\nenvironment:\n  LACPD_RUN_DIR",
        "\nexamples:\n",
    ):
        assert words in said
    assert "[LAG|PORT ...]" not in said


def test_help_has_what_is_the_commands_own_before_what_all_have(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["watch", "--help"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("usage: lacpctl watch [OPTION ...] [LAG|PORT ...]\n")
    assert "  -n, --interval SECONDS" in said
    assert 0 < said.index("--interval") < said.index("\ncommon options:\n") < said.index("--json")


def test_names_stand_before_and_after_an_option() -> None:
    parse = build_parser().parse_args
    assert parse(["show", "team0", "-v", "eth1", "eth2"]).names == ["team0", "eth1", "eth2"]
    assert parse(["show", "-v", "team0", "--json"]).names == ["team0"]
    assert parse(["show", "team0", "-v", "--", "-x"]).names == ["team0", "-x"]
    assert parse(["show"]).names == []


def test_options_stand_before_or_after_the_command() -> None:
    parse = build_parser().parse_args
    for words in ("--json --socket s --run-dir r show", "show --json --socket s --run-dir r"):
        args = parse(words.split())
        assert (args.json, args.socket, args.run_dir) == (True, "s", "r")


def test_the_run_directory_comes_from_the_environment(run_dir: Path) -> None:
    assert build_parser().parse_args(["show"]).run_dir == str(run_dir)


@pytest.mark.parametrize("option", ["--host", "--netns", "--source", "--socket"])
def test_where_to_look_is_refused_by_what_does_not_look(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("decode 00", "simulate --list", "conformance list", "completion bash"):
        assert main([option, "x", *command.split()]) == 2
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert err.startswith(f"lacpctl: {option}: ")


def test_a_source_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("show", "neighbors", "counters", "watch"):
        assert main([command, "--source", "lacpd,bnd"]) == 2
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert "found 'bnd'" in err


# How it ends.


@pytest.mark.parametrize("words", ["simulate", "--version", "--help"])
def test_a_reader_that_has_seen_enough_hears_no_complaint(words: str) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*PROGRAM, words], stdout=write, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


def test_interrupted_is_130(run_dir: Path) -> None:
    with fake_lacpd(run_dir / "team0.sock", answering(MIXED)):
        child = subprocess.Popen(
            [*PROGRAM, "watch"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        assert child.stdout.readline()
        child.send_signal(2)
        _, err = child.communicate(timeout=20)
    assert (child.returncode, err) == (130, "")


def test_interrupted_before_anything_is_done_is_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(self: object) -> None:
        raise KeyboardInterrupt

    # The imports of a command take longer than many a finger.
    monkeypatch.setattr(Row, "load", interrupted)
    assert main(["show"]) == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("words", [["simulate", "--list"], ["--version"]])
def test_a_full_disk_is_one_line(words: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*PROGRAM, *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "lacpctl: No space left on device\n"


@pytest.mark.parametrize(("columns", "width"), [("60", 60), ("", 80), ("0", 80), ("wide", 80)])
def test_columns_sets_the_width_also_in_a_pipe(columns: str, width: int) -> None:
    assert Screen(io.StringIO(), {"COLUMNS": columns}).width == width
    assert Screen(io.StringIO(), {"COLUMNS": columns}, width=100).width == 100


@pytest.mark.parametrize("width", [60, 70])
def test_a_simulation_in_a_pipe_keeps_to_columns(width: int) -> None:
    done = subprocess.run(
        [*PROGRAM, "simulate", "demo"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": str(width)},
    )
    assert max(map(len, done.stdout.splitlines())) in range(width - 10, width + 1)


def test_text_is_printed_as_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    command = show.COMMAND
    args = build_parser().parse_args(["show"])
    seen = Shown(host="here", time="", lags=(counted(read_lag(MIXED)),))
    answer = Answer(seen, 1, ["one thing", "another"])
    args.row = replace(command, run=lambda _: answer)
    assert run(args, Screen()) == 1
    out, err = capsys.readouterr()
    assert out.startswith("team0: up, 1 of 4 ports active")
    assert err == "lacpctl: one thing\nlacpctl: another\n"
    assert not re.search("Traceback", out + err)


def test_what_opens_only_when_somebody_comes_is_no_namespace(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    done = subprocess.run(
        [*PROGRAM, "show", "--netns", str(tmp_path / "pipe")],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"lacpctl: --netns {tmp_path}/pipe: ")
    assert done.stderr.count("\n") == 1
