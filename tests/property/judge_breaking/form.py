"""How a LACPDU is formed, and who it says it is."""

from __future__ import annotations

from random import Random

from lacp.sim.network import address
from tests.property.judge_breaking.conversations import (
    MAC_LEFT,
    MAC_LEFT_2,
    Case,
    breaks,
    case,
    edit_at,
    edit_from,
    edit_one,
    flip,
    put,
    steady,
)

# How a LACPDU is formed.


@breaks("PDU-01")
def another_destination(dice: Random) -> Case:
    return case(edit_one(dice, steady(dice), flip(5, 1 << dice.randrange(8))))


@breaks("PDU-02")
def another_source_once(dice: Random) -> Case:
    return case(edit_one(dice, steady(dice), flip(11, 0x40)))


@breaks("PDU-02")
def one_source_for_two_ports(dice: Random) -> Case:
    said = steady(dice, links=2)
    mine = [at for at, shot in enumerate(said) if shot[2][6:12] == MAC_LEFT_2]
    return case(edit_at(said, mine, put(6, MAC_LEFT)), f"{address(1)}#2")


@breaks("PDU-03")
def a_tag(dice: Random) -> Case:
    tag = bytes.fromhex("8100") + dice.randbytes(2)
    return case(edit_one(dice, steady(dice), lambda frame: frame[:12] + tag + frame[12:]))


@breaks("PDU-04")
def another_version(dice: Random) -> Case:
    return case(edit_one(dice, steady(dice), put(15, bytes((dice.choice((0, 3, 255)),)))))


@breaks("PDU-05")
def another_type(dice: Random) -> Case:
    where = dice.choice((16, 36, 56, 72, 73))
    return case(edit_one(dice, steady(dice), flip(where, 1 << dice.randrange(8))))


@breaks("PDU-05")
def a_length_that_no_receiver_takes(dice: Random) -> Case:
    return case(edit_from(dice, steady(dice), flip(dice.choice((17, 37, 57)), 4)))


@breaks("PDU-06")
def a_reserved_octet(dice: Random) -> Case:
    where = dice.choice((33, 34, 35, 53, 54, 55, 60, 71, 74, 123))
    return case(edit_one(dice, steady(dice), flip(where, 1 << dice.randrange(8))))


@breaks("PDU-07")
def a_tail(dice: Random) -> Case:
    tail = b"\x64" + dice.randbytes(dice.randrange(10, 40))
    return case(edit_one(dice, steady(dice), lambda frame: frame + tail))


@breaks("V2-01")
def a_tlv_of_wrong_length(dice: Random) -> Case:
    two = bytes.fromhex("0406000080c2 0514" + "00" * 18 + "0403" + "00")
    edit = put(72, two)
    return case(edit_one(dice, steady(dice), lambda frame: put(15, b"\2")(edit(frame))))


# Who it is.


@breaks("PDU-08")
def another_number_once(dice: Random) -> Case:
    return case(edit_one(dice, steady(dice), flip(31, 0x40)))


@breaks("PDU-08")
def number_zero(dice: Random) -> Case:
    return case(edit_one(dice, steady(dice), put(30, b"\0\0")), f"{address(1)}#0")


@breaks("PDU-08")
def the_same_number_twice(dice: Random) -> Case:
    said = steady(dice, links=2)
    mine = [at for at, shot in enumerate(said) if shot[2][6:12] == MAC_LEFT_2]
    return case(edit_at(said, mine, put(30, b"\0\1")))


@breaks("PDU-09")
def another_system_once(dice: Random) -> Case:
    return case(edit_one(dice, steady(dice), flip(25, 0x40)))


@breaks("PDU-09")
def another_system_on_one_port(dice: Random) -> Case:
    said = edit_from(dice, steady(dice, links=2), flip(25, 0x40), MAC_LEFT_2)
    return case(said, "02:00:00:01:00:40#2")


@breaks("PDU-09")
def another_system_on_one_port_always(dice: Random) -> Case:
    said = steady(dice, links=2)
    mine = [at for at, shot in enumerate(said) if shot[2][6:12] == MAC_LEFT_2]
    return case(edit_at(said, mine, flip(25, 0x40)), "02:00:00:01:00:40#2")


@breaks("PDU-09")
def another_priority_once(dice: Random) -> Case:
    return case(edit_one(dice, steady(dice), flip(19, 0x40)))


@breaks("PDU-13")
def another_delay_once(dice: Random) -> Case:
    return case(edit_one(dice, steady(dice), flip(59, 0x40)))


@breaks("PDU-00")
def another_port_priority_once(dice: Random) -> Case:
    return case(edit_one(dice, steady(dice), flip(29, 0x40)))


@breaks("PDU-00")
def activity_or_timeout_once(dice: Random) -> Case:
    return case(edit_one(dice, steady(dice), flip(32, dice.choice((1, 2)))))


@breaks("SEL-16")
def another_key_or_aggregation_once(dice: Random) -> Case:
    edit = dice.choice((flip(27, 0x40), flip(32, 4)))
    return case(edit_one(dice, steady(dice), edit))


@breaks("SEL-16")
def another_key_and_still_in_sync(dice: Random) -> Case:
    return case(edit_from(dice, steady(dice, fast=True), flip(27, 0x40)))
