"""What the answer to `show` costs the daemon, with what is wrong with each port.

The reference is to put that answer into JSON, which is the least that there is to do.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from benchmarks._measure import head, microseconds, row
from lacp.daemon.report.lag import lag_document
from tests.daemons import world


def measure(ports: int, silent: bool) -> None:
    """One team of so many ports, all of which carry traffic, or hear nobody any more."""
    with tempfile.TemporaryDirectory() as directory, world(Path(directory)) as here:
        host, _, cables = here.pair(ports)
        here.run(5)
        for cable in cables:
            cable.silent = silent
        here.run(100)
        team, now = host.team(), here.now
        document = lag_document(team, now)
        times = max(1, 200 // ports)
        alone = microseconds(lambda: json.dumps(document), times, 5)
        made = microseconds(lambda: json.dumps(lag_document(team, now)), times, 5)
    what = "silent" if silent else "healthy"
    row(f"show of {ports} {what} ports", made / 1000, "ms", alone / 1000, "its JSON alone")


def main() -> None:
    head("control")
    for ports in (2, 64, 500):
        for silent in (False, True):
            measure(ports, silent)


if __name__ == "__main__":
    main()
