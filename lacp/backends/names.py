"""Addresses of names, without waiting for those who know them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading

log = logging.getLogger(__name__)

_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


def look_up(name: str, version: int) -> str | None:
    """The first address of a name, of that version of IP; None when it has none.

    Waits for whoever the system asks, which may be half a minute.
    """
    try:
        found = socket.getaddrinfo(name, None, _FAMILIES[version], socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        log.warning("no IPv%d address for %s: %s", version, name, error)
        return None
    return str(found[0][4][0]) if found else None


async def address_of(name: str, version: int) -> str | None:
    """`look_up` beside everything else; the end of the process does not wait for it."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str | None] = loop.create_future()

    def tell(address: str | None) -> None:
        if not answer.done():
            answer.set_result(address)

    def run() -> None:
        address = look_up(name, version)
        # The loop may have been closed meanwhile.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, address)

    # Not the loop's executor: at its end it waits for its threads.
    threading.Thread(target=run, name=f"address of {name}", daemon=True).start()
    return await answer
