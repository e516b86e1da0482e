"""Programs with which the kernel drops messages that nobody wants to read."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from lacp.netlink.codec import ATTRIBUTES_AT, IFLA_MASTER, INDEX_AT
from lacp.txhash.bpf import JEQ_K, LD_K, LD_W, LD_W_X, LDX_K, RET_K, TAX, Instruction, octets

# linux/filter.h
_MAX_INSTRUCTIONS = 4096
#: What `LD_W` loads from here is the place of the attribute whose type is in X, looked for from A
#: on; 0 when there is none.
_FIND_ATTRIBUTE = 0xFFFFF000 + 12
_ACCEPT = Instruction(RET_K, 0, 0, 0xFFFFFFFF)
_REFUSE = Instruction(RET_K, 0, 0, 0)


def link_filter(device: int, ports: Iterable[int]) -> bytes:
    """Lets link messages of these interfaces through, and of those below `device`."""
    program = [Instruction(LD_W, 0, 0, INDEX_AT)]
    for index in (device, *ports):
        program += [_equal(index), _ACCEPT]
    program += [
        Instruction(LDX_K, 0, 0, IFLA_MASTER),
        Instruction(LD_K, 0, 0, ATTRIBUTES_AT),
        Instruction(LD_W, 0, 0, _FIND_ATTRIBUTE),
        Instruction(JEQ_K, 0, 1, 0),
        _REFUSE,
        Instruction(TAX, 0, 0, 0),
        Instruction(LD_W_X, 0, 0, 4),
        _equal(device),
        _ACCEPT,
        _REFUSE,
    ]
    return octets(program if len(program) <= _MAX_INSTRUCTIONS else [_ACCEPT])


def word_filter(offset: int, value: int) -> bytes:
    """Lets messages through that hold `value`, as this machine stores it, at `offset`."""
    return octets([Instruction(LD_W, 0, 0, offset), _equal(value), _ACCEPT, _REFUSE])


def _equal(value: int) -> Instruction:
    """Go on if A is `value`, else skip an instruction. A is loaded in network order."""
    return Instruction(JEQ_K, 0, 1, socket.htonl(value))
