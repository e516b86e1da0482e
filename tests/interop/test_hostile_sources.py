"""Sockets that hang, lie or flood, where lacpctl looks: a line for each, within a second, and the
others are shown. In a mount namespace of its own, so that it looks in the usual places."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import hostile
from tests.hostile import Behaviour, listening
from tests.lab import need, need_root, need_tool
from tests.unit.inspect.switches import BONDS, LACP, STATS, said
from tests.unit.inspect.teams import CONFIG, STATE

pytestmark = pytest.mark.interop

STREAM, RECORDS = socket.SOCK_STREAM, socket.SOCK_SEQPACKET
#: By source: where its sockets are, of which kind, how they are called, and who should be there.
PLACES = {
    "lacpd": ("lacpd", STREAM, "{}.sock", "lacpd"),
    "teamd": ("teamd", RECORDS, "{}.sock", "teamd"),
    "ovs": ("openvswitch", STREAM, "ovs-vswitchd.{}.ctl", "Open vSwitch"),
}
#: Seconds beyond what lacpctl takes where nothing is.
PATIENCE = 1.0
#: MB of memory at most beyond that.
MEMORY = 80

LAG = {"name": "good", "source": "lacpd", "ports": [{"name": "eth0"}]}
GOOD: dict[str, Behaviour] = {
    "lacpd": hostile.answer(json.dumps({"version": 1, "ok": True, "lag": LAG}).encode() + b"\n"),
    "teamd": hostile.answer(
        *(b"REPLY_SUCCESS\n" + json.dumps(each).encode() for each in (CONFIG, STATE))
    ),
    "ovs": hostile.answer(said(BONDS, LACP, STATS)),
}
#: What a source does, by the name of its socket.
BAD: dict[str, Behaviour] = {
    "1": hostile.hang,
    "2": hostile.hang,
    "3": hostile.hang,
    "4": hostile.trickle(b'{"version": 1, "ok": true}'),
    "5": hostile.answer(b"\xff\x00\x1b[2J\x07}\n"),
    "6": hostile.flood(100 << 20),
    "7": hostile.flood(100 << 20, b'{"a": [' + b"[]," * 20_000 + b"[]]}"),
    "8": hostile.close,
}


@dataclass
class Done:
    """What lacpctl did."""

    status: int
    output: str
    errors: list[str]
    seconds: float
    #: MB.
    memory: float


class Host:
    """The places where lacpctl looks."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self._directory = directory
        self._stack = stack
        for place, *_ in PLACES.values():
            (directory / place).mkdir()

    def path(self, source: str, name: str) -> Path:
        place, _, form, _ = PLACES[source]
        return self._directory / place / form.format(name)

    def behaves(self, source: str, name: str, behave: Behaviour) -> None:
        kind = PLACES[source][1]
        self._stack.enter_context(listening(self.path(source, name), kind, behave))

    def unattended(self, source: str, name: str) -> None:
        path = self.path(source, name)
        self._stack.enter_context(hostile.unattended(path, PLACES[source][1]))

    def other_kind(self, source: str, name: str) -> None:
        sock = self._stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        sock.bind(os.fspath(self.path(source, name)))

    def lacpctl(self, *arguments: str, user: int | None = None) -> Done:
        """Run it where these places are the usual ones."""
        places = [place for place, *_ in PLACES.values()]
        mounts = [f"mkdir /run/{place}; mount --bind $0/{place} /run/{place}" for place in places]
        drop = "" if user is None else f"setpriv --reuid={user} --regid={user} --clear-groups "
        script = "\n".join(
            ["set -e; mount -t tmpfs tmpfs /run", *mounts, f'exec {drop}"$@"'],
        )
        start = time.monotonic()
        done = subprocess.run(
            [
                *("unshare", "--mount", "sh", "-c", script, str(self._directory)),
                *(sys.executable, "-c", _PROGRAM, *arguments),
            ],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        took = time.monotonic() - start
        *errors, memory = done.stderr.splitlines()
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, errors, took, int(memory) / 1024)


#: lacpctl, which says at its end how much memory it has had at most, in kB.
_PROGRAM = """
import re, sys
from lacp.cli.lacpctl import main
try:
    sys.exit(main())
finally:
    sys.stdout.flush()
    print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1], file=sys.stderr)
"""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    need_root()
    need_tool("unshare", "setpriv", "mount")
    probe = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    need("mount namespaces", probe.returncode == 0, "a kernel or container that allows them")
    with ExitStack() as stack:
        yield Host(tmp_path, stack)


def lags(done: Done) -> list[tuple[str, str]]:
    return [(lag["name"], lag["source"]) for lag in json.loads(done.output)["lags"]]


ALL_GOOD = [("ab", "ovs"), ("bond0", "ovs"), ("good", "lacpd"), ("team0", "teamd")]


def test_each_costs_a_line_and_the_others_are_shown(host: Host) -> None:
    quiet = host.lacpctl("--json", "show")
    for source, (_, _, _, who) in PLACES.items():
        host.behaves(source, "0", GOOD[source])
        for name, behave in BAD.items():
            host.behaves(source, name, behave)
        host.unattended(source, "9")
        host.path(source, "10").mkdir()
        os.symlink(host.path(source, "11"), host.path(source, "11"))
        host.path(source, "12").write_text(who)
        host.other_kind(source, "13")
        for number in range(100, 1100):
            hostile.stale(host.path(source, str(number)), PLACES[source][1])
    done = host.lacpctl("--json", "show")
    assert lags(done) == ALL_GOOD
    assert done.status == 1
    expected = [
        f"run/{place}/{form.format(name)}: "
        for place, _, form, _ in PLACES.values()
        for name in range(1, 14)
    ]
    for start in expected:
        (line,) = (line for line in done.errors if start in line)
        assert line.isprintable()
    # And one for the lacpds that were killed, all of them together.
    (killed,) = (line for line in done.errors if "run/lacpd: " in line)
    assert "at 100.sock, 1000.sock, 1001.sock and 997 more; " in killed
    assert len(done.errors) == len(expected) + 1
    check_cost(host, quiet, done)


def check_cost(host: Host, quiet: Done, done: Done) -> None:
    """What it costs beyond a look at nothing bad."""
    assert done.memory - quiet.memory < MEMORY
    # Whatever else the machine does may make it slower, and nothing makes it faster.
    for _ in range(4):
        if done.seconds - quiet.seconds < PATIENCE:
            return
        done = host.lacpctl("--json", "show")
    raise AssertionError(f"{done.seconds:.2f} s, and without bad sources {quiet.seconds:.2f} s")


@pytest.mark.parametrize("name", ["1", "4", "7"])
def test_one_of_them_alone_costs_the_others_nothing(host: Host, name: str) -> None:
    for source, good in GOOD.items():
        host.behaves(source, "0", good)
    quiet = host.lacpctl("--json", "show")
    for source in PLACES:
        host.behaves(source, "1", BAD[name])
    done = host.lacpctl("--json", "show")
    assert (lags(quiet), quiet.status) == (ALL_GOOD, 0)
    assert (lags(done), done.status, len(done.errors)) == (ALL_GOOD, 1, 3)
    check_cost(host, quiet, done)


def test_who_may_not_ask_is_told_so(host: Host) -> None:
    for source, good in GOOD.items():
        host.behaves(source, "0", good)
        host.path(source, "0").chmod(0o600)
    done = host.lacpctl("--json", "show", user=65534)
    assert (lags(done), done.status) == ([], 1)
    assert sorted(done.errors) == [
        f"lacpctl: {path}: this user may not ask {who}; run as root"
        for path, who in (
            ("/run/lacpd/0.sock", "lacpd"),
            ("/run/teamd/0.sock", "teamd"),
            ("/var/run/openvswitch/ovs-vswitchd.0.ctl", "Open vSwitch"),
        )
    ]


#: What moves a cursor, ends a line, turns text round, or is half a character.
_EVIL = "a\x1b[2J\x1b]0;x\x07\r\n\u202e\x9b1m\ud800\x00"


def evil(document: Any) -> Any:
    """The same with such a text in the place of each."""
    if isinstance(document, dict):
        return {key: evil(value) for key, value in document.items()}
    if isinstance(document, list):
        return [evil(value) for value in document]
    return _EVIL if isinstance(document, str) else document


_END = {
    "system_priority": 1,
    "system": "02:00:00:00:00:01",
    "key": 1,
    "port_priority": 1,
    "port": 1,
}
_PORT = {
    "name": "x",
    "selected": "x",
    "selected_reason": "x",
    "missing": "x",
    "held": "x",
    "refusal": "x",
    "problems": ["x"],
    "machines": {"receive": "x", "mux": "x"},
    "link_watches": [{"name": "x", "up": False, "reason": "x", "down_count": 1}],
    "history": [{"time": "x", "machine": "x", "old": "x", "new": "x", "reason": "x"}],
    "counters": {_EVIL: 1},
    "timers": {_EVIL: 1.5},
    "refused": {_EVIL: 2},
    "settings": {_EVIL: "x", "lacp_rate": "x"},
}
_LAG = {
    "name": "x",
    "source": "x",
    "mode": "x",
    "active_port": "x",
    "edition": "x",
    "control": "x",
    "fallback": "x",
    "agg_select_policy": "x",
    "dataplane": "x",
    "settings": {_EVIL: "x"},
    "unseen": ["x"],
    "problems": ["x"],
}


def evil_lag() -> bytes:
    port = {**evil(_PORT), "actor": {**_END, "state": 61}, "partner": {**_END, "state": 5}}
    lag = {**evil(_LAG), "lacp": True, "up": False, "ports": [port]}
    return _line({"version": 1, "ok": True, "lag": lag})


def _line(document: Any) -> bytes:
    return json.dumps(document).encode() + b"\n"


def evil_team() -> list[bytes]:
    state = json.loads(json.dumps(STATE))
    state["ports"] = {_EVIL: state["ports"]["eth1"]}
    config = {"device": _EVIL, _EVIL: _EVIL, "ports": {_EVIL: {_EVIL: _EVIL}}}
    state["setup"] = {"runner_name": _EVIL, _EVIL: _EVIL}
    state["team_device"]["ifinfo"]["ifname"] = _EVIL
    return [b"REPLY_SUCCESS\n" + json.dumps(each).encode() for each in (config, state)]


@pytest.mark.parametrize(
    "command",
    [
        ("show",),
        ("show", "-v"),
        ("--json", "show", "-v"),
        ("show", "--format", "proc"),
        ("show", "--format", "openconfig"),
        ("explain",),
        ("counters",),
        ("neighbors",),
    ],
)
def test_nothing_that_a_source_says_moves_a_cursor(host: Host, command: tuple[str, ...]) -> None:
    host.behaves("lacpd", "0", hostile.answer(evil_lag()))
    host.behaves("teamd", "0", hostile.answer(*evil_team()))
    # Its texts have lines, whatever the names in them.
    name = _EVIL.replace("\r\n", "")
    texts = [text.replace("bond0", name).replace("eth", name) for text in (BONDS, LACP, STATS)]
    host.behaves("ovs", "0", hostile.answer(said(*texts)))
    host.behaves("lacpd", "1", hostile.answer(_line({"ok": False, "error": _EVIL})))
    host.behaves("teamd", "1", hostile.answer(b"REPLY_ERROR\n" + b"\x1b[2J\x9b\xff"))
    done = host.lacpctl(*command)
    # Those of lacpd and teamd, and two of Open vSwitch.
    if command == ("--json", "show", "-v"):
        assert len(json.loads(done.output)["lags"]) == 4
    assert "a?[2J" in done.output or command[0] == "--json" or "openconfig" in command
    for line in [*done.output.split("\n"), *done.errors]:
        # The kernel's own layout has lines that begin with a tab.
        said_of_it = line.removeprefix("\t") if "proc" in command else line
        assert said_of_it.isprintable(), repr(line)
