"""Conforming conversations, how they are edited, and the table of what breaks which rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random
from typing import Any

from lacp.address import SLOW_PROTOCOLS_MULTICAST, Mac
from lacp.capture.frame import Frame
from lacp.info import PORT_STATES, PortInfo
from lacp.protocol.edition import EDITION_2014, Edition
from lacp.protocol.variables import Control
from lacp.sim.network import Network, address
from lacp.wire import slow
from lacp.wire.lacpdu import Lacpdu
from tests.property.judge_worlds import Shot, World, all_senders, frames
from tests.worlds import pair

LEFT, RIGHT = f"{address(1)}#1", f"{address(2)}#1"
MAC_LEFT, MAC_LEFT_2, MAC_RIGHT = address(1, 1), address(1, 2), address(2, 1)

Shots = list[Shot]
Edit = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Case:
    """A capture in which `actor` breaks one rule."""

    frames: list[Frame]
    actor: str = LEFT
    edition: Edition = EDITION_2014


Mutation = Callable[[Random], Case]
MUTATIONS: dict[str, list[Mutation]] = {}


def breaks(*rules: str) -> Callable[[Mutation], Mutation]:
    """Put a mutation into the table."""

    def note(mutation: Mutation) -> Mutation:
        for rule in rules:
            MUTATIONS.setdefault(rule, []).append(mutation)
        return mutation

    return note


# Conversations.


def network(links: int = 1, fast: bool = True, **settings: Any) -> Network:
    return pair(links, short_timeout=fast, **settings)


def shots(net: Network) -> Shots:
    return sorted(all_senders(World(EDITION_2014, net)), key=lambda shot: shot[:2])


@lru_cache(maxsize=32)
def _steady(links: int, fast: bool, coupled: bool) -> tuple[Shot, ...]:
    control = Control.COUPLED if coupled else Control.INDEPENDENT
    net = network(links, fast, control=control)
    net.run(60 if fast else 600)
    return tuple(shots(net))


def steady(dice: Random, fast: bool | None = None, links: int = 1, coupled: bool = False) -> Shots:
    """A conversation in which nothing happens, at either rate unless one is said."""
    return list(_steady(links, dice.random() < 0.5 if fast is None else fast, coupled))


def places(said: Shots, source: Mac = MAC_LEFT) -> list[int]:
    """Where the LACPDUs of a port are, when all is up: not the first of them, nor the last."""
    mine = [at for at, shot in enumerate(said) if shot[2][6:12] == source and shot[2][14] == 1]
    up = [at for at in mine if said[at][0] > 5 and said[at][2][32] & 0x30 == 0x30]
    return up[3:-3]


def edit_one(dice: Random, said: Shots, edit: Edit, source: Mac = MAC_LEFT) -> Shots:
    at = dice.choice(places(said, source))
    return edit_at(said, [at], edit)


def edit_from(dice: Random, said: Shots, edit: Edit, source: Mac = MAC_LEFT) -> Shots:
    mine = places(said, source)
    start = mine[dice.randrange(len(mine) // 3)]
    return edit_at(
        said, [at for at in range(start, len(said)) if said[at][2][6:12] == source], edit
    )


def edit_at(said: Shots, where: Iterable[int], edit: Edit) -> Shots:
    for at in where:
        time, order, octets = said[at]
        said[at] = time, order, edit(octets)
    return said


def put(offset: int, octets: bytes) -> Edit:
    return lambda frame: frame[:offset] + octets + frame[offset + len(octets) :]


def flip(offset: int, mask: int) -> Edit:
    return lambda frame: put(offset, bytes((frame[offset] ^ mask,)))(frame)


def case(said: Shots, actor: str = LEFT, edition: Edition = EDITION_2014) -> Case:
    return Case(frames(sorted(said, key=lambda shot: shot[:2])), actor, edition)


def info(node: int, state: int, **changes: Any) -> PortInfo:
    plain = PortInfo(0x8000, address(node), 1, 0x8000, 1, PORT_STATES[state])
    return replace(plain, **changes)


def lacpdu(at: float, source: Mac, actor: PortInfo, partner: PortInfo) -> Shot:
    return at, 1, slow.ethernet(SLOW_PROTOCOLS_MULTICAST, source, Lacpdu(actor, partner).encode())
