"""A device of the kernel on two cables, and what passes through it."""

from __future__ import annotations

import contextlib
import re
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from lacp.address import Mac
from lacp.errors import BackendError
from tests.interop.netns import Namespace

#: Seconds in which a frame has arrived, or never will.
SILENCE = 0.15
_TEST_TYPE = b"\x88\xb5"


class DeviceBench:
    """A device of e1 and e2, which are here, and the far ends p1 and p2 of their cables, there."""

    def __init__(self, device: str, here: Namespace, there: Namespace) -> None:
        self.name = device
        self.here, self.there = here, there
        self._count = 0

    def address(self, interface: str) -> Mac:
        found = re.search(r"link/ether (\S+)", self.here.ip(f"-o link show {interface}"))
        assert found is not None
        return Mac.parse(found[1])

    def frame(self, destination: bytes = b"\x02\0\0\0\0\x99", source: bytes = b"\x02" * 6) -> bytes:
        """A frame that is like no other."""
        self._count += 1
        return destination + source + _TEST_TYPE + self._count.to_bytes(4, "big") + bytes(46)

    def leaving(self, *frames: bytes) -> list[list[str]]:
        """Through which far ends each of these frames comes that the device was given."""
        with (
            self.here.wire(self.name) as device,
            self.there.wire("p1") as p1,
            self.there.wire("p2") as p2,
        ):
            for frame in frames:
                device.send(frame)
            got = {"p1": heard(p1), "p2": heard(p2)}
        return [[end for end, seen in got.items() for one in seen if one == f] for f in frames]

    def arriving(self, end: str) -> bool:
        """Whether a frame from this far end comes up through the device."""
        frame = self.frame(b"\xff" * 6)
        with self.here.wire(self.name) as device, self.there.wire(end) as wire:
            wire.send(frame)
            return frame in heard(device)


@contextmanager
def two_cables(here: Namespace, there: Namespace) -> Iterator[None]:
    """e1 to p1 and e2 to p2; in the end whatever else was made goes with them."""
    cable = "link add e{0} type veth peer name p{0} netns {1}"
    here.ip_batch([cable.format(number, there.path) for number in "12"])
    there.ip_batch([f"link set p{number} up" for number in "12"])
    try:
        yield
    finally:
        for space in (here, there):
            found = re.findall(r"^\d+: ([^:@]+)", space.ip("-o link"), re.MULTILINE)
            # What was below another one may have gone with it.
            lines = "".join(f"link del {name}\n" for name in found if name != "lo")
            space.run("ip", "-force", "-batch", "-", text=lines)


def heard(wire: socket.socket) -> list[bytes]:
    """What a socket gets until there is silence."""
    found: list[bytes] = []
    while select.select([wire], [], [], SILENCE)[0]:
        # An interface that went down is an error, once.
        with contextlib.suppress(OSError):
            found.append(wire.recv(2000))
    return found


def refused(call: Callable[[], object]) -> str:
    """What it says when it is refused."""
    with pytest.raises(BackendError) as error:
        call()
    assert "\n" not in str(error.value)
    return str(error.value)
