"""LACPDU decode and encode, beside the same layout by hand with struct, in the same run."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from benchmarks._figures import Figure, main
from benchmarks._measure import microseconds
from lacp.address import Mac
from lacp.info import PORT_STATES, PortInfo
from lacp.wire import slow
from lacp.wire.lacpdu import Lacpdu
from lacp.wire.marker import Marker
from lacp.wire.validate import validate

_BY_HAND = struct.Struct(">BBBBH6sHHHB3sBBH6sHHHB3sBBH12s52s")
_ACTOR = PortInfo(0x8000, Mac.parse("02:00:00:00:00:01"), 1, 0x8000, 1, PORT_STATES[0x3D])
_PARTNER = PortInfo(0x8000, Mac.parse("02:00:00:00:00:02"), 1, 0x8000, 2, PORT_STATES[0x3D])


def figures() -> Iterator[Figure]:
    pdu = Lacpdu(_ACTOR, _PARTNER)
    payload = pdu.encode()
    frame = slow.ethernet(Mac.parse("01:80:c2:00:00:02"), _ACTOR.system, payload)
    fields = _BY_HAND.unpack(payload)
    parse = microseconds(lambda: _BY_HAND.unpack(payload))
    build = microseconds(lambda: _BY_HAND.pack(*fields))
    equal = bytes(bytearray(frame))
    decode = microseconds(lambda: Lacpdu.decode(payload))
    encode = microseconds(pdu.encode)
    by_hand, flat = "struct, by hand", "published: construct, flat and compiled"
    yield Figure("LACPDU decode to values", decode, "µs", parse, by_hand)
    yield Figure("LACPDU decode to values", decode, "µs", 12, flat)
    yield Figure("LACPDU encode from values", encode, "µs", build, by_hand)
    yield Figure("LACPDU encode from values", encode, "µs", 16, flat)
    yield Figure(
        "classify a frame", microseconds(lambda: slow.classify(frame)), "µs", parse, by_hand
    )
    marker = Marker(requester_port=1, requester_system=_ACTOR.system, transaction=1)
    octets = marker.encode()
    yield Figure("Marker decode", microseconds(lambda: Marker.decode(octets)), "µs", parse, by_hand)
    every = microseconds(lambda: validate(frame), 200)
    yield Figure("validate every octet of a LACPDU", every, "µs", parse, by_hand)
    yield Figure(
        "compare with the last frame", microseconds(lambda: frame == equal), "µs", parse, by_hand
    )


if __name__ == "__main__":
    main(figures)
