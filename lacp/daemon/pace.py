"""How often a process wakes up.

A wake-up costs 100 µs, a frame or a timer among others 10; and with thousands of ports each second
holds thousands of moments at which something is due. So long as there are few, each of them is
met at once; from some fifty a second on, they are met together.
"""

from __future__ import annotations

from math import inf

#: Seconds between two wake-ups when there are many: the standard grants 250 ms, and the answer to
#: news of a partner should not take more than 25.
TICK = 0.02
#: Wake-ups that may come in a row without one being put off: a handshake has that many.
_BURST = 25


class Pace:
    """Grants a wake-up each `TICK`; those that nobody used may be used later, some of them."""

    def __init__(self) -> None:
        #: When the wake-ups so far would have been due, had they been `TICK` apart.
        self._paid = -inf

    def woke(self, now: float) -> float | None:
        """Take note of a wake-up; returns when the next one may be, None if at any time."""
        paid = max(self._paid, now - _BURST * TICK) + TICK
        self._paid = min(paid, now + TICK)
        return None if paid <= now else now + TICK
