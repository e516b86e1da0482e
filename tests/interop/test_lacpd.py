"""lacpd as a process, on real interfaces: against itself, killed, flooded, robbed, misused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lacp.inspect import lacpd as client
from tests.daemons import conf
from tests.interop.daemon import COMMAND, ROOT, Daemon, apart, lacpd, run_here, seen, watching
from tests.interop.netns import Namespace, namespaces, veth

pytestmark = pytest.mark.netns

BOTH = ["e0", "e1"]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


class Pair:
    """Two daemons on two cables, both fast and both up."""

    def __init__(self, stack: ExitStack, **runner: object) -> None:
        self.here, self.there = stack.enter_context(namespaces(2))
        for port in BOTH:
            veth(self.here, port, self.there, port)
        text = conf("team0", BOTH, fast_rate=True, **runner)
        self.left: Daemon = stack.enter_context(lacpd(self.here, text))
        self.right: Daemon = stack.enter_context(lacpd(self.there, text))
        self.both_up()

    def both_up(self) -> None:
        for daemon in (self.left, self.right):
            daemon.until_distributing(BOTH)


def test_two_daemons_agree_and_keep_to_the_rate(stack: ExitStack) -> None:
    here, there = stack.enter_context(namespaces(2))
    for port in BOTH:
        veth(here, port, there, port)
    times = stack.enter_context(watching(here, "e0"))
    text = conf("team0", BOTH, fast_rate=True)
    left = stack.enter_context(lacpd(here, text))
    right = stack.enter_context(lacpd(there, text))
    for daemon in (left, right):
        daemon.until_distributing(BOTH)
    end = time.monotonic() + 3
    left.until(lambda: time.monotonic() > end)
    ours, theirs = left.lag(), right.lag()
    assert ours["up"]
    assert theirs["up"]
    for mine, other in zip(ours["ports"], theirs["ports"], strict=True):
        assert mine["partner"] == other["actor"]
        assert mine["machines"]["mux"] == "DISTRIBUTING"
        assert mine["problems"] == []
        assert mine["last_rx_age"] < 1.5
        assert isinstance(mine["ifindex"], int)
    times.read()
    assert 6 <= len(times.sent) <= 20
    assert times.most_in_a_second() <= 3
    assert left.end() == 0
    left_over = sorted(path.name for path in left.directory.rglob("*") if path.is_file())
    assert left_over == ["log", "team.conf", "team0.state"]


def test_sigterm_stops_the_partner_at_once(stack: ExitStack) -> None:
    pair = Pair(stack)
    before = time.monotonic()
    pair.left.signal(signal.SIGTERM)
    pair.right.until(lambda: pair.right.distributing() == [], 2)
    assert time.monotonic() - before < 1.5
    assert pair.left.process.wait(5) == 0


def test_sigkill_and_restart(stack: ExitStack) -> None:
    pair = Pair(stack)
    before = {port["name"]: port["actor"]["port"] for port in pair.left.lag()["ports"]}
    system = pair.left.lag()["actor"]["system"]
    pair.left.kill()
    assert (pair.left.directory / "team0.sock").exists()
    # A dead daemon's socket is nobody's, which is said.
    (said,) = seen(pair.left.directory).complaints
    assert "team0.sock: no lacpd listens here any more; start it again" in said
    pair.left.start()
    pair.both_up()
    assert {port["name"]: port["actor"]["port"] for port in pair.left.lag()["ports"]} == before
    assert pair.left.lag()["actor"]["system"] == system


def test_a_process_that_is_stopped_for_a_while_gives_nobody_up(stack: ExitStack) -> None:
    pair = Pair(stack)
    path = client.sockets(pair.left.directory)[0]
    before = pair.left.ask("history")["history"]
    pair.left.signal(signal.SIGSTOP)
    end = time.monotonic() + 5
    pair.right.until(lambda: pair.right.distributing() == [] and time.monotonic() > end)
    pair.left.signal(signal.SIGCONT)
    pair.both_up()
    after = client.ask(path, "history")["history"]
    for port in BOTH:
        news = after[port][len(before[port]) :]
        assert [each for each in news if each["machine"] == "receive"] == []
    assert "late: the process or the host was stopped" in pair.left.said()


def test_an_interface_that_is_deleted_and_made_again(stack: ExitStack) -> None:
    pair = Pair(stack)
    pair.here.ip("link del e0")
    pair.left.until(lambda: pair.left.distributing() == ["e1"])
    port = pair.left.port("e0")
    assert port["ifindex"] is None
    assert port["problems"] == ["no such interface: the port waits for one"]
    assert pair.right.distributing() == ["e1"]
    veth(pair.here, "e0", pair.there, "e0")
    pair.both_up()
    assert "e0: no such interface: the port waits for one" in pair.left.said()


def test_a_missing_interface_joins_when_it_appears(stack: ExitStack) -> None:
    here, there = stack.enter_context(namespaces(2))
    veth(here, "e0", there, "e0")
    text = conf("team0", BOTH, fast_rate=True)
    left = stack.enter_context(lacpd(here, text))
    right = stack.enter_context(lacpd(there, text))
    left.until(lambda: left.distributing() == ["e0"])
    assert "e1: no such interface" in left.said()
    veth(here, "e1", there, "e1")
    for daemon in (left, right):
        daemon.until_distributing(BOTH)


def test_a_carrier_that_goes_and_comes(stack: ExitStack) -> None:
    pair = Pair(stack)
    for _ in range(3):
        pair.there.ip("link set e0 down")
        pair.left.until(lambda: pair.left.distributing() == ["e1"], 2)
        pair.there.ip("link set e0 up")
        pair.both_up()
    moved = [each for each in pair.left.port("e1")["history"] if each["machine"] == "mux"]
    assert moved[-1]["new"] == "DISTRIBUTING"
    assert pair.left.port("e1")["counters"]["actor_sync_transition_count"] == 1


def test_a_reload_without_a_flap(stack: ExitStack) -> None:
    pair = Pair(stack)
    pair.left.file.write_text(conf("team0", BOTH, fast_rate=False))
    pair.left.signal(signal.SIGHUP)
    pair.right.until(lambda: "short_timeout" not in pair.right.port("e0")["partner"]["flags"])
    pair.left.file.write_text("{")
    pair.left.signal(signal.SIGHUP)
    pair.left.until(lambda: "not reloaded" in pair.left.said())
    assert pair.left.distributing() == pair.right.distributing() == BOTH
    pair.left.file.write_text(conf("team0", ["e1"]))
    pair.left.signal(signal.SIGHUP)
    pair.right.until(lambda: pair.right.distributing() == ["e1"])
    assert pair.right.port("e1")["counters"]["actor_sync_transition_count"] == 1


FLOODER = """
import socket, sys, time
frame = bytes.fromhex("0180c2000002" "020000000bad" "8809") + bytes.fromhex(sys.argv[2])
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
sock.bind((sys.argv[1], 0))
end = time.monotonic() + float(sys.argv[3])
sent = 0
while time.monotonic() < end:
    for _ in range(100):
        try:
            sock.send(frame)
            sent += 1
        except OSError:
            pass
print(sent)
"""


@pytest.mark.parametrize(
    "payload",
    ["01" + "00" * 109, "02" + "ff" * 50, "63" * 46, "01010114" + "ff" * 106, "0a" * 1500],
    ids=["illegal", "marker", "stranger", "lacpdu", "long"],
)
def test_a_hostile_flood_on_one_port_leaves_the_other_alone(stack: ExitStack, payload: str) -> None:
    pair = Pair(stack)
    moves = pair.left.port("e1")["counters"]["actor_sync_transition_count"]
    seconds = 6
    flood = subprocess.Popen(
        pair.there.command(sys.executable, "-c", FLOODER, "e0", payload, str(seconds)),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        pair.left.until(lambda: pair.left.port("e0")["counters"]["flooded_rx"])
        early = pair.left.memory()
        slowest = 0.0
        while flood.poll() is None:
            before = time.monotonic()
            assert pair.left.port("e1")["distributing"]
            slowest = max(slowest, time.monotonic() - before)
            time.sleep(0.1)
        late = pair.left.memory()
    finally:
        flood.kill()
        sent, _ = flood.communicate()
    assert int(sent) > 10_000
    # Longer than the timeout, under a flood all the time, and e1 has not moved.
    assert pair.left.port("e1")["counters"]["actor_sync_transition_count"] == moves
    assert pair.right.port("e1")["distributing"]
    assert late - early < 4 << 20
    assert slowest < 2
    assert len(pair.left.said()) < 100_000
    pair.both_up()


def test_many_teams_in_one_process(stack: ExitStack) -> None:
    here, there = stack.enter_context(namespaces(2))
    count = 20
    daemons = []
    for namespace in (here, there):
        directory = Path(stack.enter_context(_directory()))
        for number in range(count):
            text = conf(f"team{number}", [f"p{number}"], fast_rate=True)
            (directory / f"{number}.conf").write_text(text)
        daemons.append((namespace, directory))
    for number in range(count):
        veth(here, f"p{number}", there, f"p{number}")
    processes = []
    for namespace, directory in daemons:
        command = [*COMMAND, "--config-dir", str(directory), *apart(directory)]
        command = ["setpriv", "--pdeathsig", "KILL", *namespace.command(*command)]
        log = stack.enter_context((directory / "log").open("wb"))
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        stack.callback(process.wait)
        stack.callback(process.kill)
        processes.append(process)
    end = time.monotonic() + 20
    for _, directory in daemons:
        while True:
            lags = seen(directory).lags
            if len(lags) == count and all(lag.up for lag in lags):
                break
            assert time.monotonic() < end, (directory / "log").read_text()[-3000:]
            time.sleep(0.05)
    for process in processes:
        process.terminate()
        assert process.wait(10) == 0


def _directory() -> tempfile.TemporaryDirectory[str]:
    # Not below pytest's own directory: the path of a Unix socket has 107 octets at most.
    return tempfile.TemporaryDirectory(prefix="lacpd-")


# Wrong usage: one clear line, the right exit code.


def test_a_second_daemon_on_the_same_team(stack: ExitStack) -> None:
    (here,) = stack.enter_context(namespaces(1))
    daemon = stack.enter_context(lacpd(here, conf("team0", ["e0"])))
    second = run_here("-f", str(daemon.file), run_dir=daemon.directory)
    pid = daemon.process.pid
    said = f"lacpd: team0: lacpd runs this team already, as process {pid}"
    assert second.stderr.splitlines()[-1] == said
    assert second.returncode == 1
    assert daemon.lag()["name"] == "team0"
    assert run_here("-e", "-t", "team0", run_dir=daemon.directory).returncode == 0
    assert run_here("-k", "-f", str(daemon.file), run_dir=daemon.directory).returncode == 0
    assert daemon.process.wait(5) == 0
    gone = run_here("-k", "-t", "team0", run_dir=daemon.directory)
    assert (gone.stderr, gone.returncode) == ("lacpd: no lacpd runs team0\n", 1)
    assert run_here("-e", "-t", "team0", run_dir=daemon.directory).returncode == 1


def test_in_the_background(stack: ExitStack) -> None:
    (here,) = stack.enter_context(namespaces(1))
    directory = Path(stack.enter_context(_directory()))
    file = directory / "team.conf"
    file.write_text(conf("team0", ["e0"]))
    command = [*COMMAND, "-d", "-f", str(file), *apart(directory), "-p"]
    pid_file = directory / "x.pid"
    stack.callback(run_here, "-k", "-t", "team0", run_dir=directory)
    done = subprocess.run(
        here.command(*command, str(pid_file)), cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    # It runs as soon as the command is back.
    assert [lag.name for lag in seen(directory).lags] == ["team0"]
    pid = int(pid_file.read_text())
    assert os.readlink(f"/proc/{pid}/cwd") == "/"
    again = subprocess.run(
        here.command(*command, str(pid_file)), cwd=ROOT, capture_output=True, check=False
    )
    assert again.returncode == 1
    assert b"runs this team already" in again.stderr
    assert run_here("-k", "-t", "team0", run_dir=directory).returncode == 0
    assert not pid_file.exists()


def test_without_privilege(stack: ExitStack) -> None:
    (here,) = stack.enter_context(namespaces(1))
    directory = Path(stack.enter_context(_directory()))
    (directory / "team.conf").write_text(conf("team0", ["e0"]))
    dropped = ["setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw"]
    command = [*COMMAND, "-f", str(directory / "team.conf"), *apart(directory)]
    done = subprocess.run(
        here.command(*dropped, *command), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("lacpd: cannot open a packet socket: Operation not permitted; ")
    assert "Traceback" not in done.stderr
    assert [path.name for path in directory.iterdir()] == ["team.conf"]


def test_what_the_log_says_as_json(stack: ExitStack) -> None:
    (here,) = stack.enter_context(namespaces(1))
    daemon = stack.enter_context(lacpd(here, conf("team0", BOTH), "--log-format", "json"))
    daemon.until(lambda: '"port": "e1"' in daemon.said())
    daemon.end()
    lines = [json.loads(line) for line in daemon.said().splitlines()]
    assert lines[0]["message"].startswith(
        "team0: starting runner lacp with dataplane none, ports e0, e1"
    )
    assert {"time", "level", "message", "lag"} <= lines[0].keys()


def test_an_interface_that_is_no_ethernet(stack: ExitStack) -> None:
    here: Namespace
    (here,) = stack.enter_context(namespaces(1))
    daemon = stack.enter_context(lacpd(here, conf("team0", ["lo"])))
    daemon.until(lambda: daemon.port("lo")["problems"])
    daemon.until(lambda: "cannot be a port" in daemon.port("lo")["problems"][0])
