"""How fast two ends come up, fail over and come back: lacpd beside teamd and the bonding driver.

Each kind runs against itself, two links at the fast rate, in a guest of its own of user-mode Linux,
where the kernel has the team and bonding drivers; `tests/interop/failover.py` tells the story. All
wait for nothing that can be done without (`aggregate_wait` 0). Kinds take turns, so that what else
the machine does falls on all of them.
"""

from __future__ import annotations

import argparse
import compileall
from statistics import median

import pytest

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


def show(found: dict[str, _Rows]) -> None:
    """Print the medians, and how the last kind compares with the best of the others."""
    *peers, own = KINDS
    print(f"{'seconds, or frames':<42}" + "".join(f"{kind:>10}" for kind in KINDS) + "   ratio")
    for row, figures in found[own].items():
        ours = median(figures)
        line = f"{row:<42}"
        theirs = [median(found[peer][row]) for peer in peers if row in found[peer]]
        for peer in peers:
            line += f"{median(found[peer][row]):>10.3g}" if row in found[peer] else f"{'':>10}"
        line += f"{ours:>10.3g}"
        if theirs:
            best = min(theirs)
            line += f"  x{ours / best:.3g}" if best > _NOTHING else f"  {ours - best:+.3g}"
        print(line)


def main() -> None:
    """Measure and print, or say why nothing can be measured here."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.failover", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="of each kind; the median counts (3)")
    parser.add_argument("--slow", action="store_true", help="at the slow rate, in minutes")
    args = parser.parse_args()
    reason = guest.missing()
    if reason is not None:
        print(f"skipped: there can be no guest of user-mode Linux here, for want of {reason}")
        return
    # A guest cannot write what has been compiled, and would do it again at each start.
    for package in ("lacp", "tests"):
        compileall.compile_dir(guest.ROOT / package, quiet=1)
    print(f"medians of {args.runs}; ratio: lacpd to the better of the two others, less is better")
    try:
        show(collect(args.runs, not args.slow))
    except pytest.skip.Exception as skipped:
        print(f"skipped: {skipped}")


if __name__ == "__main__":
    main()
