"""Which port a frame of the device leaves through."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping, Sequence

from lacp.txhash import fold, tx_hash

HASHES = 256
#: `struct virtio_net_hdr` (linux/virtio_net.h).
VNET_HEADER = 10
#: Octets that a hash looks at: two tags, and the longest header of IPv4, with the ports.
_HEADERS = 14 + 8 + 60 + 4
#: Flows that are remembered.
_FLOWS = 1 << 16

#: Sends a frame, the header in front of it included. Raises OSError.
Send = Callable[[bytes], object]
#: The ways that a frame goes.
Ways = Callable[[bytes], Sequence[Send]]


def all_of(ports: Sequence[Send]) -> Ways:
    """Through each port (`broadcast`), and through the only one."""
    return lambda frame: ports


def in_turn(ports: Sequence[Send]) -> Ways:
    """Through one after the other (`roundrobin`)."""
    if len(ports) < 2:
        return all_of(ports)
    turns = itertools.cycle([(port,) for port in ports])
    return lambda frame: next(turns)


def by_chance(ports: Sequence[Send], dice: random.Random) -> Ways:
    """Through any (`random`)."""
    if len(ports) < 2:
        return all_of(ports)
    ways = [(port,) for port in ports]
    return lambda frame: dice.choice(ways)


def by_hash(
    fragments: Sequence[str],
    ports: Sequence[Send],
    mapping: Mapping[int, Send],
    loads: list[int] | None,
) -> Ways:
    """Through the port to which the hash is mapped, else one that the hash selects.

    `loads` counts octets by hash. Without it, and with one port, nothing has to be hashed.
    """
    if not ports or (loads is None and len(ports) == 1):
        return all_of(ports)
    ways = [(mapping.get(hash, ports[hash % len(ports)]),) for hash in range(HASHES)]
    hashed = hasher(fragments)

    def way(frame: bytes) -> Sequence[Send]:
        hash = hashed(frame)
        if loads is not None:
            loads[hash] += len(frame) - VNET_HEADER
        return ways[hash]

    return way


def hasher(fragments: Sequence[str]) -> Callable[[bytes], int]:
    """The hash (0..255) of a frame behind its `struct virtio_net_hdr`, remembered by flow."""
    end = VNET_HEADER + _HEADERS
    flows: dict[bytes, int] = {}

    def hashed(frame: bytes) -> int:
        flow = _flow(frame)
        if flow is None:
            return fold(tx_hash(fragments, frame[VNET_HEADER:end], None))
        hash = flows.get(flow)
        if hash is None:
            if len(flows) == _FLOWS:
                flows.clear()
            hash = flows[flow] = fold(tx_hash(fragments, frame[VNET_HEADER:end], None))
        return hash

    return hashed


def _flow(frame: bytes) -> bytes | None:
    """What hashes look at in the two most frequent kinds of frames; None in others.

    Octets that differ between frames of one flow are left out: identification and checksum of IPv4,
    lengths, the flow label. Counted from the beginning of the header in front of the frame.
    """
    kind = frame[22:25]
    if kind == b"\x08\x00\x45":
        return frame[10:25] + frame[30:34] + frame[36:48]
    if kind[:2] == b"\x86\xdd":
        return frame[10:24] + frame[30:31] + frame[32:68]
    return None
