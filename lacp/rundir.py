"""The directories in which daemons have their sockets, unless they are told otherwise."""

from __future__ import annotations

import os

LACPD = "/run/lacpd"
#: Of teamd, and of lacpd for clients of teamd.
TEAMD = "/run/teamd"


def of_lacpd() -> str:
    """Where lacpd has its own, as the environment says."""
    return os.environ.get("LACPD_RUN_DIR") or LACPD
