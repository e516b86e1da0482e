"""PDUs for the page: each distinct one is taken apart once, and told as a shape with values."""

from __future__ import annotations

from typing import Any

from lacp.address import SLOW_PROTOCOLS_MULTICAST, Mac
from lacp.conformance.judge.report import Exhibit
from lacp.conformance.report.documents import Document, seconds
from lacp.wire.dissect import Field, dissect
from lacp.wire.flags import BITS
from lacp.wire.validate import validate

#: Offset, length, section and name of each field.
_Shape = tuple[tuple[int, int, str, str], ...]


class Exhibition:
    """The distinct PDUs of a page, and the shapes that they share."""

    def __init__(self) -> None:
        self._pdus: dict[bytes, int] = {}
        self._told: list[Document] = []
        self._shapes: dict[_Shape, int] = {}

    def show(self, exhibit: Exhibit) -> Document:
        """The exhibit, with the number of its PDU."""
        return {
            "frame": exhibit.frame,
            "time": seconds(exhibit.time),
            "actor": exhibit.actor,
            "kind": exhibit.kind,
            "pdu": self._number(exhibit.octets),
        }

    def world(self) -> Document:
        """What all exhibits refer to."""
        return {
            "pdus": self._told,
            "shapes": list(self._shapes),
            "bits": [
                {
                    "letter": bit.letter,
                    "name": bit.name,
                    "mask": int(bit.flag),
                    "on": bit.on,
                    "off": bit.off,
                }
                for bit in BITS
            ],
        }

    def _number(self, octets: bytes) -> int:
        number = self._pdus.get(octets)
        if number is None:
            number = self._pdus[octets] = len(self._told)
            self._told.append(self._pdu(octets))
        return number

    def _pdu(self, octets: bytes) -> Document:
        fields = dissect(octets)
        shape = tuple((each.offset, len(each.octets), each.section, each.name) for each in fields)
        # The 2014 edition lets a port use other group addresses, so the frame's own is taken.
        destination = Mac(octets[:6]) if len(octets) >= 6 else SLOW_PROTOCOLS_MULTICAST
        return {
            "hex": octets.hex(),
            "shape": self._shapes.setdefault(shape, len(self._shapes)),
            "values": [_value(each) for each in fields],
            "states": _states(fields),
            "deviations": [
                {
                    "offset": each.offset,
                    "clause": each.clause,
                    "severity": str(each.severity),
                    "expected": each.expected,
                    "message": each.message,
                }
                for each in validate(octets, destination)
            ],
        }


def _value(field: Field) -> list[Any]:
    return [field.value, field.meaning] if field.meaning else [field.value]


def _states(fields: list[Field]) -> list[int] | None:
    """Actor_State and Partner_State, when both are whole."""
    states = [each.octets[0] for each in fields if each.name == "state" and not each.missing]
    return states if len(states) == 2 else None
