"""Classic BPF (linux/filter.h): instructions, and a program put together with named targets.

A program works on an accumulator A, an index register X and sixteen words of memory. A load beyond
the end of the frame ends it with 0. Only forward jumps exist, and those with a condition reach no
further than 255 instructions.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import NamedTuple

#: A <- the word or half-word at k; the word, half-word or octet at X + k.
LD_W, LD_H = 0x20, 0x28
LD_W_X, LD_H_X, LD_B_X = 0x40, 0x48, 0x50
#: A <- k, memory k, the length of the frame; memory k <- A.
LD_K, LD_MEM, LD_LEN, ST = 0x00, 0x60, 0x80, 0x02
#: X <- k, memory k.
LDX_K, LDX_MEM = 0x01, 0x61
#: A <- A op k, or A op X.
ADD_K, MUL_K, AND_K, LSH_K, RSH_K, MOD_K = 0x04, 0x24, 0x54, 0x64, 0x74, 0x94
ADD_X, SUB_X, XOR_X = 0x0C, 0x1C, 0xAC
JA, JEQ_K, JGE_K, JSET_K, JGE_X = 0x05, 0x15, 0x35, 0x45, 0x3D
RET_K, RET_A = 0x06, 0x16
TAX = 0x07

#: Where `LD_W` finds what the kernel knows of a frame besides its octets.
AD_VLAN_TAG = 0xFFFFF000 + 44
AD_VLAN_TAG_PRESENT = 0xFFFFF000 + 48

_SOCK_FILTER = struct.Struct("=HBBI")


class Instruction(NamedTuple):
    """One `struct sock_filter`."""

    code: int
    #: Instructions skipped when a condition holds, and when it does not.
    jt: int
    jf: int
    k: int


Program = tuple[Instruction, ...]


def octets(program: Iterable[Instruction]) -> bytes:
    """The program as the kernel takes it: an array of `struct sock_filter`, native byte order."""
    return b"".join(_SOCK_FILTER.pack(*instruction) for instruction in program)


def remainder(program: Program, divisor: int) -> Program:
    """The same program with its value divided, and what remains as the new one."""
    *before, last = program
    if last.code != RET_A:
        # It is 0 for every frame.
        return program
    return (*before, Instruction(MOD_K, 0, 0, divisor), last)


class Assembler:
    """Collects instructions; a jump names its target, which comes later."""

    def __init__(self) -> None:
        self._steps: list[tuple[int, int, str | None, str | None]] = []
        self._targets: dict[str, int] = {}

    def do(self, code: int, k: int = 0) -> None:
        """One instruction that does not jump."""
        self._steps.append((code, k, None, None))

    def go(self, target: str) -> None:
        """Jump."""
        self._steps.append((JA, 0, target, None))

    def test(
        self, code: int, k: int = 0, *, then: str | None = None, other: str | None = None
    ) -> None:
        """Jump to `then` when the condition holds and to `other` when not; None goes on."""
        self._steps.append((code, k, then, other))

    def mark(self, target: str) -> None:
        """The next instruction is this target."""
        self._targets[target] = len(self._steps)

    def program(self) -> Program:
        """The whole; a condition that would have to reach too far is a ValueError."""
        return tuple(self._resolved(at) for at in range(len(self._steps)))

    def _resolved(self, at: int) -> Instruction:
        code, k, then, other = self._steps[at]
        if code == JA:
            return Instruction(code, 0, 0, self._distance(at, then))
        jt, jf = self._distance(at, then), self._distance(at, other)
        if max(jt, jf) > 0xFF:
            raise ValueError(f"instruction {at} of {len(self._steps)} jumps {max(jt, jf)} ahead")
        return Instruction(code, jt, jf, k)

    def _distance(self, at: int, target: str | None) -> int:
        return 0 if target is None else self._targets[target] - at - 1
