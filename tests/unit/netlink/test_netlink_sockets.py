"""Netlink sockets: what an answer is, and its end; what is lost, and who is not heard."""

from __future__ import annotations

import errno
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from lacp.errors import BackendError
from lacp.netlink import sockets
from lacp.netlink.codec import HEADER, messages
from lacp.netlink.filters import link_filter
from lacp.netlink.sockets import Announcements, KernelRefused, Lost, Requests
from lacp.netlink.team import get_request

pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="the octets are little-endian")

CAPTURED: dict[str, Any] = json.loads(
    (Path(__file__).parent / "captured" / "team_messages.json").read_text()
)
DEVICE = CAPTURED["device"]
#: Octets of an instruction of a filter.
INSTRUCTION = 8


def captured(name: str) -> list[bytes]:
    found = CAPTURED[name]
    return [bytes.fromhex(one) for one in (found if isinstance(found, list) else [found])]


def test_a_filter_for_too_many_ports_lets_everything_through() -> None:
    assert len(link_filter(1, range(2, 1000))) > 1000 * INSTRUCTION
    assert len(link_filter(1, range(2, 3000))) == INSTRUCTION


class FakeSocket:
    """Gives what it was told to give; numbers answers as the question was numbered."""

    def __init__(self) -> None:
        self.coming: list[bytes | OSError] = []
        self.sender = 0
        self._sequence = 0

    def settimeout(self, seconds: float) -> None:
        pass

    def setblocking(self, on: bool) -> None:
        pass

    def close(self) -> None:
        pass

    def send(self, octets: bytes) -> None:
        self._sequence = HEADER.unpack_from(octets)[3]

    def recvfrom(self, size: int) -> tuple[bytes, tuple[int, int]]:
        if not self.coming:
            raise BlockingIOError
        what = self.coming.pop(0)
        if isinstance(what, OSError):
            raise what
        numbered = b""
        for message in messages(what):
            length, kind, flags, _, port = HEADER.unpack_from(message)
            numbered += HEADER.pack(length, kind, flags, self._sequence, port)
            numbered += message[HEADER.size :].ljust((-length) % 4 + length - HEADER.size, b"\0")
        return numbered, (self.sender, 0)


@pytest.fixture
def sock(monkeypatch: pytest.MonkeyPatch) -> FakeSocket:
    fake = FakeSocket()
    monkeypatch.setattr(sockets, "_open", lambda protocol: fake)
    return fake


def test_an_answer_ends_with_the_acknowledgement_and_not_before(sock: FakeSocket) -> None:
    """The driver sends DONE, and then the acknowledgement: who stops at DONE is out of step."""
    requests = Requests(16)
    for _ in range(2):
        sock.coming = list(captured("whole_reply"))
        (answer,) = requests.ask(30, get_request(DEVICE))
        assert answer[20:] == captured("all_options")[0][20:]
        assert sock.coming == []


def test_a_refusal_has_the_kernels_number_and_words(sock: FakeSocket) -> None:
    requests = Requests(0)
    sock.coming = list(captured("refused_up"))
    with pytest.raises(KernelRefused) as error:
        requests.ask(16, b"")
    assert error.value.number == errno.EBUSY
    assert str(error.value) == "Device is up. Set it down before adding it as a team port"
    sock.coming = list(captured("refused_mode"))
    with pytest.raises(KernelRefused) as error:
        requests.ask(30, b"")
    assert error.value.number == errno.EBUSY
    assert str(error.value) == "Device or resource busy"


def test_an_answer_that_does_not_come_is_said(sock: FakeSocket) -> None:
    sock.coming = [TimeoutError()]
    with pytest.raises(BackendError, match="did not answer in 10 s"):
        Requests(0).ask(16, b"")


def test_who_is_not_the_kernel_is_not_heard(sock: FakeSocket) -> None:
    listener = Announcements(16)
    sock.sender = 4711
    sock.coming = list(captured("mode_set"))
    assert list(listener.read()) == []


def test_a_full_buffer_is_said_once_and_the_rest_can_be_read(sock: FakeSocket) -> None:
    listener = Announcements(16)
    sock.coming = [OSError(errno.ENOBUFS, "No buffer space available"), *captured("mode_set")]
    with pytest.raises(Lost):
        list(listener.read())
    assert len(list(listener.read())) == len(captured("mode_set"))


def test_a_flood_without_end_is_as_good_as_lost(sock: FakeSocket) -> None:
    listener = Announcements(16)
    sock.coming = [*captured("mode_set") * 4]
    with pytest.raises(Lost, match="flood"):
        list(listener.read(limit=5))
