"""What the survey takes from the control sockets of lacpd, and from what only looks like one."""

import fcntl
import itertools
import json
import os
import socket
import struct
import termios
import threading
import time
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path
from socket import SOCK_STREAM
from typing import Any

import pytest

from lacp.errors import BackendError
from lacp.inspect import lacpd
from lacp.inspect.survey import BUSY_PATIENCE, Places
from lacp.picture.events import phrase, read_event
from lacp.picture.model import LagView
from lacp.picture.reading import LEVELS, nests_deeper
from tests import hostile
from tests.hostile import listening


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where paths are short enough for sockets."""
    monkeypatch.chdir(tmp_path)


def answer(lag: Any, **members: Any) -> Any:
    return hostile.answer(json.dumps({"ok": True, "lag": lag, **members}).encode() + b"\n")


def read(places: Places | None = None, within: float = 0.3) -> list[LagView | str]:
    deadline = time.monotonic() + within * BUSY_PATIENCE
    return list(lacpd.read(places or Places(run_dir="."), deadline))


def test_the_lag_of_each_socket() -> None:
    lag = {"name": "team0", "source": "lacpd", "netns": 7, "novelty": [1], "ports": []}
    with (
        listening("team0.sock", SOCK_STREAM, answer(lag)),
        listening("team1.sock", SOCK_STREAM, answer({**lag, "name": "team1"})),
    ):
        found = read(within=5)
    assert {lag.name for lag in found if isinstance(lag, LagView)} == {"team0", "team1"}
    assert all(isinstance(lag, LagView) and lag.netns == 7 for lag in found)


def test_no_run_directory_and_one_of_a_killed_daemon() -> None:
    assert read(Places(run_dir="nowhere")) == []
    hostile.stale("team0.sock")
    assert read() == [
        "./team0.sock: no lacpd listens here any more; start it again, or remove the socket"
    ]
    assert read(Places(socket="team0.sock")) == ["team0.sock: no lacpd listens here any more"]


def test_killed_daemons_cost_one_line_however_many() -> None:
    for number in range(1000):
        hostile.stale(f"team{number:03}.sock")
    with listening("zz.sock", SOCK_STREAM, answer({"name": "zz", "source": "lacpd"})):
        lag, said = read(within=5)
    assert isinstance(lag, LagView)
    assert said == (
        ".: no lacpd listens any more at team000.sock, team001.sock, team002.sock and 997 more; "
        "start it again, or remove them"
    )


HUGE = b"9" * 400
ENDLESS = "found a number of more than 64 bits"
WRONG = {
    b'{"ok": true, "lag": {"name": "a", "source": "b", "min_ports": %b}}\n'
    % HUGE: f"lag.min_ports: {ENDLESS}, expected an integer or null",
    b'{"ok": true, "lag": {"name": "a", "source": "b", "settings": {"x": %b}}}\n'
    % HUGE: f"lag.settings.x: {ENDLESS}, expected a number or null",
    b'{"ok": true, "lag": {"name": "a", "source": "b", "ports": [{"name": "p", '
    b'"last_rx_age": %b}]}}\n'
    % HUGE: f"lag.ports[0].last_rx_age: {ENDLESS}, expected a number or null",
    b"[]\n": "this is not lacpd's protocol",
    b"{\n": "this is not lacpd's protocol",
    b"[" * 5000 + b"\n": "this is not lacpd's protocol",
    b'{"ok": false, "error": "no\\u001b[2J"}\n': "no?[2J",
    b'{"ok": true}\n': "lag: found null, expected an object",
    b'{"ok": true, "lag": {"name": 1}}\n': "lag.name: found 1, expected a string",
    b'{"ok": true, "lag": {"source": "lacpd"}}\n': "lag: a name is missing",
    b'{"ok": true, "lag": {"name": "a", "source": "b", "ports": [{"name": "p", '
    b'"last_rx_age": NaN}]}}\n': "lag.ports[0].last_rx_age: found nan, expected a number or null",
    b'{"ok": true, "lag": {"name": "a", "source": "b", "settings": {"x": '
    + b"[" * 400
    + b"]" * 400
    + b"}}}\n": "lag.settings.x: found more than 16 levels, expected fewer",
}


@pytest.mark.parametrize("said", WRONG)
def test_what_is_no_answer_costs_a_line(said: bytes) -> None:
    with listening("team0.sock", SOCK_STREAM, hostile.answer(said)):
        assert read(within=5) == [f"./team0.sock: {WRONG[said]}"]


def test_one_that_hangs_holds_up_no_other() -> None:
    lag = {"name": "team1", "source": "lacpd"}
    with (
        listening("team0.sock", SOCK_STREAM, hostile.hang),
        listening("team1.sock", SOCK_STREAM, answer(lag)),
    ):
        good, bad = sorted(read(), key=lambda found: isinstance(found, str))
    assert isinstance(good, LagView)
    assert isinstance(bad, str)
    assert bad.startswith("./team0.sock: no answer of lacpd within")


def test_many_sockets_have_more_time_as_long_as_they_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Each look at the clock is later: all answers take longer than there is for one.
    monkeypatch.setattr(time, "monotonic", partial(next, count(0.0, 0.05)))
    turns = [threading.Event() for _ in range(11)]
    turns[0].set()

    def in_turn(number: int) -> hostile.Behaviour:
        told = json.dumps({"ok": True, "lag": {"name": f"team{number}", "source": "lacpd"}})

        def behave(connection: socket.socket, over: threading.Event) -> None:
            connection.settimeout(5)
            turns[number].wait(5)
            connection.sendall(told.encode() + b"\n")
            # The request, and that the answer was taken.
            while connection.recv(1000):
                pass
            turns[number + 1].set()

        return behave

    with ExitStack() as stack:
        for number in range(10):
            path = f"team{number}.sock"
            stack.enter_context(listening(path, SOCK_STREAM, in_turn(number)))
        found = read(within=1.5)
    assert [lag.name for lag in found if isinstance(lag, LagView)] == [
        f"team{number}" for number in range(10)
    ]


def test_a_sign_of_life_puts_the_deadline_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", partial(next, count(0.0, 0.05)))

    def alive(connection: socket.socket, over: threading.Event) -> None:
        for _ in range(20):
            connection.sendall(b" ")
            while unread(connection):
                over.wait(0.001)
        connection.sendall(b'{"ok": true, "lag": {"name": "team0", "source": "lacpd"}}\n')
        over.wait()

    with listening("team0.sock", SOCK_STREAM, alive):
        (found,) = read(within=1.5)
    assert isinstance(found, LagView)


def unread(connection: socket.socket) -> int:
    """Octets that the other side has not read yet (SIOCOUTQ)."""
    octets = struct.Struct("i")
    answer = fcntl.ioctl(connection, termios.TIOCOUTQ, octets.pack(0))
    return int(octets.unpack(answer)[0])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_socket_that_this_user_may_not_ask() -> None:
    with listening("team0.sock", SOCK_STREAM, hostile.hang):
        os.chmod("team0.sock", 0)
        assert read() == ["./team0.sock: this user may not ask lacpd; run as root"]


def test_one_that_goes_on_talking_is_listened_to_no_longer_than_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Each look at the clock is some pieces later.
    monkeypatch.setattr(time, "monotonic", partial(next, count(0.0, 0.05)))
    monkeypatch.setattr(lacpd, "_MAX_ANSWER", 4 << 20)
    with (
        listening("team0.sock", SOCK_STREAM, hostile.flood(8 << 20)),
        pytest.raises(BackendError, match=r"team0\.sock: no answer within 0\.2 s"),
    ):
        lacpd.ask("team0.sock", "show", timeout=0.2)


def test_an_answer_that_nests_deeper_than_anybody_writes_is_none() -> None:
    deep = json.dumps({"ok": True, "lag": "team0", "old": nested(LEVELS)}).encode() + b"\n"
    with (
        listening("team0.sock", SOCK_STREAM, hostile.answer(deep)),
        pytest.raises(BackendError, match="this is not lacpd's protocol"),
    ):
        lacpd.ask("team0.sock", "set")


@pytest.mark.parametrize("levels", [1, 2, 5])
@pytest.mark.parametrize("inner", [[], {}, "x", 1, None])
def test_how_deep_a_document_nests(levels: int, inner: Any) -> None:
    deep = nested(levels, inner)
    found = levels + isinstance(inner, list | dict)
    assert nests_deeper(deep, found - 1)
    assert not nests_deeper(deep, found)
    assert not nests_deeper({"a": deep, "b": [1, 2, "[[[["]}, found + 1)


def test_an_event_that_nests_deeper_than_anybody_writes_is_none() -> None:
    line = {"event": "link_changed", "lag": "team0", "port": None, "time": None}
    assert read_event({**line, "link": nested(10)}, "lacpd") is not None
    assert read_event({**line, "link": nested(LEVELS)}, "lacpd") is None


@pytest.mark.parametrize("speed", [int(HUGE), True, "x", [1]])
def test_a_speed_that_is_none_is_told_in_no_words(speed: Any) -> None:
    event = {"event": "link_changed", "lag": "a", "link": {"up": True, "speed": speed}}
    assert phrase(event) == "link up"


def nested(levels: int, inner: Any = None) -> Any:
    """So many arrays within each other."""
    found = inner
    for _ in range(levels):
        found = [found]
    return found


# Many teams of one process.


def locked(*teams: str, process: int | None = None) -> None:
    """What the daemon that runs these teams has beside their sockets; by default that is us."""
    for team in teams:
        Path(f"{team}.lock").write_text(f"{process or os.getpid()}\n")


def for_all(*, old: bool = False, until: int = 1000) -> hostile.Behaviour:
    """Answer each request about the team that it names, as an old lacpd does about team0 always;
    hang up after so many."""

    def behave(connection: socket.socket, over: threading.Event) -> None:
        with connection.makefile("rb") as requests:
            for number, line in enumerate(itertools.islice(requests, until)):
                name = "team0" if old else json.loads(line).get("lag", "team0")
                told = {"ok": True, "lag": {"name": name, "source": "lacpd", "mtu": number}}
                connection.sendall(json.dumps(told).encode() + b"\n")

    return behave


def names(found: list[LagView | str]) -> list[str]:
    return sorted(each.name if isinstance(each, LagView) else each for each in found)


def test_one_process_is_asked_once_for_all_of_its_teams() -> None:
    locked("team0", "team1", "team2")
    with (
        listening("team0.sock", SOCK_STREAM, for_all()),
        listening("team1.sock", SOCK_STREAM, hostile.hang),
        listening("team2.sock", SOCK_STREAM, hostile.hang),
    ):
        found = read(within=5)
    assert names(found) == ["team0", "team1", "team2"]
    # In one conversation.
    assert [lag.mtu for lag in found if isinstance(lag, LagView)] == [0, 1, 2]


@pytest.mark.parametrize(
    "said",
    [
        for_all(old=True),
        for_all(until=1),
        hostile.answer(b"{}\n"),
        hostile.answer(b'{"ok": false, "error": "32 clients are connected already"}\n'),
        hostile.answer(b'{"ok": true, "lag": {"name": "team1"}}\n' * 9),
        hostile.answer(b"\xff\n" * 9),
    ],
)
def test_what_one_socket_does_not_say_of_the_others_they_are_asked_for(
    said: hostile.Behaviour,
) -> None:
    locked("team0", "team1", "team2")
    lag = {"name": "team1", "source": "lacpd", "mtu": 7}
    with (
        listening("team0.sock", SOCK_STREAM, said),
        listening("team1.sock", SOCK_STREAM, answer(lag)),
        listening("team2.sock", SOCK_STREAM, answer({**lag, "name": "team2"})),
    ):
        found = [each for each in read(within=5) if isinstance(each, LagView)]
    assert [each.name for each in found if each.mtu == 7] in (
        ["team1", "team2"],
        ["team2", "team1"],
    )


@pytest.mark.parametrize("process", [1, 99999999, None])
def test_a_daemon_speaks_for_no_team_of_another_process(process: int | None) -> None:
    locked("team0", "team1")
    if process is None:
        Path("team1.lock").unlink()
        os.mkfifo("team1.lock")
    else:
        locked("team1", process=process)
        # Nor does a lock of theirs make us believe it.
        locked("team0", process=process)
    with (
        listening("team0.sock", SOCK_STREAM, for_all()),
        listening("team1.sock", SOCK_STREAM, answer({"name": "own", "source": "lacpd"})),
    ):
        assert names(read(within=5)) == ["own", "team0"]


def test_a_process_that_hangs_costs_a_line_for_each_of_its_teams_and_no_other_anything() -> None:
    locked("team0", "team1")
    with (
        listening("team0.sock", SOCK_STREAM, hostile.hang),
        listening("team1.sock", SOCK_STREAM, hostile.hang),
        listening("team2.sock", SOCK_STREAM, answer({"name": "team2", "source": "lacpd"})),
    ):
        found = names(read())
    assert found[0].startswith("./team0.sock: no answer of lacpd within")
    assert found[1].startswith("./team1.sock: no answer of lacpd within")
    assert found[2:] == ["team2"]
