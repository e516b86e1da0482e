"""A program on a terminal of its own, as a person at a keyboard has it."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

#: What moves the cursor or colours.
_SEQUENCE = re.compile(r"\x1b(\[[0-9;?]*[a-zA-Z]|[()][A-Z0-9])")


class Terminal:
    """What the program has written, and the keyboard."""

    def __init__(self, process: subprocess.Popen[bytes], fd: int, other: int) -> None:
        self.process = process
        self.raw = ""
        self._fd = fd
        self._other = other

    def press(self, text: str) -> None:
        os.write(self._fd, text.encode())

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def hang_up(self) -> None:
        """Nobody holds the other end any more."""
        nowhere = os.open(os.devnull, os.O_RDWR)
        for fd in (self._fd, self._other):
            os.dup2(nowhere, fd)
        os.close(nowhere)

    def echoes(self) -> bool:
        """Whether the terminal shows what is typed, as it does for a shell."""
        return bool(termios.tcgetattr(self._other)[3] & termios.ECHO)

    @property
    def page(self) -> list[str]:
        """The lines of the last page that was drawn."""
        return plain(self.raw.rpartition("\x1b[H")[2]).splitlines()

    def wait(self, said: str, *, lines: int | None = None, seconds: float = 20) -> list[str]:
        """The page, as soon as `said` is on it, it has so many lines, and all of it has come."""
        end = time.monotonic() + seconds
        while not (
            self._read(0.05)
            and any(said in line for line in self.page)
            and lines in (None, len(self.page))
        ):
            assert time.monotonic() < end, (said, self.page)
            assert self.process.poll() is None or self._read(0), plain(self.raw)
        return self.page

    def ended(self, seconds: float = 20) -> int:
        """The exit status, with everything that was written read."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            self._read(0.05)
            assert time.monotonic() < end
        while not self._read(0.05):
            pass
        return self.process.returncode

    def drain(self) -> None:
        """Take what has come, so that the program can write on."""
        self._read(0.05)

    def _read(self, patience: float) -> bool:
        """Take what comes; whether a moment was quiet behind something."""
        if not select.select([self._fd], [], [], patience)[0]:
            return bool(self.raw)
        try:
            self.raw += os.read(self._fd, 1 << 16).decode("utf-8", "replace")
        except OSError:
            # The last one that had the terminal has closed it.
            return True
        return False


def plain(text: str) -> str:
    return _SEQUENCE.sub("", text).replace("\r\n", "\n")


@contextmanager
def on_terminal(
    command: Sequence[str], environ: Mapping[str, str], columns: int = 80, lines: int = 24
) -> Iterator[Terminal]:
    """Run the program on a terminal of this size."""
    ours, its = pty.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    process = subprocess.Popen(
        # The terminal is the one of a session that begins with the program.
        ["setsid", "--ctty", *command],
        stdin=its,
        stdout=its,
        stderr=its,
        env={**os.environ, "TERM": "xterm-256color", **environ},
    )
    try:
        yield Terminal(process, ours, its)
    finally:
        process.kill()
        process.wait(20)
        os.close(ours)
        os.close(its)
