"""How fast two ends come up, fail over and come back: lacpd beside teamd and the bonding driver.

Each kind runs against itself, two links at the fast rate, in a guest of its own of user-mode Linux,
where the kernel has the team and bonding drivers; `tests/interop/failover.py` tells the story. All
wait for nothing that can be done without (`aggregate_wait` 0). Kinds take turns, so that what else
the machine does falls on all of them.
"""

from __future__ import annotations

import argparse
import compileall
from collections.abc import Iterator
from statistics import median

from benchmarks._figures import Absent, Figure, Found, arguments, in_full, main
from tests.interop import failover, guest

#: teamd and the bonding driver, whose better one is the reference, and lacpd.
KINDS = ("teamd", "bonding", "lacpd")
#: Seconds that one story takes at the most, in a guest that has to share its cores.
_PATIENCE = 900
#: A frame of each flow is on its way every 20 ms, and the driver may be in between: less is equal.
_NOTHING = 0.005

_Rows = dict[str, list[float]]


def collect(runs: int, fast: bool) -> dict[str, _Rows]:
    """Each figure of each run, by kind and row."""
    found: dict[str, _Rows] = {kind: {} for kind in KINDS}
    for _ in range(runs):
        for kind in KINDS:
            done = guest.run(
                failover.measure,
                {"kind": kind, "fast": fast},
                modules=failover.MODULES,
                timeout=_PATIENCE,
            )
            for row, figure in done.result.items():
                found[kind].setdefault(row, []).append(figure)
    return found


def show(found: dict[str, _Rows]) -> Iterator[Figure]:
    """The medians, each beside the better one of the others."""
    *peers, own = KINDS
    for row, figures in found[own].items():
        theirs = {peer: median(found[peer][row]) for peer in peers if row in found[peer]}
        best = min(theirs, key=theirs.__getitem__, default=None)
        ours = median(figures)
        if best is None:
            yield Figure(row, ours, "", None, "")
        elif theirs[best] > _NOTHING:
            yield Figure(row, ours, "", theirs[best], best)
        else:
            yield Figure(row, ours, "", None, f"{best}: nothing, too")


def figures() -> Iterator[Found]:
    """All of it with `--long`: it takes minutes."""
    args = asked()
    reason = guest.missing()
    if reason is not None:
        yield Absent("failover", f"no guest of user-mode Linux here, for want of {reason}")
        return
    if not in_full():
        yield Absent("failover", "it takes minutes: python -m benchmarks.failover --long")
        return
    # A guest cannot write what has been compiled, and would do it again at each start.
    for package in ("lacp", "tests"):
        compileall.compile_dir(guest.ROOT / package, quiet=1)
    print(f"seconds, or frames; medians of {args.runs}")
    yield from show(collect(args.runs, not args.slow))


def asked() -> argparse.Namespace:
    parser = arguments(__doc__)
    parser.add_argument("--runs", type=int, default=3, help="of each kind; the median counts (3)")
    parser.add_argument("--slow", action="store_true", help="at the slow rate, in minutes")
    return parser.parse_args()


if __name__ == "__main__":
    main(figures, asked())
