"""What is of interest, on Ethernet and as the kernel cooks it."""

import pytest

from lacp.capture.frame import Frame
from tests.capture_files import GROUP, IPV4, SLOW, SOURCE, opened, pcap, read

NOW = 1_000_000_000
ELSEWHERE = bytes.fromhex("020000000009")
REST = SLOW[14:]
TAG = {name: bytes.fromhex(name) + b"\x00\x05" for name in ("8100", "88a8", "9100")}

OF_INTEREST = {
    "a LACPDU": SLOW,
    "unicast": ELSEWHERE + SLOW[6:],
    "another EtherType to the group": GROUP + IPV4[6:],
    "a length to the group": GROUP + SOURCE + b"\x00\x40" + bytes(60),
    "cut to the address": GROUP,
    "customer tag": ELSEWHERE + SOURCE + TAG["8100"] + SLOW[12:],
    "service and customer tag": ELSEWHERE + SOURCE + TAG["88a8"] + TAG["8100"] + SLOW[12:],
    "four tags": ELSEWHERE + SOURCE + TAG["9100"] * 4 + SLOW[12:],
}
OF_NONE = {
    "IPv4": IPV4,
    "tagged IPv4": IPV4[:12] + TAG["8100"] + IPV4[12:],
    "octets of a LACPDU inside": IPV4 + SLOW,
    "another reserved address": bytes.fromhex("0180c2000000") + IPV4[6:],
    "a tag that is cut": IPV4[:12] + b"\x81\x00",
    "a tag with half an EtherType": IPV4[:12] + TAG["8100"] + b"\x88",
    "too many tags": ELSEWHERE + SOURCE + TAG["8100"] * 9 + SLOW[12:],
    "cut within the address": GROUP[:5],
    "nothing": b"",
}


@pytest.mark.parametrize("octets", OF_INTEREST.values(), ids=OF_INTEREST)
@pytest.mark.parametrize("link", ["first", "later", "last"])
def test_frames_of_interest_are_yielded(octets: bytes, link: str) -> None:
    at = {"first": 0, "later": 3, "last": 6}[link]
    frames = [(NOW, IPV4)] * 6
    frames.insert(at, (NOW, octets))
    assert [(frame.number, frame.octets) for frame in read(pcap(frames))] == [(at + 1, octets)]


@pytest.mark.parametrize("octets", OF_NONE.values(), ids=OF_NONE)
def test_other_frames_are_counted_only(octets: bytes) -> None:
    # What follows a short frame must not be taken for a part of it.
    capture = opened(pcap([(NOW, IPV4), (NOW, octets), (NOW, IPV4), (NOW, octets), (NOW, SLOW)]))
    assert [frame.number for frame in capture] == [5]
    assert capture.total == 5


@pytest.mark.parametrize("octets", OF_NONE.values(), ids=OF_NONE)
def test_every_frame_is_yielded_when_asked(octets: bytes) -> None:
    frames = read(pcap([(NOW, IPV4), (NOW, octets)]), everything=True)
    assert [frame.octets for frame in frames] == [IPV4, octets]


def cooked(kind: int, protocol: bytes, rest: bytes) -> bytes:
    return bytes([0, kind, 0, 1, 0, 6]) + SOURCE + b"\0\0" + protocol + rest


def cooked_2(kind: int, protocol: bytes, rest: bytes) -> bytes:
    return protocol + b"\0\0\0\0\0\7\0\1" + bytes([kind, 6]) + SOURCE + b"\0\0" + rest


BUILD = {113: cooked, 276: cooked_2}


@pytest.mark.parametrize("link", BUILD)
@pytest.mark.parametrize(
    ("kind", "destination", "outgoing"),
    [
        (0, bytes(6), False),
        (1, b"\xff" * 6, False),
        (2, GROUP, False),
        (3, bytes(6), False),
        (4, GROUP, True),
    ],
)
def test_a_cooked_frame_is_made_an_ethernet_frame(
    link: int, kind: int, destination: bytes, outgoing: bool
) -> None:
    frames = [
        (NOW, BUILD[link](0, b"\x08\x00", bytes(40))),
        (NOW, BUILD[link](kind, b"\x88\x09", REST)),
    ]
    assert read(pcap(frames, link=link)) == [
        Frame(2, 0.0, destination + SLOW[6:], 124, cooked=True, outgoing=outgoing)
    ]


@pytest.mark.parametrize("link", BUILD)
def test_tags_stay_in_a_cooked_frame(link: int) -> None:
    octets = BUILD[link](2, b"\x81\x00", b"\x00\x05\x88\x09" + REST)
    (frame,) = read(pcap([(NOW, octets)] * 2, link=link))[1:]
    assert frame.octets == SLOW[:12] + TAG["8100"] + SLOW[12:]


@pytest.mark.parametrize(("link", "header"), [(113, 16), (276, 20)])
def test_a_cooked_frame_may_be_cut_anywhere(link: int, header: int) -> None:
    whole = BUILD[link](2, b"\x88\x09", REST)
    for size in range(len(whole)):
        (frame,) = read(pcap([(NOW, whole[:size], len(whole))], link=link), everything=True)
        assert frame.truncated
        assert frame.octets == (SLOW[: size - header + 14] if size >= header else b"")
