"""A scrape of `lacpd --metrics`: what it costs, and for how long LACP has to wait for it.

The reference is the same text made in one go, as a server with prometheus_client alone makes it.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks._figures import Figure, main
from lacp.daemon.metrics.address import Address, listen
from lacp.daemon.metrics.endpoint import Endpoint
from lacp.daemon.metrics.exposition import OPENMETRICS, Itself, pieces
from lacp.daemon.report.lag import lag_pieces, lag_view
from lacp.picture.explain import diagnose
from lacp.picture.metrics.family import Observed
from lacp.picture.model import LagView
from tests.daemons import Host, world

REQUEST = (
    b"GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text\r\n"
    b"Accept-Encoding: gzip\r\n\r\n"
)
#: Scrapes of which the median counts.
SCRAPES = 3


def in_one_go(host: Host) -> tuple[float, bytes]:
    """Milliseconds of CPU, and the text."""
    start = time.process_time()
    lag = lag_view(host.team(), host.world.now)
    text = b"".join(pieces([Observed(lag, tuple(diagnose(lag)))], Itself("1.0"), OPENMETRICS))
    spent = (time.process_time() - start) * 1000
    return spent, text


async def over_http(host: Host) -> tuple[float, float, int]:
    """Milliseconds of CPU, milliseconds of the longest turn of the loop, octets."""

    def observe() -> Iterator[LagView | None]:
        lag = yield from lag_pieces(host.team(), host.world.now)
        yield lag

    with closing(
        Endpoint(listen(Address("127.0.0.1", 0)), observe, lambda: Itself("1.0"))
    ) as endpoint:
        reading, writing = await asyncio.open_connection("127.0.0.1", endpoint.address.port)
        start = before = time.process_time()
        longest = 0.0
        writing.write(REQUEST)
        answer = asyncio.create_task(reading.read())
        while not answer.done():
            await asyncio.sleep(0)
            now = time.process_time()
            longest, before = max(longest, now - before), now
        spent = time.process_time() - start
        writing.close()
        return spent * 1000, longest * 1000, len(answer.result())


def figures() -> Iterator[Figure]:
    for ports in (2, 48, 500):
        yield from of_ports(ports)


def of_ports(ports: int) -> Iterator[Figure]:
    """One team of so many ports, all of which carry traffic."""
    with tempfile.TemporaryDirectory() as directory, world(Path(directory)) as here:
        host, _, _ = here.pair(ports, fast_rate=True)
        here.run(5)
        whole, text = min(in_one_go(host) for _ in range(SCRAPES))
        scrapes = sorted(asyncio.run(over_http(host)) for _ in range(SCRAPES))
    spent, _, octets = scrapes[SCRAPES // 2]
    longest = sorted(turn for _, turn, _ in scrapes)[SCRAPES // 2]
    samples = sum(not line.startswith(b"#") for line in text.splitlines())
    named = f"in one go, {samples:,} samples"
    yield Figure(f"{ports} ports: CPU of a scrape", spent, "ms", whole, named)
    yield Figure(f"{ports} ports: longest turn of the loop", longest, "ms", whole, named)
    yield Figure(
        f"{ports} ports: what is sent", octets / 1000, "kB", len(text) / 1000, "without gzip"
    )


if __name__ == "__main__":
    main(figures)
