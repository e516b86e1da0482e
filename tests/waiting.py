"""Waiting for what happens in real time: ask again until it is so, and say so when it is not."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


def until(
    question: Callable[[], Answer],
    seconds: float = 10.0,
    said: Callable[[], object] = lambda: "it never came",
    every: float = 0.02,
    between: Callable[[], object] | None = None,
) -> Answer:
    """The first answer to `question` that is true; the test fails with `said` after `seconds`.

    `between` is done each time before the question is asked again, in place of a sleep of `every`.
    """
    __tracebackhide__ = True
    end = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < end, f"not in {seconds:g} s: {said()}"
        if between is None:
            time.sleep(every)
        else:
            between()
    return answer


async def until_holds(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    """Give the loop turns until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"it did not hold in {seconds:g} s"
        await asyncio.sleep(0.005)
