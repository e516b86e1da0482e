"""The hash of teamd 1.31, defects included: frames go where teamd would have sent them.

All fields are XORed into one word. Frame by frame the value equals that of teamd's own program.
Known of it: of two IPv6 ports only the destination counts; first fragments of IPv4 are hashed with
ports and later ones without; the priority in a VLAN tag counts when the kernel has taken the tag
off the frame; only one tag of type 0x8100 is understood; a frame that ends early has hash 0; two
addresses that rise together cancel each other.
"""

from __future__ import annotations

from collections.abc import Iterable

from lacp.txhash import bpf
from lacp.txhash.bpf import Assembler, Program
from lacp.txhash.fields import (
    ETH_P_8021Q,
    ETH_P_IP,
    ETH_P_IPV6,
    ETHERNET,
    IPV6,
    TAG,
    VID,
    Fields,
    fields,
)

_FRAGMENT_OFFSET = 0x1FFF
#: Memory: the hash so far, and the length of the tag in the frame.
_HASH, _TAG = 0, 1


class _Short(Exception):
    """The frame has ended."""


def teamd_hash(fragments: Iterable[str], frame: bytes, vlan_tci: int | None) -> int:
    """The 32-bit hash of a frame as teamd's program computes it.

    `frame` begins with the destination address; `vlan_tci` is the tag that the kernel has taken off
    it, None when there was none.
    """
    try:
        return _hash(fields(fragments), frame, vlan_tci)
    except _Short:
        return 0


def _word(frame: bytes, at: int, size: int = 4) -> int:
    if at + size > len(frame):
        raise _Short
    return int.from_bytes(frame[at : at + size], "big")


def _hash(wanted: Fields, frame: bytes, vlan_tci: int | None) -> int:
    hash = 0
    if wanted.eth:
        for address in (0, 6):
            hash ^= _word(frame, address, 2) ^ _word(frame, address + 2)
    if not wanted.behind_addresses:
        return hash
    ethertype, tag = _word(frame, 12, 2), 0
    if ethertype == ETH_P_8021Q:
        if wanted.vlan:
            hash ^= _word(frame, 14, 2) & VID
        ethertype, tag = _word(frame, 16, 2), TAG
    elif wanted.vlan and vlan_tci is not None:
        hash ^= vlan_tci
    if ethertype == ETH_P_IP:
        hash ^= _ipv4(wanted, frame, ETHERNET + tag)
    elif ethertype == ETH_P_IPV6:
        hash ^= _ipv6(wanted, frame, ETHERNET + tag)
    return hash


def _ipv4(wanted: Fields, frame: bytes, start: int) -> int:
    hash = 0
    if wanted.ipv4:
        hash ^= _word(frame, start + 12) ^ _word(frame, start + 16)
    if not wanted.protocols or _word(frame, start + 6, 2) & _FRAGMENT_OFFSET:
        return hash
    if _word(frame, start + 9, 1) in wanted.protocols:
        ports = start + 4 * (_word(frame, start, 1) & 0xF)
        hash ^= _word(frame, ports, 2) ^ _word(frame, ports + 2, 2)
    return hash


def _ipv6(wanted: Fields, frame: bytes, start: int) -> int:
    hash = 0
    if wanted.ipv6:
        for at in range(start + 8, start + IPV6, 4):
            hash ^= _word(frame, at)
    if wanted.protocols and _word(frame, start + 6, 1) in wanted.protocols:
        hash ^= _word(frame, start + IPV6 + 2, 2)
    return hash


def teamd_program(fragments: Iterable[str]) -> Program:
    """The program that computes `teamd_hash`."""
    wanted, it = fields(fragments), Assembler()
    if wanted.nothing:
        it.do(bpf.RET_K, 0)
        return it.program()
    it.do(bpf.LD_K, 0)
    it.do(bpf.ST, _HASH)
    if wanted.eth:
        for address in (0, 6):
            _mix(it, bpf.LD_H, address)
            _mix(it, bpf.LD_W, address + 2)
    if wanted.behind_addresses:
        _write_tag(it, wanted)
    if wanted.network:
        it.test(bpf.JEQ_K, ETH_P_IP, then="ipv4")
        it.test(bpf.JEQ_K, ETH_P_IPV6, then="ipv6", other="end")
        _write_ipv4(it, wanted)
        _write_ipv6(it, wanted)
    it.mark("end")
    it.do(bpf.LD_MEM, _HASH)
    it.do(bpf.RET_A)
    return it.program()


def _mix(it: Assembler, code: int, k: int) -> None:
    """The hash ^= what this loads; X is as it was where the tag's length is known."""
    it.do(code, k)
    _mix_in(it)


def _mix_in(it: Assembler) -> None:
    """The hash ^= A."""
    it.do(bpf.LDX_MEM, _HASH)
    it.do(bpf.XOR_X)
    it.do(bpf.ST, _HASH)


def _write_tag(it: Assembler, wanted: Fields) -> None:
    """Mix the VLAN in; then A is the type and the memory knows the tag's length."""
    it.do(bpf.LD_H, 12)
    it.test(bpf.JEQ_K, ETH_P_8021Q, other="untagged")
    if wanted.vlan:
        it.do(bpf.LD_H, 14)
        it.do(bpf.AND_K, VID)
        _mix_in(it)
    it.do(bpf.LD_K, TAG)
    it.do(bpf.ST, _TAG)
    it.do(bpf.LD_H, 16)
    it.go("type")
    it.mark("untagged")
    if wanted.vlan:
        it.do(bpf.LD_W, bpf.AD_VLAN_TAG_PRESENT)
        it.test(bpf.JEQ_K, 0, then="no tag")
        _mix(it, bpf.LD_W, bpf.AD_VLAN_TAG)
        it.mark("no tag")
    it.do(bpf.LD_K, 0)
    it.do(bpf.ST, _TAG)
    it.do(bpf.LD_H, 12)
    it.mark("type")


def _mix_at(it: Assembler, code: int, k: int) -> None:
    """The hash ^= what this loads behind the tag."""
    it.do(bpf.LDX_MEM, _TAG)
    _mix(it, code, k)


def _write_ipv4(it: Assembler, wanted: Fields) -> None:
    it.mark("ipv4")
    if wanted.ipv4:
        _mix_at(it, bpf.LD_W_X, ETHERNET + 12)
        _mix_at(it, bpf.LD_W_X, ETHERNET + 16)
    if not wanted.protocols:
        it.go("end")
        return
    it.do(bpf.LDX_MEM, _TAG)
    it.do(bpf.LD_H_X, ETHERNET + 6)
    it.test(bpf.JSET_K, _FRAGMENT_OFFSET, then="end")
    it.do(bpf.LD_B_X, ETHERNET + 9)
    _test_protocol(it, wanted, "ipv4 ports")
    it.do(bpf.LD_B_X, ETHERNET)
    it.do(bpf.AND_K, 0xF)
    it.do(bpf.LSH_K, 2)
    it.do(bpf.ADD_X)
    it.do(bpf.ST, _TAG)
    _mix_at(it, bpf.LD_H_X, ETHERNET)
    _mix_at(it, bpf.LD_H_X, ETHERNET + 2)
    it.go("end")


def _write_ipv6(it: Assembler, wanted: Fields) -> None:
    it.mark("ipv6")
    if wanted.ipv6:
        for at in range(8, IPV6, 4):
            _mix_at(it, bpf.LD_W_X, ETHERNET + at)
    if wanted.protocols:
        it.do(bpf.LDX_MEM, _TAG)
        it.do(bpf.LD_B_X, ETHERNET + 6)
        _test_protocol(it, wanted, "ipv6 ports")
        _mix_at(it, bpf.LD_H_X, ETHERNET + IPV6 + 2)


def _test_protocol(it: Assembler, wanted: Fields, then: str) -> None:
    """Go on at `then`, which follows, when A is a protocol of which ports are wanted."""
    *others, last = sorted(wanted.protocols)
    for protocol in others:
        it.test(bpf.JEQ_K, protocol, then=then)
    it.test(bpf.JEQ_K, last, other="end")
    it.mark(then)
