"""The filter of the packet sockets, as the kernel runs it."""

from __future__ import annotations

import socket

import pytest

from lacp.backends.taps import (
    AD_PKTTYPE,
    AD_PROTOCOL,
    ETH_P_SLOW,
    JA,
    JEQ,
    JGT,
    JSET,
    LD,
    LDB,
    LDH,
    RET,
    SLOW_PROTOCOLS,
    SNAP,
    Program,
    but_for,
    deaf_to,
)

#: Steps of a program that the kernel takes at the most (BPF_MAXINSNS).
_LIMIT = 4096
_GROUP, _HOST = 0x01, 0x02
_IFINDEX, _TAG = 0xFFFFF000 + 8, 0xFFFFF000 + 48


def taken(program: Program, index: int, octets: bytes, **said: int) -> int:
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
            case _ if code == LD and operand < len(octets):
                value = int.from_bytes(octets[operand : operand + 4], "big")
            case _ if code in (LD, LDH, LDB):
                if operand not in loads:
                    # Beyond the end of the frame.
                    return 0
                value = loads[operand]
            case _ if code == JA:
                at += operand
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
    for program in (deaf_to({}), deaf_to({3: b"", 4: b""})):
        assert taken(program, 5, b"", **said) == octets


def test_muted_interfaces_are_not_heard() -> None:
    program = deaf_to({3: b"", 7: b""})
    assert [taken(program, index, b"") for index in range(2, 9)] == [
        SNAP,
        0,
        SNAP,
        SNAP,
        SNAP,
        0,
        SNAP,
    ]


def test_more_interfaces_than_fit_into_a_program_are_heard_and_the_kernel_takes_it() -> None:
    program = deaf_to(dict.fromkeys(range(1, 5001), b""))
    assert len(program) <= _LIMIT
    assert taken(program, 1, b"") == taken(program, 2000, b"") == 0
    assert taken(program, 5000, b"") == taken(program, 5001, b"") == SNAP


BUT = bytes(range(1, 33))


def test_of_a_muted_interface_what_begins_as_is_wanted_is_heard() -> None:
    programs = [(deaf_to({3: b"", 5: BUT, 7: BUT[::-1], 9: b""}), 5), (but_for(BUT), 5)]
    for program, index in programs:
        assert taken(program, index, BUT + bytes(92)) == SNAP
        for place in range(len(BUT)):
            other = BUT[:place] + bytes([BUT[place] ^ 1]) + BUT[place + 1 :] + bytes(92)
            assert taken(program, index, other) == 0, place
        assert taken(program, index, BUT[:20]) == 0
        # What is no slow protocol stays out whatever it begins with.
        assert taken(program, index, BUT + bytes(92), protocol=0x0800) == 0
        assert taken(program, index, BUT + bytes(92), tag=1) == 0
    several, _ = programs[0]
    assert taken(several, 7, BUT[::-1] + bytes(92)) == SNAP
    assert taken(several, 7, BUT + bytes(92)) == 0
    assert taken(several, 9, BUT + bytes(92)) == taken(several, 3, BUT + bytes(92)) == 0
    assert taken(several, 4, BUT[::-1] + bytes(92)) == SNAP


def test_one_interface_is_heard_as_it_is_muted() -> None:
    assert but_for(None) == SLOW_PROTOCOLS
    assert taken(but_for(b""), 5, BUT) == 0


def test_of_many_muted_interfaces_some_are_deaf_to_all_and_there_is_room_for_the_others() -> None:
    program = deaf_to(dict.fromkeys(range(1, 1001), BUT))
    assert len(program) <= _LIMIT
    assert taken(program, 1, BUT + bytes(92)) == SNAP
    assert taken(program, 1000, BUT + bytes(92)) == 0
    assert taken(program, 1001, BUT + bytes(92)) == SNAP
