"""What figures were measured on."""

from __future__ import annotations

import os
import platform


def machine() -> str:
    """Cores, kernel and Python."""
    return (
        f"{os.cpu_count()} cores, Linux {platform.release().partition('-')[0]}, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )
