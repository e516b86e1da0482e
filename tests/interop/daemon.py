"""A real lacpd in a namespace; ended by its process id when the test is over, and gone with it.

with namespace() as here, lacpd(here, directory, conf("team0", ["e0", "e1"])) as daemon:
    daemon.until(lambda: daemon.distributing() == ["e0", "e1"])
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lacp.errors import LacpError
from lacp.inspect import lacpd as client
from lacp.inspect.survey import Places, Seen, survey
from tests.interop.netns import Namespace
from tests.lab import need_tool
from tests.waiting import until

_SO_RCVBUFFORCE = 33
ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "lacp.cli.lacpd")


def apart(directory: Path) -> tuple[str, ...]:
    """Options of a lacpd that leaves the host's own files alone, and carries no user frames.

    Whoever wants some carried says so behind these: the last word counts.
    """
    teamd = str(directory / "teamd")
    return "--run-dir", str(directory), "--teamd-run-dir", teamd, "--dataplane", "none"


def seen(directory: Path) -> Seen:
    """What every lacpd of a run directory tells."""
    return survey(Places(sources=frozenset({"lacpd"}), run_dir=str(directory)), patience=5)


def run_here(*arguments: str, run_dir: Path | None = None) -> subprocess.CompletedProcess[str]:
    """lacpd in the namespace of the test, for what ends by itself."""
    where = () if run_dir is None else ("--run-dir", str(run_dir))
    return subprocess.run(
        [*COMMAND, *where, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


class Daemon:
    """A lacpd that runs the configuration file of one team."""

    def __init__(self, namespace: Namespace, directory: Path, text: str) -> None:
        self.namespace = namespace
        self.directory = directory
        self.file = directory / "team.conf"
        self.file.write_text(text)
        self.log = directory / "log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def start(self, *options: str) -> None:
        """Start it and wait until it answers."""
        inside = self.namespace.command(
            *COMMAND, "-f", str(self.file), *apart(self.directory), *options
        )
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *inside],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self.until(self.answers, 60)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.terminate()
        return self.process.wait(10)

    def kill(self) -> None:
        """SIGKILL; nothing if it does not run."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def lag(self) -> dict[str, Any]:
        """Its LAG, as `lacpctl show --json` has it."""
        (path,) = client.sockets(self.directory)
        lag = client.ask(path, "show", verbose=True)["lag"]
        assert isinstance(lag, dict)
        return lag

    def ask(self, request: str, **members: Any) -> dict[str, Any]:
        (path,) = client.sockets(self.directory)
        return client.ask(path, request, **members)

    def port(self, name: str) -> dict[str, Any]:
        (port,) = (each for each in self.lag()["ports"] if each["name"] == name)
        assert isinstance(port, dict)
        return port

    def distributing(self) -> list[str]:
        """The ports that carry traffic."""
        return [port["name"] for port in self.lag()["ports"] if port["distributing"]]

    def until_distributing(self, ports: list[str], seconds: float = 15) -> None:
        """Wait until exactly these ports carry traffic."""
        self.until(lambda: self.distributing() == ports, seconds)

    def memory(self) -> int:
        """Resident octets."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def said(self) -> str:
        return self.log.read_text()

    def until(self, done: Callable[[], Any], seconds: float = 15) -> None:
        """Ask again until `done`."""

        def answer() -> Any:
            running = self._process is not None and self._process.poll() is None
            assert running, f"lacpd has ended:\n{self.said()[-3000:]}"
            return done()

        until(answer, seconds, lambda: self.said()[-6000:])

    def answers(self) -> bool:
        """Whether it answers at its socket."""
        try:
            return bool(self.lag())
        except (LacpError, ValueError):
            return False


@contextmanager
def lacpd(namespace: Namespace, text: str, *options: str, start: bool = True) -> Iterator[Daemon]:
    """A running daemon; nothing is left of it afterwards."""
    need_tool("setpriv", "nsenter")
    # Not below pytest's own directory: the path of a Unix socket has 107 octets at most.
    with tempfile.TemporaryDirectory(prefix="lacpd-") as directory:
        daemon = Daemon(namespace, Path(directory), text)
        try:
            if start:
                daemon.start(*options)
            yield daemon
            assert "this is a bug" not in daemon.said()
            assert "Traceback" not in daemon.said()
        finally:
            daemon.kill()


class Times:
    """When LACPDUs passed an interface one way, by the kernel's clock."""

    _SO_TIMESTAMPNS = 35

    def __init__(self, sock: socket.socket, arriving: bool) -> None:
        self._sock = sock
        self._arriving = arriving
        sock.setsockopt(socket.SOL_SOCKET, self._SO_TIMESTAMPNS, 1)
        sock.setblocking(False)
        self.sent: list[float] = []

    def read(self) -> None:
        """Take what was seen since the last time."""
        while True:
            try:
                frame, ancillary, _, address = self._sock.recvmsg(256, 64)
            except BlockingIOError:
                return
            except OSError as error:
                # Said once when the interface went down.
                if error.errno == errno.ENETDOWN:
                    continue
                raise
            arrived = address[2] != socket.PACKET_OUTGOING
            if arrived is not self._arriving or frame[12:15] != b"\x88\x09\x01":
                continue
            ((_, _, stamp),) = ancillary
            seconds, nanoseconds = struct.unpack("=qq", stamp)
            self.sent.append(seconds + nanoseconds / 1e9)

    def most_in_a_second(self) -> int:
        """The most LACPDUs in any second."""
        return max(
            (sum(at <= other < at + 1.0 for other in self.sent) for at in self.sent), default=0
        )


@contextmanager
def watching(namespace: Namespace, interface: str, *, arriving: bool = False) -> Iterator[Times]:
    """See when LACPDUs leave an interface of `namespace`, or when they arrive there.

    Seen leaving is also what the driver refuses, and the sender is told of, as a cable does whose
    other end is down.
    """
    with namespace.entered():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    with sock:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 1 << 22)
        sock.bind((interface, 3))
        yield Times(sock, arriving)
