"""An interpreter of classic BPF, as the kernel runs a program on a frame: one step at a time.

It knows nothing of the assembler: every number is from linux/filter.h and bpf(4).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

_MASK = 0xFFFFFFFF
_SIZES = {0x00: 4, 0x08: 2, 0x10: 1}
_ALU: dict[int, Callable[[int, int], int]] = {
    0x00: lambda a, b: a + b,
    0x10: lambda a, b: a - b,
    0x20: lambda a, b: a * b,
    0x90: lambda a, b: a % b,
    0x40: lambda a, b: a | b,
    0x50: lambda a, b: a & b,
    0x60: lambda a, b: a << b,
    0x70: lambda a, b: a >> b,
    0xA0: lambda a, b: a ^ b,
}
_JUMPS: dict[int, Callable[[int, int], bool]] = {
    0x10: lambda a, b: a == b,
    0x20: lambda a, b: a > b,
    0x30: lambda a, b: a >= b,
    0x40: lambda a, b: bool(a & b),
}


def unpack(octets: bytes) -> list[tuple[int, int, int, int]]:
    """An array of `struct sock_filter` as (code, jt, jf, k)."""
    return list(struct.iter_unpack("=HBBI", octets))


class _Run:
    """One frame, with the tag that was taken off it."""

    def __init__(self, frame: bytes, vlan_tci: int | None) -> None:
        self.frame, self.vlan_tci = frame, vlan_tci
        self.a = self.x = 0
        # What was never stored is no number: the kernel refuses a program that could load it.
        self.memory: list[int | None] = [None] * 16

    def load(self, code: int, k: int) -> int | None:
        """What an LD instruction puts into A; None beyond the end of the frame."""
        mode = code & 0xE0
        if mode == 0x00:
            return k
        if mode == 0x60:
            return self.stored(k)
        if mode == 0x80:
            return len(self.frame)
        assert mode in (0x20, 0x40), f"load {code:#x}"
        if mode == 0x20 and k >= 0xFFFFF000:
            return self.ancillary(k - 0xFFFFF000)
        at = k + (self.x if mode == 0x40 else 0)
        size = _SIZES[code & 0x18]
        if at + size > len(self.frame):
            return None
        return int.from_bytes(self.frame[at : at + size], "big")

    def ancillary(self, k: int) -> int:
        if k == 44:
            return self.vlan_tci or 0
        assert k == 48, f"ancillary load {k}"
        return int(self.vlan_tci is not None)

    def stored(self, k: int) -> int:
        value = self.memory[k]
        assert value is not None, f"memory {k} is loaded before it was stored"
        return value


def interpret(
    program: Sequence[tuple[int, int, int, int]], frame: bytes, vlan_tci: int | None
) -> int:
    """What the program returns for a frame from its destination address on."""
    run, at = _Run(frame, vlan_tci), 0
    while True:
        code, jt, jf, k = program[at]
        at += 1
        kind = code & 0x07
        if kind == 0x00:
            value = run.load(code, k)
            if value is None:
                return 0
            run.a = value
        elif kind == 0x01:
            assert code & 0xE0 in (0x00, 0x60), f"index load {code:#x}"
            run.x = k if code & 0xE0 == 0x00 else run.stored(k)
        elif kind == 0x02:
            run.memory[k] = run.a
        elif kind == 0x04:
            run.a = _ALU[code & 0xF0](run.a, run.x if code & 0x08 else k) & _MASK
        elif kind == 0x05:
            operand = run.x if code & 0x08 else k
            at += k if code & 0xF0 == 0 else jt if _JUMPS[code & 0xF0](run.a, operand) else jf
        elif kind == 0x06:
            return run.a if code & 0x18 == 0x10 else k
        elif code & 0xF8 == 0x80:
            run.a = run.x
        else:
            run.x = run.a
