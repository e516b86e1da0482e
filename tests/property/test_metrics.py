"""Whatever a source tells, what it becomes is text that Prometheus reads, in both formats."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import parser as text
from prometheus_client.openmetrics import parser as openmetrics

from lacp.daemon.metrics.exposition import OPENMETRICS, TEXT, Itself, pieces
from lacp.picture.explain import diagnose
from lacp.picture.metrics.family import Observed
from lacp.picture.model import LagView
from tests.property.views import LAGS


@given(lags=st.lists(LAGS, max_size=2, unique_by=lambda lag: lag.name))
def test_every_picture_is_read_as_it_was_written(lags: list[LagView]) -> None:
    seen = [Observed(lag, tuple(diagnose(lag))) for lag in lags]
    read = []
    for form, parser in ((TEXT, text), (OPENMETRICS, openmetrics)):
        parse: Any = parser.text_string_to_metric_families
        told = b"".join(pieces(seen, Itself("1.0"), form)).decode()
        samples = [
            (each.name, tuple(sorted(each.labels.items())), each.value)
            for family in parse(told)
            for each in family.samples
            if not each.name.startswith("process_")
        ]
        # Each is told once, and only under names of LAGs that there are.
        assert len({sample[:2] for sample in samples}) == len(samples)
        assert {dict(labels).get("lag") for _, labels, _ in samples} <= {
            None,
            *(lag.name for lag in lags),
        }
        read.append(samples)
    assert read[0] == read[1]
