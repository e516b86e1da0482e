"""What the kernel lets a process have."""

from __future__ import annotations

import resource


def allow_descriptors() -> None:
    """Have as many descriptors open as may be: the usual 1,024 are used up by 400 teams."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
