"""How evenly tx_hash spreads flows, ours beside teamd's and beside chance; and what it costs."""

from __future__ import annotations

import random
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import mean

from benchmarks._figures import Figure, main
from benchmarks._measure import microseconds
from lacp.txhash import fold, teamd_hash, tx_hash

FLOWS = 240
PORTS = (2, 3, 4, 8)

Hash = Callable[[tuple[str, ...], bytes, int | None], int]


@dataclass(frozen=True, slots=True)
class Traffic:
    """Flows as they are found."""

    what: str
    fragments: tuple[str, ...]
    #: The frame of each flow.
    flow: Callable[[int], bytes]


def mac(number: int) -> bytes:
    """An address of one vendor's series."""
    return bytes.fromhex("525400") + number.to_bytes(3, "big")


def machine(number: int) -> bytes:
    """A packet of a machine whose two addresses were given out together, to its router."""
    return mac(0xFFFF) + mac(number) + ipv4(number, 0xFF01)[12:]


def ipv4(source: int, target: int, ports: tuple[int, int] = (40000, 443)) -> bytes:
    """A TCP packet between two hosts of 10.0.0.0/8, behind one router."""
    addresses = struct.pack(">II", 10 << 24 | source, 10 << 24 | target)
    header = bytes.fromhex("45000028000140004006 0000") + addresses
    return mac(1) + mac(2) + b"\x08\x00" + header + struct.pack(">HH", *ports)


def ipv6(source: int, target: int, ports: tuple[int, int] = (40000, 443)) -> bytes:
    """A TCP packet between two hosts of 2001:db8::/32, behind one router."""
    net = bytes.fromhex("20010db8") + bytes(8)
    header = bytes.fromhex("6000000000140640") + net + source.to_bytes(4, "big")
    payload = header + net + target.to_bytes(4, "big") + struct.pack(">HH", *ports)
    return mac(1) + mac(2) + b"\x86\xdd" + payload


def bridged(source: int, target: int) -> bytes:
    """A frame between two machines of one bridge that is not IP."""
    return mac(target) + mac(source) + b"\x88\xb5" + bytes(46)


DEFAULT, L3, L34 = ("eth", "ipv4", "ipv6"), ("l3",), ("l3", "l4")
TRAFFIC = (
    Traffic("virtual machines to their router", ("eth",), lambda n: bridged(n, 0xFFFF)),
    Traffic("virtual machines, each to its twin", ("eth",), lambda n: bridged(n, 0x1000 + n)),
    Traffic("virtual machines with addresses in step", DEFAULT, machine),
    Traffic("hosts to one server", DEFAULT, lambda n: ipv4(n, 0xFF01)),
    Traffic("hosts, each to its own server", DEFAULT, lambda n: ipv4(n, 0x10000 + n)),
    Traffic("every fourth address to one server", L3, lambda n: ipv4(4 * n, 0xFF01)),
    Traffic("one address in each /24", L3, lambda n: ipv4(n << 8 | 1, 0xFF01)),
    Traffic(
        "16 hosts, each with each other", L3, lambda n: ipv4(n // 15, (n // 15 + n % 15 + 1) % 16)
    ),
    Traffic("one client, rising source ports", L34, lambda n: ipv4(7, 9, (32768 + n, 443))),
    Traffic(
        "... every second, as Linux gives them", L34, lambda n: ipv4(7, 9, (32768 + 2 * n, 443))
    ),
    Traffic(
        "both ports rising together (iperf -P, RTP)",
        L34,
        lambda n: ipv4(7, 9, (5000 + n, 6000 + n)),
    ),
    Traffic("hosts and their ports rising together", L34, lambda n: ipv4(n, 9, (4096 + n, 443))),
    Traffic("IPv6 hosts to one server", L3, lambda n: ipv6(n, 0xFF01)),
    Traffic("IPv6, each to its own server", L3, lambda n: ipv6(n, 0x10000 + n)),
    Traffic("one IPv6 client, rising source ports", L34, lambda n: ipv6(7, 9, (32768 + n, 443))),
)


def crowding(ports: list[int], count: int) -> float:
    """How many flows the fullest port has, 1 being its fair share."""
    return max(Counter(ports).values()) * count / len(ports)


def chance(count: int) -> float:
    """The same for flows that are thrown at random, on average."""
    dice = random.Random(1)
    return mean(crowding(dice.choices(range(count), k=FLOWS), count) for _ in range(300))


def spread(hash: Hash, traffic: Traffic) -> str:
    """The crowding for each number of ports, and how many ports of the most see nothing."""
    folded = [fold(hash(traffic.fragments, traffic.flow(n), None)) for n in range(FLOWS)]
    told = [f"{crowding([one % count for one in folded], count):5.2f}" for count in PORTS]
    return "".join(told) + f"{PORTS[-1] - len({one % PORTS[-1] for one in folded}):6d}"


def cost(hash: Hash, fragments: tuple[str, ...], frame: bytes) -> float:
    """µs for the hash of one frame."""
    return microseconds(lambda: hash(fragments, frame, None))


def figures() -> Iterator[Figure]:
    """The costs, after a table of how flows spread."""
    print(f"flows on the fullest of {', '.join(map(str, PORTS))} ports, 1 being its fair share,")
    print(f"and how many of {PORTS[-1]} ports are idle; {FLOWS} flows")
    print(f"{'':<44}{'ours':>20}{'':6}  {'teamd':>20}")
    for traffic in TRAFFIC:
        print(f"{traffic.what:<44}{spread(tx_hash, traffic)}  {spread(teamd_hash, traffic)}")
    print(f"{'thrown at random':<44}{''.join(f'{chance(count):5.2f}' for count in PORTS)}")
    print()
    for frame, named in ((ipv4(1, 2), "IPv4"), (ipv6(1, 2), "IPv6")):
        for fragments in (DEFAULT, L34):
            what = f"hash of a frame in Python: {named}, {'+'.join(fragments)}"
            yield Figure(
                what,
                cost(tx_hash, fragments, frame),
                "µs",
                cost(teamd_hash, fragments, frame),
                "teamd's",
            )


if __name__ == "__main__":
    main(figures)
