"""Real lacpds at the ends of many veth pairs, and an ear on what passes between them.

    with cabled(1000) as cables, lacpds(cables, per_lag=2) as (left, right):
        with ear(cables.right) as heard:        # what `left` sends
            heard.until_distributing(1000)
            heard.afresh(10)
            print(heard.late(), heard.expired())
        print(left.spent(10), left.memory())

Interfaces are a0, a1, ... on the left and b0, b1, ... on the right, teams t0, t1, ... in both, each
of `per_lag` ports. Everything lives in two namespaces without names and in temporary directories,
and ends with this process, however that ends.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks._confs import confs
from benchmarks._heard import ACTOR_STATE, Heard
from tests.interop.daemon import COMMAND, ROOT, apart
from tests.interop.netns import Namespace, namespaces
from tests.lab import need_tool

#: How long ports may take until all of them carry traffic.
PATIENCE = 60.0
_ETH_P_SLOW = 0x8809
_SO_RCVBUFFORCE = 33
_SO_TIMESTAMPNS = 35
_STAMP = struct.Struct("=qq")
#: The subtype of LACPDUs.
_LACP = 1


@dataclass(frozen=True, slots=True)
class Cables:
    """Veth pairs between two namespaces: a0 and b0, a1 and b1, ..."""

    left: Namespace
    right: Namespace
    count: int


@contextmanager
def cabled(count: int) -> Iterator[Cables]:
    """So many veth pairs, all up. Skips, as a test would, where there are no namespaces."""
    with namespaces(2) as (left, right):
        # A veth with the index of its peer the kernel takes for no link of its own, and tells of
        # its carrier once a second only (net/core/link_watch.c).
        right.ip("link add odd0 type veth peer name odd1")
        left.ip_batch(
            [
                f"link add a{at} up type veth peer name b{at} netns {right.path}"
                for at in range(count)
            ]
        )
        right.ip_batch([f"link set b{at} up" for at in range(count)])
        yield Cables(left, right, count)


class Process:
    """A process that is measured: its CPU time and its memory, as the kernel counts them."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self.popen = popen

    @property
    def pid(self) -> int:
        return self.popen.pid

    def cpu(self) -> float:
        """Seconds of CPU time so far, of all its threads."""
        # proc(5), /proc/PID/schedstat: nanoseconds on a CPU first. /proc/PID/stat counts in 10 ms.
        tasks = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def spent(self, seconds: float) -> float:
        """Seconds of CPU time for each of the `seconds` to come."""
        start, before = time.monotonic(), self.cpu()
        time.sleep(seconds)
        return (self.cpu() - before) / (time.monotonic() - start)

    def memory(self) -> int:
        """Resident octets."""
        for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Rss:"):
                return int(line.split()[1]) * 1024
        raise AssertionError(f"process {self.pid} has no memory any more")


class Lacpd(Process):
    """A lacpd of many teams in a namespace."""

    def __init__(self, popen: subprocess.Popen[bytes], directory: Path, ready: socket.socket):
        super().__init__(popen)
        #: Its run directory, for `lacp.inspect.lacpd`.
        self.directory = directory
        #: Seconds from the start of the process until it said that it is ready.
        self.startup = float("inf")
        self._ready = ready
        self._began = time.monotonic()

    @property
    def log(self) -> Path:
        return self.directory / "log"

    def until_ready(self) -> None:
        """Wait for READY=1 (sd_notify(3))."""
        self._ready.settimeout(0.5)
        while self.popen.poll() is None and time.monotonic() < self._began + PATIENCE:
            try:
                said = self._ready.recv(4096)
            except TimeoutError:
                continue
            if b"READY=1" in said.split(b"\n"):
                self.startup = time.monotonic() - self._began
                return
        raise AssertionError(f"lacpd is not ready:\n{self.log.read_text()[-3000:]}")


@contextmanager
def lacpd(
    namespace: Namespace,
    teams: Mapping[str, str],
    *options: str,
    wait: bool = True,
    program: Sequence[str] = COMMAND,
) -> Iterator[Lacpd]:
    """A lacpd in a namespace, without dataplane: of these configurations, by team.

    It is ready, unless `wait` is false. `program` is what else is lacpd.
    """
    need_tool("setpriv", "nsenter")
    _many_descriptors()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        configs = directory / "conf"
        configs.mkdir()
        for team, text in teams.items():
            (configs / f"{team}.conf").write_text(text)
        ready = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        ready.bind(str(directory / "notify"))
        command = namespace.command(
            *program, "--config-dir", str(configs), *apart(directory), *options
        )
        with (directory / "log").open("ab") as output:
            popen = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, "NOTIFY_SOCKET": str(directory / "notify")},
            )
        stack.callback(_end, popen)
        daemon = Lacpd(popen, directory, ready)
        if wait:
            daemon.until_ready()
        yield daemon


def _many_descriptors() -> None:
    """Each team has sockets of its own: as many as the system grants, also to what is started."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _end(popen: subprocess.Popen[bytes]) -> None:
    """The end of a process, also of one that is stopped."""
    if popen.poll() is None:
        popen.send_signal(signal.SIGCONT)
    popen.kill()
    popen.wait(10)


@contextmanager
def lacpds(
    cables: Cables,
    per_lag: int = 2,
    *options: str,
    runner: Mapping[str, object] | None = None,
    program: Sequence[str] = COMMAND,
) -> Iterator[tuple[Lacpd, Lacpd]]:
    """A lacpd at the left ends and one at the right ends, started at the same time.

    `program` is what else is lacpd at the left ends.
    """
    ends = (cables.left, "a"), (cables.right, "b")
    with ExitStack() as stack:
        left, right = (
            stack.enter_context(
                lacpd(
                    where,
                    confs(end, cables.count, per_lag, runner),
                    *options,
                    wait=False,
                    program=program if end == "a" else COMMAND,
                )
            )
            for where, end in ends
        )
        left.until_ready()
        right.until_ready()
        yield left, right


class Ear(Heard):
    """Hears every LACPDU that arrives in a namespace, with the kernel's stamps."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        self._sock = sock

    def close(self) -> None:
        """Hear nothing more; it costs the senders nothing then."""
        self._sock.close()

    def listen(self, seconds: float) -> None:
        """Hear for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            select.select([self._sock], [], [], left)
            # In batches: an ear that wakes up for each frame takes the CPU of those it hears.
            time.sleep(min(0.02, left))
            self.read()

    def until_distributing(self, count: int, patience: float = PATIENCE) -> float:
        """Listen until the senders at so many interfaces carry traffic; returns the seconds.

        Infinity if that does not happen.
        """
        start = time.monotonic()
        while self.carrying < count:
            if time.monotonic() > start + patience:
                return float("inf")
            self.listen(0.1)
        return time.monotonic() - start

    def afresh(self, seconds: float) -> None:
        """Forget what was heard, and listen for so long."""
        self.read()
        self.clear()
        self.listen(seconds)

    def late(self) -> float:
        """By how many seconds more than one the longest silence of any port lasted."""
        return self.latest(time.time())

    def read(self) -> None:
        """Take what has arrived."""
        receive, note = self._sock.recvmsg, self.note
        while True:
            try:
                frame, ancillary, _, (name, *_) = receive(64, 64)
            except BlockingIOError:
                return
            if frame[0] == _LACP and ancillary:
                seconds, nanoseconds = _STAMP.unpack(ancillary[0][2])
                note(name, seconds + nanoseconds / 1e9, frame[ACTOR_STATE])


@contextmanager
def listening(namespace: Namespace) -> Iterator[socket.socket]:
    """What an `Ear` hears with: slow protocols that arrive in a namespace, on all interfaces."""
    with namespace.entered():
        protocol = socket.htons(_ETH_P_SLOW)
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, protocol)
    with sock:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 1 << 26)
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        sock.setblocking(False)
        yield sock


@contextmanager
def ear(namespace: Namespace) -> Iterator[Ear]:
    """Hear what arrives in a namespace, on all interfaces; close it where CPU is measured."""
    with listening(namespace) as sock:
        yield Ear(sock)


@contextmanager
def program(*arguments: str) -> Iterator[Process]:
    """A Python program of the project that prints on a pipe, `popen.stdout`; it ends with us."""
    _many_descriptors()
    need_tool("setpriv")
    popen = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", sys.executable, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield Process(popen)
    finally:
        _end(popen)
