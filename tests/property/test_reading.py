"""A LAG is read as the same from its JSON, whether or not that says what is not known."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given

from lacp.picture.model import LagView, document, without_ports
from lacp.picture.reading import ModelError, read_lag
from tests.property.views import LAGS


def read(found: Any) -> str:
    # NaN is not what it was, but it looks like it.
    try:
        return repr(read_lag(json.loads(json.dumps(found))))
    except ModelError as error:
        return str(error)


@given(LAGS)
def test_what_is_left_out_is_what_is_not_known(lag: LagView) -> None:
    assert read(document(lag, sparse=True)) == read(document(lag))


@given(LAGS)
def test_a_document_is_what_is_around_the_ports_and_the_ports(lag: LagView) -> None:
    for sparse in (False, True):
        front, back = without_ports(lag, sparse)
        whole = {**front, "ports": document(lag.ports, sparse), **back}
        assert repr(whole) == repr(document(lag, sparse))
