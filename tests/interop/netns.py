"""Network namespaces without names: they end with the process that made them, however it ends."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.lab import need, need_netns, need_tool

_CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)

ETH_P_ALL = 3


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


class Namespace:
    """A network namespace that lives as long as this object's descriptor, or a process in it."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @property
    def path(self) -> str:
        """Where other processes find the namespace, for `nsenter` and `ip link set netns`."""
        return f"/proc/{os.getpid()}/fd/{self._fd}"

    def command(self, *command: str) -> list[str]:
        """The command line that runs `command` in here."""
        return ["nsenter", f"--net={self.path}", *command]

    def run(self, *command: str, text: str | None = None) -> str:
        """Run a command in here to its end and return its output; its failure is the test's."""
        done = subprocess.run(
            self.command(*command), input=text, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout

    def ip(self, arguments: str) -> str:
        """One `ip` command in here, written as on a command line."""
        return self.run("ip", *arguments.split())

    def ip_batch(self, lines: list[str]) -> None:
        """Many `ip` commands in here at the price of one."""
        self.run("ip", "-batch", "-", text="\n".join(lines) + "\n")

    @contextmanager
    def entered(self) -> Iterator[None]:
        """The calling thread is in here meanwhile; sockets that it opens stay in here."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _checked(_LIBC.setns(self._fd, _CLONE_NEWNET))
            try:
                yield
            finally:
                _checked(_LIBC.setns(before, _CLONE_NEWNET))
        finally:
            os.close(before)

    @contextmanager
    def wire(self, interface: str) -> Iterator[socket.socket]:
        """A raw socket that sends on an interface and hears every frame that comes in there."""
        with self.entered():
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        with sock:
            sock.bind((interface, ETH_P_ALL))
            sock.settimeout(5)
            yield sock


@contextmanager
def namespace() -> Iterator[Namespace]:
    """A new namespace with its loopback interface down; skips the test where there can be none."""
    need_netns()
    need_tool("nsenter")
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _checked(_LIBC.unshare(_CLONE_NEWNET))
        try:
            fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            _checked(_LIBC.setns(before, _CLONE_NEWNET))
    finally:
        os.close(before)
    # IPv6 would speak on every interface, and make MTU and address changes more than they are.
    try:
        made = Namespace(fd)
        made.run("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6")
        yield made
    finally:
        os.close(fd)


@contextmanager
def namespaces(count: int) -> Iterator[list[Namespace]]:
    """So many new namespaces."""
    with ExitStack() as stack:
        yield [stack.enter_context(namespace()) for _ in range(count)]


def veth(left: Namespace, left_port: str, right: Namespace, right_port: str) -> None:
    """A cable between two namespaces, both ends up."""
    left.ip(
        f"link add {left_port} type veth peer name {right_port} netns {right.path}"
        if left is not right
        else f"link add {left_port} type veth peer name {right_port}"
    )
    left.ip(f"link set {left_port} up")
    right.ip(f"link set {right_port} up")


def need_link(namespace: Namespace, kind: str, what: str) -> None:
    """Skip the test unless this kernel can make interfaces of that kind, called `what`."""
    __tracebackhide__ = True
    command = namespace.command("ip", "link", "add", "probe", "type", kind)
    made = subprocess.run(command, capture_output=True, check=False).returncode == 0
    need(what, made, "a kernel that has it; a guest of user-mode Linux does")
    namespace.ip("link del probe")
