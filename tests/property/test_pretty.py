"""JSON with an indent is what the standard library makes of it, sooner."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lacp.cli.pretty import indented


class _Word(StrEnum):
    ONE = "one"


_LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(_Word)
)
_DOCUMENTS = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
    max_leaves=20,
)


@given(_DOCUMENTS)
def test_it_is_what_the_standard_library_writes(document: Any) -> None:
    assert indented(document) == json.dumps(document, indent=2)
