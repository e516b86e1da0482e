"""What is said of the partner, and whether an answer is given to what it says wrongly."""

from __future__ import annotations

from random import Random
from typing import Any

from lacp.info import PORT_STATES, PortInfo
from lacp.sim.network import address
from tests.property.judge_breaking.conversations import (
    MAC_LEFT,
    MAC_RIGHT,
    RIGHT,
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
    shots,
    steady,
)

# The partner block.

_IDENTITY_OF_PARTNER = (38, 39, 40, 45, 46, 47, 48, 49, 50, 51)


@breaks("PDU-11")
def another_partner_once(dice: Random) -> Case:
    edit = flip(dice.choice(_IDENTITY_OF_PARTNER), 1 << dice.randrange(8))
    return case(edit_one(dice, steady(dice), edit))


@breaks("PDU-11")
def another_partner_from_then_on(dice: Random) -> Case:
    edit = flip(dice.choice(_IDENTITY_OF_PARTNER), 1 << dice.randrange(8))
    return case(edit_from(dice, steady(dice), edit))


@breaks("PDU-11")
def another_state_of_the_partner(dice: Random) -> Case:
    fast = dice.random() < 0.5
    bits = (1, 2, 4, 0x10, 0x40, 0x80) + ((0x20,) if fast else ())
    edit = flip(52, dice.choice(bits))
    return case(dice.choice((edit_one, edit_from))(dice, steady(dice, fast), edit))


@breaks("PDU-11")
def a_partner_that_never_learns(dice: Random) -> Case:
    # The left port tells that it wants slow LACPDUs, and goes on unharmed.
    fast = dice.random() < 0.5
    return case(edit_from(dice, steady(dice, fast), flip(32, 1)), RIGHT)


@breaks("RXM-15")
def a_partner_that_echoes_an_old_port_priority(dice: Random) -> Case:
    return case(edit_from(dice, steady(dice), flip(29, 0x40)))


@breaks("RXM-17")
def a_partner_that_echoes_an_old_system_priority(dice: Random) -> Case:
    return case(edit_from(dice, steady(dice, fast=False), flip(19, 0x40)))


@breaks("RXM-18")
def a_partner_that_echoes_an_old_key(dice: Random) -> Case:
    return case(edit_from(dice, steady(dice, fast=False), flip(27, 0x40)))


@breaks("RXM-19")
def a_partner_that_echoes_an_old_aggregation_bit(dice: Random) -> Case:
    return case(edit_from(dice, steady(dice, fast=False), flip(32, 4)))


def _renamed(dice: Random, **changes: Any) -> Shots:
    """The left end restarts under another name, as it should; the right end clings to the old."""
    said: Shots = []
    change = dice.randrange(8, 15)
    for second in range(60):
        since = second - change
        left, right = info(1, 0x3F), info(2, 0x3F)
        seen = right
        if since >= 0:
            left = info(1, {0: 0xC7, 1: 0x07, 2: 0x07}.get(since, 0x3F), **changes)
            seen = {0: PortInfo(state=PORT_STATES[2]), 1: info(2, 0x37), 2: info(2, 0x37)}.get(
                since, right
            )
        said += [
            lacpdu(second, MAC_LEFT, left, seen),
            lacpdu(second + 0.4, MAC_RIGHT, right, info(1, 0x3F)),
        ]
    return said


@breaks("RXM-16")
def a_partner_that_echoes_the_system_of_before(dice: Random) -> Case:
    return case(_renamed(dice, system=address(9)), f"{address(9)}#1")


@breaks("RXM-14")
def a_partner_that_echoes_the_port_of_before(dice: Random) -> Case:
    return case(_renamed(dice, port=9), f"{address(1)}#9")


@breaks("RXM-00")
def synchronization_denied_once(dice: Random) -> Case:
    return case(_denied(dice, 1))


@breaks("RXM-00")
def synchronization_denied(dice: Random) -> Case:
    return case(_denied(dice, 40))


def _denied(dice: Random, number: int) -> Shots:
    """The right end collects already, the left end does not see that it may."""
    said: Shots = []
    start = dice.randrange(5, 10)
    for second in range(40):
        wrong = start <= second < start + number
        # Before, and after one denial, the partner was not yet in sync.
        state = 0x1F if number > 1 else 0x3F
        left, right = info(1, 0x0F if number > 1 else 0x07), info(2, state)
        seen = info(2, state & ~8) if wrong or number > 1 else right
        if number == 1:
            right, seen = info(2, 0x0F), info(2, 0x07 if wrong else 0x0F)
        said += [lacpdu(second, MAC_LEFT, left, seen), lacpdu(second + 0.4, MAC_RIGHT, right, left)]
    return said


@breaks("RXM-24")
def synchronization_granted(dice: Random) -> Case:
    net = network(fast=True, right={"min_ports": 2})
    net.run(40)
    said = shots(net)
    mine = [at for at, shot in enumerate(said) if shot[2][6:12] == MAC_LEFT and shot[0] > 5]
    return case(edit_at(said, [dice.choice(mine[1:-2])], flip(52, 8)))


# Answers to a wrong view.

_WRONG: dict[str, tuple[dict[str, Any], int]] = {
    "NTT-01": ({"port": 5}, 0),
    "NTT-02": ({"port_priority": 5}, 0),
    "NTT-03": ({"system": address(5)}, 0),
    "NTT-04": ({"system_priority": 5}, 0),
    "NTT-05": ({"key": 5}, 0),
    "NTT-06": ({}, 1),
    "NTT-07": ({}, 2),
    "NTT-08": ({}, 8),
    "NTT-09": ({}, 4),
}


def _unanswered(dice: Random, rule: str) -> Case:
    """The right end is Defaulted: what it is told of the left end is wrong, or not."""
    changes, bit = _WRONG[rule]
    known = info(1, 0x05 ^ bit, **changes)
    said: Shots = []
    offset = 3 + dice.random() * 20
    for turn in range(20):
        at = 30 * turn
        right = info(2, 0x45)
        said += [
            lacpdu(at, MAC_LEFT, info(1, 0x05), right),
            lacpdu(at + offset, MAC_RIGHT, right, known),
        ]
        if rule == "NTT-07":
            # Whoever takes its partner for impatient speaks each second.
            said += [lacpdu(at + offset + n, MAC_RIGHT, right, known) for n in range(1, 30)]
    return case(said)


def _ntt(rule: str) -> None:
    @breaks(rule)
    def unanswered(dice: Random) -> Case:
        return _unanswered(dice, rule)


for _rule in _WRONG:
    _ntt(_rule)


def _answered(dice: Random, bits: int) -> Case:
    known = info(1, 0x05 ^ bits)
    said: Shots = []
    offset = 3 + dice.random() * 10
    for turn in range(20):
        at = 30 * turn
        right = info(2, 0x45)
        said += [
            lacpdu(at, MAC_LEFT, info(1, 0x05), right),
            lacpdu(at + offset, MAC_RIGHT, right, known),
            lacpdu(at + offset + 0.002, MAC_LEFT, info(1, 0x05), right),
        ]
    return case(said)


@breaks("NTT-10")
def other_bits_answered(dice: Random) -> Case:
    return _answered(dice, dice.choice((0x10, 0x20, 0x40, 0x80)))


@breaks("NTT-12")
def nothing_answered(dice: Random) -> Case:
    return _answered(dice, 0)
