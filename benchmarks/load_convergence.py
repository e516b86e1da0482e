"""How fast many links come up at once, and come back when their partner starts again.

Two lacpds at the fast rate on veth pairs. What counts is when the last of all ports at both ends is
used for user frames: when the dataplane was told. What may be said until then is limited too: three
LACPDUs in any second, by the stamps of the kernel.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks._confs import confs
from benchmarks._figures import Figure, in_full, main
from benchmarks._recorded import Recorder, recorder
from benchmarks._rig import Cables, Lacpd, cabled
from benchmarks._stamped import Stamps, stamped

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

    #: Seconds until the last of them did.
    seconds: float
    #: The most LACPDUs of any port in any second, and of all ports in all.
    most: int
    frames: int
    #: Seconds of CPU time of both lacpds.
    cpu: float


def figures() -> Iterator[Figure]:
    few = all_up(2, 2)
    yield Figure(
        "2 links come up: until the last port distributes",
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
        f"{what}: until the last port distributes",
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
        of_left, of_right = _recorders(stack, cables)
        left, right = _daemons(stack, cables, per_lag)
        spent = left[0].cpu() + right[0].cpu()
        _set(cables, "up")
        start = time.monotonic()
        done = _listen(lambda: _all_used(links, left[1], right[1]), of_left, of_right)
        ended = max((*left[1].used.values(), *right[1].used.values()), default=start)
        spent = left[0].cpu() + right[0].cpu() - spent
        return _course(ended - start if done else math.inf, spent, of_left, of_right)


def restart(links: int, per_lag: int) -> Course:
    """The lacpd at the right is killed and started; counted from its first LACPDU on each link."""
    with ExitStack() as stack:
        cables = stack.enter_context(cabled(links))
        of_left, of_right = _recorders(stack, cables)
        with ExitStack() as before:
            left = stack.enter_context(stamped(cables.left, confs("a", links, per_lag)))
            right = before.enter_context(stamped(cables.right, confs("b", links, per_lag)))
            if not _listen(lambda: _all_used(links, left[1], right[1]), of_left, of_right):
                return Course(math.inf, 0, 0, math.inf)
        of_left.afresh(0.0)
        of_right.afresh(0.0)
        # Times of the kernel's stamps on the monotonic scale.
        shift = time.monotonic() - time.time()
        spent = left[0].cpu()
        again = stack.enter_context(stamped(cables.right, confs("b", links, per_lag), wait=False))

        def came_back() -> bool:
            return _all_used(links, left[1], again[1]) and len(left[1].unused) >= links

        done = _listen(came_back, of_left, of_right)
        took = [
            max(left[1].used[f"a{at}"], again[1].used[f"b{at}"])
            - of_right.speaks_since(f"a{at}", 0.0)
            - shift
            for at in range(links if done else 0)
        ]
        spent = left[0].cpu() + again[0].cpu() - spent
        return _course(max(took, default=math.inf), spent, of_left, of_right)


def _all_used(links: int, *ends: Stamps) -> bool:
    """Whether all ports of both ends are used for user frames."""
    for end in ends:
        end.read()
    return all(len(end.used) >= links for end in ends)


def _course(seconds: float, cpu: float, *heard: Recorder) -> Course:
    most = max(one.most_in_a_second() for one in heard)
    return Course(seconds, most, sum(one.frames() for one in heard), cpu)


def _daemons(
    stack: ExitStack, cables: Cables, per_lag: int
) -> tuple[tuple[Lacpd, Stamps], tuple[Lacpd, Stamps]]:
    """Both of them, ready."""
    left, right = (
        stack.enter_context(stamped(where, confs(end, cables.count, per_lag), wait=False))
        for where, end in ((cables.left, "a"), (cables.right, "b"))
    )
    left[0].until_ready()
    right[0].until_ready()
    return left, right


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


if __name__ == "__main__":
    main(figures)
