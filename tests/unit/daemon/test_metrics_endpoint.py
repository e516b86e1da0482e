"""The metrics of lacpd over HTTP: what is told, and that nobody can hold up LACP by asking."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from lacp.backends.memory import MemoryBackend, connect
from lacp.daemon.listener import Door
from lacp.daemon.loop import Loop, monotonic_clock
from lacp.daemon.metrics import endpoint as module
from lacp.daemon.metrics.address import Address, address, listen
from lacp.daemon.metrics.endpoint import MAX_CLIENTS, Endpoint
from lacp.daemon.metrics.exposition import PIECE, Itself
from lacp.daemon.metrics.http import MAX_HEAD, RefusedError, head, parse
from lacp.daemon.metrics.teams import itself, observe
from lacp.daemon.options import Options
from lacp.daemon.service import Service
from lacp.daemon.sources import Sources
from lacp.errors import BackendError, UsageError
from lacp.picture.model import LagView, PortView
from tests.daemons import conf
from tests.waiting import until_holds

LOOPBACK = Address("127.0.0.1", 0)
GET = b"GET /metrics HTTP/1.1\r\nHost: lacpd\r\n\r\n"


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def samples(self) -> dict[str, float]:
        """Every sample by its name and the values of its labels."""
        text = self.body.decode()
        return {
            " ".join(
                [each.name, *(each.labels[label] for label in sorted(each.labels))]
            ): each.value
            for family in text_string_to_metric_families(text)
            for each in family.samples
        }


async def say(port: int, octets: bytes) -> Answer:
    """Say something, and hear what is said until the connection ends."""
    reading, writing = await asyncio.open_connection("127.0.0.1", port)
    try:
        writing.write(octets)
        async with asyncio.timeout(10):
            said = await reading.read()
    finally:
        writing.close()
    head, _, body = said.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    pairs = (line.split(": ", 1) for line in lines)
    answer = Answer(int(first.split()[1]), {name.lower(): value for name, value in pairs}, body)
    assert int(answer.headers["content-length"]) == len(body) or octets.startswith(b"HEAD")
    return answer


async def scrape(port: int, **headers: str) -> Answer:
    """GET /metrics, with these headers; an underscore stands for a hyphen."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    answer = await say(port, f"GET /metrics?x=1 HTTP/1.1\r\n{lines}\r\n".encode())
    assert answer.status == 200
    return answer


def lag(ports: int = 1) -> LagView:
    members = tuple(PortView(name=f"eth{number}", collecting=True) for number in range(ports))
    return LagView(name="team0", source="lacpd", up=True, ports=members)


@asynccontextmanager
async def serving(
    view: Callable[[], Iterator[LagView | None]] = lambda: iter([lag()]),
    about: Callable[[], Itself] = lambda: Itself("1.0"),
) -> AsyncIterator[int]:
    """An endpoint on the loopback; its port. Nothing of it is left at the end."""
    before = descriptors()
    with closing(Endpoint(listen(LOOPBACK), view, about)) as endpoint:
        yield endpoint.address.port
    await until_holds(lambda: descriptors() == before)


def descriptors() -> list[str]:
    return sorted(os.listdir("/proc/self/fd"))


def run(story: Callable[[], Awaitable[None]]) -> None:
    """A story on a loop that takes what nobody expects for a failure."""

    async def main() -> None:
        bugs: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: bugs.append(context))
        await story()
        assert not bugs

    asyncio.run(main())


@pytest.fixture(autouse=True)
def _anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is told what was rendered for another one."""
    monkeypatch.setattr(module, "FRESH", 0.0)
    monkeypatch.setattr(module, "_REST", 0.0)


# Of a daemon.


def test_the_teams_of_a_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lacp.daemon.loop.FAREWELL", 0.0)

    async def story() -> None:
        with MemoryBackend() as backend:
            for number in (1, 2):
                connect(backend, f"a{number}", backend, f"b{number}")
            (tmp_path / "0.conf").write_text(conf("team0", ["a1", "a2"], aggregate_wait=0))
            (tmp_path / "1.conf").write_text(conf("team1", ["b1", "b2"], aggregate_wait=0))
            clock = monotonic_clock()
            sources = Sources(directory=str(tmp_path))
            options = Options(
                run_dir=str(tmp_path), teamd_run_dir=str(tmp_path / "teamd"), dataplane="none"
            )
            service = Service(backend, sources, clock, options)
            loop = Loop(service)
            async with serving(lambda: observe(service), lambda: itself(service, "1.0")) as port:
                # Before the first team is there, too.
                assert (await scrape(port)).samples()["lacpd_teams"] == 0
                service.start(sources.read().configs, clock.now())
                running = asyncio.create_task(loop.run())
                try:
                    await _scraped(service, loop, tmp_path, port)
                finally:
                    loop.stop()
                    await asyncio.wait_for(running, 10)

    run(story)


async def _scraped(service: Service, loop: Loop, directory: Path, port: int) -> None:
    async def until(name: str, value: float | None) -> dict[str, float]:
        async with asyncio.timeout(10):
            while (found := (await scrape(port)).samples()).get(name) != value:
                await asyncio.sleep(0.01)
        return found

    found = await until("lacp_lag_active_ports team0", 2)
    found = await until("lacp_lag_active_ports team1", 2)
    assert found["lacpd_teams"] == 2
    assert found["lacp_lag_up team1"] == 1
    assert found["lacp_port_distributing team1 b2"] == 1
    assert found["lacp_port_partner_state synchronization team0 a1"] == 1
    assert found["lacp_port_machine_state team0 mux a1 DISTRIBUTING"] == 1
    assert found["lacp_port_last_lacpdu_age_seconds team0 a1"] < 10
    assert found["process_open_fds"] > 3
    # Counters that are set to zero are what Prometheus takes for a restart.
    received = "lacp_port_lacpdus_received_total team0 a1"
    assert found[received] > 0
    service.reset_counters(service.driver.teams["team0"], ["a1"])
    assert (await scrape(port)).samples()[received] == 0
    # What is gone is told no more.
    (directory / "0.conf").write_text(conf("team0", ["a1"], aggregate_wait=0))
    (directory / "1.conf").unlink()
    loop.reload()
    found = await until("lacpd_teams", 1)
    assert not [name for name in found if "team1" in name or " a2" in name]
    assert found["lacp_port_link_up team0 a1"] == 1
    assert found["lacpd_last_reload_successful"] == 1
    assert 0 <= found["lacpd_timer_lateness_seconds"] < 60
    (directory / "0.conf").write_text("{")
    loop.reload()
    assert (await until("lacpd_last_reload_successful", 0))["lacp_lag_up team0"] == 1


def test_every_finding_is_told_and_counted() -> None:
    async def story() -> None:
        async with serving(lambda: iter([LagView(name="team0", source="lacpd")])) as port:
            found = (await scrape(port)).samples()
            assert found["lacp_finding no_ports fault team0 "] == 1
            assert found["lacp_lag_problems team0"] == 1

    run(story)


# HTTP.


def test_the_format_and_the_coding_that_are_asked_for() -> None:
    async def story() -> None:
        async with serving() as port:
            plain = await scrape(port)
            assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
            assert b'\nlacp_lag_up{lag="team0"} 1.0\n' in plain.body
            assert not plain.body.endswith(b"# EOF\n")
            zipped = await scrape(port, Accept_Encoding="deflate, GZip;q=0.5")
            assert zipped.headers["content-encoding"] == "gzip"
            assert b'\nlacp_lag_up{lag="team0"} 1.0\n' in gzip.decompress(zipped.body)
            assert zipped.headers["vary"] == "Accept, Accept-Encoding"
            open_metrics = await scrape(port, accept="application/openmetrics-text")
            its = open_metrics.headers["content-type"]
            assert its == "application/openmetrics-text; version=1.0.0; charset=utf-8"
            assert open_metrics.body.endswith(b"# EOF\n")
            refused = await scrape(port, Accept_Encoding="gzip;q=0, *")
            assert "content-encoding" not in refused.headers

    run(story)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"GET / HTTP/1.0\r\n\r\n", 200),
        (b"HEAD /metrics HTTP/1.1\r\n\r\n", 200),
        (b"GET /metrics/ HTTP/1.1\r\n\r\n", 404),
        (b"GET /etc/passwd HTTP/1.1\r\n\r\n", 404),
        (b"GET /%2e%2e/x HTTP/1.1\r\n\r\n", 404),
        (b"POST /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 405),
        (b"get /metrics HTTP/1.1\r\n\r\n", 400),
        (b"GET /metrics\r\n\r\n", 400),
        (b"GET /metrics HTTP/2.0\r\n\r\n", 400),
        (b"GET http://x/metrics HTTP/1.1\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\nA: \x00\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
        (b"\xff" * (MAX_HEAD + 10), 431),
        (b"GET /metrics HTTP/1.1\r\n" + b"A: b\r\n" * MAX_HEAD, 431),
    ],
)
def test_what_clients_may_say(said: bytes, status: int) -> None:
    async def story() -> None:
        async with serving() as port:
            answer = await say(port, said)
            assert answer.status == status
            assert answer.headers["connection"] == "close"
            if said.startswith(b"HEAD"):
                assert answer.body == b""
                assert int(answer.headers["content-length"]) > 0
            if status == 405:
                assert answer.headers["allow"] == "GET, HEAD"
            # It goes on.
            assert (await scrape(port)).samples()["lacp_lag_up team0"] == 1

    run(story)


@given(said=st.binary(max_size=300) | st.text(max_size=300).map(lambda t: t.encode()))
def test_requests_of_any_octets(said: bytes) -> None:
    for octets in (said, b"GET /metrics HTTP/1.1\r\n" + said):
        with contextlib.suppress(RefusedError):
            parse(octets)


def test_headers_that_come_twice() -> None:
    request = parse(b"GET /m?a=b HTTP/1.1\r\nACCEPT: a\r\nAccept:  b \r\nx-y:\r\n\r\n")
    assert (request.path, request.headers) == ("/m", {"accept": "a, b", "x-y": ""})


def test_what_is_sent_in_headers() -> None:
    said = head(HTTPStatus.OK, 3, Content_Type="a/b")
    assert said.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 3\r\n")
    assert said.endswith(b"\r\n\r\n")


# Nobody holds it up.


def test_who_says_nothing_in_time_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEAR", 0.05)

    async def story() -> None:
        async with serving() as port:
            for begun in (b"", b"GET /metrics HTTP/1.1\r\nA: b\r\n"):
                assert (await say(port, begun)).status == 408

    run(story)


def test_a_letter_now_and_then_is_not_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEAR", 0.1)

    async def story() -> None:
        async with serving() as port:
            reading, writing = await asyncio.open_connection("127.0.0.1", port)
            heard = asyncio.create_task(reading.read())
            for letter in GET * 100:
                if heard.done():
                    break
                writing.write(bytes([letter]))
                await asyncio.sleep(0.01)
            assert (await heard).startswith(b"HTTP/1.1 408 ")
            writing.close()

    run(story)


def test_clients_that_go_away() -> None:
    async def story() -> None:
        async with serving() as port:
            for said in (b"", b"GET /met", GET):
                _, writing = await asyncio.open_connection("127.0.0.1", port)
                writing.write(said)
                await writing.drain()
                writing.transport.abort()
            assert (await scrape(port)).samples()["lacp_lag_up team0"] == 1

    run(story)


def test_many_who_say_nothing_make_room_for_one_who_does() -> None:
    async def story() -> None:
        async with serving() as port:
            silent = [
                await asyncio.open_connection("127.0.0.1", port) for _ in range(3 * MAX_CLIENTS)
            ]
            # The oldest were let go.
            async with asyncio.timeout(5):
                for reading, _ in silent[: 2 * MAX_CLIENTS]:
                    assert await reading.read() == b""
            assert (await scrape(port)).samples()["lacp_lag_up team0"] == 1
            for _, writing in silent:
                writing.close()

    run(story)


def test_who_does_not_read_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TELL", 0.5)
    ports = tuple(PortView(name=f"{number}" * 8000) for number in range(100, 400))
    much = LagView(name="team0", source="lacpd", ports=ports)

    async def story() -> None:
        async with serving(lambda: iter([much])) as port:
            before = len(descriptors())
            deaf = socket.socket()
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(("127.0.0.1", port))
            deaf.sendall(GET)
            await until_holds(lambda: len(descriptors()) == before + 2)
            assert (await say(port, b"GET / HTTP/1.1\r\n\r\n")).status == 200
            # The other end of its connection is closed when its time is over.
            await until_holds(lambda: len(descriptors()) == before + 1)
            deaf.settimeout(5)
            heard = b""
            with contextlib.suppress(ConnectionResetError):
                while octets := deaf.recv(1 << 20):
                    heard += octets
            length = int(heard.partition(b"Content-Length: ")[2].split(b"\r\n")[0])
            # It was more than the sockets on the way can keep.
            assert 0 < len(heard) < length
            deaf.close()

    run(story)


def test_what_is_rendered_is_for_all_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FRESH", 60.0)
    asked = 0

    def view() -> Iterator[LagView]:
        nonlocal asked
        asked += 1
        yield lag()

    async def story() -> None:
        async with serving(view) as port:
            answers = await asyncio.gather(*(scrape(port) for _ in range(8)))
            assert len({answer.body for answer in answers}) == 1
            await scrape(port)
            assert asked == 1
            # One whose client has gone is there for the next one.
            _, writing = await asyncio.open_connection("127.0.0.1", port)
            writing.write(GET.replace(b"Host", b"Accept-Encoding: gzip\r\nHost"))
            await until_holds(lambda: asked == 2)
            writing.transport.abort()
            await scrape(port, Accept_Encoding="gzip")
            assert asked == 2

    run(story)


def test_what_was_rendered_is_soon_rendered_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FRESH", 0.05)
    names = iter(["team0", "team1"])

    async def story() -> None:
        async with serving(lambda: iter([LagView(name=next(names), source="lacpd")])) as port:
            assert "lacp_lag_problems team0" in (await scrape(port)).samples()
            await asyncio.sleep(0.1)
            assert "lacp_lag_problems team1" in (await scrape(port)).samples()

    run(story)


def test_the_loop_has_its_turns_while_much_is_rendered() -> None:
    ports = 10 * PIECE

    async def story() -> None:
        async with serving(lambda: iter([lag(ports)])) as port:
            turns = 0
            task = asyncio.create_task(scrape(port))
            while not task.done():
                turns += 1
                await asyncio.sleep(0)
            answer = await task
        samples = len(answer.samples())
        assert samples > 2 * ports
        assert turns > samples / PIECE

    run(story)


def test_a_bug_in_the_picture_ends_one_connection() -> None:
    views = iter([lag()])

    def view() -> Iterator[LagView]:
        yield next(views, None) or lag(1 // 0)

    async def story() -> None:
        loop = asyncio.get_running_loop()
        said: list[str] = []
        loop.set_exception_handler(lambda _, context: said.append(str(context["exception"])))
        async with serving(view) as port:
            await scrape(port)
            reading, writing = await asyncio.open_connection("127.0.0.1", port)
            writing.write(GET)
            assert (await reading.read()).startswith(b"HTTP/1.1 500 ")
            writing.close()
            assert (await say(port, b"GET / HTTP/1.1\r\n\r\n")).status == 200
        assert said == ["integer division or modulo by zero"]

    asyncio.run(story())


def test_no_descriptors_left(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        with closing(socket.create_server(("127.0.0.1", 0))) as listening:
            refuses = Refusing(listening)
            door = Door(refuses, "127.0.0.1:1", lambda connection: connection.close())
            door.accept()
            assert "127.0.0.1:1: cannot accept: Too many open files" in caplog.text
            door.close()

    asyncio.run(story())


class Refusing(socket.socket):
    """A socket that listens, in a process without descriptors."""

    def __init__(self, listening: socket.socket) -> None:
        super().__init__(fileno=os.dup(listening.fileno()))

    def accept(self) -> tuple[socket.socket, object]:
        raise OSError(24, os.strerror(24))


# Where it listens.


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:9100", "127.0.0.1", 9100),
        ("0.0.0.0:0", "0.0.0.0", 0),
        ("[::1]:65535", "::1", 65535),
        ("[::]:9100", "::", 9100),
        ("[FE80::1%eth0]:1", "fe80::1%eth0", 1),
    ],
)
def test_addresses(text: str, host: str, port: int) -> None:
    found = address(text)
    assert found == Address(host, port)
    assert str(found).lower() == text.lower()


@pytest.mark.parametrize(
    "text",
    [
        *("", ":", ":9100", "9100", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "localhost:9100"),
        *("127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "1.2.3:9100", "256.0.0.1:9100"),
        *("::1:9100", "::1", "[::1]", "[::1]9100", "[127.0.0.1]:9100", "[]:9100", "*:9100"),
        *("127.0.0.1:9100 ", "127.0.0.1:9100\n", "127.0.0.1:९", "[::1%]:1"),
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageError, match="expected an IP address and a port, as in 127"):
        address(text)


def test_addresses_that_cannot_be_had() -> None:
    with closing(listen(LOOPBACK)) as taken:
        port = taken.getsockname()[1]
        said = f"metrics: cannot listen on 127.0.0.1:{port}: Address already in use"
        with pytest.raises(BackendError, match=said):
            listen(Address("127.0.0.1", port))
    with pytest.raises(BackendError, match=r"192\.0\.2\.1:9100: Cannot assign requested"):
        listen(Address("192.0.2.1", 9100))
    with pytest.raises(BackendError, match=r"cannot listen on \[fe80::1%nosuchif\]:1: "):
        listen(Address("fe80::1%nosuchif", 1))


def test_ipv6() -> None:
    async def story() -> None:
        try:
            listening = listen(Address("::1", 0))
        except BackendError as error:
            pytest.skip(str(error))
        with closing(Endpoint(listening, lambda: iter([lag()]), lambda: Itself("1.0"))) as endpoint:
            assert str(endpoint.address) == f"[::1]:{endpoint.address.port}"
            reading, writing = await asyncio.open_connection("::1", endpoint.address.port)
            writing.write(GET)
            assert (await reading.read()).startswith(b"HTTP/1.1 200 OK\r\n")
            writing.close()

    run(story)
