"""Metrics as text, in pieces: whoever renders them can do something else in between.

Of prometheus_client come the two formats, and what there is to say of the process. A registry of
it is not used: what is told is made of the teams at the moment at which somebody asks, so a port
that is gone is told no more.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from prometheus_client import ProcessCollector
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from lacp.picture.metrics.families import FAMILIES
from lacp.picture.metrics.family import Family, Kind, Observed

#: Samples in a piece; each costs some 10 µs.
PIECE = 200


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write metrics down."""

    content_type: str
    write: Callable[[Collector], bytes]
    #: What `write` closes with.
    end: bytes


TEXT = Format(CONTENT_TYPE_PLAIN_0_0_4, generate_latest, b"")
# No name needs escaping, and this way of it looks at names as a whole, not at each letter.
OPENMETRICS = Format(
    openmetrics.CONTENT_TYPE_LATEST,
    partial(openmetrics.generate_latest, escaping=openmetrics.ALLOWUTF8),
    b"# EOF\n",
)
FORMATS = {"application/openmetrics-text": OPENMETRICS, "text/plain": TEXT}


def accepted(accept: str) -> Format:
    """The format that a client wants: of those that it names, the first one that there is."""
    for wanted in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in wanted.split(";"))
        if kind in FORMATS and not {"q=0", "q=0.0"} & set(parameters):
            return FORMATS[kind]
    return TEXT


@dataclass(frozen=True, slots=True)
class Itself:
    """What there is to say of the daemon."""

    version: str
    last_reload_good: bool = True
    #: Seconds that the worst timer of the last minute came up late.
    lateness: float = 0.0


def pieces(seen: Sequence[Observed], itself: Itself | None, form: Format) -> Iterator[bytes]:
    """What was observed, and what a daemon has to say of itself, piece by piece."""
    for family in FAMILIES:
        yield from _family(family, seen, form)
    if itself is not None:
        for metric in _daemon(seen, itself):
            yield _written(metric, form)
    yield form.end


def _family(family: Family, seen: Sequence[Observed], form: Format) -> Iterator[bytes]:
    name = family.name
    if family.kind is not Kind.GAUGE:
        name = name.removesuffix("_total").removesuffix("_info")
    metric = Metric(name, family.help, str(family.kind))
    header = _written(metric, form)
    samples = (
        Sample(family.name, dict(zip(family.labels, map(_text, values), strict=True)), value)
        for each in seen
        for values, value in family.of(each)
    )
    begun = False
    while piece := list(islice(samples, PIECE)):
        metric.samples = piece
        written = _written(metric, form)
        yield written.removeprefix(header) if begun else written
        begun = True


def _text(label: str) -> str:
    """A label as UTF-8 has it: the name of an interface may be of any octets."""
    return label if label.isascii() else label.encode(errors="replace").decode()


def _daemon(seen: Sequence[Observed], itself: Itself) -> Iterator[Metric]:
    yield InfoMetricFamily(
        "lacpd_build",
        "What runs here.",
        value={"version": itself.version, "python": platform.python_version()},
    )
    yield GaugeMetricFamily("lacpd_teams", "Teams of this process.", value=len(seen))
    yield GaugeMetricFamily(
        "lacpd_last_reload_successful",
        "Whether all of the configuration was taken when it was read again; 1 before that.",
        value=float(itself.last_reload_good),
    )
    yield GaugeMetricFamily(
        "lacpd_timer_lateness_seconds",
        "How late the worst timer of the last minute came up.",
        value=itself.lateness,
    )
    yield from _PROCESS.collect()


_PROCESS = ProcessCollector(registry=None)


class _Only(Collector):
    """A registry with one metric in it."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric

    def collect(self) -> Iterable[Metric]:
        yield self._metric


def _written(metric: Metric, form: Format) -> bytes:
    return form.write(_Only(metric)).removesuffix(form.end)
