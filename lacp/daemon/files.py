"""What a team has in the run directory: lock, PID file, socket, and what it must remember.

``NAME.lock`` is locked while a daemon runs the team, and holds its PID; the kernel gives the lock
back however the daemon ends, so that what a killed one leaves behind stops nobody.
``NAME.pid`` is for people and scripts. ``NAME.state`` survives the daemon, so that ports keep their
numbers and the team its address, and a port that was left below a device has an own one.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lacp.address import Mac
from lacp.errors import BackendError

#: Port numbers have two octets, and 0 is none.
_LAST_NUMBER = 0xFFFF


class TeamFiles:
    """The files of one team; `acquire` first."""

    __slots__ = ("_directory", "_lock", "_pid", "team")

    def __init__(self, run_dir: str | Path, team: str, pid_file: str | Path | None = None) -> None:
        self.team = team
        # A path is large, there are many teams, and files are needed at the start and at the end.
        self._directory = os.fspath(run_dir)
        self._pid = None if pid_file is None else os.fspath(pid_file)
        self._lock: int | None = None

    @property
    def directory(self) -> Path:
        """The run directory."""
        return Path(self._directory)

    @property
    def lock(self) -> Path:
        """Locked by whoever runs the team."""
        return self.directory / f"{self.team}.lock"

    @property
    def pid(self) -> Path:
        """Who that is; ``-p`` puts it elsewhere."""
        return self.directory / f"{self.team}.pid" if self._pid is None else Path(self._pid)

    @property
    def socket(self) -> Path:
        """The control socket."""
        return self.directory / f"{self.team}.sock"

    @property
    def state(self) -> Path:
        """What outlives the daemon."""
        return self.directory / f"{self.team}.state"

    def acquire(self) -> None:
        """Take the team for this process. Raises BackendError when another one has it."""
        try:
            self.directory.mkdir(mode=0o755, parents=True, exist_ok=True)
            self._lock = self._open()
        except OSError as error:
            raise BackendError(f"{error.filename or self.lock}: {error.strerror}") from None
        if self._lock is None:
            raise BackendError(
                f"{self.team}: lacpd runs this team already, as process {self.owner() or '?'}"
            )
        line = f"{os.getpid()}\n"
        try:
            os.ftruncate(self._lock, 0)
            os.pwrite(self._lock, line.encode(), 0)
            self.pid.write_text(line)
        except OSError as error:
            self.release()
            raise BackendError(f"{self.pid}: {error.strerror}") from None

    def _open(self) -> int | None:
        """The locked file; None when it is locked by somebody else."""
        while True:
            fd = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(fd)
                return None
            # Its last owner may have removed the file between the two calls.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.stat(self.lock), os.fstat(fd)):
                    return fd
            os.close(fd)

    def release(self) -> None:
        """Remove what is of no use without the daemon, and let go of the team."""
        if self._lock is None:
            return
        for path in (self.socket, self.pid, self.lock):
            with contextlib.suppress(OSError):
                path.unlink()
        os.close(self._lock)
        self._lock = None

    def owner(self) -> int | None:
        """The PID of the daemon that runs the team; None when none does."""
        try:
            fd = os.open(self.lock, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = os.pread(fd, 32, 0).decode("ascii", "replace").strip()
            return int(text) if text.isdigit() and int(text) > 0 else None
        except OSError:
            return None
        finally:
            os.close(fd)
        return None


@dataclass(slots=True)
class SavedState:
    """What a team must not forget when its daemon is restarted."""

    #: Port numbers by name; of ports that have left, too.
    numbers: dict[str, int] = field(default_factory=dict)
    #: The address of the team that was taken from a port, and which port that was.
    system: Mac | None = None
    system_from: str = ""
    #: The own address of each port that was put below the device, by name.
    addresses: dict[str, Mac] = field(default_factory=dict)
    #: The lowest number that may never have been given, and those above it that were.
    _next: int = field(default=1, init=False, repr=False, compare=False)
    _given: set[int] | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.numbers:
            self._given = set(self.numbers.values())

    @classmethod
    def load(cls, path: Path) -> SavedState:
        """What is in the file; nothing when it cannot be read or is not what `save` writes."""
        try:
            document: Any = json.loads(path.read_bytes())
            numbers = {str(name): int(number) for name, number in document["ports"].items()}
            system = document["system"] and Mac.parse(document["system"])
            origin = str(document["system_from"])
            own = document.get("addresses", {}).items()
            addresses = {str(name): Mac.parse(address) for name, address in own}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls()
        good = len(set(numbers.values())) == len(numbers)
        if not good or not all(0 < number <= _LAST_NUMBER for number in numbers.values()):
            return cls()
        return cls(numbers, system or None, origin, addresses)

    def save(self, path: Path) -> None:
        """Write the file, wholly or not at all. Raises OSError."""
        document = {
            "version": 1,
            "system": None if self.system is None else str(self.system),
            "system_from": self.system_from,
            "ports": self.numbers,
            "addresses": {name: str(address) for name, address in self.addresses.items()},
        }
        new = path.with_name(f"{path.name}.new")
        new.write_text(json.dumps(document) + "\n")
        new.replace(path)

    def number(self, port: str) -> int:
        """The number of `port`: the one it had, else the lowest that nobody ever had.

        Raises ValueError when there is none left.
        """
        if port not in self.numbers:
            while self._given is not None and self._next in self._given:
                self._given.discard(self._next)
                self._next += 1
            if self._next > _LAST_NUMBER:
                raise ValueError("no port number is left")
            self.numbers[port] = self._next
            self._next += 1
        return self.numbers[port]
