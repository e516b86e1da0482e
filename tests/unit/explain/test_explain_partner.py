"""Diagnoses of what the partner says: of itself, and of us."""

from __future__ import annotations

from typing import Any

import pytest

from lacp.address import NO_MAC, Mac
from lacp.info import PortState
from lacp.picture.findings import Gravity, Where
from lacp.protocol.variables import Control
from lacp.sim.bridge import Bridge
from lacp.sim.network import Network, address
from tests.faults import codes, healthy, hears, is_told, only, told, up, view
from tests.worlds import add_system, cable, pair

_OTHER = Mac.parse("02:00:00:00:09:09")


def test_a_port_that_hears_itself() -> None:
    network = Network()
    add_system(network, "left", [1, 2, 3])
    network.cable(("left", "1"), ("left", "1"))
    network.cable(("left", "2"), ("left", "3"))
    network.run(10)
    is_told(
        only(network, port=1),
        "hears_itself",
        "loop: the port hears itself",
        Where.LINK,
        "the partner says that it is system 02:00:00:01:00:00 port 1: that is this port",
    )
    is_told(
        told(network, port=2)[0],
        "loop",
        "loop: the partner is port 3 of this system itself",
        Where.LINK,
        "port number 3 is 3",
        remedy="remove the cable between 2 and 3",
        gravity=told(network, port=2)[0].gravity,
    )


def test_another_system_with_our_address() -> None:
    network = Network()
    add_system(network, "left", [1], system=address(7))
    add_system(network, "right", [5], system=address(7))
    network.cable(("left", "1"), ("right", "5"))
    network.run(10)
    (found,) = told(network, port=1)
    is_told(
        found,
        "loop",
        "loop: the partner is port 5 of this system itself",
        Where.EITHER,
        "no port of left has number 5: it is another LAG of this host, or another host",
        gravity=found.gravity,
        remedy="give one of them another system identifier",
    )


def test_the_same_address_with_another_priority_is_another_system() -> None:
    network = pair(1, left={"system_priority": 5}, system=address(7))
    network.run(10)
    healthy(network)


def test_two_ports_that_hear_one_port() -> None:
    network = up(2)
    frame = network.nodes["right"].system.ports["1"].frame()
    network.nodes["left"].receive("2", frame)
    found = told(network, port=2)[0]
    is_told(
        found,
        "duplicate_partner_port",
        "duplicate partner port: 1 has partner port 1 too",
        Where.LINK,
        "2 and 1 all hear system 02:00:00:02:00:00 port 1",
        gravity=found.gravity,
    )


def test_a_bridge_between() -> None:
    network = Network()
    add_system(network, "left", [1, 2], short_timeout=True)
    add_system(network, "right", [1], short_timeout=True)
    network.add("bridge", lambda now: Bridge(), ["a", "b", "c"])
    for port, end in (("a", ("left", "1")), ("b", ("left", "2")), ("c", ("right", "1"))):
        network.cable(("bridge", port), end)
    seen = set()
    for _ in range(20):
        network.run(0.5)
        for node in ("left", "right"):
            seen |= {code for each in codes(network, node).values() for code in each}
    # What each hears changes with each frame; that something is wrong shows all the time.
    assert seen & {"duplicate_partner_port", "not_echoed", "loop"}


def test_an_individual_partner() -> None:
    network = up(2)
    state = PortState.ACTIVITY | PortState.SYNCHRONIZATION
    hears(network, 1, state=state)
    found = told(network, port=1)[0]
    is_told(
        found,
        "partner_individual",
        "partner does not aggregate: it declares the link individual",
        Where.PARTNER,
        "the partner's state 0x09 A--S---- lacks G, aggregation",
        gravity=found.gravity,
    )


def test_a_lag_of_one_link_may_be_individual() -> None:
    network = pair(1, right={"aggregation": False})
    network.run(60)
    healthy(network)


def test_two_individual_links() -> None:
    network = pair(2, right={"aggregation": False})
    network.run(60)
    found = codes(network)
    assert found["1"] == ["partner_individual"]
    assert found["2"] == ["partner_individual"]
    assert [told(network, port=n)[0].gravity for n in (1, 2)] == [Gravity.ODDITY, Gravity.FAULT]


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        ({"our_system": NO_MAC}, "partner does not see us: it hears nobody"),
        (
            {"our_system": _OTHER},
            "partner does not see us: it echoes system 02:00:00:00:09:09, we are 02:00:00:01:00:00",
        ),
        ({"our_port": 7}, "partner does not see us: it echoes port 7, we are 1"),
    ],
)
def test_a_partner_that_does_not_see_us(lie: dict[str, Any], said: str) -> None:
    network = up(2)
    hears(network, 1, **lie)
    is_told(
        only(network, port=1),
        "not_echoed",
        said,
        Where.LINK,
        "we are 32768,02:00:00:01:00:00 key 1 port 32768,1",
        "its own state is 0x35 A-G-CD--",
    )


def test_swapped_cables_are_named() -> None:
    network = up(2)
    hears(network, 1, our_port=2)
    (found,) = told(network, port=1)
    assert found.remedy[0] == "2 has number 2: see whether cables are swapped"


def test_an_outdated_view_of_us() -> None:
    network = up(2)
    hears(network, 1, our_key=9)
    is_told(
        only(network, port=1),
        "not_echoed",
        "partner has an outdated view of us: it echoes another key or priority",
        Where.PARTNER,
        "its partner is 32768,02:00:00:01:00:00 key 9 port",
    )


def test_a_partner_that_says_it_has_given_up() -> None:
    network = up(2)
    hears(network, 1, state=PortState(0x4F))
    found = told(network, port=1)[0]
    is_told(
        found,
        "partner_defaulted",
        "partner does not hear us",
        Where.LINK,
        "the partner's state 0x4f ATGS--F- has F, defaulted: it hears nobody",
        gravity=found.gravity,
    )


def test_a_partner_deaf_by_our_own_fault_is_not_told() -> None:
    network = up(1)
    left = network.nodes["left"]
    frame = left.system.ports["1"].frame()
    hears(network, 1, our_system=NO_MAC)
    left.manage(lambda system, now: system.transmit_failed("1", frame, now))
    assert codes(network)["1"] == ["frames_refused"]
    # Nor when it has given us up, which takes the port out of use.
    hears(network, 1, our_system=NO_MAC, state=PortState(0x45))
    assert codes(network) == {"lag": ["no_carrier"], "1": ["frames_refused"]}


def test_both_passive_after_a_change() -> None:
    network = up(1, right={"activity": False})
    healthy(network)
    network.nodes["left"].configure_port("1", activity=False)
    network.run(1)
    found = told(network, port=1)[0]
    is_told(
        found,
        "passive_both",
        "partner is passive and so are we",
        Where.EITHER,
        "both lack A, activity: neither speaks unless spoken to",
        gravity=found.gravity,
    )


def test_a_partner_whose_ports_are_enough() -> None:
    # The partner is the stronger system, and wants one port.
    network = pair(2, right={"system_priority": 1, "max_ports": 1})
    network.run(60)
    is_told(
        only(network, "left", 2),
        "partner_not_in_sync",
        "partner is not in sync: it does not want this link in its LAG, or not yet",
        Where.PARTNER,
        "the partner's state 0x05 A-G----- lacks S, in sync",
        "it is in sync on 1: it may have all ports that it wants",
        remedy="limit of active ports",
    )
    assert codes(network, "right") == {"2": ["standby"]}


def test_a_partner_that_does_not_collect() -> None:
    network = pair(1, left={"control": Control.INDEPENDENT})
    network.run(3)
    hears(network, 1, state=PortState(0x0D))
    found = told(network, port=1)[0]
    is_told(
        found,
        "partner_not_collecting",
        "partner does not collect",
        Where.PARTNER,
        "the partner's state 0x0d A-GS---- has S but lacks C, collecting; ours is 0x1d A-GSC---",
    )


def test_a_partner_that_does_not_collect_what_we_send() -> None:
    network = up(1, control=Control.COUPLED)
    hears(network, 1, state=PortState(0x0D))
    is_told(
        only(network, port=1),
        "partner_not_collecting",
        "partner does not collect: what we send on this link is lost",
        Where.PARTNER,
        "the partner's state 0x0d A-GS----",
        gravity=Gravity.ODDITY,
    )


def test_a_partner_that_sends_nothing() -> None:
    network = up(2)
    hears(network, 1, state=PortState(0x1D))
    is_told(
        only(network, port=1),
        "partner_not_distributing",
        "partner sends no traffic on this link, it only takes ours",
        Where.PARTNER,
        "the partner's state 0x1d A-GSC--- lacks D, distributing, ",
        gravity=Gravity.ODDITY,
    )


def test_that_the_partner_distributes_need_not_be_told_at_once() -> None:
    network = pair(1)
    network.run_until(lambda: view(network).active_ports == 1, 10)
    network.run(20)
    assert view(network).ports[0].partner is not None
    healthy(network)


def test_a_one_way_link_is_told_all_the_time() -> None:
    network = up(2, short_timeout=True)
    cable(network, 1).set(("left", "1"), silent=True)
    network.run(5)
    for _ in range(60):
        network.run(1)
        assert codes(network, "left")["1"]
        assert codes(network, "right")["1"]
        assert "2" not in codes(network, "left")
