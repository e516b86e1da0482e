"""`lacpctl --host`: the same command there, by an ssh that a test has in its PATH."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from lacp.cli import remote
from lacp.cli.lacpctl import main
from lacp.cli.remote import command, without_hosts
from tests.unit.cli.documents import MIXED, lag, port
from tests.unit.cli.fake_lacpd import answering, fake_lacpd
from tests.unit.cli.on_terminal import on_terminal
from tests.waiting import until

ROOT = Path(__file__).parents[3]
PATIENCE = "-o ConnectTimeout=10 -o ServerAliveInterval=5"

#: Each host has the directory of its name for its run directory; some are not what they should be.
SSH = """#!/bin/sh
printf '%s\\n' "$*" >> {log}
while [ "$1" != -- ]; do shift; done
host=$2
case $host in
    away) echo 'ssh: connect to host away port 22: No route to host' >&2; exit 255;;
    bare) PATH=/usr/bin:/bin;;
    flood) exec yes;;
    grumble) exec yes >&2;;
    hangs*) exec sleep 60;;
    rude) printf 'lacpctl\\033[2J: no\\n' >&2; printf 'a\\033[2Jb\\n'; exit 3;;
esac
LACPD_RUN_DIR={here}/$host
export LACPD_RUN_DIR
exec sh -c "$3"
"""
LACPCTL = f"""#!/bin/sh
PYTHONPATH={ROOT} exec {sys.executable} -m lacp.cli.lacpctl "$@"
"""


@pytest.fixture
def hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory where hosts have their run directories, and ssh its log."""
    programs = tmp_path / "bin"
    programs.mkdir()
    texts = {"ssh": SSH.format(here=tmp_path, log=tmp_path / "log"), "lacpctl": LACPCTL}
    for name, text in texts.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    for host in ("a", "b", "me@c", "bare"):
        (tmp_path / host).mkdir()
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return tmp_path


def said(hosts: Path) -> list[str]:
    return (hosts / "log").read_text().splitlines()


ONE = lag("team0", port("eth1"))
ASK = ["--source", "lacpd"]


def test_one_host_is_as_if_one_were_there(hosts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with fake_lacpd(hosts / "a" / "team0.sock", answering(MIXED)):
        assert main(["show", "--host", "a", *ASK, "eth2", "--json"]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        assert [each["name"] for each in json.loads(out)["lags"][0]["ports"]] == ["eth2"]
        assert main(["--host=a", "show", *ASK]) == 0
        assert capsys.readouterr().out.startswith("team0: up, 1 of 4 ports active")
        assert main(["show", "--host", "a", *ASK, "eth9"]) == 1
        assert "lacpctl: nothing here is called eth9; there is team0" in capsys.readouterr().err
    words = "-- a env COLUMNS=80 lacpctl show --source lacpd eth2 --json"
    assert said(hosts)[0] == f"{PATIENCE} {words}"


def test_several_hosts_stand_one_below_the_other(
    hosts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = ["--host", "a", "--host", "me@c", *ASK]
    with (
        fake_lacpd(hosts / "a" / "team0.sock", answering(ONE)),
        fake_lacpd(hosts / "me@c" / "team1.sock", answering(MIXED)),
    ):
        assert main(["neighbors", *both]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert main(["show", *both, "--json"]) == 0
        documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "a:"
    assert lines[3:5] == ["", "me@c:"]
    assert [len(each["lags"][0]["ports"]) for each in documents] == [1, 4]


def test_what_does_not_answer_costs_one_line(
    hosts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    three = ["--host", "away", "--host", "bare", "--host", "a", *ASK]
    with fake_lacpd(hosts / "a" / "team0.sock", answering(ONE)):
        assert main(["show", *three, "--json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["lags"][0]["name"] == "team0"
    assert err.splitlines() == [
        "lacpctl: away: ssh: connect to host away port 22: No route to host",
        "lacpctl: bare: there is no lacpctl in the PATH of a command that ssh runs there",
    ]


def test_another_host_does_not_move_the_cursor_here(
    hosts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", "--host", "rude"]) == 3
    assert capsys.readouterr() == ("a?[2Jb\n", "lacpctl: lacpctl?[2J: no\n")


def test_a_host_that_does_not_stop_is_listened_to_no_more(
    hosts: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "_MOST", 100_000)
    for host in ("flood", "grumble"):
        assert main(["show", "--host", host, "--json"]) == 1
        assert f"{host}: ssh was ended by signal 9" in capsys.readouterr().err


def test_interrupted_it_waits_for_no_host(hosts: Path) -> None:
    show = [sys.executable, "-m", "lacp.cli.lacpctl", "show", "--host", "hangs1", "--host=hangs2"]
    with subprocess.Popen(show, stderr=subprocess.PIPE, text=True) as asked:
        until(lambda: (hosts / "log").exists() and len(said(hosts)) == 2)
        # To it alone, and not to ssh as from a terminal.
        asked.send_signal(signal.SIGINT)
        assert asked.communicate(timeout=20)[1] == ""
        assert asked.returncode == 130


@pytest.mark.parametrize("host", ["-oProxyCommand=x", "", "a b", "a\nb"])
def test_what_is_no_host(host: str, hosts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", f"--host={host}"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "expected USER@HOST" in err
    assert not (hosts / "log").exists()


def test_there_may_be_no_ssh(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert main(["show", "--host", "a"]) == 1
    assert capsys.readouterr() == ("", "lacpctl: --host: no ssh in /nonexistent\n")


def test_names_are_names_for_the_shell_over_there_too(
    hosts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["$(touch x)", "a'b", "; touch x"]
    with fake_lacpd(hosts / "a" / "team0.sock", answering(ONE)):
        assert main(["show", "--host", "a", *ASK, *names]) == 1
    err = capsys.readouterr().err
    assert all(f"nothing here is called {name};" in err for name in names)


def test_a_live_command_has_the_terminal_for_its_own(hosts: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    watch = [sys.executable, "-m", "lacp.cli.lacpctl", "watch", "--host", "a", *ASK]
    with (
        fake_lacpd(hosts / "a" / "team0.sock", answering(ONE)),
        on_terminal(watch, environ) as terminal,
    ):
        terminal.wait("eth1")
        terminal.press("q")
        assert terminal.ended() == 0
    assert said(hosts) == [f"{PATIENCE} -t -- a lacpctl watch --source lacpd"]


def test_streams_of_several_hosts_say_where_each_line_is_from(hosts: Path) -> None:
    both = ["--host", "a", "--host", "me@c", *ASK]
    watch = [sys.executable, "-m", "lacp.cli.lacpctl", "watch", "-n", "0.1", *both]
    other = lag("team1", port("eth2"))
    with (
        fake_lacpd(hosts / "a" / "team0.sock", answering(ONE)),
        fake_lacpd(hosts / "me@c" / "team1.sock", answering(other)),
    ):
        with subprocess.Popen(watch, stdout=subprocess.PIPE, text=True) as stream:
            assert stream.stdout is not None
            wanted = {"a: team0: up", "me@c: team1: up"}
            while wanted:
                line = stream.stdout.readline()
                assert line
                wanted = {each for each in wanted if not line.startswith(each)}
            stream.send_signal(signal.SIGINT)
            assert stream.wait(20) == 130
        with subprocess.Popen([*watch, "--json"], stdout=subprocess.PIPE, text=True) as stream:
            assert stream.stdout is not None
            wanted = {"team0", "team1"}
            while wanted:
                wanted.discard(json.loads(stream.stdout.readline())["lags"][0]["name"])
            # A reader that has seen enough ends them all, without a word.
            stream.stdout.close()
            assert stream.wait(20) == 0


def test_two_hosts_are_watched_side_by_side(hosts: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    there = [each for host in ("a", "me@c", "away") for each in ("--host", host)]
    watch = [sys.executable, "-m", "lacp.cli.lacpctl", "watch", "-n", "0.1", *there, *ASK]
    with (
        fake_lacpd(hosts / "me@c" / "team1.sock", answering(MIXED)),
        on_terminal(watch, environ) as terminal,
    ):
        terminal.wait("me@c team0: up, 1 of 4 in use")
        page = terminal.wait("! away: ssh: connect to host away port 22: No route to host")
        assert not any(line.startswith("a team0") for line in page)
        with fake_lacpd(hosts / "a" / "team0.sock", answering(ONE)):
            terminal.wait("a team0: up, 1 of 1 in use")
        terminal.wait("a team0: GONE for")
        terminal.press("/me@c\r")
        page = terminal.wait("filter me@c")
        assert not any(line.startswith("a team0") for line in page)
        terminal.press("q")
        assert terminal.ended() == 0
        assert terminal.echoes()


WORDS: dict[tuple[str, ...], list[str]] = {
    ("show", "--host", "a", "-v"): ["show", "-v"],
    ("--host=a", "show", "--host", "b"): ["show"],
    ("show", "--", "--host", "a"): ["show", "--", "--host", "a"],
}


@pytest.mark.parametrize("words", WORDS)
def test_the_command_line_without_hosts(words: Sequence[str]) -> None:
    assert without_hosts(words) == WORDS[tuple(words)]


def test_a_terminal_is_asked_for_only_where_it_is_used() -> None:
    assert command("a", ["show"], width=100)[-3:] == ["--", "a", "env COLUMNS=100 lacpctl show"]
    assert "-t" not in command("a", ["show"], width=100)
    assert command("a", ["watch"], terminal=True)[-4:] == ["-t", "--", "a", "lacpctl watch"]
