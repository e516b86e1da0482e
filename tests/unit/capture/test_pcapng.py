"""pcapng files: sections, interfaces, every kind of block with frames, counters."""

import struct

import pytest

from lacp.capture.frame import Frame
from lacp.errors import CaptureError
from tests.capture_files import (
    IPV4,
    SECOND,
    SLOW,
    block,
    enhanced,
    interface,
    obsolete,
    opened,
    option,
    pcapng,
    read,
    section,
    simple,
    statistics,
)

MINUTE = 60_000_000


@pytest.mark.parametrize("order", "<>")
def test_frames_of_every_kind_of_block_are_read_in_both_byte_orders(order: str) -> None:
    capture = opened(
        section(order)
        + interface(order=order)
        + enhanced(MINUTE, IPV4, order=order)
        + enhanced(MINUTE + 1, SLOW, order=order)
        + obsolete(MINUTE + 2_000_000, SLOW, order=order)
        + simple(SLOW, order=order)
        + enhanced(MINUTE + 3_000_000, SLOW[:50], 124, order=order)
    )
    assert list(capture) == [
        Frame(2, 1e-6, SLOW, 124),
        Frame(3, 2.0, SLOW, 124),
        Frame(4, 2.0, SLOW, 124),
        Frame(5, 3.0, SLOW[:50], 124),
    ]
    assert (capture.format, capture.total, capture.damage) == ("pcapng", 5, None)
    assert capture.notes == [
        "Simple Packet Blocks carry no time: such a frame has that of the frame before it."
    ]


def test_a_simple_block_holds_as_much_as_the_snaplen_of_its_interface() -> None:
    (frame,) = read(section() + interface(snaplen=60) + simple(SLOW[:60], 124))
    assert (frame.octets, frame.length, frame.truncated) == (SLOW[:60], 124, True)


@pytest.mark.parametrize(
    ("resolution", "units"),
    [(0, 2), (3, 2000), (6, 2 * 10**6), (9, 2 * 10**9), (0x80 | 10, 2048), (0x80, 2)],
)
def test_a_clock_runs_in_the_units_of_its_interface(resolution: int, units: int) -> None:
    described = interface(options=option(9, bytes([resolution])))
    _, frame = read(section() + described + enhanced(0, SLOW) + enhanced(units, SLOW))
    assert frame.time == 2.0


@pytest.mark.parametrize("resolution", [0x7F, 0xFF])
def test_a_clock_of_absurd_units_is_read(resolution: int) -> None:
    described = interface(options=option(9, bytes([resolution])))
    frames = read(section() + described + enhanced(0, SLOW) + enhanced(2**64 - 1, SLOW))
    assert [frame.time for frame in frames] == [0.0, 0.0]


def test_interfaces_with_clocks_of_their_own_are_brought_together() -> None:
    ahead = interface(options=option(14, struct.pack("<q", 5)) + option(9, b"\x09"))
    behind = interface(options=option(14, struct.pack("<q", -5)))
    frames = read(
        section()
        + interface()
        + ahead
        + behind
        + enhanced(10_000_000, SLOW)
        + enhanced(6 * SECOND, SLOW, number=1)
        + enhanced(17_000_000, SLOW, number=2)
    )
    assert [(frame.interface, frame.time) for frame in frames] == [(0, 0.0), (1, 1.0), (2, 2.0)]


def test_sections_begin_anew_and_may_change_their_byte_order() -> None:
    frames = read(
        pcapng([(0, IPV4), (SECOND, SLOW)], "<")
        + section(">")
        + interface(order=">")
        + interface(113, order=">")
        + enhanced(2_000_000, SLOW, order=">")
    )
    assert [(frame.number, frame.time, frame.interface) for frame in frames] == [
        (2, 1.0, 0),
        (3, 2.0, 0),
    ]


def test_an_interface_of_an_earlier_section_is_gone() -> None:
    capture = opened(section() + interface() + enhanced(0, SLOW) + section() + enhanced(0, SLOW))
    assert len(list(capture)) == 1
    assert capture.damage == (
        "block at offset 232 is of interface 0, expected one of the 0 described before it"
    )


def test_blocks_that_are_not_known_are_skipped_whatever_their_size() -> None:
    names = block(4, bytes(40))
    secrets = block(10, bytes(1_000_000))
    own = block(0x80000001, b"any")
    frames = read(
        section() + names + interface() + secrets + enhanced(0, SLOW) + own + enhanced(1, SLOW)
    )
    assert [frame.number for frame in frames] == [1, 2]


@pytest.mark.parametrize("kind", [9, 0xBAD, 0x40000BAD, 0x204])
def test_blocks_that_wireshark_numbers_like_frames_are_counted(kind: int) -> None:
    numbered = block(kind, bytes(40))
    frames = read(section() + interface() + enhanced(0, SLOW) + numbered + enhanced(0, SLOW))
    assert [frame.number for frame in frames] == [1, 3]


@pytest.mark.parametrize(("flags", "outgoing"), [(0, None), (1, False), (2, True), (3, None)])
def test_the_direction_of_a_frame(flags: int, outgoing: bool | None) -> None:
    options = option(1, b"a comment") + option(2, struct.pack("<I", flags)) + option(0, b"")
    (frame,) = read(section() + interface() + enhanced(0, SLOW, options=options))
    assert frame.outgoing is outgoing


@pytest.mark.parametrize(
    ("of_interface", "of_frame", "cut"),
    [(0, 0, 0), (32, 0, 4), (4, 0, 4), (16, 0, 2), (0, 4, 4), (32, 2, 2)],
)
def test_an_fcs_is_cut_off_as_declared(of_interface: int, of_frame: int, cut: int) -> None:
    described = interface(options=option(13, bytes([of_interface])))
    flags = option(2, struct.pack("<I", of_frame << 5))
    (frame,) = read(section() + described + enhanced(0, SLOW, options=flags))
    assert (len(frame.octets), frame.length) == (124 - cut, 124 - cut)


def test_drops_are_the_last_count_of_each_interface_and_add_up() -> None:
    def counted(number: int, interface_drops: int, system_drops: int) -> bytes:
        values = ((5, interface_drops), (7, system_drops))
        return statistics(
            number, b"".join(option(code, struct.pack("<Q", value)) for code, value in values)
        )

    two = section() + interface() + interface()
    capture = opened(
        two
        + counted(0, 1, 0)
        + counted(0, 5, 2)
        + counted(1, 10, 0)
        + counted(9, 1, 1)
        + two
        + statistics(0, option(4, struct.pack("<Q", 77)))
        + counted(1, 100, 0)
    )
    assert list(capture) == []
    assert (capture.damage, capture.drops) == (None, 117)


def test_frames_of_other_link_types_are_passed_over_with_a_note() -> None:
    capture = opened(
        section()
        + interface(127)
        + interface()
        + enhanced(0, SLOW)
        + enhanced(1_000_000, SLOW, number=1)
        + enhanced(2_000_000, IPV4, number=1)
    )
    assert [(frame.number, frame.time, frame.interface) for frame in capture] == [(2, 1.0, 1)]
    (note,) = capture.notes
    assert note == (
        "1 of 3 frames are of link type 127 and were not read:"
        " expected Ethernet (1), Linux cooked (113), Linux cooked v2 (276)."
    )


def test_a_file_of_other_link_types_only_is_refused() -> None:
    capture = opened(section() + interface(127) + enhanced(0, SLOW))
    with pytest.raises(
        CaptureError, match=r"^test: has only frames of link type 127, expected Eth"
    ):
        list(capture)


def test_a_file_with_interfaces_but_no_frames_is_a_capture() -> None:
    capture = opened(section() + interface(127))
    assert list(capture) == []
    assert (capture.total, capture.damage, capture.notes) == (0, None, [])


def test_interfaces_of_different_link_types_may_take_turns() -> None:
    cooked = bytes.fromhex("0004 0001 0006 020000000001 0000 8809") + SLOW[14:]
    blocks = (
        enhanced(0, SLOW),
        enhanced(1, IPV4),
        enhanced(2, cooked, number=1),
        enhanced(3, cooked[:14] + b"\x08\x00" + bytes(40), number=1),
    )
    frames = read(section() + interface() + interface(113) + b"".join(blocks) * 50)
    assert [frame.number for frame in frames] == [
        number for number in range(1, 201) if number % 2 == 1
    ]
    assert {frame.octets for frame in frames} == {SLOW}
