"""An ear that keeps what it heard: when each port spoke, and what it said of itself."""

from __future__ import annotations

import math
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks._rig import Ear, listening
from lacp.backends.taps import attach, deaf_to
from tests.interop.netns import Namespace


@dataclass(slots=True)
class Spoken:
    """The LACPDUs of one port: when each came, in seconds, and whether its sender said in it that
    it carries traffic."""

    times: list[float] = field(default_factory=list)
    carries: list[bool] = field(default_factory=list)

    def most_in_a_second(self) -> int:
        """The most LACPDUs in any second."""
        return most_in_a_second(self.times)

    def speaks_since(self, start: float) -> float:
        """When its first LACPDU after `start` came."""
        return next((at for at in self.times if at > start), math.inf)

    def first(self, start: float, carries: bool) -> float:
        """When the port said for the first time after `start` that it does, or does not."""
        said = zip(self.times, self.carries, strict=True)
        return next((at for at, does in said if at > start and does is carries), math.inf)


class Recorder(Ear):
    """Hears every LACPDU that arrives in a namespace, with the kernel's stamps, and keeps it."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self.spoken: dict[str, Spoken] = {}

    def note(self, name: str, at: float, state: int) -> None:
        super().note(name, at, state)
        spoken = self.spoken.get(name)
        if spoken is None:
            spoken = self.spoken[name] = Spoken()
        spoken.times.append(at)
        spoken.carries.append(self.ports[name].carries)

    def clear(self) -> None:
        """Forget everything but who carries traffic."""
        super().clear()
        for spoken in self.spoken.values():
            spoken.times.clear()
            spoken.carries.clear()

    def speaks_since(self, port: str, start: float) -> float:
        """When the first LACPDU of a port after `start` came; infinity if none did."""
        spoken = self.spoken.get(port)
        return math.inf if spoken is None else spoken.speaks_since(start)

    def carries_since(self, port: str, start: float) -> float:
        """When a port said for the first time after `start` that it carries traffic."""
        spoken = self.spoken.get(port)
        return math.inf if spoken is None else spoken.first(start, carries=True)

    def stops_since(self, port: str, start: float) -> float:
        """When a port said for the first time after `start` that it carries none."""
        spoken = self.spoken.get(port)
        return math.inf if spoken is None else spoken.first(start, carries=False)

    def most_in_a_second(self) -> int:
        """The most LACPDUs of any port in any second."""
        return max((spoken.most_in_a_second() for spoken in self.spoken.values()), default=0)


def most_in_a_second(times: Sequence[float]) -> int:
    """The most of these, which are in order, in any second."""
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


def percentile(figures: Iterable[float], of: float) -> float:
    """The least that so many of a hundred are not above; infinity for none at all."""
    ordered = sorted(figures)
    if not ordered:
        return math.inf
    return ordered[max(0, math.ceil(of / 100 * len(ordered)) - 1)]


@contextmanager
def recorder(namespace: Namespace, deaf: Iterable[str] = ()) -> Iterator[Recorder]:
    """Hear what arrives in a namespace, on all interfaces but those, and keep it."""
    with listening(namespace) as sock:
        with namespace.entered():
            attach(sock, deaf_to(dict.fromkeys(map(socket.if_nametoindex, deaf), b"")))
        yield Recorder(sock)
