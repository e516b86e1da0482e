"""Completion: what fits at the cursor, by the parsers themselves, and how bash takes it."""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from lacp.cli.completing.scripts import PROGRAMS, SHELLS, script
from lacp.cli.lacpctl import COMMANDS, main
from tests.lab import need_tool
from tests.unit.cli.documents import MIXED, lag, port
from tests.unit.cli.fake_lacpd import answering, fake_lacpd, line, saying

SHOW = "--help --verbose --json --socket --run-dir --teamd-run-dir --source --netns --host"


def fitting(
    capsys: pytest.CaptureFixture[str], *words: str, program: str = "lacpctl"
) -> tuple[str, list[str]]:
    """What the shell is to add, and the candidates."""
    assert main(["__complete", program, *words]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    shell, *candidates = out.splitlines()
    return shell, [each.partition("\t")[0] for each in candidates]


#: The words so far, the last one being completed, and what fits; "..." for and more.
FITTING = {
    "sh": "show",
    "--js": "--json",
    "--json co": "counters conformance completion",
    "--run-dir /nowhere sh": "show",
    "--run-dir=/nowhere sh": "show",
    "show --verb": "--verbose",
    "show --verbose --verb": "",
    "show -- --verb": "",
    "simulate --edition ": "2008 2014 2014-cor1 2020",
    "simulate --edition 2014": "2014 2014-cor1",
    "simulate --edition=2014": "--edition=2014 --edition=2014-cor1",
    "simulate --control coupled --ed": "--edition",
    "simulate --no-such=": "",
    "simulate one": "one-way",
    "conformance ": "list run matrix",
    "conformance run --in": "--interface",
    "conformance run --engine --in": "",
    "conformance run --engine --en": "",
    "conformance list RXM-0": "RXM-01 RXM-02 ...",
    "completion ": "bash zsh fish",
    "show --source l": "lacpd",
    "watch --interval ": "",
    "set --list --js": "--json",
    "monitor --event port_s": "port_state_changed",
}


@pytest.mark.parametrize("words", FITTING)
def test_what_fits(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    shell, candidates = fitting(capsys, *words.split(" "))
    expected = FITTING[words].split()
    if expected[-1:] == ["..."]:
        expected = expected[:-1]
        candidates = candidates[: len(expected)]
    assert (shell, candidates) == ("words", expected)


def test_every_command_and_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["__complete", "lacpctl", ""]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == ["words", *(f"{row.name}\t{row.help}" for row in COMMANDS)]


def test_every_option_of_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(SHOW.split()) <= set(fitting(capsys, "show", "--")[1])


SHELL = {
    "decode ": "files",
    "show --socket /r": "files",
    "show --run-dir ": "dirs",
    "--run-dir=/": "dirs",
    "show --host ": "hosts",
    "conformance matrix a.json ": "files",
}


@pytest.mark.parametrize("words", SHELL)
def test_what_the_shell_knows_best(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert fitting(capsys, *words.split(" ")) == (SHELL[words], [])


def test_options_of_the_other_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert fitting(capsys, "--dataplane", "t", program="lacpd") == ("words", ["tap", "team"])
    assert fitting(capsys, "-k", "--ch", program="lacpd") == ("words", [])
    assert fitting(capsys, "-f", "", program="lacpd") == ("files", [])
    assert fitting(capsys, "", program="pcap-replay") == ("files", [])
    assert fitting(capsys, "--html", "x", "--ju", program="pcap-replay")[1] == ["--junit"]


def test_names_of_lags_and_ports(run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with fake_lacpd(run_dir / "team0.sock", answering(MIXED)):
        names = ["team0", *(port["name"] for port in MIXED["ports"])]
        here = ("--source", "lacpd")
        assert fitting(capsys, "show", *here, "")[1] == names
        assert fitting(capsys, "show", *here, names[1], names[1])[1] == []
        assert fitting(capsys, "--run-dir", "/nowhere", "show", *here, "") == ("words", [])
        assert fitting(capsys, "show", "--host", "far", "") == ("words", [])


def test_a_name_that_a_shell_would_run_is_not_offered(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("eth1", "a b", "x;y", "`z`", "#c", "--host")
    strange = lag("$(reboot)", *map(port, names))
    with fake_lacpd(run_dir / "team0.sock", answering(strange)):
        assert fitting(capsys, "show", "--source", "lacpd", "")[1] == ["eth1"]


CONFIG = {
    "device": "team0",
    "runner": {"name": "lacp", "fast_rate": True},
    "ports": {"eth1": {}, "eth2": {}},
}

SET = {
    "runner.fa": "runner.fast_rate runner.fallback",
    "runner.fast_rate ": "true false",
    "runner.fallback ": "none single static",
    "runner.active_port e": "eth1 eth2",
    "ports.eth2.lacp_p": "ports.eth2.lacp_prio",
    "team0.runner.fa": "team0.runner.fast_rate team0.runner.fallback",
    "team0.ports.eth1.sticky t": "true",
    "runner.nothing ": "",
    "ports.eth9.sticky ": "",
}


@pytest.mark.parametrize("words", SET)
def test_what_can_be_set(words: str, run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = {"version": 1, "ok": True, "lag": "team0", "text": json.dumps(CONFIG)}
    with fake_lacpd(run_dir / "team0.sock", saying(line(said))):
        assert sorted(fitting(capsys, "set", *words.split(" "))[1]) == sorted(SET[words].split())


def test_of_several_teams_the_path_says_which(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = {"version": 1, "ok": True, "lag": "team0", "text": json.dumps(CONFIG)}
    serve = saying(line(said))
    with fake_lacpd(run_dir / "a.sock", serve), fake_lacpd(run_dir / "b.sock", serve):
        found = fitting(capsys, "set", "team0.runner.min")[1]
    assert set(found) == {"team0.runner.min_ports"}


def test_nobody_is_kept_waiting_and_nothing_is_complained_of(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def sleeping(connection: socket.socket) -> None:
        while connection.recv(65536):
            pass

    with fake_lacpd(run_dir / "team0.sock", sleeping):
        for words in (("show", ""), ("set", "")):
            started = time.monotonic()
            main(["__complete", "lacpctl", *words])
            assert time.monotonic() - started < 2
            assert capsys.readouterr().err == ""
    said = line({"version": 1, "ok": True, "lag": "z", "text": json.dumps(CONFIG)})
    with ExitStack() as open_:
        for number in range(8):
            open_.enter_context(fake_lacpd(run_dir / f"{number}.sock", sleeping))
        open_.enter_context(fake_lacpd(run_dir / "z.sock", saying(said)))
        # However many say nothing, it is as if one did, and who answers is heard.
        started = time.monotonic()
        assert fitting(capsys, "set", "z.runner.min")[1] == ["z.runner.min_ports"]
        assert time.monotonic() - started < 2
    for wrong in ([], ["lacpctl"], ["rm", ""], ["lacpctl", "--netns", "no/such", "show", ""]):
        assert main(["__complete", *wrong]) != 0
        assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_all_that_is_printed(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert capsys.readouterr() == (script(shell), "")
    assert all(name in script(shell) for name in PROGRAMS)
    assert main(["completion", shell, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == {"version": 1, "shell": shell, "script": script(shell).splitlines()}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_takes_the_script(shell: str) -> None:
    need_tool(shell)
    done = subprocess.run(
        [shell, "-n"], input=script(shell), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_bash_completes(tmp_path: Path) -> None:
    need_tool("bash")
    program = tmp_path / "lacpctl"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lacp.cli.lacpctl "$@"\n')
    program.chmod(0o755)
    asking = "".join(
        f"COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMPREPLY=()\n"
        f"_lacp_complete {words.split()[0]} {words.split()[-1]}; echo ${{COMPREPLY[*]}}\n"
        for words in (
            "lacpctl sh",
            # As bash takes --edition=20 apart.
            "lacpctl simulate --edition = 20",
            f"{program} simulate --control c",
            "lacpd --dataplane te",
        )
    )
    done = subprocess.run(
        ["bash", "--norc", "-u"],
        input=script("bash") + asking,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )
    assert done.stdout.splitlines() == ["show", "2008 2014 2014-cor1 2020", "coupled", "team"]
    assert done.stderr == ""
