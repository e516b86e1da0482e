"""What the receive, selection and Mux machines show."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from lacp.sim.network import Network, address
from tests.property.judge_breaking.conversations import (
    MAC_LEFT,
    MAC_RIGHT,
    Case,
    Shots,
    breaks,
    case,
    edit_at,
    edit_from,
    edit_one,
    flip,
    info,
    lacpdu,
    network,
    places,
    put,
    shots,
    steady,
)
from tests.worlds import add_system

# The receive machine.


@breaks("RXM-06")
def never_expired_fast(dice: Random) -> Case:
    return case(_silenced(dice, True))


@breaks("RXM-07")
def never_expired_slow(dice: Random) -> Case:
    return case(_silenced(dice, False))


def _silenced(dice: Random, fast: bool) -> Shots:
    said = steady(dice, fast)
    mine = places(said, MAC_RIGHT)
    last = said[mine[dice.randrange(len(mine) // 2)]][0]
    return [shot for shot in said if shot[2][6:12] != MAC_RIGHT or shot[0] <= last]


@breaks("RXM-08")
def expired_with_a_partner_in_sync(dice: Random) -> Case:
    net = network(fast=dice.random() < 0.5)
    net.run(40)
    net.cable_at("left", "1").set(("right", "1"), silent=True)
    net.run(110)
    said = shots(net)
    expired = [
        at
        for at, shot in enumerate(said)
        if shot[2][6:12] == MAC_LEFT and shot[2][32] & 0xC0 == 0x80
    ]
    return case(edit_at(said, [dice.choice(expired)], flip(52, dice.choice((2, 8)))))


@breaks("RXM-09")
def defaulted_once(dice: Random) -> Case:
    return case(edit_one(dice, steady(dice), flip(32, 0x40)))


@breaks("RXM-09")
def expired_for_ever(dice: Random) -> Case:
    said = [lacpdu(n, MAC_LEFT, info(1, 0x87), info(2, 0x07)) for n in range(dice.randrange(9, 30))]
    return case(said)


@breaks("RXM-12")
def long_timeout_of_three_seconds(dice: Random) -> Case:
    said: Shots = []
    for turn in range(dice.randrange(8, 20)):
        at = 3.2 * turn
        said += [
            lacpdu(at, MAC_RIGHT, info(2, 0x05), info(1, 0x85 if turn else 0x05)),
            lacpdu(at + 0.001, MAC_LEFT, info(1, 0x05), info(2, 0x05)),
            lacpdu(at + 0.002, MAC_RIGHT, info(2, 0x05), info(1, 0x05)),
            lacpdu(at + 3.1, MAC_LEFT, info(1, 0x85), info(2, 0x07)),
        ]
    return case(said)


# Selection and the Mux machine: what a device shows that does not detach.


def _undetached(dice: Random, change: Callable[[Network], object], gap: float = 0.0) -> Case:
    """As if the left end had stayed in sync, and the right end had heard that."""
    net = network(fast=True)
    at = dice.randrange(8, 20) + 0.3
    net.at(at, lambda: change(net))
    net.run(at + 20)
    said = shots(net)
    for place, (time, order, octets) in enumerate(said):
        if not at < time < at + gap + 2.5:
            continue
        offset = 32 if octets[6:12] == MAC_LEFT else 52
        if not octets[offset] & 0xC8:
            said[place] = time, order, put(offset, bytes((octets[offset] | 8,)))(octets)
    return case(said)


def _right(**changes: Any) -> Callable[[Network], object]:
    return lambda net: net.nodes["right"].configure_port("1", **changes)


@breaks("RXM-26")
def another_partner_port_priority(dice: Random) -> Case:
    return _undetached(dice, _right(priority=dice.randrange(100)))


@breaks("RXM-29")
def another_partner_key(dice: Random) -> Case:
    return _undetached(dice, _right(key=dice.randrange(2, 100)))


@breaks("RXM-30")
def an_individual_partner(dice: Random) -> Case:
    return _undetached(dice, _right(aggregation=False))


@breaks("RXM-27")
def another_partner_system(dice: Random) -> Case:
    return _undetached(dice, lambda net: net.nodes["right"].configure(system=address(7)))


@breaks("RXM-28")
def another_partner_system_priority(dice: Random) -> Case:
    return _undetached(dice, lambda net: net.nodes["right"].configure(system_priority=7))


@breaks("RXM-25")
def another_partner_port(dice: Random) -> Case:
    said: Shots = []
    change = dice.randrange(8, 15)
    for second in range(30):
        port = 1 if second < change else 2
        # The other port of the right end comes up, and waits as it should.
        state = 0x3F if second < change or second >= change + 3 else 0x07
        right = info(2, state, port=port)
        left = info(1, 0x3F if state == 0x3F else 0x0F)
        said += [
            lacpdu(second, address(2, port), right, left if second != change else info(1, 0x3F)),
            lacpdu(second + 0.4, MAC_LEFT, left, right),
        ]
    return case(said)


@breaks("RXV-25")
def a_loop_in_use(dice: Random) -> Case:
    net = Network(record=True)
    add_system(net, "left", [1], short_timeout=True)
    net.cable(("left", "1"), ("left", "1"), latency=0.001)
    net.run(20 + dice.randrange(20))
    said = shots(net)
    for place, (time, order, octets) in enumerate(said):
        if time > 4:
            said[place] = time, order, put(52, b"\x3f")(put(32, b"\x3f")(octets))
    return case(said)


@breaks("MUX-02")
def no_wait(dice: Random) -> Case:
    net = network(fast=True)
    net.run(20)
    said = shots(net)
    for place, (time, order, octets) in enumerate(said):
        offset = 32 if octets[6:12] == MAC_LEFT else 52
        told = any(octets[offset - 2 : offset])
        if time < 2.5 and told and not octets[offset] & 0xC8:
            said[place] = time, order, put(offset, bytes((octets[offset] | 8,)))(octets)
    return case(said)


@breaks("MUX-04")
def collecting_from_a_partner_out_of_sync(dice: Random) -> Case:
    edit = dice.choice((edit_one, edit_from))
    return case(edit(dice, steady(dice), flip(52, 8)))


@breaks("MUX-05")
def not_collecting(dice: Random) -> Case:
    said = steady(dice, fast=True, coupled=True)
    for place, (time, order, octets) in enumerate(said):
        offset = 32 if octets[6:12] == MAC_LEFT else 52
        said[place] = time, order, put(offset, bytes((octets[offset] & ~0x30,)))(octets)
    return case(said)


@breaks("MUX-06")
def not_distributing(dice: Random) -> Case:
    edit = dice.choice((edit_one, edit_from))
    return case(edit(dice, steady(dice), flip(32, 0x20)))


@breaks("MUX-10")
def no_synchronization_with_collecting(dice: Random) -> Case:
    edit = dice.choice((edit_one, edit_from))
    return case(edit(dice, steady(dice), flip(32, dice.choice((8, 0x10, 0x80)))))
