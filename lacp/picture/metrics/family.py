"""What a family of metrics is: a name, what it means, and how its samples are made of a LAG.

Nothing here renders or serves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from lacp.picture.findings import Finding
from lacp.picture.model import LagView, PortView


class Kind(StrEnum):
    """What the numbers of a family mean, under the names of OpenMetrics."""

    GAUGE = "gauge"
    #: Ends in _total.
    COUNTER = "counter"
    #: Ends in _info; its value is 1, and its labels are what it says.
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Observed:
    """A LAG at one moment, and what is found wrong with it."""

    lag: LagView
    findings: tuple[Finding, ...] = ()

    def problems(self) -> Counter[str | None]:
        """How many findings there are about each port, and under None about the LAG."""
        return Counter(each.port for each in self.findings)


#: Who is at the two ends of a link, as a label says it.
ENDS = ("actor", "partner")

#: The values of the labels of a family, and of the sample.
Sample = tuple[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class Family:
    """Samples of one name."""

    name: str
    help: str
    kind: Kind
    labels: tuple[str, ...]
    of: Callable[[Observed], Iterable[Sample]]


# What a sample is made of. What is not known has none.


def number(value: float | None) -> Iterator[Sample]:
    """One without labels of its own."""
    if value is not None:
        yield (), float(value)


def info(*values: object) -> Iterator[Sample]:
    """One that says something: a label of what is not known is empty."""
    yield tuple("" if value is None else str(value) for value in values), 1.0


def of_lag(name: str, help: str, of: Callable[[LagView], float | None]) -> Family:
    """A gauge with a sample for each LAG."""

    def samples(seen: Observed) -> Iterator[Sample]:
        for _, value in number(of(seen.lag)):
            yield (seen.lag.name,), value

    return Family(name, help, Kind.GAUGE, ("lag",), samples)


def of_port(
    name: str,
    help: str,
    of: Callable[[LagView, PortView], Iterable[Sample]],
    *labels: str,
    kind: Kind = Kind.GAUGE,
) -> Family:
    """A family with any number of samples for each port, told apart by `labels`."""

    def samples(seen: Observed) -> Iterator[Sample]:
        lag = seen.lag
        for port in lag.ports:
            for values, value in of(lag, port):
                yield (lag.name, port.name, *values), value

    return Family(name, help, kind, ("lag", "port", *labels), samples)


def gauge(name: str, help: str, of: Callable[[PortView], float | None]) -> Family:
    """A gauge with a sample for each port."""
    return of_port(name, help, lambda _, port: number(of(port)))


def counter(name: str, help: str, counted: str) -> Family:
    """A counter with a sample for each port: the one of this name in the model."""

    def samples(_: LagView, port: PortView) -> Iterator[Sample]:
        return number(_counted(port, counted))

    return of_port(name, help, samples, kind=Kind.COUNTER)


def of_both(name: str, help: str, counted: str) -> Family:
    """A counter with a sample for each end of each port's link."""

    def samples(_: LagView, port: PortView) -> Iterator[Sample]:
        for end in ENDS:
            found = _counted(port, f"{end}_{counted}")
            if found is not None:
                yield (end,), float(found)

    return of_port(name, help, samples, "end", kind=Kind.COUNTER)


def count(value: int | None) -> int | None:
    """What a source has counted; below 0 that is no count."""
    return None if value is None or value < 0 else value


def _counted(port: PortView, name: str) -> int | None:
    return count((port.counters or {}).get(name))
