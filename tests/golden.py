"""Expected output in files named after the test; LACP_UPDATE_GOLDEN=1 writes them anew."""

import os
from pathlib import Path

import pytest

__all__ = ["Golden", "golden"]


class Golden:
    """The golden files of one test."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        path = request.path
        name = "".join(c if c.isalnum() or c in "_-." else "_" for c in request.node.name)
        self.stem = path.parent / "golden" / path.stem / name

    def check(self, text: str, suffix: str = ".txt") -> None:
        """`text` is what the file says."""
        __tracebackhide__ = True
        file = Path(f"{self.stem}{suffix}")
        if os.environ.get("LACP_UPDATE_GOLDEN") == "1":
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        assert file.exists(), f"no {file.name}; LACP_UPDATE_GOLDEN=1 writes it"
        assert text == file.read_text()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    return Golden(request)
