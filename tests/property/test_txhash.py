"""The hash in Python and the program for the kernel are one function of frame and tag."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lacp.txhash import FRAGMENTS, Instruction, program, teamd_hash, tx_hash
from lacp.txhash.bpf import remainder
from tests.bpf import interpret
from tests.frames import ethernet, ipv4, ipv6, tagged

addresses = st.binary(min_size=6, max_size=6)
hosts = st.tuples(addresses, st.ip_addresses(v=4).map(str))
ports = st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
protocols = st.sampled_from([1, 6, 17, 44, 58, 132])
tcis = st.integers(0, 0xFFFF)
choices = st.lists(st.sampled_from([*FRAGMENTS, "other"]), max_size=5)

packets = st.one_of(
    st.builds(
        ipv4,
        source=st.ip_addresses(v=4).map(str),
        target=st.ip_addresses(v=4).map(str),
        protocol=protocols,
        ports=ports,
        fragment=st.sampled_from([0, 0x4000, 0x2000, 0x2001, 0x00B9, 0x8000, 0x1FFF]),
        options=st.integers(0, 10).map(lambda words: bytes(4 * words)),
    ),
    st.builds(
        ipv6,
        source=st.ip_addresses(v=6).map(str),
        target=st.ip_addresses(v=6).map(str),
        protocol=protocols,
        ports=ports,
    ),
    st.builds(ethernet, st.sampled_from([0x0806, 0x0800, 0x86DD, 0x8100, 0x8809]), st.binary()),
)


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """Real frames with tags in them, some octets wrong, some cut off."""
    frame = draw(packets)
    frame = draw(addresses) + draw(addresses) + frame[12:]
    for kind in draw(st.lists(st.sampled_from([0x8100, 0x88A8, 0x9100]), max_size=3)):
        frame = tagged(draw(tcis), frame, kind)
    octets = bytearray(frame)
    wrong = st.tuples(st.integers(12, 60), st.integers(0, 255))
    for at, value in draw(st.lists(wrong, max_size=3)):
        if at < len(octets):
            octets[at] = value
    length = draw(st.one_of(st.just(len(octets)), st.integers(0, len(octets))))
    return bytes(octets[:length])


anything = st.one_of(frames(), st.binary(max_size=120))


_PROGRAMS: dict[tuple[frozenset[str], bool], tuple[Instruction, ...]] = {}


def run(fragments: list[str], teamd: bool, frame: bytes, tci: int | None) -> int:
    key = frozenset(fragments), teamd
    if key not in _PROGRAMS:
        _PROGRAMS[key] = program(fragments, teamd)
    return interpret(_PROGRAMS[key], frame, tci)


@given(choices, anything, st.none() | tcis)
def test_our_program_computes_our_hash(fragments: list[str], frame: bytes, tci: int | None) -> None:
    assert run(fragments, False, frame, tci) == tx_hash(fragments, frame, tci)


@given(choices, anything, st.none() | tcis)
def test_teamds_program_computes_teamds_hash(
    fragments: list[str], frame: bytes, tci: int | None
) -> None:
    assert run(fragments, True, frame, tci) == teamd_hash(fragments, frame, tci)


@given(choices, anything, st.integers(1, 256))
def test_a_program_with_a_remainder(fragments: list[str], frame: bytes, ports: int) -> None:
    small = remainder(program(fragments), ports)
    assert interpret(small, frame, None) == tx_hash(fragments, frame, None) % ports


@given(choices, packets, tcis)
def test_where_the_tag_stands_makes_no_difference(
    fragments: list[str], frame: bytes, tci: int
) -> None:
    if frame[12:14] not in (b"\x81\x00", b"\x88\xa8"):
        assert tx_hash(fragments, tagged(tci, frame), None) == tx_hash(fragments, frame, tci)


@given(choices, hosts, hosts, ports)
def test_both_directions_of_a_conversation_have_one_hash(
    fragments: list[str], one: tuple[bytes, str], other: tuple[bytes, str], two: tuple[int, int]
) -> None:
    out = other[0] + one[0] + ipv4(source=one[1], target=other[1], ports=two)[12:]
    back = one[0] + other[0] + ipv4(source=other[1], target=one[1], ports=two[::-1])[12:]
    assert tx_hash(fragments, out, 7) == tx_hash(fragments, back, 7)


@given(choices, st.permutations(FRAGMENTS), packets)
def test_the_order_of_fragments_says_nothing(
    fragments: list[str], order: list[str], frame: bytes
) -> None:
    same = [name for name in order if name in fragments]
    assert tx_hash(fragments, frame, None) == tx_hash(same, frame, None)
    assert teamd_hash(fragments, frame, None) == teamd_hash(same, frame, None)
