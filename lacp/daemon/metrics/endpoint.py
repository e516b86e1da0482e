"""Serves metrics over HTTP on the daemon's own loop, with LACP before everything else.

Nobody who connects can hold it up: what is told is rendered in pieces with a turn of the loop
between any two, once for all who ask within a second; clients are few, say little and have little
time, and when there are too many of them the one that has said nothing for longest is let go.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from typing import Any

from lacp.daemon.listener import Door
from lacp.daemon.metrics.address import bound
from lacp.daemon.metrics.exposition import Format, Itself, accepted, pieces
from lacp.daemon.metrics.http import END, MAX_HEAD, RefusedError, Request, head, parse
from lacp.daemon.report.lag import PIECE
from lacp.picture.explain import among, diagnosing
from lacp.picture.findings import Finding
from lacp.picture.metrics.family import Observed
from lacp.picture.model import LagView

log = logging.getLogger("lacp.daemon")

PATH = "/metrics"
MAX_CLIENTS = 16
#: Seconds that a client has to say what it wants, and to take its answer.
HEAR = 5.0
TELL = 20.0
#: Seconds for which what was rendered is told again, or this many times what rendering has taken.
FRESH = 1.0
_REST = 10.0
#: Octets that are read of what a client says when it has its answer.
_MAX_REST = 64 * 1024
_INDEX = b'<!DOCTYPE html><title>lacpd</title><p>lacpd: <a href="/metrics">metrics</a>\n'


class Endpoint:
    """Answers whoever connects to a socket that listens.

    `observe` yields the LAGs one by one, or None when one takes longer; it is asked again after a
    turn of the loop.
    """

    def __init__(
        self,
        listening: socket.socket,
        observe: Callable[[], Iterator[LagView | None]],
        itself: Callable[[], Itself],
    ) -> None:
        self._observe = observe
        self._itself = itself
        self._loop = asyncio.get_running_loop()
        self._pages: dict[tuple[Format, bool], asyncio.Task[bytes]] = {}
        self._rendering = asyncio.Lock()
        #: The oldest first; whether it is owed an answer.
        self._clients: dict[asyncio.Task[None], bool] = {}
        self.address = bound(listening)
        self._door = Door(listening, str(self.address), self._came)
        log.info("metrics at http://%s%s", self.address, PATH)

    def close(self) -> None:
        """Stop listening and let everybody go."""
        self._door.close()
        for task in (*self._clients, *self._pages.values()):
            task.cancel()

    # Clients.

    def _came(self, connection: socket.socket) -> None:
        if len(self._clients) >= MAX_CLIENTS:
            idle = (task for task, owed in self._clients.items() if not owed)
            oldest = next(idle, next(iter(self._clients)))
            del self._clients[oldest]
            oldest.cancel()
        task = self._loop.create_task(self._serve(connection))
        self._clients[task] = False
        task.add_done_callback(partial(self._went, connection))

    def _owe(self, owed: bool) -> None:
        task = asyncio.current_task()
        if task in self._clients:
            self._clients[task] = owed

    def _went(self, connection: socket.socket, task: asyncio.Task[None]) -> None:
        connection.close()
        self._clients.pop(task, None)
        self._told(task)

    def _told(self, task: asyncio.Task[Any]) -> None:
        """Say that a task has failed as nobody expected it to."""
        if not task.cancelled() and (error := task.exception()) is not None:
            context = {"message": "metrics could not be told", "exception": error}
            self._loop.call_exception_handler(context)

    async def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                async with asyncio.timeout(HEAR):
                    request = parse(await self._heard(connection))
            except RefusedError as error:
                request, refusal = None, error
            except TimeoutError:
                request, refusal = None, RefusedError(HTTPStatus.REQUEST_TIMEOUT)
            async with asyncio.timeout(TELL):
                if request is None:
                    await self._refuse(connection, refusal)
                else:
                    self._owe(True)
                    await self._answer(connection, request)
                    self._owe(False)
                await self._finish(connection)

    async def _heard(self, connection: socket.socket) -> bytes:
        """A request, as far as the empty line."""
        said = b""
        while END not in said:
            if len(said) >= MAX_HEAD:
                raise RefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            octets = await self._loop.sock_recv(connection, MAX_HEAD - len(said))
            if not octets:
                raise ConnectionResetError
            said += octets
        return said[: said.index(END) + len(END)]

    async def _answer(self, connection: socket.socket, request: Request) -> None:
        try:
            if request.method not in ("GET", "HEAD"):
                raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED)
            if request.path == "/":
                headers, body = {"Content_Type": "text/html; charset=utf-8"}, _INDEX
            elif request.path == PATH:
                headers, body = await self._metrics(request)
            else:
                raise RefusedError(HTTPStatus.NOT_FOUND)
        except RefusedError as error:
            await self._refuse(connection, error)
            return
        await self._loop.sock_sendall(connection, head(HTTPStatus.OK, len(body), **headers))
        if request.method == "GET":
            await self._loop.sock_sendall(connection, body)

    async def _refuse(self, connection: socket.socket, error: RefusedError) -> None:
        body = f"{error}\n".encode()
        headers = {"Content_Type": "text/plain; charset=utf-8"}
        if error.status is HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = "GET, HEAD"
        said = head(error.status, len(body), **headers) + body
        await self._loop.sock_sendall(connection, said)

    async def _finish(self, connection: socket.socket) -> None:
        """Say that this was all, and hear the client out: closed before, it may lose the answer."""
        connection.shutdown(socket.SHUT_WR)
        left = _MAX_REST
        while left > 0 and (octets := await self._loop.sock_recv(connection, left)):
            left -= len(octets)

    # What they are told.

    async def _metrics(self, request: Request) -> tuple[dict[str, str], bytes]:
        form = accepted(request.headers.get("accept", ""))
        zipped = request.accepts("gzip")
        headers = {"Content_Type": form.content_type, "Vary": "Accept, Accept-Encoding"}
        if zipped:
            headers["Content_Encoding"] = "gzip"
        page = self._pages.get((form, zipped))
        if page is None:
            page = self._loop.create_task(self._page(form, zipped))
            page.add_done_callback(self._told)
            self._pages[form, zipped] = page
        # It is for the others too, if this client goes.
        await asyncio.wait((page,))
        if page.cancelled() or page.exception() is not None:
            raise RefusedError(HTTPStatus.INTERNAL_SERVER_ERROR)
        return headers, page.result()

    async def _page(self, form: Format, zipped: bool) -> bytes:
        began = self._loop.time()
        try:
            async with self._rendering:
                began = self._loop.time()
                return await self._rendered(form, zipped)
        finally:
            stays = max(FRESH, _REST * (self._loop.time() - began))
            self._loop.call_later(stays, self._pages.pop, (form, zipped), None)

    async def _rendered(self, form: Format, zipped: bool) -> bytes:
        lags = []
        for lag in self._observe():
            if lag is not None:
                lags.append(lag)
            await asyncio.sleep(0)
        seen = []
        for lag, beside in zip(lags, among(lags), strict=True):
            findings: list[Finding] = []
            for number, some in enumerate(diagnosing(lag)):
                findings += some
                if number % PIECE == 0:
                    await asyncio.sleep(0)
            seen.append(Observed(lag, (*findings, *beside)))
        # With a header and a trailer of gzip around it.
        packer = zlib.compressobj(level=1, wbits=16 + zlib.MAX_WBITS) if zipped else None
        page = bytearray()
        for piece in pieces(seen, self._itself(), form):
            page += piece if packer is None else packer.compress(piece)
            await asyncio.sleep(0)
        if packer is not None:
            page += packer.flush()
        return bytes(page)
