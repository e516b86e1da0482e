"""How fast many links come up at once, and come back when their partner starts again.

Two lacpds at the fast rate on veth pairs. When a port carries traffic it says so in its LACPDUs:
what counts is when the last of all ports at both ends has said so, by the stamps of the kernel.
What may be said is limited too: three LACPDUs in any second.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks._confs import confs
from benchmarks._figures import Figure, in_full, main
from benchmarks._recorded import Recorder, recorder
from benchmarks._rig import Cables, Lacpd, cabled, lacpd, lacpds

#: Links that come up at once, and those whose partner starts again.
LINKS, RESTARTED = 1000, 500
#: Seconds that a port waits for others to aggregate with (aggregate_wait), and what may come on
#: top of them.
WAIT, SLACK = 2.0, 0.5
#: LACPDUs in any second (802.1AX, 6.4.16).
LIMIT = 3
_PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Course:
    """How it went until all ports at both ends carried traffic."""

    #: Seconds until the last of them said so.
    seconds: float
    #: The most LACPDUs of any port in any second, and of all ports in all.
    most: int
    frames: int
    #: Seconds of CPU time of both lacpds.
    cpu: float


def figures() -> Iterator[Figure]:
    few = all_up(2, 2)
    yield Figure(
        "2 links come up: until the last port says it carries traffic",
        few.seconds,
        "s",
        WAIT,
        "aggregate_wait",
    )
    for per_lag in (2, 500) if in_full() else (2,):
        links = f"{LINKS:,} links in LAGs of {per_lag} come up at once"
        yield from _told(links, all_up(LINKS, per_lag), LINKS, few.seconds, "2 links")
    few = restart(2, 2)
    links = f"the partner of {RESTARTED} links in LAGs of 2 starts again"
    yield from _told(links, restart(RESTARTED, 2), RESTARTED, few.seconds, "2 links")


def _told(what: str, course: Course, links: int, reference: float, named: str) -> Iterator[Figure]:
    yield Figure(
        f"{what}: until the last port says it carries traffic",
        course.seconds,
        "s",
        reference,
        named,
        at_most=WAIT + SLACK,
    )
    yield Figure(
        f"{what}: most LACPDUs of a port in any second",
        course.most,
        "LACPDUs",
        LIMIT,
        "the limit of the standard",
        at_most=LIMIT,
    )
    yield Figure(
        f"{what}: LACPDUs of a port until then",
        course.frames / 2 / links,
        "LACPDUs",
        LIMIT * (WAIT + SLACK),
        "what the limit would allow",
        at_most=LIMIT * (WAIT + SLACK),
    )
    yield Figure(f"{what}: CPU per port", course.cpu / 2 / links * 1e3, "ms", None, "")


def all_up(links: int, per_lag: int) -> Course:
    """All links come up at once; counted from when the last one is up."""
    with ExitStack() as stack:
        cables = stack.enter_context(cabled(links))
        _set(cables, "down")
        daemons = stack.enter_context(lacpds(cables, per_lag))
        of_left, of_right = _recorders(stack, cables)
        spent = _cpu(daemons)
        _set(cables, "up")
        start = time.time()
        waiting = {
            **{f"b{at}": of_left for at in range(links)},
            **{f"a{at}": of_right for at in range(links)},
        }
        ended = start

        def all_carry() -> bool:
            nonlocal ended
            for port, heard in list(waiting.items()):
                since = heard.carries_since(port, 0.0)
                if since < math.inf:
                    ended = max(ended, since)
                    del waiting[port]
            return not waiting

        done = _listen(all_carry, of_left, of_right)
        return Course(
            ended - start if done else math.inf,
            max(of_left.most_in_a_second(), of_right.most_in_a_second()),
            of_left.frames() + of_right.frames(),
            _cpu(daemons) - spent,
        )


def restart(links: int, per_lag: int) -> Course:
    """The lacpd at the right is killed and started; counted from its first LACPDU on each link."""
    with ExitStack() as stack:
        cables = stack.enter_context(cabled(links))
        left = stack.enter_context(lacpd(cables.left, confs("a", links, per_lag)))
        right = confs("b", links, per_lag)
        of_left, of_right = _recorders(stack, cables)
        with lacpd(cables.right, right):
            if not _listen(
                lambda: of_left.carrying == of_right.carrying == links, of_left, of_right
            ):
                return Course(math.inf, 0, 0, math.inf)
        of_left.afresh(0.0)
        of_right.afresh(0.0)
        killed, spent = time.time(), left.cpu()
        again = stack.enter_context(lacpd(cables.right, right, wait=False))
        waiting = set(range(links))
        took: list[float] = []

        def all_carry() -> bool:
            for at in tuple(waiting):
                first = of_right.speaks_since(f"a{at}", killed)
                stopped = of_left.stops_since(f"b{at}", killed)
                ended = max(
                    of_right.carries_since(f"a{at}", first),
                    of_left.carries_since(f"b{at}", stopped),
                )
                if ended < math.inf:
                    took.append(ended - first)
                    waiting.remove(at)
            return not waiting

        done = _listen(all_carry, of_left, of_right)
        return Course(
            max(took) if done else math.inf,
            max(of_left.most_in_a_second(), of_right.most_in_a_second()),
            of_left.frames() + of_right.frames(),
            _cpu((left, again)) - spent,
        )


def _set(cables: Cables, state: str) -> None:
    """Set the far end of every cable up or down: at the near end that is its carrier."""
    cables.right.ip_batch([f"link set b{at} {state}" for at in range(cables.count)])


def _recorders(stack: ExitStack, cables: Cables) -> tuple[Recorder, Recorder]:
    """What hears the lacpd at the left, and the one at the right."""
    of_left = stack.enter_context(recorder(cables.right))
    return of_left, stack.enter_context(recorder(cables.left))


def _listen(done: Callable[[], bool], *heard: Recorder) -> bool:
    """Listen until something is so; whether it came to that."""
    end = time.monotonic() + _PATIENCE
    while not done():
        if time.monotonic() > end:
            return False
        for one in heard:
            one.listen(0.05)
    return True


def _cpu(daemons: Iterable[Lacpd]) -> float:
    return sum(daemon.cpu() for daemon in daemons)


if __name__ == "__main__":
    main(figures)
