"""Records slow-protocol frames: with a socket of ours, or with a program, as an engineer would."""

from __future__ import annotations

import signal
import socket
import struct
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from lacp.capture.writer import CaptureWriter
from tests.interop.netns import ETH_P_ALL, Namespace
from tests.lab import need_tool

_SO_TIMESTAMPNS = 35
_SO_RCVBUFFORCE = 33
_SLOW_PROTOCOLS = b"\x88\x09"
#: More than a minute of LACPDUs: nobody reads while they come.
_BUFFER = 1 << 23
_PROGRAMS = {
    "tcpdump": "tcpdump --immediate-mode -U -Z root -w {file} -i {interface} ether proto 0x8809",
    "cooked": "tcpdump --immediate-mode -U -Z root -w {file} -i any ether proto 0x8809",
    "dumpcap": "dumpcap -q -w {file} -f 'ether proto 0x8809' {interfaces}",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A frame on an interface."""

    #: Seconds since 1970, by the kernel.
    time: float
    interface: str
    frame: bytes
    outgoing: bool


class Tap:
    """Hears what is sent and received on interfaces of a namespace; made by `tap`."""

    def __init__(self, sockets: dict[str, socket.socket]) -> None:
        self._sockets = sockets
        self._seen: list[Seen] = []

    def seen(self) -> list[Seen]:
        """All frames so far, by their time."""
        for interface, sock in self._sockets.items():
            self._seen += _drain(interface, sock)
        self._seen.sort(key=lambda each: each.time)
        return self._seen

    def write(self, file: Path) -> None:
        """Everything, as one pcap file: what a switch mirrors to one port."""
        with file.open("wb") as stream:
            writer = CaptureWriter(stream)
            for each in self.seen():
                writer.write(each.frame, each.time)


def _drain(interface: str, sock: socket.socket) -> Iterator[Seen]:
    while True:
        try:
            frame, ancillary, _, address = sock.recvmsg(2048, 64)
        except BlockingIOError:
            return
        except OSError:
            # The link went down; what was received before and comes later is still there.
            continue
        if frame[12:14] == _SLOW_PROTOCOLS:
            seconds, nanoseconds = struct.unpack("=qq", ancillary[0][2])
            yield Seen(
                seconds + nanoseconds / 1e9, interface, frame, address[2] == socket.PACKET_OUTGOING
            )


@contextmanager
def tap(namespace: Namespace, interfaces: Sequence[str]) -> Iterator[Tap]:
    """Hear these interfaces from now on."""
    with ExitStack() as stack:
        sockets = {}
        for interface in interfaces:
            with namespace.entered():
                sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            sockets[interface] = stack.enter_context(sock)
            sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
            sock.setblocking(False)
            sock.bind((interface, ETH_P_ALL))
        yield Tap(sockets)


def command(how: str, interfaces: Sequence[str], file: str) -> str:
    """The command line that records with a program: ``tcpdump``, ``cooked`` or ``dumpcap``."""
    several = " ".join(f"-i {interface}" for interface in interfaces)
    return _PROGRAMS[how].format(file=file, interface=interfaces[0], interfaces=several)


@contextmanager
def program(namespace: Namespace, line: str) -> Iterator[None]:
    """Record with a program meanwhile."""
    need_tool(line.split(maxsplit=1)[0])
    inside = namespace.command("sh", "-c", f"exec {line}")
    process = subprocess.Popen(inside, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    with process.stderr as said:
        # It says so when it listens.
        for word in said:
            if "listening on" in word or "Capturing on" in word:
                break
        assert process.poll() is None, f"{line} has ended"
        time.sleep(0.5)
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            said.read()
            process.wait(10)
