"""Capture files built octet by octet, in every format and byte order."""

import gzip
import io
import struct
from collections.abc import Iterable

from lacp.capture.frame import Frame
from lacp.capture.reader import Capture

MICRO, NANO, MODIFIED = 0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34
UNIT = {MICRO: 1000, NANO: 1, MODIFIED: 1000}
SECOND = 10**9

GROUP = bytes.fromhex("0180c2000002")
SOURCE = bytes.fromhex("020000000001")
#: A LACPDU as far as a capture's reader is concerned, and traffic that is none of its business.
SLOW = GROUP + SOURCE + b"\x88\x09\x01\x01" + bytes(range(108))
IPV4 = bytes.fromhex("020000000002") + SOURCE + b"\x08\x00\x45" + bytes(49)

#: A frame to be written: nanoseconds, octets, and the length on the wire when that is more.
Sent = tuple[int, bytes] | tuple[int, bytes, int]


def pcap_header(order: str = "<", magic: int = MICRO, link: int = 1, version: int = 2) -> bytes:
    return struct.pack(order + "IHHiIII", magic, version, 4, 0, 0, 0xFFFF, link)


def pcap_record(
    when: int, octets: bytes, length: int | None = None, order: str = "<", magic: int = MICRO
) -> bytes:
    seconds, nanoseconds = divmod(when, SECOND)
    length = len(octets) if length is None else length
    header = struct.pack(order + "IIII", seconds, nanoseconds // UNIT[magic], len(octets), length)
    return header + (bytes(8) if magic == MODIFIED else b"") + octets


def pcap(frames: Iterable[Sent], order: str = "<", magic: int = MICRO, link: int = 1) -> bytes:
    """A pcap file with these frames."""
    records = b"".join(pcap_record(*frame, order=order, magic=magic) for frame in map(full, frames))
    return pcap_header(order, magic, link) + records


def full(frame: Sent) -> tuple[int, bytes, int]:
    return frame if len(frame) == 3 else (*frame, len(frame[1]))


def padded(octets: bytes) -> bytes:
    return octets + bytes(-len(octets) % 4)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + padded(value)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body = padded(body)
    around = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + around + body + around


def section(order: str = "<", version: int = 1) -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, version, 0, -1), order)


def interface(link: int = 1, options: bytes = b"", order: str = "<", snaplen: int = 0) -> bytes:
    return block(1, struct.pack(order + "HHI", link, 0, snaplen) + options, order)


def _times(units: int, octets: bytes, length: int | None) -> tuple[int, int, int, int]:
    length = len(octets) if length is None else length
    return units >> 32, units & 0xFFFFFFFF, len(octets), length


def enhanced(
    units: int,
    octets: bytes,
    length: int | None = None,
    number: int = 0,
    options: bytes = b"",
    order: str = "<",
) -> bytes:
    """An Enhanced Packet Block at `units` of its interface's clock."""
    head = struct.pack(order + "IIIII", number, *_times(units, octets, length))
    return block(6, head + padded(octets) + options, order)


def obsolete(units: int, octets: bytes, number: int = 0, order: str = "<") -> bytes:
    head = struct.pack(order + "HHIIII", number, 3, *_times(units, octets, None))
    return block(2, head + octets, order)


def simple(octets: bytes, length: int | None = None, order: str = "<") -> bytes:
    length = len(octets) if length is None else length
    return block(3, struct.pack(order + "I", length) + octets, order)


def statistics(number: int, options: bytes, order: str = "<") -> bytes:
    return block(5, struct.pack(order + "III", number, 0, 0) + options, order)


def pcapng(frames: Iterable[Sent], order: str = "<", link: int = 1) -> bytes:
    """A pcapng file of one section and one interface, with nanoseconds."""
    described = interface(link, option(9, b"\x09", order), order)
    return (
        section(order)
        + described
        + b"".join(enhanced(*frame, order=order) for frame in map(full, frames))
    )


def gzipped(octets: bytes, members: int = 2) -> bytes:
    """In several gzip members, one after the other."""
    size = len(octets) // members + 1
    return b"".join(
        gzip.compress(octets[at : at + size], mtime=0) for at in range(0, len(octets) or 1, size)
    )


def opened(octets: bytes, *, everything: bool = False) -> Capture:
    return Capture(io.BytesIO(octets), "test", everything=everything)


def read(octets: bytes, *, everything: bool = False) -> list[Frame]:
    """The frames of a file that is not damaged."""
    capture = opened(octets, everything=everything)
    frames = list(capture)
    assert capture.damage is None
    return frames
