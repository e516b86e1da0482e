"""Files that a command writes: whole, or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp


def write(path: Path, text: str) -> None:
    """Put `text` into the file at `path` in one step, so that nobody ever reads half of it.

    What is there and is no ordinary file, such as a pipe, is written to as it is. Raises OSError.
    """
    octets = text.encode("utf-8", "replace")
    if path.exists() and not path.is_file():
        path.write_bytes(octets)
        return
    # Through a symbolic link, which stays one.
    path = path.resolve()
    handle, name = mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(octets)
        os.chmod(name, _mode(path))
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def _mode(path: Path) -> int:
    """The permissions of the file that is replaced, or of one that is made in the usual way."""
    with suppress(OSError):
        return path.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
