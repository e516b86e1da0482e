"""Our hash: teamd's fields without teamd's defects, mixed so that flows spread evenly.

Of each pair (addresses, ports) both halves are scrambled and added, so that the two directions of
a conversation have the same hash, and nothing cancels: neither addresses that rise together nor
those that rise against each other. Then the sum is mixed until each of its bits depends on all,
because what picks a port is the XOR of four octets, and its remainder by the number of ports.

Both ports count in IPv6 as in IPv4. All fragments of a packet have the same hash, that of the
addresses. Of a VLAN tag the priority does not count, and it is the same whether the tag stands in
the frame or beside it. Up to two tags stand before the packet. A frame that ends early is hashed
as far as its headers go.
"""

from __future__ import annotations

from collections.abc import Iterable

from lacp.txhash import bpf
from lacp.txhash.bpf import Assembler, Program
from lacp.txhash.fields import (
    ADDRESSES,
    ETH_P_8021AD,
    ETH_P_8021Q,
    ETH_P_IP,
    ETH_P_IPV6,
    ETHERNET,
    IPV4,
    IPV6,
    PORTS,
    TAG,
    VID,
    Fields,
    fields,
)

_MASK = 0xFFFFFFFF
_TAGS = (ETH_P_8021Q, ETH_P_8021AD)
_MOST_TAGS = 2
#: More fragments follow, or this is a later one.
_FRAGMENT = 0x3FFF

#: Odd numbers without a pattern: of the generator of xxHash, and of MurmurHash3's last step.
_JOIN = 0x9E3779B1
_SCRAMBLE = (0x85EBCA77, 0xC2B2AE3D)
_FINISH = (0x85EBCA6B, 0xC2B2AE35)

#: Memory: the hash so far, what stands before the packet beyond an Ethernet header, and a value
#: under work.
_HASH, _START, _VALUE = 0, 1, 2


def tx_hash(fragments: Iterable[str], frame: bytes, vlan_tci: int | None) -> int:
    """The 32-bit hash of a frame.

    `frame` begins with the destination address; `vlan_tci` is the tag that the kernel has taken off
    it, None when there was none. No fragments at all give 0 for every frame.
    """
    wanted = fields(fragments)
    if len(frame) < ETHERNET or wanted.nothing:
        return 0
    hash = 0
    if wanted.eth:
        hash += _value(frame, 0, (2, 4)) + _value(frame, 6, (2, 4))
    if wanted.behind_addresses:
        hash += _behind_addresses(wanted, frame, vlan_tci)
    return _finish(hash & _MASK)


def _behind_addresses(wanted: Fields, frame: bytes, vlan_tci: int | None) -> int:
    hash, start = 0, ETHERNET
    if wanted.vlan and vlan_tci is not None:
        hash += _scramble(vlan_tci & VID)
    ethertype = _half(frame, ADDRESSES)
    for _ in range(_MOST_TAGS):
        if ethertype not in _TAGS or len(frame) < start + TAG:
            break
        if wanted.vlan:
            hash += _scramble(_half(frame, start) & VID)
        ethertype, start = _half(frame, start + 2), start + TAG
    if ethertype == ETH_P_IP and len(frame) >= start + IPV4:
        hash += _ipv4(wanted, frame, start)
    elif ethertype == ETH_P_IPV6 and len(frame) >= start + IPV6:
        hash += _ipv6(wanted, frame, start)
    return hash


def _ipv4(wanted: Fields, frame: bytes, start: int) -> int:
    hash = 0
    if wanted.ipv4:
        hash += _value(frame, start + 12, (4,)) + _value(frame, start + 16, (4,))
    if frame[start + 9] in wanted.protocols and not _half(frame, start + 6) & _FRAGMENT:
        hash += _ports(frame, start + 4 * (frame[start] & 0xF))
    return hash


def _ipv6(wanted: Fields, frame: bytes, start: int) -> int:
    hash = 0
    if wanted.ipv6:
        hash += _value(frame, start + 8, (4,) * 4) + _value(frame, start + 24, (4,) * 4)
    if frame[start + 6] in wanted.protocols:
        hash += _ports(frame, start + IPV6)
    return hash


def _ports(frame: bytes, at: int) -> int:
    if len(frame) < at + PORTS:
        return 0
    return _scramble(_half(frame, at)) + _scramble(_half(frame, at + 2))


def _half(frame: bytes, at: int) -> int:
    return frame[at] << 8 | frame[at + 1]


def _value(frame: bytes, at: int, sizes: tuple[int, ...]) -> int:
    """A field of several parts, scrambled; 0 stays 0."""
    value = 0
    for size in sizes:
        value = value * _JOIN + int.from_bytes(frame[at : at + size], "big") & _MASK
        at += size
    return _scramble(value)


def _scramble(value: int) -> int:
    value = value * _SCRAMBLE[0] & _MASK
    value = (value ^ value >> 15) * _SCRAMBLE[1] & _MASK
    return value ^ value >> 13


def _finish(hash: int) -> int:
    hash = (hash ^ hash >> 16) * _FINISH[0] & _MASK
    hash = (hash ^ hash >> 13) * _FINISH[1] & _MASK
    return hash ^ hash >> 16


def mixed_program(fragments: Iterable[str]) -> Program:
    """The program that computes `tx_hash`."""
    wanted, it = fields(fragments), Assembler()
    if wanted.nothing:
        it.do(bpf.RET_K, 0)
        return it.program()
    it.do(bpf.LD_LEN)
    it.test(bpf.JGE_K, ETHERNET, then="long enough")
    it.do(bpf.RET_K, 0)
    it.mark("long enough")
    it.do(bpf.LD_K, 0)
    it.do(bpf.ST, _HASH)
    if wanted.eth:
        _write_value(it, (bpf.LD_H, bpf.LD_W), (0, 2))
        _write_value(it, (bpf.LD_H, bpf.LD_W), (6, 8))
    if wanted.behind_addresses:
        _write_tags(it, wanted)
    if wanted.network:
        it.test(bpf.JEQ_K, ETH_P_IPV6, then="ipv6")
        it.test(bpf.JEQ_K, ETH_P_IP, then="ipv4", other="end")
        _write_ipv6(it, wanted)
        _write_ipv4(it, wanted)
        _write_ports(it, wanted)
    it.mark("end")
    it.do(bpf.LD_MEM, _HASH)
    _write_fold(it, 16)
    it.do(bpf.MUL_K, _FINISH[0])
    _write_fold(it, 13)
    it.do(bpf.MUL_K, _FINISH[1])
    _write_fold(it, 16)
    it.do(bpf.RET_A)
    return it.program()


def _write_fold(it: Assembler, by: int) -> None:
    """A ^= A >> by."""
    it.do(bpf.TAX)
    it.do(bpf.RSH_K, by)
    it.do(bpf.XOR_X)


def _write_scramble(it: Assembler) -> None:
    """The hash += A, scrambled."""
    it.do(bpf.MUL_K, _SCRAMBLE[0])
    _write_fold(it, 15)
    it.do(bpf.MUL_K, _SCRAMBLE[1])
    _write_fold(it, 13)
    it.do(bpf.LDX_MEM, _HASH)
    it.do(bpf.ADD_X)
    it.do(bpf.ST, _HASH)


def _write_value(
    it: Assembler, loads: tuple[int, ...], at: tuple[int, ...], x: bool = False
) -> None:
    """The hash += a field of several parts, scrambled; `x`: loads are relative to the start."""
    for number, (load, k) in enumerate(zip(loads, at, strict=True)):
        if x:
            it.do(bpf.LDX_MEM, _START)
        it.do(load, k)
        if number:
            it.do(bpf.LDX_MEM, _VALUE)
            it.do(bpf.ADD_X)
        if number < len(loads) - 1:
            it.do(bpf.MUL_K, _JOIN)
            it.do(bpf.ST, _VALUE)
    _write_scramble(it)


def _write_tags(it: Assembler, wanted: Fields) -> None:
    """Mix the VLANs in; then A is the type, and the memory knows where the packet starts."""
    if wanted.vlan:
        it.do(bpf.LD_W, bpf.AD_VLAN_TAG_PRESENT)
        it.test(bpf.JEQ_K, 0, then="no tag")
        it.do(bpf.LD_W, bpf.AD_VLAN_TAG)
        it.do(bpf.AND_K, VID)
        _write_scramble(it)
        it.mark("no tag")
    for tags in range(_MOST_TAGS + 1):
        it.do(bpf.LD_K, TAG * tags)
        it.do(bpf.ST, _START)
        it.do(bpf.LD_H, ADDRESSES + TAG * tags)
        if tags < _MOST_TAGS:
            _write_tag(it, wanted, tags)
    it.mark("type")


def _write_tag(it: Assembler, wanted: Fields, number: int) -> None:
    """Mix this tag in when A says that there is one, else go to the type."""
    start = ETHERNET + TAG * number
    it.test(bpf.JEQ_K, _TAGS[0], then=f"tag {number}")
    it.test(bpf.JEQ_K, _TAGS[1], other="type")
    it.mark(f"tag {number}")
    it.do(bpf.LD_LEN)
    it.test(bpf.JGE_K, start + TAG, other="end")
    if wanted.vlan:
        it.do(bpf.LD_H, start)
        it.do(bpf.AND_K, VID)
        _write_scramble(it)


def _write_length(it: Assembler, needed: int) -> None:
    """End unless so many octets stand behind the start; then X is the start."""
    it.do(bpf.LDX_MEM, _START)
    it.do(bpf.LD_LEN)
    it.do(bpf.SUB_X)
    it.test(bpf.JGE_K, needed, other="end")


def _write_ipv6(it: Assembler, wanted: Fields) -> None:
    it.mark("ipv6")
    _write_length(it, ETHERNET + IPV6)
    if wanted.ipv6:
        for address in (ETHERNET + 8, ETHERNET + 24):
            _write_value(it, (bpf.LD_W_X,) * 4, tuple(range(address, address + 16, 4)), x=True)
    if not wanted.protocols:
        it.go("end")
        return
    it.do(bpf.LDX_MEM, _START)
    it.do(bpf.LD_B_X, ETHERNET + 6)
    _write_protocols(it, wanted, "ipv6 ports")
    it.do(bpf.LD_K, IPV6)
    it.go("ports")


def _write_ipv4(it: Assembler, wanted: Fields) -> None:
    """Ends with the length of the header in A, and X at the start of the packet."""
    it.mark("ipv4")
    _write_length(it, ETHERNET + IPV4)
    if wanted.ipv4:
        _write_value(it, (bpf.LD_W_X,), (ETHERNET + 12,), x=True)
        _write_value(it, (bpf.LD_W_X,), (ETHERNET + 16,), x=True)
    if not wanted.protocols:
        return
    it.do(bpf.LDX_MEM, _START)
    it.do(bpf.LD_H_X, ETHERNET + 6)
    it.test(bpf.JSET_K, _FRAGMENT, then="end")
    it.do(bpf.LD_B_X, ETHERNET + 9)
    _write_protocols(it, wanted, "ipv4 ports")
    it.do(bpf.LD_B_X, ETHERNET)
    it.do(bpf.AND_K, 0xF)
    it.do(bpf.LSH_K, 2)


def _write_protocols(it: Assembler, wanted: Fields, then: str) -> None:
    """Go on at `then`, which follows, when A is a protocol of which ports are wanted."""
    *others, last = sorted(wanted.protocols)
    for protocol in others:
        it.test(bpf.JEQ_K, protocol, then=then)
    it.test(bpf.JEQ_K, last, other="end")
    it.mark(then)


def _write_ports(it: Assembler, wanted: Fields) -> None:
    """Mix the ports in that stand behind a header of A octets."""
    if not wanted.protocols:
        return
    it.mark("ports")
    it.do(bpf.ADD_X)
    it.do(bpf.ST, _START)
    # Where the ports end must not lie beyond the frame; both fit into a word, so no wrap.
    it.do(bpf.ADD_K, ETHERNET + PORTS)
    it.do(bpf.TAX)
    it.do(bpf.LD_LEN)
    it.test(bpf.JGE_X, other="end")
    _write_value(it, (bpf.LD_H_X,), (ETHERNET,), x=True)
    _write_value(it, (bpf.LD_H_X,), (ETHERNET + 2,), x=True)
