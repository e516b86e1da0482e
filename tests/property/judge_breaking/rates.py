"""When LACPDUs are sent, and Markers answered."""

from __future__ import annotations

from random import Random

from lacp.address import SLOW_PROTOCOLS_MULTICAST
from lacp.sim.network import address
from lacp.wire import slow
from lacp.wire.marker import Marker
from tests.property.judge_breaking.conversations import (
    MAC_LEFT,
    MAC_RIGHT,
    RIGHT,
    Case,
    Shots,
    breaks,
    case,
    edit_at,
    edit_one,
    flip,
    network,
    places,
    put,
    shots,
    steady,
)

# When LACPDUs are sent.


def _respaced(dice: Random, fast: bool, period: float) -> Case:
    said = steady(dice, fast)
    mine = [at for at in places(said) if said[at][0] > 40 or fast]
    start, octets = said[mine[0]][0], said[mine[0]][2]
    result = [shot for shot in said if shot[2][6:12] != MAC_LEFT or shot[0] <= start]
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
    said.append((time + 0.002, 1, put(6, MAC_RIGHT)(octets)))
    return case(said, RIGHT)


@breaks("TX-07")
def a_flood_of_answers(dice: Random) -> Case:
    said = steady(dice, fast=True)
    start = said[dice.choice(places(said))][0] + 0.1
    for number in range(60):
        marker = Marker(requester_port=1, requester_system=address(2), transaction=number)
        at = start + 0.02 * number
        for source, pdu in ((MAC_RIGHT, marker), (MAC_LEFT, marker.respond())):
            octets = slow.ethernet(SLOW_PROTOCOLS_MULTICAST, source, pdu.encode())
            said.append((at + 0.001 * pdu.response, 1, octets))
    return case(said)
