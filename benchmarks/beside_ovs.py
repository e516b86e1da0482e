"""lacpd beside Open vSwitch: the same number of veth pairs, the fast rate, a lacpd at the far ends.

Both run at the same time, on cables of their own, so that what else the machine does falls on both;
the medians of several turns count. Of Open vSwitch it is the switch alone (ovs-vswitchd), with its
userspace datapath; what it costs without LACP on the same bonds is told beside it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

from benchmarks._confs import confs
from benchmarks._figures import Figure, in_full, main
from benchmarks._rig import PATIENCE, Cables, Process, cabled, ear, lacpd
from tests.interop.ovs import OpenVSwitch, open_vswitch
from tests.lab import need_ovs
from tests.waiting import until

#: Ports, and how many of them make a LAG.
SHAPES = ((4, 2), (64, 2), (256, 2), (64, 64))
LONG_SHAPES = (*SHAPES, (4, 4), (256, 256))
#: Each turn is a period of the fast rate.
TURNS = 5
SECONDS = 1.0
#: How long a daemon is left alone before it is measured.
SETTLING = 1.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What one end costs."""

    #: Seconds of CPU per second, in each turn.
    cpu: tuple[float, ...]
    #: Resident octets.
    memory: int


def figures() -> Iterator[Figure]:
    """CPU of both at each size, what LACP adds to Open vSwitch, and memory."""
    need_ovs()
    for count, per_lag in LONG_SHAPES if in_full() else SHAPES:
        yield from _beside(count, per_lag)


def _beside(count: int, per_lag: int) -> Iterator[Figure]:
    with ExitStack() as stack:
        ours, theirs = (stack.enter_context(cabled(count)) for _ in range(2))
        for cables in (ours, theirs):
            stack.enter_context(lacpd(cables.right, confs("b", count, per_lag), wait=False))
        near = stack.enter_context(lacpd(ours.left, confs("a", count, per_lag), wait=False))
        switch = stack.enter_context(open_vswitch(theirs.left))
        bonds = _bonds(switch, count, per_lag)
        near.until_ready()
        _until_carrying(ours, theirs)
        time.sleep(SETTLING)
        own, peer = _measure([near, Process(switch.process)])
        _until_carrying(ours, theirs)
        switch.vsctl(*(word for bond in bonds for word in ("--", "set", "port", bond, "lacp=off")))
        time.sleep(SETTLING)
        (without,) = _measure([Process(switch.process)])
    yield from _compare(count, per_lag, own, peer, without)


def _compare(count: int, per_lag: int, own: Cost, peer: Cost, without: Cost) -> Iterator[Figure]:
    lags = "one LAG" if per_lag == count else f"LAGs of {per_lag}"
    load = f"{count} ports, {lags}, fast rate"
    theirs = median(peer.cpu)
    yield Figure(
        f"{load}: CPU of lacpd",
        _micro(median(own.cpu), count),
        "µs/port-second",
        _micro(theirs, count),
        "ovs-vswitchd",
        at_most=_micro(theirs, count),
    )
    yield Figure(
        f"{load}: the same",
        _micro(median(own.cpu), count),
        "µs/port-second",
        _micro(theirs - median(without.cpu), count),
        "what LACP adds to ovs-vswitchd",
    )
    yield Figure(
        f"{load}: memory of lacpd",
        own.memory / 1e6,
        "MB",
        peer.memory / 1e6,
        "ovs-vswitchd",
    )


def _micro(cpu: float, count: int) -> float:
    return cpu / count * 1e6


def _bonds(switch: OpenVSwitch, count: int, per_lag: int) -> list[str]:
    """Bonds of the near ends, as the LAGs of lacpd are, all in one transaction."""
    found, words = [], []
    for at, first in enumerate(range(0, count, per_lag)):
        ports = [f"a{port}" for port in range(first, first + per_lag)]
        found.append(f"bond{at}")
        words += [
            *("--", "add-bond", "ovsbr", f"bond{at}", *ports),
            *("bond_mode=balance-slb", "lacp=active", "other_config:lacp-time=fast"),
        ]
    switch.vsctl(*words)
    return found


def _until_carrying(*every: Cables) -> None:
    """All ports carry traffic, at both ends."""
    with ExitStack() as stack:
        ears = [
            (stack.enter_context(ear(end)), cables.count)
            for cables in every
            for end in (cables.left, cables.right)
        ]

        def carrying() -> bool:
            for heard, _ in ears:
                heard.read()
            return all(heard.carrying == count for heard, count in ears)

        until(carrying, PATIENCE, lambda: [f"{it.carrying} of {count}" for it, count in ears])


def _measure(processes: Sequence[Process]) -> list[Cost]:
    """What each costs, in the same seconds."""
    spent: list[list[float]] = [[] for _ in processes]
    for _ in range(TURNS):
        start = time.monotonic()
        before = [each.cpu() for each in processes]
        time.sleep(SECONDS)
        took = time.monotonic() - start
        for each, was, figures in zip(processes, before, spent, strict=True):
            figures.append((each.cpu() - was) / took)
    return [
        Cost(tuple(figures), each.memory()) for each, figures in zip(processes, spent, strict=True)
    ]


if __name__ == "__main__":
    main(figures)
