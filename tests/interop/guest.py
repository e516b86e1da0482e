"""A guest of user-mode Linux: the kernel's bonding and team drivers, for one program, in seconds.

    done = guest.run(churn, {"seconds": 3}, modules=["bonding"])
    assert done.result == ["e0"]

The guest has the machine's own file system, so that the project and its virtual environment are
there unchanged, but read-only, with a file system in memory over /run and /tmp. What `program`
writes stays only in the directories that `run` was told are `writable`. A guest is a process
namespace of its own: nothing of it outlives `run`, however `run` ends.
"""

from __future__ import annotations

import codecs
import json
import os
import select
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import lab
from tests.interop.guest_inside import CALL, HOME, RESULT, SKIPPED

ROOT = Path(__file__).parents[2]

#: Loaded in every guest: what `netns` needs.
BASE_MODULES = ("ipv6", "veth")
BONDING_MODULES = ("bonding",)
TEAM_MODULES = (
    "team",
    "team_mode_broadcast",
    "team_mode_roundrobin",
    "team_mode_random",
    "team_mode_activebackup",
    "team_mode_loadbalance",
)

_TOOLS = ("linux.uml", "modprobe", "mount", "setpriv", "unshare", "ip", "dmesg")
#: The exit status of a guest whose modules cannot be loaded.
_NOT_PREPARED = 125
_READY = "guest: ready"
_OVER = "guest: over"
_MEGABYTE = 1 << 20

_INIT = """#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mkdir -p /dev/shm /dev/pts {home}
mount -t tmpfs tmpfs /dev/shm
mount -t devpts devpts /dev/pts
mount -t hostfs -o {directory} none {home}
# The repository may lie below what was covered.
[ -e {root}/pyproject.toml ] || {{ mkdir -p {root}; mount -r -t hostfs -o {root} none {root}; }}
{writable}
echo guest > /proc/sys/kernel/hostname
ip link set lo up
# modprobe looks below lib/modules of the directory that it is given.
mkdir -p /run/modules/lib
ln -s {modules_directory} /run/modules/lib/modules
end() {{
    echo "{over}"
    [ "$1" = 0 ] || dmesg | tail -n 20
    echo "$1" > {home}/status
    sync
    # Process 1 must not end before the power is off.
    echo o > /proc/sysrq-trigger
    sleep 600
}}
modprobe -d /run/modules -a {modules} || end {not_prepared}
dmesg --clear
cd {root}
export {environment}
echo "{ready}"
{command} </dev/null
end $?
"""


class GuestError(Exception):
    """The program failed, took too long, or the guest died; says what it said last."""

    def __init__(self, reason: str, output: str, status: int | None = None) -> None:
        super().__init__(f"{reason}\n{output[-8000:]}")
        self.output = output
        #: The program's exit status, if it got that far.
        self.status = status


@dataclass(frozen=True, slots=True)
class Done:
    """What a program in a guest left."""

    #: What the function returned; None of a command.
    result: Any
    #: What it wrote to standard output and standard error.
    output: str
    #: Seconds from the start of the guest to that of the program, modules included.
    boot: float
    #: Seconds from start to power off.
    seconds: float


def missing() -> str | None:
    """Why no guest can run on this machine; None if one can."""
    if os.geteuid() != 0:
        return "root"
    for tool in _TOOLS:
        if shutil.which(tool) is None:
            return tool
    if not lab.UML_MODULES.is_dir():
        return "the modules of user-mode Linux"
    probe = subprocess.run(["unshare", "--pid", "--fork", "true"], capture_output=True, check=False)
    return "process namespaces" if probe.returncode else None


def need() -> None:
    """Skip the test where there can be no guest; a failure where the lab is required."""
    __tracebackhide__ = True
    reason = missing()
    lab.need(f"user-mode Linux: {reason}", reason is None)


def run(
    program: Callable[..., Any] | Sequence[str],
    arguments: Mapping[str, Any] | None = None,
    *,
    modules: Sequence[str] = (),
    writable: Sequence[Path] = (),
    timeout: float = 120,
    memory: int = 512,
    echo: Callable[[str], object] | None = None,
) -> Done:
    """Run `program` in a guest of its own to its end; several at a time do not meet.

    `program` is a function at the top of a module, called with `arguments`, which returns what
    JSON can say; or a command line. It starts in the repository, as root. `writable` directories
    are at the same path as here. `echo` is called with each line of output as it comes, `timeout`
    is in seconds of real time, boot included, `memory` in MB. What is skipped inside is skipped.

    Raises:
        GuestError: the program failed or did not end in time, or the guest died.
    """
    need()
    with tempfile.TemporaryDirectory(prefix="guest-") as name:
        directory = Path(name)
        command = _command(program, arguments or {}, timeout, directory)
        init = directory / "init"
        init.write_text(_script(directory, command, (*BASE_MODULES, *modules), writable))
        init.chmod(0o755)
        console = _Console(echo)
        start = time.monotonic()
        try:
            with _guest(directory, memory) as process:
                console.read(process, start, start + timeout)
        except TimeoutError:
            raise GuestError(f"the guest did not end in {timeout} s", console.text) from None
        result = _result(directory, console)
        return Done(result, console.output, console.ready - start, time.monotonic() - start)


def _command(
    program: Callable[..., Any] | Sequence[str],
    arguments: Mapping[str, Any],
    timeout: float,
    directory: Path,
) -> Sequence[str]:
    """The command line; that of a function finds in `directory` what to call."""
    if not callable(program):
        return program
    if program.__module__ == "__main__" or program.__qualname__ != program.__name__:
        raise ValueError(f"{program.__qualname__}: a guest finds only what a module has at its top")
    call = {"module": program.__module__, "name": program.__name__, "arguments": arguments}
    # It says where it hangs before it is ended.
    (directory / CALL).write_text(json.dumps({**call, "patience": max(timeout - 10, timeout / 2)}))
    return (sys.executable, "-m", "tests.interop.guest_inside")


def _script(
    directory: Path, command: Sequence[str], modules: Sequence[str], writable: Sequence[Path]
) -> str:
    """The guest's first process."""
    environment = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/tmp",
        "LC_ALL": "C.UTF-8",
        # The repository is read-only.
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        **{n: os.environ[n] for n in ("LACP_REQUIRE_LAB", "HYPOTHESIS_PROFILE") if n in os.environ},
    }
    mounts = (shlex.quote(str(path.resolve())) for path in writable)
    return _INIT.format(
        home=HOME,
        directory=shlex.quote(str(directory)),
        root=shlex.quote(str(ROOT)),
        writable="\n".join(f"mkdir -p {p}; mount -t hostfs -o {p} none {p}" for p in mounts),
        modules_directory=lab.UML_MODULES,
        modules=shlex.join(modules),
        not_prepared=_NOT_PREPARED,
        environment=" ".join(f"{key}={shlex.quote(value)}" for key, value in environment.items()),
        ready=_READY,
        over=_OVER,
        command=shlex.join(command),
    )


@contextmanager
def _guest(directory: Path, memory: int) -> Iterator[subprocess.Popen[bytes]]:
    """A guest that boots; at the end all its processes are gone."""
    kernel = [
        "linux.uml",
        *(f"mem={memory}M", "rootfstype=hostfs", "rootflags=/", "ro", f"init={directory}/init"),
        *("con=null", "con0=null,fd:1", "con1=null", "ssl=null", "quiet", "loglevel=3"),
        *("panic=-1", "noreboot"),
        *(f"umid={directory.name}", f"uml_dir={directory}/uml"),
    ]
    process = subprocess.Popen(
        # The processes of a namespace end with its first one, that ends with `unshare`, and that
        # with us. The first one is a shell, because it could not be ended by its own signal, which
        # is what a kernel that dies does. A session of its own keeps Ctrl-C from all of them.
        [
            *("setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child"),
            *("sh", "-c", '"$@"; exit $?', "sh", *kernel),
        ],
        env=os.environ | {"TMPDIR": _memory_directory(directory, memory)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout is not None
    with process.stdout as output:
        try:
            yield process
        finally:
            process.kill()
            process.wait(10)
            # Its end is closed when the last process of the guest is gone.
            while os.read(output.fileno(), 1 << 16):
                pass


def _memory_directory(fallback: Path, memory: int) -> str:
    """Where the guest's memory lies: in memory, if it can be mapped for execution and is enough."""
    try:
        there = os.statvfs("/dev/shm")
    except OSError:
        return str(fallback)
    room = there.f_bavail * there.f_frsize
    fit = room >= memory * _MEGABYTE and not there.f_flag & os.ST_NOEXEC
    return "/dev/shm" if fit else str(fallback)


class _Console:
    """What a guest says: first the kernel, then the program, then the kernel again."""

    def __init__(self, echo: Callable[[str], object] | None) -> None:
        self._echo = echo
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._before: list[str] = []
        self._program: list[str] = []
        self._after: list[str] = []
        self._now = self._before
        #: When the program started; 0.0 if it did not.
        self.ready = 0.0

    @property
    def text(self) -> str:
        """All of it."""
        return "".join([*self._before, *self._program, *self._after])

    @property
    def output(self) -> str:
        """What the program said."""
        return "".join(self._program)

    def read(self, process: subprocess.Popen[bytes], start: float, end: float) -> None:
        """Read until the guest is off; raises TimeoutError at `end`."""
        assert process.stdout is not None
        while True:
            left = end - time.monotonic()
            if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                raise TimeoutError
            octets = os.read(process.stdout.fileno(), 1 << 16)
            self._take(self._decoder.decode(octets, not octets))
            if not octets:
                return

    def _take(self, text: str) -> None:
        # The console is a terminal: its lines end in two characters.
        *lines, self._rest = (self._rest + text.replace("\r", "")).split("\n")
        for line in lines:
            self._line(line)

    def _line(self, line: str) -> None:
        if line == _READY:
            self.ready = time.monotonic()
            self._now = self._program
        elif line.endswith(_OVER):
            # The program's last line need not have an end.
            if line != _OVER:
                self._said(line.removesuffix(_OVER), "")
            self._now = self._after
        else:
            self._said(line, "\n")

    def _said(self, line: str, end: str) -> None:
        self._now.append(line + end)
        if self._now is self._program and self._echo is not None:
            self._echo(line)


def _result(directory: Path, console: _Console) -> Any:
    """What the function returned; raises GuestError if there is nothing to return."""
    try:
        status = int((directory / "status").read_text())
    except (OSError, ValueError):
        raise GuestError("the guest died", console.text) from None
    if status:
        what = "the guest has no such module" if not console.ready else "the program failed"
        raise GuestError(f"{what}: exit status {status}", console.text, status)
    file = directory / RESULT
    if not file.exists():
        return None
    result = json.loads(file.read_text())
    if SKIPPED in result:
        pytest.skip(result[SKIPPED])
    return result["result"]
