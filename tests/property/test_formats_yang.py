"""Whatever a source tells, data of OpenConfig and IEEE are as their modules want them."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from lacp.picture.formats.ieee import ieee
from lacp.picture.formats.openconfig import openconfig
from lacp.picture.model import LagView
from tests import yang
from tests.property.views import LAGS


@given(lags=st.lists(LAGS, max_size=4))
def test_every_document_is_valid(lags: list[LagView]) -> None:
    for write, schema in ((openconfig, yang.OPENCONFIG), (ieee, yang.IEEE)):
        document, left_out = write(lags)
        assert yang.findings(document, schema) == []
        json.dumps(document, allow_nan=False)
        told = {line.split()[0] for line in left_out}
        assert told <= {lag.name for lag in lags}
