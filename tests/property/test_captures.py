"""Any frames written are read again in every format; any octets read are frames or CaptureError."""

import io
from collections.abc import Callable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lacp.capture.frame import Frame
from lacp.capture.writer import CaptureWriter
from lacp.errors import CaptureError
from tests.capture_files import (
    GROUP,
    IPV4,
    MICRO,
    MODIFIED,
    NANO,
    SECOND,
    SLOW,
    SOURCE,
    gzipped,
    opened,
    pcap,
    pcapng,
    read,
)

Sent = tuple[int, bytes, int]

heads = st.sampled_from(
    [
        SLOW,
        IPV4,
        GROUP + IPV4[6:],
        IPV4[:12] + b"\x81\x00\x00\x01" + IPV4[12:],
        IPV4[:12] + b"\x88\xa8\x00\x01\x81\x00\x00\x01" + SLOW[12:],
        b"\x02" * 6 + SOURCE + b"\x88\x09\x01",
    ]
)
octets = st.one_of(
    st.builds(lambda head, size: head[:size], heads, st.integers(0, 124)),
    st.builds(bytes.__add__, heads, st.binary(max_size=40)),
    st.binary(max_size=100),
)
#: Whole microseconds, so that every format has room for them.
times = st.integers(1, 4_000_000_000 * 10**6).map(lambda microseconds: microseconds * 1000)
sent = st.builds(
    lambda when, octets, more: (when, octets, len(octets) + more),
    times,
    octets,
    st.integers(0, 2000),
)
FORMATS: list[Callable[[list[Sent]], bytes]] = [
    *(
        lambda frames, order=order, magic=magic: pcap(frames, order, magic)
        for order in "<>"
        for magic in (MICRO, NANO, MODIFIED)
    ),
    *(lambda frames, order=order: pcapng(frames, order) for order in "<>"),
    lambda frames: gzipped(pcap(frames), 3),
    lambda frames: gzipped(pcapng(frames), 1),
]
formats = st.sampled_from(FORMATS)


@given(formats, st.lists(sent, max_size=30))
def test_what_is_in_a_file_is_read(
    build: Callable[[list[Sent]], bytes], frames: list[Sent]
) -> None:
    start = frames[0][0] if frames else 0
    assert read(build(frames), everything=True) == [
        Frame(number, (when - start) / SECOND, octets, length)
        for number, (when, octets, length) in enumerate(frames, 1)
    ]


@given(formats, st.lists(sent, max_size=30), st.integers(1, 40))
def test_passing_by_what_is_of_no_interest_loses_nothing_else(
    build: Callable[[list[Sent]], bytes], frames: list[Sent], repeated: int
) -> None:
    file = build(frames * repeated)
    of_interest = [
        frame
        for frame in read(file, everything=True)
        if frame.octets[:6] == GROUP or frame.octets[12:14] == b"\x88\x09" or is_tagged(frame)
    ]
    capture = opened(file)
    assert list(capture) == of_interest
    assert capture.total == len(frames) * repeated


def is_tagged(frame: Frame) -> bool:
    rest = frame.octets[12:]
    while rest[:2] in (b"\x81\x00", b"\x88\xa8", b"\x91\x00"):
        rest = rest[4:]
    return rest[:2] == b"\x88\x09"


@given(st.lists(st.tuples(st.floats(0, 1e6), octets), max_size=30))
def test_what_is_written_is_read(frames: list[tuple[float, bytes]]) -> None:
    stream = io.BytesIO()
    writer = CaptureWriter(stream)
    for time, octets in frames:
        writer.write(octets, time + 1)
    found = read(stream.getvalue(), everything=True)
    assert [frame.octets for frame in found] == [octets for _, octets in frames]
    elapsed = [frame.time for frame in found]
    for (before, after), (first, second) in zip(pairwise(frames), pairwise(elapsed), strict=True):
        assert abs((after[0] - before[0]) - (second - first)) < 2e-9


def survives(file: bytes) -> None:
    """Reading ends, with frames in order, and nothing but CaptureError is raised."""
    try:
        capture = opened(file)
        numbers = [frame.number for frame in capture]
    except CaptureError:
        return
    assert numbers == sorted(set(numbers))
    assert not numbers or numbers[-1] <= capture.total
    assert "\n" not in (capture.damage or "")


MAGICS = [
    b"",
    b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a",
    pcap([]),
    pcapng([]),
    b"\x1f\x8b\x08\0",
]


@given(st.sampled_from(MAGICS), st.binary(max_size=300))
def test_any_octets_are_survived(magic: bytes, rest: bytes) -> None:
    survives(magic + rest)


@given(
    formats,
    st.lists(sent, max_size=8),
    st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=8),
    st.integers(0),
)
def test_any_change_to_a_file_is_survived(
    build: Callable[[list[Sent]], bytes],
    frames: list[Sent],
    changes: list[tuple[int, int]],
    cut: int,
) -> None:
    file = bytearray(build(frames))
    for at, octet in changes:
        file[at % len(file)] = octet
    survives(bytes(file))
    survives(bytes(file[: cut % len(file)]))
