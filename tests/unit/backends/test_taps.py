"""The filter of the packet sockets, as the kernel runs it."""

from __future__ import annotations

import socket

import pytest

from lacp.backends.taps import (
    AD_PKTTYPE,
    AD_PROTOCOL,
    ETH_P_SLOW,
    JEQ,
    JGT,
    JSET,
    LD,
    LDB,
    LDH,
    RET,
    SNAP,
    Program,
    deaf_to,
)

#: Steps of a program that the kernel takes at the most (BPF_MAXINSNS).
_LIMIT = 4096
_GROUP, _HOST = 0x01, 0x02
_IFINDEX, _TAG = 0xFFFFF000 + 8, 0xFFFFF000 + 48


def taken(program: Program, index: int, **said: int) -> int:
    """How many octets are copied up of a frame, of which this is said beside its index."""
    loads = {
        AD_PROTOCOL: said.get("protocol", ETH_P_SLOW),
        AD_PKTTYPE: said.get("kind", socket.PACKET_MULTICAST),
        _IFINDEX: index,
        _TAG: said.get("tag", 0),
        0: said.get("first", _GROUP),
    }
    at = value = 0
    while True:
        code, true, false, operand = program[at]
        at += 1
        match code:
            case _ if code == RET:
                return operand
            case _ if code in (LD, LDH, LDB):
                value = loads[operand]
            case _ if code == JEQ:
                at += true if value == operand else false
            case _ if code == JGT:
                at += true if value > operand else false
            case _ if code == JSET:
                at += true if value & operand else false
            case _:
                raise AssertionError(f"step {at - 1}: {code:#x}")


@pytest.mark.parametrize(
    ("said", "octets"),
    [
        ({}, SNAP),
        ({"kind": socket.PACKET_HOST, "first": _HOST}, SNAP),
        ({"kind": socket.PACKET_BROADCAST}, SNAP),
        ({"protocol": 0x0800}, 0),
        ({"tag": 1}, 0),
        ({"kind": socket.PACKET_OUTGOING}, 0),
        # Of a VLAN that is not here: to be counted, unless it is for another host.
        ({"kind": socket.PACKET_OTHERHOST}, 14),
        ({"kind": socket.PACKET_OTHERHOST, "first": _HOST}, 0),
    ],
)
def test_what_is_heard(said: dict[str, int], octets: int) -> None:
    for program in (deaf_to([]), deaf_to([3, 4])):
        assert taken(program, 5, **said) == octets


def test_muted_interfaces_are_not_heard() -> None:
    program = deaf_to([3, 7])
    assert [taken(program, index) for index in range(2, 9)] == [SNAP, 0, SNAP, SNAP, SNAP, 0, SNAP]


def test_more_interfaces_than_fit_into_a_program_are_heard_and_the_kernel_takes_it() -> None:
    program = deaf_to(range(1, 5001))
    assert len(program) <= _LIMIT
    assert taken(program, 1) == taken(program, 2000) == 0
    assert taken(program, 5000) == taken(program, 5001) == SNAP
