"""teamd's socket: one record for a request, one for the reply, and nobody holds up the team."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from lacp.daemon.teamd import usock
from lacp.daemon.teamd.usock import Usock
from lacp.errors import BackendError
from tests.teamd_subjects import FakeTeam

Story = Callable[[Usock, FakeTeam], Awaitable[None]]

PID = b"REQUEST\nStateItemValueGet\nsetup.pid\n"


@contextlib.contextmanager
def directory() -> Iterator[Path]:
    """One whose name leaves room for that of a socket."""
    with tempfile.TemporaryDirectory(prefix="teamd-") as name:
        yield Path(name)


def play(story: Story, team: FakeTeam | None = None) -> None:
    """Run the story beside a socket."""
    subject = team or FakeTeam()

    async def main() -> None:
        with directory() as there:
            endpoint = Usock(subject, there / "team0.sock")
            try:
                async with asyncio.timeout(20):
                    await story(endpoint, subject)
            finally:
                endpoint.close()
                for client in clients:
                    client.close()
            assert not endpoint.clients
            assert list(there.iterdir()) == []

    clients.clear()
    asyncio.run(main())


clients: list[socket.socket] = []


async def connect(endpoint: Usock) -> socket.socket:
    """A new client; `play` closes it."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    clients.append(client)
    client.setblocking(False)
    await asyncio.get_running_loop().sock_connect(client, endpoint.path)
    return client


async def send(client: socket.socket, record: bytes) -> None:
    await asyncio.get_running_loop().sock_sendall(client, record)


async def hear(client: socket.socket) -> bytes:
    """One record."""
    return await asyncio.get_running_loop().sock_recv(client, 1 << 24)


async def ask(client: socket.socket, record: bytes) -> bytes:
    await send(client, record)
    return await hear(client)


def test_a_request_has_one_reply() -> None:
    async def story(endpoint: Usock, team: FakeTeam) -> None:
        client = await connect(endpoint)
        assert await ask(client, PID) == b"REPLY_SUCCESS\n1"
        assert await ask(client, b"REQUEST\nPortAdd\neth2\n") == b"REPLY_SUCCESS\n"
        assert await ask(client, b"REQUEST\nPortAdd\neth3\n") == (
            b"REPLY_ERROR\nNoSuchDev\nNo such device.\n"
        )
        assert await ask(client, b"REQUEST\nConfigDump\n") == (
            b"REPLY_SUCCESS\n" + team.config().encode()
        )

    play(story)


def test_what_is_no_request_is_answered_too() -> None:
    async def story(endpoint: Usock, team: FakeTeam) -> None:
        client = await connect(endpoint)
        for record in (b"HELLO\n", b"REQUEST\n", b"\n"):
            assert (await ask(client, record)).startswith(b"REPLY_ERROR\nInvalidRequest\n")
        reply = await ask(client, b"REQUEST\nNoSuchMethod\n")
        assert reply == b"REPLY_ERROR\nUnknownMethod\nNo such method.\n"
        arguments = b"REPLY_ERROR\nInvalidArgs\nDid not receive correct message arguments.\n"
        assert await ask(client, b"REQUEST\nPortAdd\n") == arguments
        assert await ask(client, b"REQUEST\nPortAdd\neth\\t2\n") == arguments
        # What is not looked at may be anything.
        assert await ask(client, PID + b"\\t\n") == b"REPLY_SUCCESS\n1"

    play(story)


def test_a_request_that_is_too_long() -> None:
    async def story(endpoint: Usock, team: FakeTeam) -> None:
        client = await connect(endpoint)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * usock.MAX_REQUEST)
        record = b"REQUEST\nPortConfigUpdate\neth2\n" + b"x" * usock.MAX_REQUEST
        try:
            reply = await ask(client, record)
        except OSError:
            pytest.skip("this host allows no send buffer of that size")
        assert reply.startswith(b"REPLY_ERROR\nInvalidRequest\n")
        assert team.done == []
        assert await ask(client, PID) == b"REPLY_SUCCESS\n1"

    play(story)


def test_requests_may_be_sent_ahead() -> None:
    async def story(endpoint: Usock, team: FakeTeam) -> None:
        client = await connect(endpoint)
        await send(client, PID)
        await send(client, b"REQUEST\nNoSuchMethod\n")
        await send(client, b"REQUEST\nStateItemValueGet\nsetup.debug_level\n")
        assert await hear(client) == b"REPLY_SUCCESS\n1"
        assert (await hear(client)).startswith(b"REPLY_ERROR\n")
        assert await hear(client) == b"REPLY_SUCCESS\n0"

    play(story)


def test_who_changes_something_has_the_team_driven() -> None:
    async def story(endpoint: Usock, team: FakeTeam) -> None:
        driven: list[int] = []
        endpoint.changed = lambda: driven.append(len(team.done))
        await ask(await connect(endpoint), b"REQUEST\nPortAdd\neth2\n")
        assert driven == [1]

    play(story)


def test_many_clients() -> None:
    async def story(endpoint: Usock, team: FakeTeam) -> None:
        many = [await connect(endpoint) for _ in range(60)]
        for client in many:
            await send(client, PID)
        assert {await hear(client) for client in many} == {b"REPLY_SUCCESS\n1"}

    play(story)


def test_too_many_clients_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usock, "MAX_CLIENTS", 2)

    async def story(endpoint: Usock, team: FakeTeam) -> None:
        first, second = await connect(endpoint), await connect(endpoint)
        assert await ask(first, PID) == await ask(second, PID) == b"REPLY_SUCCESS\n1"
        third = await connect(endpoint)
        assert await hear(third) == b""
        assert await ask(first, PID) == b"REPLY_SUCCESS\n1"

    play(story)


def test_an_empty_record_ends_the_connection() -> None:
    async def story(endpoint: Usock, team: FakeTeam) -> None:
        client = await connect(endpoint)
        assert await ask(client, PID) == b"REPLY_SUCCESS\n1"
        client.send(b"")
        assert await hear(client) == b""
        assert not endpoint.clients

    play(story)


def test_who_does_not_read_waits_alone() -> None:
    async def story(endpoint: Usock, team: FakeTeam) -> None:
        greedy, other = await connect(endpoint), await connect(endpoint)
        asked = 0
        # Until the greedy one has no room for replies, nor the endpoint for its requests.
        for _ in range(100_000):
            try:
                greedy.send(b"REQUEST\nStateDump\n")
                asked += 1
            except BlockingIOError:
                break
            assert await ask(other, PID) == b"REPLY_SUCCESS\n1"
        else:
            raise AssertionError("a client that does not read can ask for ever")
        assert await ask(other, PID) == b"REPLY_SUCCESS\n1"
        # Nothing is lost when it reads after all.
        for _ in range(asked):
            assert (await hear(greedy)).startswith(b"REPLY_SUCCESS\n{")
        assert await ask(greedy, PID) == b"REPLY_SUCCESS\n1"

    play(story)


def test_who_leaves_without_reading_leaves_nothing() -> None:
    async def story(endpoint: Usock, team: FakeTeam) -> None:
        client, other = await connect(endpoint), await connect(endpoint)
        await send(client, b"REQUEST\nStateDump\n")
        client.close()
        assert await ask(other, PID) == b"REPLY_SUCCESS\n1"
        assert len(endpoint.clients) == 1

    play(story)


def test_a_reply_that_is_longer_than_the_send_buffer() -> None:
    team = FakeTeam(ports=tuple(f"interface{number}" for number in range(4000)))

    async def story(endpoint: Usock, _: FakeTeam) -> None:
        client = await connect(endpoint)
        reply = await ask(client, b"REQUEST\nStateDump\n")
        if os.geteuid() == 0:
            assert len(reply) > 1_000_000
            assert reply.count(b'"link"') == 4000
        else:
            assert reply.startswith((b"REPLY_SUCCESS\n{", b"REPLY_ERROR\nReplyTooLong\n"))
        assert await ask(client, PID) == b"REPLY_SUCCESS\n1"

    play(story, team)


def test_a_reply_that_no_buffer_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usock, "_enlarge", lambda sock, octets: None)
    team = FakeTeam(ports=tuple(f"interface{number}" for number in range(4000)))

    async def story(endpoint: Usock, _: FakeTeam) -> None:
        client = await connect(endpoint)
        reply = await ask(client, b"REQUEST\nStateDump\n")
        assert reply == b"REPLY_ERROR\nReplyTooLong\nThe reply is too long.\n"
        assert await ask(client, PID) == b"REPLY_SUCCESS\n1"

    play(story, team)


def test_only_the_owner_may_connect() -> None:
    async def story(endpoint: Usock, team: FakeTeam) -> None:
        mode = os.stat(endpoint.path).st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o700

    play(story)


def test_what_a_killed_daemon_left_is_replaced() -> None:
    async def main() -> None:
        with directory() as there:
            path = there / "team0.sock"
            path.write_text("left behind")
            endpoint = Usock(FakeTeam(), path)
            assert await ask(await connect(endpoint), PID) == b"REPLY_SUCCESS\n1"
            clients.pop().close()
            endpoint.close()
            with pytest.raises(BackendError, match="cannot listen on"):
                Usock(FakeTeam(), there / "no" / "such" / "directory")
            with pytest.raises(BackendError, match="AF_UNIX path too long"):
                Usock(FakeTeam(), there / ("x" * 120))

    asyncio.run(main())
