"""lacpd beside teamd and the bonding driver, which run in a guest of user-mode Linux.

Each kind runs against its like over the same number of links in LAGs of two at the fast rate, one
kind at a time: teamd is a process for each LAG, lacpd one process an end, and the bonding driver
none. What it costs is what the guest costs more than while it idles, kernel and all, per port: that
is how the kernel's share is counted as well.
"""

from __future__ import annotations

import compileall
from collections.abc import Iterator

from benchmarks._figures import Absent, Figure, Found, in_full, main
from benchmarks._guest_cpu import Meter
from benchmarks._rivals import IDLE, story
from tests.interop import guest
from tests.lab import need_teamd

#: Who has its turn, and with how many links; what takes longest comes last.
TURNS = (
    ("teamd", (2, 8)),
    ("lacpd", (2, 8)),
    (IDLE, (0,)),
    ("teamd", (2,)),
    ("lacpd", (2,)),
    ("bonding", (2,)),
    ("lacpd", (64,)),
    ("teamd", (64,)),
)
LONG_TURNS = (
    ("teamd", (2, 8, 32, 64)),
    ("lacpd", (2, 8, 32, 64)),
    ("bonding", (2, 8, 32, 64)),
    (IDLE, (0,)),
) * 3
#: Whole periods of the fast rate.
SECONDS = 2.0
#: MB of memory of the guest.
MEMORY = 1024
#: Seconds, many times as many as it takes on a machine that does nothing else.
PATIENCE, LONG_PATIENCE = 150, 1200


def figures() -> Iterator[Found]:
    """CPU and memory of each at every size."""
    need_teamd()
    reason = guest.missing()
    if reason is not None:
        yield Absent("lacpd beside teamd", f"no guest of user-mode Linux, for want of {reason}")
        return
    # A guest cannot write what has been compiled, and would do it again at each start.
    for package in ("lacp", "tests", "benchmarks"):
        compileall.compile_dir(guest.ROOT / package, quiet=1)
    meter, turns = Meter(), LONG_TURNS if in_full() else TURNS
    try:
        guest.run(
            story,
            {"turns": turns, "seconds": SECONDS},
            modules=(*guest.TEAM_MODULES, *guest.BONDING_MODULES),
            memory=MEMORY,
            timeout=LONG_PATIENCE if in_full() else PATIENCE,
            echo=meter.hear,
        )
    except guest.GuestError as error:
        if error.status is not None or (IDLE, 0) not in meter.spent:
            raise
        yield Absent("all sizes beside teamd", str(error).partition("\n")[0])
    for links in sorted({links for _, sizes in turns for links in sizes}):
        if {("teamd", links), ("lacpd", links)} <= meter.memory.keys():
            yield from _compare(meter, links)


def _compare(meter: Meter, links: int) -> Iterator[Figure]:
    # The least counts: what others do meanwhile, and a guest that has just booted, only adds.
    idle = min(meter.spent[IDLE, 0])

    def cost(kind: str) -> float:
        """µs per second and port, of which a link has two."""
        return (min(meter.spent[kind, links]) - idle) / links / 2 * 1e6

    load = f"in a guest, {links} links in LAGs of 2, fast rate"
    yield Figure(
        f"{load}: CPU of the guest over an idle one, lacpd at both ends",
        cost("lacpd"),
        "µs/port-second",
        cost("teamd"),
        f"teamd, {links // 2} processes an end",
        at_most=cost("teamd"),
    )
    if ("bonding", links) in meter.spent:
        yield Figure(
            f"{load}: the same",
            cost("lacpd"),
            "µs/port-second",
            cost("bonding"),
            "the kernel's bonding driver",
        )
    yield Figure(
        f"{load}: memory of lacpd at one end",
        meter.memory["lacpd", links] / 1e6,
        "MB",
        meter.memory["teamd", links] / 1e6,
        f"teamd, {links // 2} processes",
    )


if __name__ == "__main__":
    main(figures)
