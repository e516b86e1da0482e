"""Checks that share a guest, because it takes seconds to start one: each has a result of its own.

A test module runs `outcomes` in a guest, in a function of its own that knows the checks. Outside
there is one test for each, with the name of its check as a parameter.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Generic, TypeVar

import pytest

from tests.interop.netns import Namespace, namespace, namespaces, need_link

Bench = TypeVar("Bench")


class Suite(Generic[Bench]):
    """Checks of a device of the kernel, each on a bench of its own in two fresh namespaces."""

    def __init__(
        self,
        kind: str,
        driver: str,
        bench: Callable[[Namespace, Namespace], AbstractContextManager[Bench]],
    ) -> None:
        self._kind = kind
        self._driver = driver
        self._bench = bench
        self._checks: dict[str, Callable[[Bench], None]] = {}

    @property
    def names(self) -> list[str]:
        """In the order in which they were declared."""
        return list(self._checks)

    def check(self, function: Callable[[Bench], None]) -> Callable[[Bench], None]:
        """Declare one."""
        assert function.__name__ not in self._checks
        self._checks[function.__name__] = function
        return function

    def outcomes(self, names: Collection[str]) -> dict[str, str]:
        """What went wrong with each of these; nothing is empty. For a kernel with the driver."""
        with namespace() as any_one:
            need_link(any_one, self._kind, self._driver)
        with namespaces(2) as (here, there):

            def on_a_bench(function: Callable[[Bench], None]) -> None:
                with self._bench(here, there) as it:
                    function(it)

            every = {name: partial(on_a_bench, one) for name, one in self._checks.items()}
            return outcomes(every, names)


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
