"""Hypothesis profiles, what may run beside what, and the closing list of what was skipped."""

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

INTEROP = Path(__file__).parent / "interop"
#: Who requires the lab wants everything; others may ask for it.
SLOW = "1" in (os.environ.get("LACP_REQUIRE_LAB"), os.environ.get("LACP_SLOW"))

settings.register_profile("dev", max_examples=25, deadline=None)
settings.register_profile(
    "ci",
    max_examples=500,
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What runs in real time here runs one after the other; a guest has a time of its own."""
    too_slow = pytest.mark.skip("takes minutes (LACP_SLOW=1 make test)")
    for item in items:
        if not SLOW and item.get_closest_marker("slow") is not None:
            item.add_marker(too_slow)
        if INTEROP in item.path.parents:
            guest = item.get_closest_marker("guest") is not None
            item.add_marker(pytest.mark.xdist_group(item.path.stem if guest else "interop"))
            if hasattr(config, "workerinput"):
                _name_group(item)


def _name_group(item: pytest.Item) -> None:
    """Say the groups of a test in its identifier, by which pytest-xdist distributes.

    It does so itself, in an attribute that pytest no longer reads (pytest 9.2, pytest-xdist 3.8).
    """
    groups = "_".join(sorted({str(mark.args[0]) for mark in item.iter_markers("xdist_group")}))
    item._id = item.id.parse(f"{item.nodeid}@{groups}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped: list[pytest.TestReport | pytest.CollectReport]
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(reason(report) for report in skipped)
    if reasons:
        terminalreporter.section("skipped, and why")
        for why, count in sorted(reasons.items()):
            terminalreporter.line(f"{count:5d}  {why}")


def reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return str(report.longrepr)
