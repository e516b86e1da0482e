"""What the tests of two systems vary."""

from __future__ import annotations

from typing import Any

import pytest

from tests.worlds import TOLERANCE, VARIANT_IDS, VARIANTS

variants = pytest.mark.parametrize(("edition", "control"), VARIANTS, ids=VARIANT_IDS)
sizes = pytest.mark.parametrize("links", [1, 2, 8])
timeouts = pytest.mark.parametrize("short", [True, False], ids=["short", "long"])


def at(time: float) -> Any:
    return pytest.approx(time, abs=TOLERANCE)
