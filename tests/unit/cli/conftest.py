"""What the tests of the commands share."""

from pathlib import Path

import pytest

from lacp.inspect.survey import READERS
from tests.golden import golden  # noqa: F401 - a fixture


@pytest.fixture(autouse=True)
def plain_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same width, time zone and colours everywhere."""
    import time

    for name in ("COLUMNS", "LACPD_RUN_DIR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.fixture(autouse=True)
def lacpd_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What else there may be on the host of the tests is no part of them."""
    for name in [*READERS]:
        if name != "lacpd":
            monkeypatch.delitem(READERS, name)


@pytest.fixture
def run_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The run directory of lacpd, which is empty."""
    monkeypatch.setenv("LACPD_RUN_DIR", str(tmp_path))
    return tmp_path
