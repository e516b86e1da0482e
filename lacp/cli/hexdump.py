"""Octets out of the forms in which people have them: hex digits, and the dumps of other tools.

A dump has an offset in front of each line, as tcpdump -xx, Wireshark, xxd and hexdump -C print it;
an offset of zero begins another frame, and lines without one are what the tool said about it.
"""

from __future__ import annotations

import re

_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
_OFFSET = re.compile(r"\s*(?:0x)?([0-9a-fA-F]{4,8})(:|\s|$)[ \t]*")
_NOISE = re.compile(r"\b0x|\\x|\bb(?=['\"])|[{}()\[\]\"']")
_BETWEEN = re.compile(r"[\s:,.;|_-]+")

#: Octets in a line of a dump.
_LINE = 16

#: The first four octets of captures: pcap in both orders and precisions, and pcapng.
_CAPTURES = {
    bytes.fromhex(magic): kind
    for kind, magics in {
        "pcap": ("a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1"),
        "pcapng": ("0a0d0d0a",),
        "gzip": ("1f8b0800", "1f8b0808"),
    }.items()
    for magic in magics
}


class NotHexError(ValueError):
    """The text is no hex."""


def capture_kind(octets: bytes) -> str:
    """Which kind of capture file begins like this; empty when none does."""
    return _CAPTURES.get(octets[:4], "")


def frames(content: bytes) -> list[bytes]:
    """The frames in the content of a file: hex in any form, or the octets of one frame themselves.

    Raises NotHexError when it is text that is not hex.
    """
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError:
        return [content]
    if any(ord(letter) < 32 and letter not in "\t\n\r\f" for letter in text):
        return [content]
    return parse(text)


def parse(text: str) -> list[bytes]:
    """The frames in `text`. Raises NotHexError when it is not hex, and says where."""
    found = _dump(text) or [_plain(text)]
    return [frame for frame in found if frame]


def _plain(text: str) -> bytes:
    pieces = [piece for piece in _BETWEEN.split(_NOISE.sub(" ", text.strip())) if piece]
    for piece in pieces:
        if wrong := re.search(r"[^0-9a-fA-F]", piece):
            line = next(
                number for number, line in enumerate(text.splitlines(), 1) if wrong[0] in line
            )
            raise NotHexError(f"{wrong[0]!r} in line {line} is no hex digit")
    if pieces and all(len(piece) <= 2 for piece in pieces):
        return bytes(int(piece, 16) for piece in pieces)
    digits = "".join(pieces)
    if len(digits) % 2:
        raise NotHexError(f"{len(digits)} hex digits, expected an even number")
    return bytes.fromhex(digits)


def _dump(text: str) -> list[bytes]:
    """The frames of a dump; none when `text` is not one."""
    found: list[bytearray] = []
    column = 0
    repeat = False
    for line in text.splitlines():
        match = _OFFSET.match(line)
        if not match:
            repeat = line.strip() == "*"
            continue
        offset = int(match[1], 16)
        if offset and (not found or match[2] != ":") and not _continues(found, offset, repeat):
            return []
        if not offset:
            found.append(bytearray())
            column = 0
        octets, end = _octets(line, match.end(), column)
        column = column or end
        frame = found[-1] if found else bytearray()
        if repeat and frame:
            frame += frame[-_LINE:] * ((offset - len(frame)) // _LINE)
        repeat = False
        if offset != len(frame):
            return []
        frame += octets
    # Digits without offsets can look like one line of a dump; then nothing is left as octets.
    return [bytes(frame) for frame in found] if all(found) else []


def _continues(found: list[bytearray], offset: int, repeat: bool) -> bool:
    return bool(found) and (repeat or offset == len(found[-1]))


def _octets(line: str, start: int, column: int) -> tuple[bytes, int]:
    """The octets of one line, and the column behind them if the line is full.

    In the last line, which is shorter, that column and a gap tell octets from the text beside them,
    which may look like octets itself. Single octets may have a gap of two in their middle.
    """
    octets = bytearray()
    at = start
    for words, match in enumerate(re.finditer(r"\S+", line[start : column or None])):
        gap = start + match.start() - at
        middle = words == len(octets) == _LINE // 2 and gap == 2
        if (
            not _HEX.fullmatch(match[0])
            or len(octets) >= _LINE
            or (gap > 1 and words and not middle)
        ):
            break
        octets += bytes.fromhex(match[0])
        at = start + match.end()
    return bytes(octets[:_LINE]), at if len(octets) >= _LINE else 0
