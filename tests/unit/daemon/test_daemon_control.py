"""The control socket: what is asked and answered, and that nobody can hold up LACP through it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from lacp.backends.memory import MemoryBackend, connect
from lacp.daemon import control, turns
from lacp.daemon.listener import Listener
from lacp.daemon.loop import Loop, monotonic_clock
from lacp.daemon.options import Options
from lacp.daemon.process import notify
from lacp.daemon.process.logs import default_output, logging_to
from lacp.daemon.report import lag as report
from lacp.daemon.service import Service
from lacp.daemon.sources import Sources
from lacp.errors import BackendError, LacpError
from lacp.inspect import lacpd
from lacp.inspect.monitor.changes import Changes
from lacp.inspect.survey import Places, survey
from tests.daemons import conf
from tests.waiting import until_holds

Story = Callable[[Loop, str], Awaitable[None]]


def play(directory: Path, story: Story) -> None:
    """Run a daemon with teams team0 and team1, which are cabled to each other, and the story."""

    async def main() -> None:
        with MemoryBackend() as backend:
            for number in (1, 2):
                connect(backend, f"a{number}", backend, f"b{number}")
            (directory / "0.conf").write_text(conf("team0", ["a1", "a2"], aggregate_wait=0))
            (directory / "1.conf").write_text(conf("team1", ["b1", "b2"], aggregate_wait=0))
            clock = monotonic_clock()
            sources = Sources(directory=str(directory))
            teamd = str(directory / "teamd")
            options = Options(run_dir=str(directory), teamd_run_dir=teamd, dataplane="none")
            service = Service(backend, sources, clock, options)
            loop = Loop(service)
            service.start(sources.read().configs, clock.now())
            running = asyncio.Event()
            task = asyncio.create_task(loop.run(running.set))
            await running.wait()
            try:
                await story(loop, str(directory / "team0.sock"))
            finally:
                loop.stop()
                await asyncio.wait_for(task, 10)

    try:
        asyncio.run(main())
    finally:
        while Raw.made:
            Raw.made.pop().close()
    left = [path.suffix for path in sorted(directory.iterdir()) if path.is_file()]
    assert left == [".conf"] * 2 + [".state"] * 2
    assert list((directory / "teamd").iterdir()) == []


@pytest.fixture(autouse=True)
def _no_long_farewells(monkeypatch: pytest.MonkeyPatch) -> None:
    # Coming up within a second has used the LACPDUs of that second; here nobody waits for the next.
    monkeypatch.setattr("lacp.daemon.loop.FAREWELL", 0.0)
    monkeypatch.setattr("lacp.daemon.process.logs._FAREWELL", 0.1)


async def blocking(call: Callable[..., Any], *arguments: Any, **members: Any) -> Any:
    return await asyncio.to_thread(call, *arguments, **members)


async def carrying(path: str) -> dict[str, Any]:
    """The LAG, once all its ports carry traffic."""
    for _ in range(200):
        lag: dict[str, Any] = (await blocking(lacpd.ask, path, "show"))["lag"]
        if all(port["distributing"] for port in lag["ports"]):
            return lag
        await asyncio.sleep(0.01)
    raise AssertionError(lag)


class Raw:
    """A client that can misbehave; `play` closes its socket at the latest."""

    made: ClassVar[list[socket.socket]] = []

    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.made.append(self.socket)
        self.socket.settimeout(5)
        self.socket.connect(path)
        self.buffer = b""

    def say(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def hear(self) -> Any:
        while b"\n" not in self.buffer:
            octets = self.socket.recv(65536)
            if not octets:
                return None
            self.buffer += octets
        line, _, self.buffer = self.buffer.partition(b"\n")
        return json.loads(line)

    def ask(self, octets: bytes) -> Any:
        self.say(octets)
        return self.hear()


def test_show_counters_history_config(tmp_path: Path) -> None:
    async def story(loop: Loop, path: str) -> None:
        lag = await carrying(path)
        assert lag["name"] == "team0"
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        verbose = (await blocking(lacpd.ask, path, "show", verbose=True))["lag"]
        assert {"timers", "history"} <= verbose["ports"][0].keys()
        counters = await blocking(lacpd.ask, path, "counters", ports=["a1"], reset=True)
        assert counters["counters"]["a1"]["lacpdus_rx"] > 0
        counters = await blocking(lacpd.ask, path, "counters")
        assert counters["counters"]["a1"]["lacpdus_rx"] == 0
        assert counters["counters"]["a2"]["lacpdus_rx"] > 0
        history = await blocking(lacpd.ask, path, "history", ports=["a2"])
        assert [*history["history"]] == ["a2"]
        text = (await blocking(lacpd.ask, path, "config"))["text"]
        assert text == (tmp_path / "0.conf").read_text()
        places = Places(sources=frozenset({"lacpd"}), run_dir=str(tmp_path))
        seen = await blocking(survey, places)
        assert {lag.name for lag in seen.lags} == {"team0", "team1"}
        assert seen.complaints == []

    play(tmp_path, story)


def test_set_takes_effect(tmp_path: Path) -> None:
    async def story(loop: Loop, path: str) -> None:
        await carrying(path)
        await blocking(lacpd.ask, path, "set", path="team0.runner.fast_rate", value=True)
        lag = (await blocking(lacpd.ask, path, "show"))["lag"]
        assert "short_timeout" in lag["ports"][0]["actor"]["flags"]
        with pytest.raises(lacpd.RefusedError, match="found 0, expected an integer"):
            await blocking(lacpd.ask, path, "set", path="runner.min_ports", value=0)

    play(tmp_path, story)


def test_monitor(tmp_path: Path) -> None:
    async def story(loop: Loop, path: str) -> None:
        await carrying(path)
        found: list[Any] = []

        def watch() -> None:
            places = Places(sources=frozenset({"lacpd"}), socket=path)
            with Changes(places).begin() as changes:
                found.extend(event.document() for event in changes.until(0.5))

        watching = asyncio.create_task(asyncio.to_thread(watch))
        await until_holds(lambda: bool(loop.service.driver.teams["team0"].journal.subscribers))
        await blocking(lacpd.ask, path, "set", path="ports.a1.lacp_key", value=7)
        await watching
        machines = [e for e in found if e["event"] == "state_changed" and e["port"] == "a1"]
        assert machines[0]["machine"] == "selection"
        assert machines[0]["lag"] == "team0"
        assert machines[0]["time"].endswith("Z")

    play(tmp_path, story)


WRONG = {
    b"x\n": "expected one line of JSON",
    b"[]\n": "expected a JSON object",
    b"{}\n": "found request None, expected one of show, counters, history, monitor, config, set",
    b'{"request": ["show"]}\n': "expected one of show",
    b'{"request": "shwo"}\n': "found request 'shwo'",
    b'{"version": 2, "request": "show"}\n': "found version 2, expected 1",
    b'{"request": "counters", "ports": "a1"}\n': "ports: expected an array of names",
    b'{"request": "counters", "ports": ["x"]}\n': "no port 'x' in team0, there are a1, a2",
    b'{"request": "set", "path": "runner.active"}\n': "set: expected a path and a value",
    b'{"request": "set", "path": "runner.x", "value": 1}\n': "runner.x cannot be set; there are",
    b"[" * 60000 + b"\n": "expected one line of JSON",
    b"\xff\n": "expected one line of JSON",
}


def test_wrong_requests_are_answered_and_the_next_is_served(tmp_path: Path) -> None:
    async def story(loop: Loop, path: str) -> None:
        client = await blocking(Raw, path)
        for request, said in WRONG.items():
            answer = await blocking(client.ask, request)
            assert answer["ok"] is False
            assert said in answer["error"]
        answer = await blocking(client.ask, b'\n\n{"request": "show", "id": [1]}\n')
        assert (answer["ok"], answer["id"], answer["version"]) == (True, [1], 1)
        # Said in one go, heard in order, also when the speaker hangs up at once.
        for number in range(50):
            client.say(b'{"request": "monitor", "id": %d}\n' % number)
        client.socket.shutdown(socket.SHUT_WR)
        ids = [(await blocking(client.hear))["id"] for _ in range(50)]
        assert ids == list(range(50))
        client.socket.close()

    play(tmp_path, story)


def test_what_nests_deeply_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    async def story(loop: Loop, path: str) -> None:
        client = await blocking(Raw, path)
        before = (await blocking(client.ask, b'{"request": "config"}\n'))["text"]
        for depth in (64, 500, 960, 975, 980, 985, 2000):
            deep = b"[" * depth + b"]" * depth
            for asked in (
                b'{"request": "config", "id": %b}\n',
                b'{"request": "set", "path": "runner.min_ports", "value": %b}\n',
                b'{"request": "set", "path": "link_watch", "value": {"name": "ethtool", "": %b}}\n',
            ):
                answer = await blocking(client.ask, asked % deep)
                assert answer["ok"] is False
                assert answer["error"] in (
                    "found more than 64 levels, expected fewer",
                    "expected one line of JSON",
                )
        assert (await blocking(client.ask, b'{"request": "config"}\n'))["text"] == before
        client.socket.close()

    play(tmp_path, story)


def test_what_no_log_can_hold_is_asked_for_in_vain_and_logged_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(loop: Loop, path: str) -> None:
        client = await blocking(Raw, path)
        with caplog.at_level(logging.INFO, "lacp.daemon"):
            asked = b'{"request": "set", "path": "a\\ud800\\nb", "value": "\\ud800"}\n'
            assert "'a??b' of team0 cannot be set" in (await blocking(client.ask, asked))["error"]
        assert 'team0: asked to set a??b to "\\ud800"' in caplog.messages
        client.socket.close()

    play(tmp_path, story)


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_request_without_end_is_refused(tmp_path: Path, end: bytes) -> None:
    async def story(loop: Loop, path: str) -> None:
        client = await blocking(Raw, path)
        with contextlib.suppress(BrokenPipeError):
            await blocking(client.say, b"x" * (1 << 20) + end)
        with contextlib.suppress(ConnectionResetError):
            answer = await blocking(client.hear)
            assert answer["error"] == "request of more than 65536 octets"
        client.socket.close()
        await carrying(path)

    play(tmp_path, story)


def test_only_so_many_clients(tmp_path: Path) -> None:
    async def story(loop: Loop, path: str) -> None:
        clients = [await blocking(Raw, path) for _ in range(control.MAX_CLIENTS)]
        for client in clients:
            assert (await blocking(client.ask, b'{"request": "config"}\n'))["ok"]
        late = await blocking(Raw, path)
        assert "32 clients are connected already" in (await blocking(late.hear))["error"]
        late.socket.close()
        clients.pop().socket.close()
        listening = loop._controls[loop.service.driver.teams["team0"]]
        await until_holds(lambda: len(listening.clients) < control.MAX_CLIENTS)
        await carrying(path)
        for client in clients:
            client.socket.close()

    play(tmp_path, story)


def test_a_monitor_that_does_not_read_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "MAX_WAITING", 10_000)

    async def story(loop: Loop, path: str) -> None:
        await carrying(path)
        team = loop.service.driver.teams["team0"]
        slow, quick = await blocking(Raw, path), await blocking(Raw, path)
        for client in (slow, quick):
            assert (await blocking(client.ask, b'{"request": "monitor"}\n'))["ok"]
        for number in range(1000):
            team.journal.publish(
                {"port": None, "event": "test", "n": [number] * 200}, loop.service.clock.now()
            )
            assert (await blocking(quick.hear))["n"][0] == number
        assert len(team.journal.subscribers) == 1
        heard = [await blocking(slow.hear)]
        while heard[-1] is not None:
            heard.append(await blocking(slow.hear))
        assert heard[-2]["event"] == "overrun"
        assert "does not read" in heard[-2]["detail"]
        assert len(heard) < 1000
        for client in (slow, quick):
            client.socket.close()

    play(tmp_path, story)


def test_who_asks_and_never_reads_is_not_answered_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "MAX_WAITING", 10_000)

    async def story(loop: Loop, path: str) -> None:
        greedy = await blocking(Raw, path)
        greedy.socket.setblocking(False)
        asked = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                greedy.say(b'{"request": "show", "verbose": true}\n')
                asked += 1
        assert asked > 100
        # Meanwhile others are served.
        await carrying(path)
        clients = loop._controls[loop.service.driver.teams["team0"]].clients
        client = max(clients, key=lambda each: len(each._out))
        assert len(client._out) < 30_000
        assert len(client._in) < 200_000
        # And once it reads, it gets what it asked for.
        greedy.socket.settimeout(5)
        for _ in range(asked):
            answer = await blocking(greedy.hear)
            assert answer["ok"]
        greedy.socket.close()

    play(tmp_path, story)


def test_lacp_has_its_turns_while_much_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "TURN", 0.0)
    monkeypatch.setattr(report, "PIECE", 1)

    async def story(loop: Loop, path: str) -> None:
        await carrying(path)
        clients = loop._controls[loop.service.driver.teams["team0"]].clients
        # Of two ports: a piece for each port, finding and JSON of one.
        for request, pieces in (("show", 6), ("counters", 2), ("history", 2)):
            client = await blocking(Raw, path)
            client.say(json.dumps({"request": request}).encode() + b"\n")
            answer = asyncio.create_task(blocking(client.hear))
            rounds = 0
            while not answer.done():
                rounds += any(each._work is not None for each in clients)
                await asyncio.sleep(0)
            assert answer.result()["ok"]
            assert rounds >= pieces

    play(tmp_path, story)


def test_who_has_to_wait_is_told_so_in_blanks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "TURN", 0.0)
    monkeypatch.setattr(report, "PIECE", 1)
    monkeypatch.setattr(control, "SIGN_OF_LIFE", 0.0)

    async def story(loop: Loop, path: str) -> None:
        lag = await carrying(path)
        client = await blocking(Raw, path)
        client.say(b'{"request": "show"}\n')
        first = await blocking(client.socket.recv, 1)
        assert first == b" "
        assert (await blocking(client.hear))["lag"]["name"] == lag["name"]

    play(tmp_path, story)


def test_who_wants_no_problems_has_none(tmp_path: Path) -> None:
    async def story(loop: Loop, path: str) -> None:
        await carrying(path)
        loop.service.driver.teams["team0"].members["a1"].flooded = 1000
        told = (await blocking(lacpd.ask, path, "show"))["lag"]
        bare = (await blocking(lacpd.ask, path, "show", problems=False))["lag"]
        assert [bool(port["problems"]) for port in told["ports"]] == [True, False]
        assert [port["problems"] for port in bare["ports"]] == [[], []]

    play(tmp_path, story)


def test_any_socket_answers_for_the_teams_of_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(loop: Loop, path: str) -> None:
        await carrying(path)
        both = [
            {"request": "show", "id": name, "lag": name} for name in ("team1", "team0", "team1")
        ]
        client = await blocking(Raw, path)
        client.say("".join(f"{json.dumps(each)}\n" for each in both).encode())
        told = [await blocking(client.hear) for _ in both]
        assert [(each["id"], each["lag"]["name"]) for each in told] == [
            (name, name) for name in ("team1", "team0", "team1")
        ]
        assert [port["name"] for port in told[0]["lag"]["ports"]] == ["b1", "b2"]
        for name in ("team2", None, ["team1"]):
            wrong = await blocking(client.ask, _line({"request": "show", "lag": name}))
            assert "expected a team of this lacpd" in wrong["error"]
        seen = await blocking(survey, Places(sources=frozenset({"lacpd"}), run_dir=str(tmp_path)))
        assert (sorted(lag.name for lag in seen.lags), seen.complaints) == (["team0", "team1"], [])
        # Who was let in to the socket of one team hears of no other.
        monkeypatch.setattr(os, "geteuid", lambda: 4711)
        monkeypatch.setattr(control, "_ROOT", 4711)
        for name, ok in (("team0", True), ("team1", False)):
            answer = await blocking(client.ask, _line({"request": "show", "lag": name}))
            assert answer["ok"] is ok
        client.socket.close()

    play(tmp_path, story)


def _line(request: dict[str, Any]) -> bytes:
    return json.dumps(request).encode() + b"\n"


def test_reload_and_notification(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"\0lacpd-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(5)
        monkeypatch.setitem(os.environ, "NOTIFY_SOCKET", "@" + address[1:])

        async def story(loop: Loop, path: str) -> None:
            await carrying(path)
            assert manager.recv(100) == b"READY=1"
            (tmp_path / "0.conf").write_text(conf("team0", ["a1", "a2"], fast_rate=True))
            loop.reload()
            assert (await blocking(manager.recv, 100)).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
            assert await blocking(manager.recv, 100) == b"READY=1"
            lag = (await blocking(lacpd.ask, path, "show"))["lag"]
            assert "short_timeout" in lag["ports"][0]["actor"]["flags"]

        play(tmp_path, story)
        assert manager.recv(100) == b"STOPPING=1"
    # Nobody there, and nothing that is an address: neither matters.
    notify.ready({"NOTIFY_SOCKET": str(tmp_path / "none")})
    notify.ready({"NOTIFY_SOCKET": "none"})
    notify.ready({})


def test_a_dead_socket_says_nothing_and_a_deaf_one_is_named(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead.sock"))
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(tmp_path / "deaf.sock"))
        deaf.listen()
        (tmp_path / "x.pid").touch()
        assert [Path(path).name for path in lacpd.sockets(tmp_path)] == ["dead.sock", "deaf.sock"]
        with pytest.raises(BackendError, match=r"deaf.sock: no answer within 0.1 s"):
            lacpd.ask(str(tmp_path / "deaf.sock"), "show", timeout=0.1)
        with pytest.raises(lacpd.AbandonedError, match="no lacpd listens here any more"):
            lacpd.ask(str(tmp_path / "dead.sock"), "show")
    with pytest.raises(BackendError, match="No such file"):
        lacpd.ask(str(tmp_path / "none.sock"), "show")
    assert lacpd.sockets(tmp_path / "none") == []
    with pytest.raises(BackendError, match="Not a directory"):
        lacpd.sockets(tmp_path / "x.pid")


def test_a_path_that_is_too_long_for_a_socket(tmp_path: Path) -> None:
    path = str(tmp_path / ("x" * 120))
    with pytest.raises(BackendError, match=r"cannot listen on .*: AF_UNIX path too long"):
        Listener(path, socket.SOCK_STREAM, 0o600, 1, lambda connection: connection.close())


# The log.


def test_log_lines(capfd: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("lacp.daemon")
    with logging_to("stderr", "text", "info"):
        log.info("team0: %s", "first", extra={"lag": "team0"})
        log.debug("never")
        try:
            raise ValueError("two\nlines")
        except ValueError:
            log.exception("broken")
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[0].endswith("info    team0: first")
    assert "error   broken | Traceback" in lines[1]
    with logging_to("stdout", "json", "debug"):
        log.debug("eth1: x", extra={"lag": "team0", "port": "eth1"})
    document = json.loads(capfd.readouterr().out)
    assert document.pop("time").endswith("Z")
    assert document == {"level": "debug", "message": "eth1: x", "lag": "team0", "port": "eth1"}
    assert default_output(False) == "stderr"


def test_a_log_that_nobody_reads_stops_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    reading, writing = os.pipe()
    before = os.dup(2)
    os.dup2(writing, 2)
    os.close(writing)
    try:
        log = logging.getLogger("lacp.daemon")
        with logging_to("stderr", "text", "info"):
            for _ in range(20_000):
                log.info("x" * 100)
        # It ended although nobody has read a line.
        assert len(os.read(reading, 1000)) == 1000
    finally:
        os.dup2(before, 2)
        os.close(before)
        os.close(reading)


def test_syslog_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("lacp.daemon.process.logs._SYSLOG", str(tmp_path / "log"))
    with pytest.raises(LacpError, match="log: No such file"), logging_to("syslog", "text", "info"):
        pass
    assert default_output(True) == "stderr"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(str(tmp_path / "log"))
        syslog.settimeout(5)
        with logging_to("syslog", "text", "info"):
            logging.getLogger("lacp.daemon").warning("hello")
        assert f"lacpd[{os.getpid()}]: hello".encode() in syslog.recv(200)
