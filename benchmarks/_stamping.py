"""lacpd with a dataplane that writes down when it is told to use a port, or not to.

    python -m benchmarks._stamping FILE [options of lacpd]

Lines of FILE: seconds of the monotonic clock, port, whether user frames are distributed there.
"""

from __future__ import annotations

import os
import sys
import time
from unittest.mock import patch

from lacp.cli.lacpd import main
from lacp.dataplane import none

_FILE = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC)


class Stamping(none.NoDataplane):
    """Moves nothing, and is quick about it."""

    def enable_port(self, port: str, collecting: bool, distributing: bool) -> None:
        os.write(_FILE, f"{time.monotonic():.6f} {port} {distributing:d}\n".encode())


if __name__ == "__main__":
    with patch.object(none, "NoDataplane", Stamping):
        sys.exit(main(sys.argv[2:]))
