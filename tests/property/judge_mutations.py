"""For each rule of the judge, edits of conforming conversations that break it and no other.

Where one edit of a frame could be explained by a lost one, the conversation is written as a device
would have it that breaks just this rule, with a partner that conforms.
"""

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
from lacp.wire.marker import Marker
from tests.property.judge_worlds import Shot, World, all_senders, frames
from tests.worlds import add_system, pair

LEFT, RIGHT = f"{address(1)}#1", f"{address(2)}#1"
_LEFT, _LEFT_2, _RIGHT = address(1, 1), address(1, 2), address(2, 1)

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


def places(said: Shots, source: Mac = _LEFT) -> list[int]:
    """Where the LACPDUs of a port are, when all is up: not the first of them, nor the last."""
    mine = [at for at, shot in enumerate(said) if shot[2][6:12] == source and shot[2][14] == 1]
    up = [at for at in mine if said[at][0] > 5 and said[at][2][32] & 0x30 == 0x30]
    return up[3:-3]


def edit_one(dice: Random, said: Shots, edit: Edit, source: Mac = _LEFT) -> Shots:
    at = dice.choice(places(said, source))
    return edit_at(said, [at], edit)


def edit_from(dice: Random, said: Shots, edit: Edit, source: Mac = _LEFT) -> Shots:
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
    mine = [at for at, shot in enumerate(said) if shot[2][6:12] == _LEFT_2]
    return case(edit_at(said, mine, put(6, _LEFT)), f"{address(1)}#2")


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
    mine = [at for at, shot in enumerate(said) if shot[2][6:12] == _LEFT_2]
    return case(edit_at(said, mine, put(30, b"\0\1")))


@breaks("PDU-09")
def another_system_once(dice: Random) -> Case:
    return case(edit_one(dice, steady(dice), flip(25, 0x40)))


@breaks("PDU-09")
def another_system_on_one_port(dice: Random) -> Case:
    said = edit_from(dice, steady(dice, links=2), flip(25, 0x40), _LEFT_2)
    return case(said, "02:00:00:01:00:40#2")


@breaks("PDU-09")
def another_system_on_one_port_always(dice: Random) -> Case:
    said = steady(dice, links=2)
    mine = [at for at, shot in enumerate(said) if shot[2][6:12] == _LEFT_2]
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


def info(node: int, state: int, **changes: Any) -> PortInfo:
    plain = PortInfo(0x8000, address(node), 1, 0x8000, 1, PORT_STATES[state])
    return replace(plain, **changes)


def lacpdu(at: float, source: Mac, actor: PortInfo, partner: PortInfo) -> Shot:
    return at, 1, slow.ethernet(SLOW_PROTOCOLS_MULTICAST, source, Lacpdu(actor, partner).encode())


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
            lacpdu(second, _LEFT, left, seen),
            lacpdu(second + 0.4, _RIGHT, right, info(1, 0x3F)),
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
        said += [lacpdu(second, _LEFT, left, seen), lacpdu(second + 0.4, _RIGHT, right, left)]
    return said


@breaks("RXM-24")
def synchronization_granted(dice: Random) -> Case:
    net = network(fast=True, right={"min_ports": 2})
    net.run(40)
    said = shots(net)
    mine = [at for at, shot in enumerate(said) if shot[2][6:12] == _LEFT and shot[0] > 5]
    return case(edit_at(said, [dice.choice(mine[1:-2])], flip(52, 8)))


# The receive machine.


@breaks("RXM-06")
def never_expired_fast(dice: Random) -> Case:
    return case(_silenced(dice, True))


@breaks("RXM-07")
def never_expired_slow(dice: Random) -> Case:
    return case(_silenced(dice, False))


def _silenced(dice: Random, fast: bool) -> Shots:
    said = steady(dice, fast)
    mine = places(said, _RIGHT)
    last = said[mine[dice.randrange(len(mine) // 2)]][0]
    return [shot for shot in said if shot[2][6:12] != _RIGHT or shot[0] <= last]


@breaks("RXM-08")
def expired_with_a_partner_in_sync(dice: Random) -> Case:
    net = network(fast=dice.random() < 0.5)
    net.run(40)
    net.cable_at("left", "1").set(("right", "1"), silent=True)
    net.run(110)
    said = shots(net)
    expired = [
        at for at, shot in enumerate(said) if shot[2][6:12] == _LEFT and shot[2][32] & 0xC0 == 0x80
    ]
    return case(edit_at(said, [dice.choice(expired)], flip(52, dice.choice((2, 8)))))


@breaks("RXM-09")
def defaulted_once(dice: Random) -> Case:
    return case(edit_one(dice, steady(dice), flip(32, 0x40)))


@breaks("RXM-09")
def expired_for_ever(dice: Random) -> Case:
    said = [lacpdu(n, _LEFT, info(1, 0x87), info(2, 0x07)) for n in range(dice.randrange(9, 30))]
    return case(said)


@breaks("RXM-12")
def long_timeout_of_three_seconds(dice: Random) -> Case:
    said: Shots = []
    for turn in range(dice.randrange(8, 20)):
        at = 3.2 * turn
        said += [
            lacpdu(at, _RIGHT, info(2, 0x05), info(1, 0x85 if turn else 0x05)),
            lacpdu(at + 0.001, _LEFT, info(1, 0x05), info(2, 0x05)),
            lacpdu(at + 0.002, _RIGHT, info(2, 0x05), info(1, 0x05)),
            lacpdu(at + 3.1, _LEFT, info(1, 0x85), info(2, 0x07)),
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
        offset = 32 if octets[6:12] == _LEFT else 52
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
            lacpdu(second + 0.4, _LEFT, left, right),
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
        offset = 32 if octets[6:12] == _LEFT else 52
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
        offset = 32 if octets[6:12] == _LEFT else 52
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
            lacpdu(at, _LEFT, info(1, 0x05), right),
            lacpdu(at + offset, _RIGHT, right, known),
        ]
        if rule == "NTT-07":
            # Whoever takes its partner for impatient speaks each second.
            said += [lacpdu(at + offset + n, _RIGHT, right, known) for n in range(1, 30)]
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
            lacpdu(at, _LEFT, info(1, 0x05), right),
            lacpdu(at + offset, _RIGHT, right, known),
            lacpdu(at + offset + 0.002, _LEFT, info(1, 0x05), right),
        ]
    return case(said)


@breaks("NTT-10")
def other_bits_answered(dice: Random) -> Case:
    return _answered(dice, dice.choice((0x10, 0x20, 0x40, 0x80)))


@breaks("NTT-12")
def nothing_answered(dice: Random) -> Case:
    return _answered(dice, 0)


# When LACPDUs are sent.


def _respaced(dice: Random, fast: bool, period: float) -> Case:
    said = steady(dice, fast)
    mine = [at for at in places(said) if said[at][0] > 40 or fast]
    start, octets = said[mine[0]][0], said[mine[0]][2]
    result = [shot for shot in said if shot[2][6:12] != _LEFT or shot[0] <= start]
    at = start
    while (at := at + period) < said[-1][0]:
        result.append((at, 1, octets))
    return case(result)


@breaks("PER-01")
def fast_too_slow(dice: Random) -> Case:
    return _respaced(dice, True, dice.uniform(1.6, 2.9))


@breaks("PER-01")
def fast_too_fast(dice: Random) -> Case:
    return _respaced(dice, True, dice.uniform(0.3, 0.45))


@breaks("PER-01")
def every_second_dropped(dice: Random) -> Case:
    said = steady(dice, True)
    dropped = set(places(said)[dice.randrange(2) :: 2])
    return case([shot for at, shot in enumerate(said) if at not in dropped])


@breaks("PER-02")
def slow_too_fast(dice: Random) -> Case:
    return _respaced(dice, False, dice.uniform(1.0, 20.0))


@breaks("PER-02")
def slow_too_slow(dice: Random) -> Case:
    return _respaced(dice, False, dice.uniform(33.0, 55.0))


@breaks("PER-10")
def two_passive_ends(dice: Random) -> Case:
    fast = dice.random() < 0.5
    net = network(fast=fast, right={"activity": False})
    net.run(60 if fast else 600)
    return case(edit_one(dice, shots(net), flip(32, 1)))


@breaks("TX-01")
def too_many_in_a_second(dice: Random) -> Case:
    said = steady(dice)
    time, _, octets = said[dice.choice(places(said))]
    number = dice.randrange(4, 8)
    spacing = 0.7 / number
    said += [(time + spacing * n, 1, octets) for n in range(1, number)]
    return case(said)


# Markers.


def _marked(dice: Random, number: int = 1) -> Shots:
    net = network(fast=True)
    for one in range(number):
        at = 40 + 2.5 * one + dice.random()
        net.at(at, lambda: net.nodes["right"].manage(lambda it, now: it.send_marker("1", now)))
    net.run(60 + 2.5 * number)
    return shots(net)


def _markers(said: Shots, response: bool) -> list[int]:
    kind = 2 if response else 1
    return [at for at, shot in enumerate(said) if shot[2][14] == 2 and shot[2][16] == kind]


@breaks("MRK-00")
def a_malformed_marker(dice: Random) -> Case:
    said = _marked(dice)
    where = dice.choice((31, 33, 60, 123))
    return case(edit_at(said, _markers(said, False), flip(where, 2)), RIGHT)


@breaks("MRK-01")
def no_answers(dice: Random) -> Case:
    said = _marked(dice, 6)
    gone = set(_markers(said, True))
    return case([shot for at, shot in enumerate(said) if at not in gone])


@breaks("MRK-01")
def a_late_answer(dice: Random) -> Case:
    said = _marked(dice)
    (place,) = _markers(said, True)
    time, order, octets = said.pop(place)
    return case([*said, (time + dice.uniform(2, 8), order, octets)])


@breaks("MRK-02")
def another_answer(dice: Random) -> Case:
    said = _marked(dice, dice.randrange(1, 4))
    place = dice.choice(_markers(said, True))
    where = dice.choice((16, 18, 19, 20, 25, 26, 29, 31, 60, 123))
    return case(edit_at(said, [place], flip(where, 4)))


@breaks("MRK-02")
def the_marker_itself_comes_back(dice: Random) -> Case:
    said = _marked(dice)
    return case(edit_at(said, _markers(said, True), put(16, b"\1")))


@breaks("MRK-03")
def an_answer_to_an_answer(dice: Random) -> Case:
    said = _marked(dice)
    (place,) = _markers(said, True)
    time, _, octets = said[place]
    said.append((time + 0.002, 1, put(6, _RIGHT)(octets)))
    return case(said, RIGHT)


@breaks("TX-07")
def a_flood_of_answers(dice: Random) -> Case:
    said = steady(dice, fast=True)
    start = said[dice.choice(places(said))][0] + 0.1
    for number in range(60):
        marker = Marker(requester_port=1, requester_system=address(2), transaction=number)
        at = start + 0.02 * number
        for source, pdu in ((_RIGHT, marker), (_LEFT, marker.respond())):
            octets = slow.ethernet(SLOW_PROTOCOLS_MULTICAST, source, pdu.encode())
            said.append((at + 0.001 * pdu.response, 1, octets))
    return case(said)
