"""A team on two cables."""

from __future__ import annotations

import json
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lacp.dataplane.base import (
    PlaneNews,
    PortSetup,
    Setup,
)
from lacp.dataplane.team.plane import TeamDataplane
from tests.interop import checks
from tests.interop.bench import SILENCE, DeviceBench, two_cables
from tests.interop.netns import Namespace
from tests.waiting import until


class Bench(DeviceBench):
    """A team on two cables."""

    def __init__(self, here: Namespace, there: Namespace) -> None:
        super().__init__("team0", here, there)
        self.plane = TeamDataplane()

    def team(self, runner: str, *ports: str, **more: Any) -> TeamDataplane:
        """A team that is up, with these ports, each enabled."""
        with self.here.entered():
            self.plane.create(Setup(device="team0", runner=runner, **more))
        for port in ports:
            self.plane.add_port(port, PortSetup())
        self.here.ip("link set team0 up")
        for port in ports:
            self.enable(port)
        self.plane.set_carrier(True)
        self.settle()
        return self.plane

    def enable(self, port: str, on: bool = True) -> None:
        self.plane.enable_port(port, on, on)

    def fresh(self) -> TeamDataplane:
        """Another one, of a process that knows nothing."""
        self.plane = TeamDataplane()
        return self.plane

    def settle(self) -> None:
        """Every carrier there is has been seen, and the news of it is old."""
        self.until(lambda: "LOWER_UP" in self.here.ip("-o link show team0") or None)
        time.sleep(SILENCE)
        self.plane.read()

    def news(self, wanted: int = 1, seconds: float = 5) -> list[PlaneNews]:
        """So many pieces of news; and after them silence."""
        found: list[PlaneNews] = []
        end = time.monotonic() + seconds
        while len(found) < wanted and time.monotonic() < end:
            select.select(self.plane.filenos(), [], [], max(0.0, end - time.monotonic()))
            found += self.plane.read()
        return found + self.quiet()

    def quiet(self) -> list[PlaneNews]:
        """What comes while there should be nothing."""
        time.sleep(SILENCE)
        return self.plane.read()

    def until(self, question: Callable[[], Any], seconds: float = 10) -> Any:
        return until(question, seconds, lambda: self.here.ip("-d link"))

    def option(self, name: str, port: str | None = None) -> str:
        which = ["-p", port] if port else []
        return self.here.run("teamnl", *which, "team0", "getoption", name).strip()

    def carrier_changes(self) -> int:
        (said,) = json.loads(self.here.ip("-s -s -j link show team0"))
        changes = said["stats64"]["tx"]["carrier_changes"]
        assert isinstance(changes, int)
        return changes

    def index(self, interface: str) -> int:
        return int(self.here.ip(f"-o link show {interface}").split(":")[0])


@contextmanager
def bench(here: Namespace, there: Namespace) -> Iterator[Bench]:
    """Two cables and nothing else."""
    with two_cables(here, there):
        made = Bench(here, there)
        try:
            yield made
        finally:
            made.plane.destroy()


SUITE = checks.Suite("team", "the kernel's team driver", bench)
