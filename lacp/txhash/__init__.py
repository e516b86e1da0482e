"""Which port a frame leaves through: a team's `tx_hash`, in Python and as a program for the kernel.

The kernel runs such a program on each frame (option `bpf_hash_func` of its team driver) and folds
the value to eight bits. Ours is `tx_hash`; `teamd_hash` gives teamd's values, frame by frame.
"""

from __future__ import annotations

from collections.abc import Iterable

from lacp.txhash.bpf import Instruction, octets
from lacp.txhash.fields import FRAGMENTS
from lacp.txhash.mixed import mixed_program, tx_hash
from lacp.txhash.teamd import teamd_hash, teamd_program

__all__ = ["FRAGMENTS", "Instruction", "fold", "octets", "program", "teamd_hash", "tx_hash"]


def program(fragments: Iterable[str], teamd: bool = False) -> tuple[Instruction, ...]:
    """The classic BPF program whose value is `tx_hash`, or `teamd_hash`, of the same fragments."""
    return teamd_program(fragments) if teamd else mixed_program(fragments)


def fold(hash: int) -> int:
    """The eight bits (0..255) that the kernel makes of a 32-bit hash: the XOR of its octets."""
    hash ^= hash >> 16
    return (hash ^ hash >> 8) & 0xFF
