"""Files that a command writes: whole, or not at all, and never over one that it reads."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
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


def misuse(outputs: Mapping[str, str | None], inputs: Iterable[str] = ()) -> str | None:
    """What is wrong with the files that options name, before anything is done; None if nothing.

    `outputs` is by option; None and "-" (standard output) are passed over.
    """
    read = {os.path.realpath(each) for each in inputs if each != "-"}
    seen: dict[str, str] = {}
    for option, path in outputs.items():
        if path is None or path == "-":
            continue
        real = os.path.realpath(path)
        if real in read:
            return f"--{option}: {path} is a file to read, it will not be overwritten"
        if real in seen and not _is_sink(path):
            return f"--{option}: {path} is that of --{seen[real]} too"
        seen[real] = option
        if os.path.isdir(path):
            return f"--{option}: {path} is a directory"
        if not os.path.isdir(os.path.dirname(real)):
            return f"--{option}: {path}: there is no directory for it"
    return None


def _is_sink(path: str) -> bool:
    """Whether what is there is no ordinary file, so that nothing is overwritten."""
    return os.path.exists(path) and not os.path.isfile(path)
