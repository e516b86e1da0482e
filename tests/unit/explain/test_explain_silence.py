"""Diagnoses of a partner that is not heard, or too seldom."""

from __future__ import annotations

import pytest

from lacp.picture.explain import diagnose
from lacp.picture.findings import Gravity, Where, with_problems
from lacp.protocol.variables import Fallback
from tests.faults import codes, healthy, is_told, only, told, unheard, up, view
from tests.worlds import VARIANT_IDS, VARIANTS, Control, Edition, cable, pair


@pytest.mark.parametrize(("edition", "control"), VARIANTS, ids=VARIANT_IDS)
def test_nothing_is_said_of_a_healthy_pair(edition: Edition, control: Control) -> None:
    network = pair(3, edition=edition, control=control)
    network.run(10)
    healthy(network)
    network.run(300)
    healthy(network)


def test_never_heard() -> None:
    network = unheard(2)
    network.run(1)
    assert codes(network)["1"] == ["never_heard"]
    network.run(10)
    is_told(
        only(network, port=1),
        "never_heard",
        "no LACPDU was ever received",
        Where.PARTNER,
        "lacpdus_rx is 0, lacpdus_tx is ",
        "the receive machine is DEFAULTED, our state is 0x45 A-G---F- (F: no partner is heard)",
        remedy="tcpdump -eni 1 ether proto 0x8809",
    )
    assert codes(network)["lag"] == ["no_carrier"]


def test_the_ports_that_hear_somebody_are_named() -> None:
    network = pair(3, spare=1)
    network.cable(("left", "4"), ("right", "4"), silent=True)
    network.run(10)
    assert "1, 2 and 3 hear a partner" in only(network, port=4).evidence
    assert codes(network) == {"4": ["never_heard"]}


def test_no_port_hears_anybody() -> None:
    whole = "none of the 2 ports with a link hears a partner: rather its LACP than one link"
    network = unheard(2)
    network.run(10)
    assert whole in only(network, port=1).evidence
    network = up(3)
    cable(network, 3).pull()
    network.nodes["right"].stop()
    network.run(200)
    assert whole in told(network, port=1)[0].evidence
    network = unheard(1)
    network.run(10)
    assert not any("none of the" in line for line in only(network, port=1).evidence)


def test_nobody_speaks_first() -> None:
    network = pair(1, activity=False)
    network.run(200)
    for node in ("left", "right"):
        is_told(
            only(network, node, 1),
            "nobody_speaks",
            "no LACPDU was ever received, and we are passive: nobody may be the first to speak",
            Where.EITHER,
            "lacpdus_rx is 0, lacpdus_tx is 0",
            "our state 0x44 --G---F- lacks A, activity (6.4.1)",
        )


def test_both_fell_silent_because_neither_is_active() -> None:
    network = up(1)
    for node in network.nodes.values():
        node.configure_port("1", activity=False)
    network.run(300)
    (found,) = told(network, port=1)
    assert found.code == "nobody_speaks"
    assert found.said.startswith("no LACPDU received for ")
    assert found.said.endswith(", and we are passive: nobody may be the first to speak")


def test_silent_then_lost() -> None:
    network = up(2, short_timeout=True)
    cable(network, 2).set(silent=True)
    network.run(4.5)
    (found,) = told(network, port=2)
    age = view(network).ports[1].last_rx_age
    is_told(
        found,
        "partner_silent",
        f"no LACPDU received for {age:.1f} s",
        Where.PARTNER,
        "the receive machine is EXPIRED, our state is 0x8f ATGS---E (E: it fell silent)",
        "3 s without are the short timeout (6.4.4)",
        "it is given up in ",
        "1 hears a partner",
    )
    network.run(60)
    (found,) = told(network, port=2)
    age = view(network).ports[1].last_rx_age
    assert age is not None
    assert age > 60
    is_told(
        found,
        "partner_lost",
        f"no LACPDU received for {age:.1f} s",
        Where.PARTNER,
        "the receive machine is DEFAULTED",
        "what was known of the partner was given up (6.4.12)",
    )
    assert codes(network) == {"2": ["partner_lost"]}


def test_a_lost_partner_is_told_for_how_long() -> None:
    network = up(1)
    cable(network, 1).set(silent=True)
    network.run(3 * 3600)
    assert only(network, port=1).said == "no LACPDU received for 3 h"


def test_late_before_it_is_given_up() -> None:
    network = up(2)
    network.nodes["right"].freeze()
    network.run(30)
    assert codes(network) == {}
    network.run(35)
    age = view(network).ports[0].last_rx_age
    assert age is not None
    is_told(
        only(network, port=1),
        "lacpdus_late",
        f"no LACPDU for {age:.1f} s, one each 30 s is due",
        Where.PARTNER,
        "our state 0x3d A-GSCD-- asks for the long timeout",
        gravity=Gravity.ODDITY,
    )


def test_rates_that_differ() -> None:
    network = up(2, left={"short_timeout": True})
    is_told(
        only(network, "left"),
        "timeouts_differ",
        "we notice silence after 3 s, the partner only after 90 s",
        Where.PARTNER,
        "on 1 and 2",
        "1: our state 0x3f ATGSCD-- asks the partner for one LACPDU each 1 s, "
        "its state 0x3d A-GSCD-- asks us for one each 30 s",
        gravity=Gravity.NOTE,
    )
    is_told(
        only(network, "right"),
        "timeouts_differ",
        "the partner notices silence after 3 s, we only after 90 s",
        Where.HERE,
        gravity=Gravity.NOTE,
    )
    assert with_problems(view(network), told(network)).problems == ()


@pytest.mark.parametrize("fallback", [Fallback.SINGLE, Fallback.STATIC])
def test_fallback(fallback: Fallback) -> None:
    network = unheard(fallback=fallback)
    network.run(10)
    first, second = told(network, port=1)
    is_told(
        first,
        "fallback_used",
        f"runs without a partner: fallback {fallback}",
        Where.HERE,
        gravity=Gravity.NOTE,
    )
    assert (second.code, second.gravity) == ("never_heard", Gravity.NOTE)
    # It is as it was asked for: no problem.
    shown = with_problems(view(network), [first, second]).port("1")
    assert shown is not None
    assert shown.problems == ()


def test_one_way_is_told_at_both_ends() -> None:
    network = up(2, short_timeout=True)
    cable(network, 2).set(("right", "2"), silent=True)
    network.run(4.5)
    assert codes(network, "left") == {"2": ["partner_silent"]}
    is_told(
        only(network, "right", 2),
        "partner_expired",
        "partner does not hear us",
        Where.LINK,
        "the partner's state 0x8f ATGS---E has E, expired: it does not hear us any more",
        remedy="one way only",
    )
    network.run(2.5)
    assert codes(network, "left") == {"2": ["partner_lost"]}
    is_told(
        only(network, "right", 2),
        "not_echoed",
        "partner does not see us: it hears nobody",
        Where.LINK,
        "its last LACPDU says that its partner is nobody; we are 32768,",
        "its own state is 0x47 ATG---F-",
        "(6.4.9, recordPDU)",
        remedy="one way only",
    )


def test_many_names_are_counted() -> None:
    network = pair(32, spare=32)
    for number in range(33, 65):
        network.cable(("left", str(number)), ("right", str(number)), silent=True)
    network.run(10)
    found = diagnose(view(network))
    assert [each.port for each in found] == [str(number) for number in range(33, 65)]
    assert found[0].evidence[-1] == "1, 2, 3, 4, 5, 6 and 26 more hear a partner"


def test_times_without_a_source_that_tells_them() -> None:
    from dataclasses import replace

    network = up(1)
    cable(network, 1).set(silent=True)
    network.run(200)
    seen = view(network)
    (port,) = seen.ports
    blind = replace(port, last_rx_age=None, machines=None, counters=None, timers=None)
    found = [each for each in diagnose(replace(seen, ports=(blind,))) if each.port]
    assert [(each.code, each.said) for each in found] == [
        ("partner_lost", "no LACPDU received at present")
    ]
