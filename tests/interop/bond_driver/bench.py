"""A bond on two cables."""

from __future__ import annotations

import json
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lacp.dataplane.base import (
    PlaneNews,
    PortSetup,
    Setup,
)
from lacp.dataplane.bond.plane import BondDataplane
from tests.interop import checks
from tests.interop.bench import DeviceBench, two_cables
from tests.interop.netns import Namespace
from tests.waiting import until


class Bench(DeviceBench):
    """A bond on two cables."""

    def __init__(self, here: Namespace, there: Namespace) -> None:
        super().__init__("bond9", here, there)
        self.plane = BondDataplane()
        self.said: list[PlaneNews] = []

    def bond(self, runner: str, *ports: str, **more: Any) -> BondDataplane:
        """A bond that is up, with these ports, each used."""
        self.plane.create(Setup(device="bond9", runner=runner, **more))
        for port in ports:
            self.plane.add_port(port, PortSetup())
        self.here.ip("link set bond9 up")
        for port in ports:
            self.use(port)
        self.until(lambda: all(self.seen_up(port) for port in ports))
        return self.plane

    def use(self, port: str, on: bool = True) -> None:
        """As the team tells it of a port that can be used: the verdict, then who carries."""
        self.plane.set_verdict(port, on)
        self.plane.enable_port(port, on, on)

    def fresh(self) -> BondDataplane:
        """Another one, of a process that knows nothing."""
        self.plane = BondDataplane()
        return self.plane

    def pull(self, number: int) -> None:
        """Take the carrier from a cable, and wait until the driver has seen that."""
        self.there.ip(f"link set p{number} down")
        self.until(lambda: not self.seen_up(f"e{number}"))

    def plug(self, number: int) -> None:
        self.there.ip(f"link set p{number} up")
        self.until(lambda: self.seen_up(f"e{number}"))

    def seen_up(self, port: str) -> bool:
        """Whether the driver has seen that a port has carrier."""
        return self.below(port).get("mii_status") == "UP"

    def below(self, port: str) -> dict[str, Any]:
        """What the driver says of a port; nothing of one that is none."""
        (found,) = json.loads(self.here.ip(f"-json -detail link show {port}"))
        info: dict[str, Any] = found.get("linkinfo", {}).get("info_slave_data", {})
        return info

    def is_below(self, port: str) -> bool:
        return " master bond9 " in self.here.ip(f"-o link show {port}")

    def device(self) -> dict[str, Any]:
        """What the driver says of the bond."""
        (found,) = json.loads(self.here.ip("-json -detail link show bond9"))
        info: dict[str, Any] = found["linkinfo"]["info_data"]
        return info

    def carrier(self) -> bool:
        return "LOWER_UP" in self.here.ip("-o link show bond9")

    def read(self) -> list[PlaneNews]:
        news = self.plane.read()
        self.said += news
        return news

    def until(self, question: Callable[[], Any], seconds: float = 20) -> Any:
        """Poll, and read what there is to read as the daemon would."""
        return until(
            question,
            seconds,
            lambda: f"{self.said}\n{self.here.ip('-d link')}",
            between=self._listen,
        )

    def _listen(self) -> None:
        if select.select(self.plane.filenos(), [], [], 0.02)[0]:
            self.read()

    def until_said(self, kind: type) -> Any:
        """The first news of this kind."""
        return self.until(lambda: next((one for one in self.said if isinstance(one, kind)), None))


@contextmanager
def bench(here: Namespace, there: Namespace) -> Iterator[Bench]:
    """Two cables and nothing else; the calling thread is here."""
    with two_cables(here, there):
        made = Bench(here, there)
        try:
            with here.entered():
                yield made
        finally:
            made.plane.destroy()


WATCHED = PortSetup(watched=True)
SUITE = checks.Suite("bond", "the kernel's bonding driver", bench)
