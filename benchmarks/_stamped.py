"""A lacpd whose dataplane writes down when it is told to use a port; and who reads that."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks._rig import Lacpd, lacpd
from tests.interop.netns import Namespace


class Stamps:
    """What the dataplane of a lacpd was told, in seconds of the monotonic clock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0
        #: Since when each port that is used for user frames is, and when each was last told not to
        #: be.
        self.used: dict[str, float] = {}
        self.unused: dict[str, float] = {}

    def read(self) -> None:
        """Take what has been written down since the last time."""
        with self._path.open() as file:
            file.seek(self._at)
            text = file.read()
        whole, newline, _ = text.rpartition("\n")
        self._at += len(whole) + len(newline)
        for line in whole.splitlines():
            at, port, distributing = line.split()
            self.used.pop(port, None)
            (self.used if distributing == "1" else self.unused)[port] = float(at)


@contextmanager
def stamped(
    namespace: Namespace, teams: Mapping[str, str], *options: str, wait: bool = True
) -> Iterator[tuple[Lacpd, Stamps]]:
    """A lacpd in a namespace, as `benchmarks._rig.lacpd`."""
    with tempfile.TemporaryDirectory() as directory:
        stamps = Path(directory) / "stamps"
        stamps.touch()
        program = (sys.executable, "-m", "benchmarks._stamping", str(stamps))
        with lacpd(namespace, teams, *options, wait=wait, program=program) as daemon:
            yield daemon, Stamps(stamps)
