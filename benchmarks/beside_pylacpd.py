"""lacpd beside what was measured of pylacpd 0.1.2, a daemon in Python with two threads a port.

One LAG at the fast rate on veth pairs, a lacpd at the far ends; one end counts, as it did there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median

from benchmarks._figures import PUBLISHED, Figure, main
from benchmarks._rig import cabled, ear, lacpds

#: Ports, % of a core, and MB.
PYLACPD = ((1, 0.29, 15.5), (16, 1.9, 16.1), (64, 4.6, 18.4))
#: Each turn is a period of the fast rate.
TURNS = 5
SETTLING = 1.0


def figures() -> Iterator[Figure]:
    """CPU and memory at each size."""
    named = f"{PUBLISHED}: pylacpd 0.1.2"
    for count, cpu, memory in PYLACPD:
        with cabled(count) as cables, lacpds(cables, per_lag=count) as (left, _):
            with ear(cables.right) as heard:
                heard.until_distributing(count)
            time.sleep(SETTLING)
            ours = median(left.spent(1.0) for _ in range(TURNS)) * 100
            with ear(cables.right) as heard:
                assert heard.until_distributing(count) < float("inf"), heard.carrying
            load = f"{count} ports, one LAG, fast rate" if count > 1 else "one port, fast rate"
            yield Figure(f"{load}: CPU of lacpd", ours, "% of a core", cpu, named, at_most=cpu)
            yield Figure(f"{load}: its memory", left.memory() / 1e6, "MB", memory, named)


if __name__ == "__main__":
    main(figures)
