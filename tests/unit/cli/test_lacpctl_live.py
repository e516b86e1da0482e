"""`lacpctl` against a real lacpd whose interfaces are links in memory."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lacp.cli.lacpctl import main
from tests.unit.cli.interface import EVENTS, check_event, check_show

ROOT = Path(__file__).parents[3]
LACPCTL = [sys.executable, "-m", "lacp.cli.lacpctl"]


class Daemon:
    """The program of memory_daemon.py."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.unit.cli.memory_daemon", str(run_dir)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "running\n"

    def order(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    monkeypatch.setenv("LACPD_RUN_DIR", str(tmp_path))
    one = Daemon(tmp_path)
    with one.process:
        yield one
        one.stop()


class Ctl:
    """`lacpctl` in this process, with what it says."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def json(self, *arguments: str) -> Any:
        assert main(["--json", *arguments]) == 0
        return json.loads(self._capsys.readouterr().out)

    def wait(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """`show`, as soon as `condition` holds for it."""
        end = time.monotonic() + 20
        while True:
            document: dict[str, Any] = self.json("show")
            if condition(document):
                return document
            assert time.monotonic() < end, document
            time.sleep(0.05)


@pytest.fixture
def ctl(capsys: pytest.CaptureFixture[str]) -> Ctl:
    return Ctl(capsys)


def all_active(document: dict[str, Any]) -> bool:
    return all(lag["active_ports"] == lag["total_ports"] == 2 for lag in document["lags"])


def test_show_and_its_relatives(daemon: Daemon, ctl: Ctl) -> None:
    document = ctl.wait(all_active)
    check_show(document)
    left, right = document["lags"]
    assert (left["name"], right["name"]) == ("left", "right")
    assert left["partner"] == right["actor"]
    for mine, theirs in zip(left["ports"], right["ports"], strict=True):
        assert mine["partner"]["system"] == theirs["actor"]["system"]
        assert mine["partner"]["port"] == theirs["actor"]["port"]

    verbose = ctl.json("show", "left1", "-v")["lags"][0]["ports"][0]
    assert verbose["history"][0]["machine"] == "receive"
    assert verbose["timers"]["current_while"] > 0

    neighbors = ctl.json("neighbors", "left")["neighbors"]
    assert [each["partner"]["system"] for each in neighbors] == ["02:00:00:00:00:02"] * 2

    counted = ctl.json("counters", "left1", "--reset")["lags"][0]["ports"][0]["counters"]
    assert counted["lacpdus_rx"] > 0
    again = ctl.json("counters", "left1")["lags"][0]["ports"][0]["counters"]
    assert again["lacpdus_rx"] < counted["lacpdus_rx"]
    assert ctl.json("counters", "left2")["lags"][0]["ports"][0]["counters"]["lacpdus_rx"] > 1

    changed = ctl.json("set", "left.runner.fast_rate", "false")
    assert (changed["lag"], changed["old"], changed["new"]) == ("left", True, False)
    ctl.wait(
        lambda document: "short_timeout" not in document["lags"][0]["ports"][0]["actor"]["flags"]
    )


def test_set_complains_in_one_line(daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = {
        ("runner.fast_rate", "true"): (2, "does not say which of several teams"),
        ("left.runner.nonsense", "1"): (1, "runner.nonsense cannot be set"),
        ("left.runner.fast_rate", "maybe"): (1, "fast_rate"),
    }
    for arguments, (code, words) in wrong.items():
        assert main(["set", *arguments]) == code
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert words in err


def lines_of(process: subprocess.Popen[str], until: str) -> list[str]:
    """The lines of a stream up to the first that holds `until`."""
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or until not in lines[-1]:
        lines.append(process.stdout.readline())
        assert lines[-1], lines
    return lines


@contextmanager
def start(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*LACPCTL, *arguments],
        cwd=ROOT,
        env={**os.environ, "TZ": "UTC"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def subscribed(daemon: Daemon, process: subprocess.Popen[str], ctl: Ctl) -> None:
    """Pull and plug cable 2 until the stream says so: only then has it begun."""
    assert process.stdout is not None
    for _ in range(50):
        daemon.order("down 2")
        daemon.order("up 2")
        if select.select([process.stdout], [], [], 0.2)[0]:
            break
    ctl.wait(all_active)


def test_monitor(daemon: Daemon, ctl: Ctl) -> None:
    ctl.wait(all_active)
    with start("monitor", "left2") as words, start("monitor", "--json") as documents:
        subscribed(daemon, words, ctl)
        subscribed(daemon, documents, ctl)
        daemon.order("down 2")
        said = lines_of(documents, '"new": "PORT_DISABLED"')
        while not any('"left2"' in each for each in said):
            said += lines_of(documents, '"new": "PORT_DISABLED"')
        for each in said:
            event = json.loads(each)
            check_event(event)
            assert event["event"] in EVENTS or event["event"] in ("port_enabled", "carrier_changed")
            assert event["source"] == "lacpd"
        daemon.order("up 2")
        text = lines_of(words, "DISTRIBUTING:")
        assert all("  left  left2  " in each for each in text)

        daemon.stop()
        lines_of(words, "  left  lacpd of left has ended\n")
        assert json.loads(lines_of(documents, "right has ended")[-1])["event"] == "source_lost"
        again = Daemon(daemon.run_dir)
        with again.process:
            try:
                lines_of(words, "  left  lacpd of left is back\n")
                check_event(json.loads(lines_of(documents, "resynced")[-1]))
                lines_of(words, "  left  while it was away: ")
            finally:
                again.stop()
        for stream in (words, documents):
            stream.send_signal(signal.SIGINT)
            _, err = stream.communicate(timeout=20)
            assert (stream.returncode, err) == (130, "")


def test_monitor_of_some_events_and_of_what_is_not_there_yet(daemon: Daemon, ctl: Ctl) -> None:
    ctl.wait(all_active)
    with (
        start("monitor", "--event", "link_changed,port_added", "left") as some,
        start("monitor", "nobody") as awaited,
    ):
        assert awaited.stderr is not None
        said = awaited.stderr.readline()
        assert said == "lacpctl: nothing here is called nobody yet: waiting for it\n"
        subscribed(daemon, some, ctl)
        daemon.order("down 2")
        said_of_links = lines_of(some, "left2  link down")
        assert all("  left2  link " in each for each in said_of_links)
        daemon.stop()
        # Whatever was asked for: that nothing more will come must be known.
        lines_of(some, "lacpd of left has ended")


def test_watch_outlives_the_daemon(daemon: Daemon, ctl: Ctl) -> None:
    ctl.wait(all_active)
    with start("watch", "left", "-n", "0.1", "--source", "lacpd") as watch:
        lines_of(watch, "left2")
        daemon.order("down 2")
        lines_of(watch, "! link is down")
        daemon.order("up 2")
        daemon.stop()
        # There may be others.
        lines_of(watch, "nothing here is called so")
        with (again := Daemon(daemon.run_dir)).process:
            lines_of(watch, "left2")
            again.stop()
        watch.send_signal(signal.SIGINT)
        _, err = watch.communicate(timeout=20)
    # Each change is told once; one that falls into a look may be told in the words of the socket.
    assert watch.returncode == 130
    assert all(line.startswith("lacpctl: ") for line in err.splitlines())
    assert "nothing here is called left" in err
