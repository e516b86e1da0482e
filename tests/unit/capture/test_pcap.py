"""pcap files: every magic number in both byte orders, and what their headers say."""

import pytest

from lacp.capture.frame import Frame
from lacp.errors import CaptureError
from tests.capture_files import (
    IPV4,
    MICRO,
    MODIFIED,
    NANO,
    SECOND,
    SLOW,
    Sent,
    opened,
    pcap,
    pcap_header,
    pcap_record,
    read,
)

EPOCH = 1_700_000_000 * SECOND
NAMES = {MICRO: "pcap", NANO: "pcap with nanoseconds", MODIFIED: "modified pcap"}


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("magic", NAMES)
def test_every_variant_is_read_in_both_byte_orders(magic: int, order: str) -> None:
    frames: list[Sent] = [
        (EPOCH, IPV4),
        (EPOCH + 1_500_002_000, SLOW),
        (EPOCH + 2 * SECOND, SLOW[:40], 124),
    ]
    capture = opened(pcap(frames, order, magic))
    assert list(capture) == [
        Frame(2, 1.500002, SLOW, 124),
        Frame(3, 2.0, SLOW[:40], 124),
    ]
    assert (capture.format, capture.total, capture.damage) == (NAMES[magic], 3, None)
    assert (capture.drops, capture.notes) == (None, [])


def test_nanoseconds_are_kept() -> None:
    first, second = read(pcap([(EPOCH, SLOW), (EPOCH + 1, SLOW)], magic=NANO))
    assert (first.time, second.time) == (0.0, 1e-9)


def test_a_clock_that_goes_back_or_leaps_is_told_as_it_is() -> None:
    times = [EPOCH, 0, EPOCH + SECOND, 4_000_000_000 * SECOND]
    frames = read(pcap([(when, SLOW) for when in times]))
    assert [frame.time for frame in frames] == [0.0, -1.7e9, 1.0, 2.3e9]


def test_the_modified_format_knows_what_was_sent() -> None:
    sent = bytearray(pcap_record(0, SLOW, magic=MODIFIED))
    sent[22] = 4
    received = pcap_record(0, SLOW, magic=MODIFIED)
    frames = read(pcap_header(magic=MODIFIED) + bytes(sent) + received)
    assert [frame.outgoing for frame in frames] == [True, None]


@pytest.mark.parametrize(
    ("words", "known", "kept"), [(2, True, 124), (2, False, 128), (0, True, 128)]
)
def test_an_fcs_that_the_header_declares_is_cut_off(words: int, known: bool, kept: int) -> None:
    link = 1 | words << 28 | known << 26
    (frame,) = read(pcap([(0, SLOW + b"\1\2\3\4")], link=link))
    assert (frame.length, frame.octets) == (kept, (SLOW + b"\1\2\3\4")[:kept])


def test_an_fcs_that_was_not_captured_is_not_cut_off_again() -> None:
    link = 1 | 2 << 28 | 1 << 26
    whole, half, short = read(
        pcap([(0, SLOW, 128), (0, SLOW + b"\1\2", 128), (0, SLOW[:60], 128)], link=link)
    )
    assert [frame.octets for frame in (whole, half, short)] == [SLOW, SLOW, SLOW[:60]]
    assert [frame.truncated for frame in (whole, half, short)] == [False, False, True]


def test_a_frame_without_octets_counts() -> None:
    capture = opened(pcap([(EPOCH, b"", 60), (EPOCH, SLOW)]))
    assert [frame.number for frame in capture] == [2]


def test_more_captured_than_was_on_the_wire_is_taken_as_it_is() -> None:
    (frame,) = read(pcap([(0, SLOW, 60)]))
    assert (len(frame.octets), frame.length, frame.truncated) == (124, 60, False)


def test_a_link_type_that_nobody_knows_is_refused() -> None:
    with pytest.raises(CaptureError) as raised:
        opened(pcap([(0, SLOW)], link=105))
    assert str(raised.value) == (
        "test: has link type 105, expected Ethernet (1), Linux cooked (113), Linux cooked v2 (276)"
    )


def test_a_version_that_nobody_knows_is_refused() -> None:
    with pytest.raises(CaptureError, match=r"^test: is pcap version 3\.4, expected 2\.4$"):
        opened(pcap_header(version=3))
