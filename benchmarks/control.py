"""What the answer to `show` costs the daemon, with what is wrong with each port, and how long LACP
has to wait for it.

The reference is to put that answer into JSON, which is the least that there is to do.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks._figures import Figure, main
from benchmarks._measure import microseconds
from lacp.daemon.report.lag import Pieces, answer_pieces, lag_document, whole
from lacp.daemon.team.team import Team
from tests.daemons import world

#: Answers of which the median counts.
_ANSWERS = 3
#: Ports that are looked at altogether for one figure.
_LOOKS = 200


def figures() -> Iterator[Figure]:
    for ports in (2, 64, 500):
        for silent in (False, True):
            yield from of_ports(ports, silent)


def of_ports(ports: int, silent: bool) -> Iterator[Figure]:
    """One team of so many ports, all of which carry traffic, or hear nobody any more."""
    with tempfile.TemporaryDirectory() as directory, world(Path(directory)) as here:
        host, _, cables = here.pair(ports)
        here.run(5)
        for cable in cables:
            cable.silent = silent
        here.run(100)
        team, now = host.team(), here.now
        document = lag_document(team, now)
        times = max(1, _LOOKS // ports)
        alone = microseconds(lambda: json.dumps(document), times, _ANSWERS)
        made = microseconds(lambda: whole(answer(team, now)), times, _ANSWERS)
        bare = microseconds(lambda: whole(answer(team, now, False)), times, _ANSWERS)
        steps = sorted(longest_step(team, now) for _ in range(_ANSWERS))
    what = f"show of {ports:,} {'silent' if silent else 'healthy'} ports"
    named = "its JSON alone"
    yield Figure(what, made / 1000, "ms", alone / 1000, named)
    yield Figure(f"{what}, for lacpctl", bare / 1000, "ms", alone / 1000, named)
    yield Figure(f"{what}, longest step", steps[_ANSWERS // 2], "ms", made / 1000, "all of it")


def answer(team: Team, now: float, explained: bool = True) -> Pieces[bytes]:
    """The answer, for whoever explains by himself or wants it explained."""
    return answer_pieces(team, now, verbose=False, explained=explained)


def longest_step(team: Team, now: float) -> float:
    """Milliseconds of CPU time of the longest piece of an answer."""
    longest, before = 0.0, time.process_time()
    for _ in answer(team, now):
        longest = max(longest, time.process_time() - before)
        before = time.process_time()
    return max(longest, time.process_time() - before) * 1000


if __name__ == "__main__":
    main(figures)
