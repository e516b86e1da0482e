"""Network namespaces by their numbers, which are inodes below /proc."""

from __future__ import annotations

import os


def netns_inode(process: int | None = None) -> int | None:
    """The number of the network namespace of a process, else of the thread; None when it is not to
    be seen."""
    try:
        return os.stat(f"/proc/{process or 'thread-self'}/ns/net").st_ino
    except OSError:
        return None
