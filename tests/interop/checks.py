"""Checks that share a guest, because it takes seconds to start one: each has a result of its own.

A test module runs `outcomes` in a guest, in a function of its own that knows the checks. Outside
there is one test for each, with the name of its check as a parameter.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Collection, Mapping

import pytest


def outcomes(checks: Mapping[str, Callable[[], None]], names: Collection[str]) -> dict[str, str]:
    """Run those of these names, all of them: why each failed, empty when it did not."""
    found = {}
    for name in checks:
        if name not in names:
            continue
        start = time.monotonic()
        found[name] = ""
        try:
            checks[name]()
        except (Exception, pytest.fail.Exception):
            found[name] = traceback.format_exc()
            sys.stdout.write(found[name])
        sys.stdout.write(f"{name} {time.monotonic() - start:.1f} s\n")
    return found


def selected(request: pytest.FixtureRequest, parameter: str = "name") -> list[str]:
    """The values of a parameter with which pytest runs tests of this module now."""
    return [
        str(item.callspec.params[parameter])
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.path == request.path
        and hasattr(item, "callspec")
    ]
