"""MAC addresses as values."""

from __future__ import annotations

import re
from typing import Self

_TEXT = re.compile(r"[0-9a-fA-F]{1,2}([:-][0-9a-fA-F]{1,2}){5}")


class Mac(bytes):
    """A 48-bit MAC address: six octets that print as ``02:00:00:00:00:01``.

    Being octets, two addresses compare as the numbers that the standard compares (6.7.1).
    """

    __slots__ = ()

    def __new__(cls, octets: bytes) -> Self:
        if len(octets) != 6:
            raise ValueError(f"MAC address of {len(octets)} octets, expected 6")
        return super().__new__(cls, octets)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The address written as six hexadecimal octets with ``:`` or ``-`` between them.

        Raises ValueError when `text` is anything else.
        """
        if not _TEXT.fullmatch(text):
            raise ValueError(
                f"{text!r} is not a MAC address, expected six octets like 02:00:00:00:00:01"
            )
        return cls(bytes(int(octet, 16) for octet in re.split("[:-]", text)))

    @property
    def group(self) -> bool:
        """Whether this is a group (multicast or broadcast) address."""
        return bool(self[0] & 1)

    def __str__(self) -> str:
        return self.hex(":")

    def __repr__(self) -> str:
        return f"Mac({str(self)!r})"


NO_MAC = Mac(bytes(6))
SLOW_PROTOCOLS_MULTICAST = Mac(bytes.fromhex("0180c2000002"))
