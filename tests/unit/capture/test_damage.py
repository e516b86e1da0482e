"""Files that break off, lie, or never end: the frames before are read, and the place is named."""

import io
import struct
import tracemalloc
from itertools import islice

import pytest

from lacp.capture.reader import Capture
from lacp.errors import CaptureError
from tests.capture_files import (
    IPV4,
    MODIFIED,
    SLOW,
    block,
    enhanced,
    gzipped,
    interface,
    opened,
    option,
    pcap,
    pcap_header,
    pcap_record,
    pcapng,
    section,
    simple,
)

NOW = 1_000_000_000
FRAMES = [(NOW, SLOW), (NOW, IPV4), (NOW, SLOW), (NOW, SLOW)]
FILES = {
    "pcap": pcap(FRAMES),
    "pcap, big-endian": pcap(FRAMES, ">"),
    "modified": pcap(FRAMES, magic=MODIFIED),
    "pcapng": pcapng(FRAMES),
    "pcapng, big-endian": pcapng(FRAMES, ">"),
    "gzip": gzipped(pcap(FRAMES)),
}
HEAD = section() + interface()


def outcome(octets: bytes) -> tuple[list[int], str]:
    """The numbers of the frames that were read, and what was said of the rest."""
    try:
        capture = opened(octets)
        return [frame.number for frame in capture], capture.damage or ""
    except CaptureError as error:
        return [], str(error)


@pytest.mark.parametrize("octets", FILES.values(), ids=FILES)
def test_a_file_may_break_off_anywhere(octets: bytes) -> None:
    whole, _ = outcome(octets)
    assert whole == [1, 3, 4]
    before: list[int] = []
    silent = []
    for size in range(len(octets)):
        numbers, said = outcome(octets[:size])
        assert whole[: len(numbers)] == numbers
        assert len(numbers) >= len(before)
        assert "\n" not in said
        before = numbers
        if not said:
            silent.append(size)
    # Only where a record ends nothing is missing; in gzip, where a member ends.
    assert len(silent) <= 6
    assert before[:2] == [1, 3]


DAMAGED = {
    "a frame of 4 GB": (
        pcap(FRAMES) + struct.pack("<IIII", 1, 0, 0xFFFFFFFF, 60),
        [1, 3, 4],
        "frame 5 at offset 524 claims 4294967295 octets, expected at most 262144",
    ),
    "a frame that is a little too large": (
        pcap([(NOW, SLOW), (NOW, bytes(262145)), (NOW, SLOW)]),
        [1],
        "frame 2 at offset 164 claims 262145 octets, expected at most 262144",
    ),
    "zeros behind the last frame": (
        pcap(FRAMES) + bytes(100),
        [1, 3, 4],
        "zeros at offset 524, expected frame 5 or the end",
    ),
    "a file that ends inside a frame": (
        pcap(FRAMES)[:-4],
        [1, 3],
        "the file ends inside frame 4 at offset 384: 136 of 140 octets",
    ),
    "a file that ends inside the header of a frame": (
        pcap(FRAMES) + b"abc",
        [1, 3, 4],
        "the file ends inside the header of frame 5 at offset 524: 3 of 16 octets",
    ),
    "a frame of 4 GB in pcapng": (
        HEAD
        + enhanced(0, SLOW)
        + block(6, struct.pack("<IIIII", 0, 0, 0, 0xFFFFFFFF, 0xFFFFFFFF) + SLOW),
        [1],
        "frame 2 at offset 204 claims 4294967295 octets, expected at most 262144",
    ),
    "a frame larger than its block": (
        HEAD + enhanced(0, SLOW) * 2 + block(6, struct.pack("<IIIII", 0, 0, 0, 99, 99) + bytes(96)),
        [1, 2],
        "packet at offset 388 needs 99 octets, expected at most the 96 left in its block",
    ),
    "a simple frame larger than its block": (
        HEAD + block(3, struct.pack("<I", 61) + bytes(60)),
        [],
        "packet at offset 60 needs 61 octets, expected at most the 60 left in its block",
    ),
    "a block too small for a packet": (
        HEAD + block(6, bytes(8)),
        [],
        "packet at offset 56 needs 20 octets, expected at most the 8 left in its block",
    ),
    "an interface that was not described": (
        HEAD + enhanced(0, SLOW) + enhanced(0, SLOW, number=1),
        [1],
        "block at offset 204 is of interface 1, expected one of the 1 described before it",
    ),
    "a block without a length": (
        HEAD + enhanced(0, SLOW) + bytes(100),
        [1],
        "block of type 0 at offset 204 claims 0 octets, expected 12 to 16777216",
    ),
    "a block of 4 GB": (
        HEAD + enhanced(0, SLOW) + struct.pack("<III", 6, 0xFFFFFFFC, 0),
        [1],
        "block of type 6 at offset 204 claims 4294967292 octets, expected 12 to 393216",
    ),
    "lengths of a block that differ": (
        HEAD
        + enhanced(0, SLOW)
        + enhanced(0, IPV4)[:-4]
        + struct.pack("<I", 99)
        + enhanced(0, SLOW),
        [1],
        "block of type 6 at offset 204 ends with the length 99, expected 96 as at its head",
    ),
    "lengths of an unknown block that differ": (
        HEAD + enhanced(0, SLOW) + block(77, b"1234")[:-4] + struct.pack("<I", 99),
        [1],
        "block of type 77 at offset 204 ends with the length 99, expected 16 as at its head",
    ),
    "a file that ends inside an unknown block": (
        HEAD + enhanced(0, SLOW) + block(77, bytes(1000))[:500],
        [1],
        "the file ends inside the block of type 77 at offset 204, of 1012 octets",
    ),
    "an option larger than its block": (
        HEAD + enhanced(0, SLOW) + enhanced(0, SLOW, options=struct.pack("<HH", 1, 200)),
        [1],
        "option at offset 360 needs 200 octets, expected at most the 0 left in its block",
    ),
    "a section of another version": (
        HEAD + enhanced(0, SLOW) + section(version=2),
        [1],
        "section at offset 204 is of version 2.0, expected 1",
    ),
    "a section of no byte order": (
        HEAD + enhanced(0, SLOW) + block(0x0A0D0D0A, bytes(16)),
        [1],
        "section at offset 204 has 00 00 00 00 as byte-order magic, expected 1a 2b 3c 4d",
    ),
    "interfaces without end": (
        HEAD + enhanced(0, SLOW) + interface() * 70_000,
        [1],
        "one interface more at offset 1310904, expected at most 65536 in a section",
    ),
}


@pytest.mark.parametrize(("octets", "numbers", "said"), DAMAGED.values(), ids=DAMAGED)
def test_damage_is_named_and_the_frames_before_it_are_read(
    octets: bytes, numbers: list[int], said: str
) -> None:
    assert outcome(octets) == (numbers, said)
    packed, offset = outcome(gzipped(octets, 3))
    assert packed == numbers
    assert offset.replace(" of the inflated file", "") == said


@pytest.mark.parametrize("octets", [FILES["pcap"], FILES["pcapng"]], ids=["pcap", "pcapng"])
def test_damage_in_the_middle_of_traffic_is_found_all_the_same(octets: bytes) -> None:
    # Frames of no interest are passed by without reading all of them.
    traffic = [(NOW, IPV4)] * 10_000
    octets = pcap(traffic) if octets == FILES["pcap"] else pcapng(traffic)
    record = 80 if octets[:4] == b"\xd4\xc3\xb2\xa1" else 96
    length = 8 if record == 80 else 4
    broken = bytearray(octets)
    at = len(octets) - 5000 * record
    broken[at + length : at + length + 4] = b"\xf0\xff\xff\x7f"
    capture = opened(bytes(broken))
    assert list(capture) == []
    assert capture.total == 5000
    assert capture.damage is not None
    assert f"at offset {at} claims 2147483632 octets" in capture.damage


def test_an_ending_length_that_lies_in_the_middle_of_traffic_is_found() -> None:
    octets = bytearray(pcapng([(NOW, IPV4)] * 1000))
    at = len(octets) - 500 * 96
    octets[at - 4 : at] = bytes(4)
    capture = opened(bytes(octets))
    assert list(capture) == []
    assert capture.total == 499
    assert capture.damage == (
        f"block of type 6 at offset {at - 96} ends with the length 0, expected 96 as at its head"
    )


class Enough(Exception):
    """The reader has taken a megabyte of what never ends."""


class Endless(io.RawIOBase):
    """A pipe that never ends: a head, then the same octets again and again."""

    def __init__(self, head: bytes, repeated: bytes) -> None:
        self._next = head
        self._repeated = repeated * (0x10000 // len(repeated) + 1)
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, room: memoryview) -> int:  # type: ignore[override]
        if self.taken > 1_000_000:
            raise Enough
        if not self._next:
            self._next = self._repeated
        count = min(len(room), len(self._next))
        room[:count] = self._next[:count]
        self._next = self._next[count:]
        self.taken += count
        return count


@pytest.mark.parametrize("head", [pcap(FRAMES), pcapng(FRAMES)], ids=["pcap", "pcapng"])
def test_zeros_without_end_are_damage_at_once(head: bytes) -> None:
    stream = Endless(head, bytes(1))
    capture = Capture(stream, "test")
    assert len(list(capture)) == 3
    assert capture.damage
    assert stream.taken < 1_000_000


def test_zeros_without_end_are_no_capture() -> None:
    stream = Endless(b"", bytes(1))
    with pytest.raises(CaptureError, match=r"^test: starts with 00 00 00 00, expected a pcap"):
        Capture(stream, "test")
    assert stream.taken < 1_000_000


def test_zeros_that_were_packed_a_thousand_to_one_are_damage_at_once() -> None:
    capture = opened(gzipped(pcap(FRAMES) + bytes(50_000_000), 1))
    assert [frame.number for frame in capture] == [1, 3, 4]
    assert capture.damage == "zeros at offset 524 of the inflated file, expected frame 5 or the end"


@pytest.mark.parametrize(
    ("head", "repeated"),
    [
        (pcap_header(), pcap_record(NOW, IPV4)),
        (pcap_header(), pcap_record(NOW, SLOW)),
        (HEAD, enhanced(NOW, IPV4)),
        (HEAD, enhanced(NOW, SLOW)),
        (HEAD, simple(SLOW)),
        (HEAD, block(10, bytes(100_000))),
        (b"", HEAD + enhanced(NOW, SLOW)),
    ],
    ids=["traffic", "LACPDUs", "pcapng", "pcapng, LACPDUs", "simple", "unknown blocks", "sections"],
)
def test_a_stream_without_end_needs_no_more_memory(head: bytes, repeated: bytes) -> None:
    stream = Endless(head, repeated)
    capture = Capture(stream, "test")
    tracemalloc.start()
    try:
        with pytest.raises(Enough):
            for _ in capture:
                pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100_000


def test_frames_come_as_soon_as_they_are_there() -> None:
    octets = pcap(FRAMES)

    class Trickle(Endless):
        def readinto(self, room: memoryview) -> int:  # type: ignore[override]
            return super().readinto(room[:1])

    stream = Trickle(octets, b"x")
    seen = [(frame.number, stream.taken) for frame in islice(Capture(stream, "test"), 3)]
    assert seen == [(1, 164), (3, 384), (4, 524)]


@pytest.mark.parametrize("octets", FILES.values(), ids=FILES)
def test_a_stream_that_comes_octet_by_octet_is_the_same(octets: bytes) -> None:
    class Drops:
        def __init__(self) -> None:
            self._stream = io.BytesIO(octets)

        def read(self, size: int) -> bytes:
            return self._stream.read(min(size, 1))

    capture = Capture(Drops(), "test")
    assert [frame.number for frame in capture] == [1, 3, 4]
    assert capture.damage is None


def test_a_frame_may_be_as_large_as_the_largest() -> None:
    largest = SLOW + bytes(262144 - len(SLOW))
    frames = [(NOW, largest), (NOW, IPV4), (NOW, largest)]
    comment = option(1, bytes(60_000))
    for octets in (
        pcap(frames),
        pcapng(frames),
        HEAD + enhanced(0, largest, options=comment) * 3,
    ):
        capture = opened(octets)
        assert [len(frame.octets) for frame in capture if frame.number != 2] == [262144] * 2
        assert (capture.total, capture.damage) == (3, None)


class TestGzip:
    def test_damage_within_the_compressed_octets(self) -> None:
        packed = bytearray(gzipped(pcap(FRAMES * 500), 1))
        at = len(packed) - 30
        packed[at] ^= 0xFF
        capture = opened(bytes(packed))
        numbers = [frame.number for frame in capture]
        assert len(numbers) > 1000
        assert numbers == [n for n in range(1, capture.total + 1) if n % 4 != 2]
        assert capture.damage is not None
        assert capture.damage.startswith(("gzip data damaged at offset ", "frame ", "the file "))

    def test_a_wrong_checksum_is_damage_behind_the_last_frame(self) -> None:
        packed = bytearray(gzipped(pcap(FRAMES), 1))
        packed[-8] ^= 0xFF
        numbers, said = outcome(bytes(packed))
        assert numbers == [1, 3, 4]
        assert said.startswith(f"gzip data damaged at offset {len(packed) - 5}: ")

    def test_what_follows_the_last_member_is_zeros_or_damage(self) -> None:
        packed = gzipped(pcap(FRAMES))
        assert outcome(packed + bytes(1000)) == ([1, 3, 4], "")
        numbers, said = outcome(packed + b"garbage")
        assert numbers == [1, 3, 4]
        assert said.startswith(f"gzip data damaged at offset {len(packed) + 1}: ")

    def test_many_empty_members_are_passed(self) -> None:
        empty = gzipped(b"", 1)
        assert outcome(empty * 2000 + gzipped(pcap(FRAMES)) + empty * 2000) == ([1, 3, 4], "")
