"""The running kernel takes the programs, and computes with them what Python does."""

from __future__ import annotations

import array
import contextlib
import itertools
import socket
import struct
from collections.abc import Sequence

import pytest

from lacp.txhash import Instruction, octets, program, teamd_hash, tx_hash
from tests.frames import ipv4, ipv6, tagged
from tests.interop.netns import namespaces, veth

_SO_ATTACH_FILTER = 26
_JEQ, _RET, _RET_A = 0x15, 0x06, 0x16
_ALL_OF_IT = 0xFFFF
_ALL = ("eth", "vlan", "ipv4", "ipv6", "tcp", "udp", "sctp")
SETS = [list(chosen) for n in range(8) for chosen in itertools.combinations(_ALL, n)]
FRAMES = [
    ipv4(),
    ipv6(protocol=17),
    ipv4(protocol=132, options=bytes(12)),
    ipv4(fragment=0x2000),
    tagged(0xE005, ipv4()),
    tagged(9, tagged(0xE005, ipv6(ports=(9, 10))), 0x88A8),
    ipv6()[:50],
    ipv4()[:37],
    tagged(5, ipv4())[:17],
    ipv4()[:10],
]


def attach(sock: socket.socket, filter: bytes) -> None:
    code = array.array("B", filter)
    address = code.buffer_info()[0]
    sock.setsockopt(
        socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", len(filter) // 8, address)
    )


def only(steps: Sequence[Instruction], value: int) -> bytes:
    """The program as a socket's filter: what has this hash passes."""
    *body, last = steps
    assert last.code == _RET_A
    test = Instruction(_JEQ, 0, 1, value), Instruction(_RET, 0, 0, _ALL_OF_IT)
    return octets([*body, *test, Instruction(_RET, 0, 0, 0)])


def passes(filter: bytes, frame: bytes) -> bool:
    """Whether a socket with that filter hears a frame; a datagram is its octets and no more."""
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    with left, right:
        attach(right, filter)
        left.send(frame)
        with contextlib.suppress(BlockingIOError):
            return bool(right.recv(4096))
    return False


@pytest.mark.parametrize("teamd", [False, True])
def test_the_kernel_takes_every_program(teamd: bool) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        for fragments in SETS:
            attach(sock, octets(program(fragments, teamd)))


@pytest.mark.parametrize("teamd", [False, True])
def test_the_kernel_computes_the_hash(teamd: bool) -> None:
    for fragments, frame in itertools.product(SETS, FRAMES):
        hash = (teamd_hash if teamd else tx_hash)(fragments, frame, None)
        steps = program(fragments, teamd)
        if hash == 0:
            # Returned as it is, 0 lets nothing pass and everything else does.
            assert not passes(octets(steps), frame), (fragments, frame.hex())
        else:
            assert passes(only(steps, hash), frame), (fragments, frame.hex())
            assert not passes(only(steps, hash ^ 1), frame), (fragments, frame.hex())


@pytest.mark.parametrize("teamd", [False, True])
def test_the_kernel_computes_the_hash_of_a_frame_whose_tag_it_has_taken_off(teamd: bool) -> None:
    frame, tci = ipv4(), 0xE005
    hash = (teamd_hash if teamd else tx_hash)(_ALL, frame, tci)
    steps = program(_ALL, teamd)
    with namespaces(2) as (here, there):
        veth(here, "here", there, "there")
        with here.wire("here") as sender, there.wire("there") as hit, there.wire("there") as miss:
            attach(hit, only(steps, hash))
            attach(miss, only(steps, hash ^ 1))
            sender.send(tagged(tci, frame))
            assert hit.recv(4096) == frame
            miss.setblocking(False)
            with pytest.raises(BlockingIOError):
                miss.recv(4096)
