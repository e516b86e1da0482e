"""The watcher that asks over Neighbour Discovery: what it sends, and what counts as an answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lacp.address import Mac
from lacp.watch import nd
from lacp.watch.nsna_ping import address_aside
from lacp.watch.options import NsnaPingOptions
from tests.watch_frames import (
    OURS,
    SOLICITATION,
    THEIRS,
    advertisement,
    checksum,
    ip6,
    link_local,
)
from tests.watched import Watched

PLAIN = NsnaPingOptions(target_host="fd00::1", interval=1000, missed_max=3)
ACTIVE = {"enabled": True, "alone": True}
SILENT = {"enabled": False, "alone": False}
ASIDE = address_aside("e0", Mac(OURS))


def watched(options: NsnaPingOptions = PLAIN, use: dict[str, bool] = ACTIVE) -> Watched:
    """A port with carrier that is used so, its first question sent."""
    port = Watched(options)
    port.use(**use)
    port.carrier(True)
    return port


# Questions


def test_the_question_goes_to_the_group_of_the_target() -> None:
    """RFC 4861, 4.3 and 7.2.2; RFC 2464, 7; every field of it."""
    port = watched(replace(PLAIN, target_host="2001:db8::12:3456"))
    ((_, frame),) = port.probes
    assert frame[:6] == bytes.fromhex("3333ff123456")
    assert frame[6:12] == OURS
    assert frame[12:14] == b"\x86\xdd"
    packet, message = frame[14:54], frame[54:]
    assert packet[:8] == bytes.fromhex("60000000 0020 3a ff")
    assert packet[8:24] == ip6("fe80::ff:fe00:1")
    assert packet[24:] == ip6("ff02::1:ff12:3456")
    assert message[:2] == bytes([SOLICITATION, 0])
    assert checksum(packet[8:24], packet[24:], message) == 0
    assert message[4:8] == bytes(4)
    assert message[8:24] == ip6("2001:db8::12:3456")
    assert message[24:] == b"\x01\x01" + OURS


def test_a_scope_is_that_of_the_port_in_any_case() -> None:
    port = watched(replace(PLAIN, target_host="fe80::1%eth7"))
    assert port.probes[0][1][62:78] == ip6("fe80::1")
    assert port.watch.watchers[0].target_host == "fe80::1%eth7"  # type: ignore[attr-defined]


@pytest.mark.parametrize("use", [SILENT, ACTIVE, {"enabled": False, "alone": True}])
def test_every_port_asks_but_under_another_address_where_another_one_carries_the_traffic(
    use: dict[str, bool],
) -> None:
    port = watched(use=use)
    port.run(2)
    assert port.asked == [0, 1, 2]
    expected = ASIDE if use == SILENT else OURS
    for _, frame in port.probes:
        assert frame[6:12] == frame[-6:] == expected
        assert frame[22:38] == ip6(link_local(expected))


def test_the_address_aside_is_nobody_elses_and_always_the_same() -> None:
    names = [f"e{number}" for number in range(200)]
    made = {address_aside(name, Mac(OURS)) for name in names}
    assert len(made) == 200
    assert made == {address_aside(name, Mac(OURS)) for name in names}
    assert made.isdisjoint({address_aside(name, Mac(THEIRS)) for name in names})
    assert all(it[0] & 3 == 2 for it in made)


def test_a_port_that_is_to_carry_traffic_asks_at_once_under_its_address() -> None:
    port = watched(use=SILENT)
    port.run(0.5)
    port.use(**ACTIVE)
    assert port.asked == [0, 0.5]
    assert port.probes[-1][1][6:12] == OURS


# Answers


def test_an_answer_counts_and_three_misses_are_borne() -> None:
    port = watched()
    port.hear(advertisement())
    port.run(5)
    assert port.changes == [
        (0, True, "fd00::1 answers"),
        (5, False, "4 probes in a row without an answer from fd00::1"),
    ]


GOOD = {
    "as Linux answers": advertisement(flags=0x60000000),
    "from another address of the neighbour": advertisement(source="fe80::1"),
    "a router's": advertisement(flags=0xE0000000),
    "without options": advertisement(options=b""),
    "with two options": advertisement(options=b"\x02\x01" + THEIRS + b"\x0e\x01" + bytes(6)),
    "with a long option": advertisement(options=b"\x02\x02" + bytes(14)),
    "padded": advertisement() + bytes(20),
    "with a priority": advertisement(tags=(0x8100E000,)),
    "under the address aside": advertisement(destination=link_local(ASIDE)),
}


@pytest.mark.parametrize("frame", GOOD.values(), ids=GOOD)
def test_a_true_answer_counts_whatever_options_it_has(frame: bytes) -> None:
    port = watched()
    port.hear(frame)
    assert port.up


BAD = {
    "nothing": b"",
    "a header": advertisement()[:14],
    "cut short": advertisement()[:-1],
    "a tag at its end": advertisement()[:12] + b"\x81\x00",
    "another target": advertisement("fd00::2"),
    "another target, from the right host": advertisement("fd00::2", source="fd00::1"),
    "from a router away": advertisement(hops=254),
    "unasked": advertisement(flags=0x20000000),
    "unasked, to all": advertisement(flags=0x20000000, destination="ff02::1"),
    "asked, to all": advertisement(destination="ff02::1"),
    "to another host": advertisement(destination="fe80::2"),
    "a wrong checksum": advertisement(wrong=1),
    "a code": advertisement(code=1),
    "a solicitation": advertisement(kind=SOLICITATION),
    "a router advertisement": advertisement(kind=134),
    "no ICMPv6": advertisement(following=17),
    "a header before it": advertisement(following=0),
    "version 4": advertisement(version=4),
    "a length beyond its end": advertisement(length=64),
    "a length within it": advertisement(length=24),
    "a length of nothing": advertisement(length=0),
    "an empty option": advertisement(options=b"\x02\x00" + THEIRS),
    "half an option": advertisement(options=b"\x02"),
    "an option beyond its end": advertisement(options=b"\x02\x02" + THEIRS),
    "in a VLAN": advertisement(tags=(0x81000005,)),
    "two tags": advertisement(tags=(0x81000000, 0x81000000)),
}


@pytest.mark.parametrize("frame", BAD.values(), ids=BAD)
def test_nothing_else_keeps_a_dead_link_up(frame: bytes) -> None:
    port = watched()
    port.hear(advertisement())
    for _ in range(50):
        port.run(0.1)
        port.hear(frame)
    assert not port.up
    assert port.changes[-1][0] == 5


def test_a_multicast_target_is_no_neighbour() -> None:
    """RFC 4861, 7.1.2."""
    assert nd.parse(advertisement("ff02::1", source="fd00::1")) is None


def test_only_advertisements_about_the_target_are_listened_to() -> None:
    port = watched()
    assert [(set(it.kinds), it.hosts) for it in port.listens] == [
        ({"nd"}, frozenset({ip6("fd00::1")}))
    ]


def test_a_name_is_asked_for_its_ipv6_address() -> None:
    port = watched(replace(PLAIN, target_host="gateway"))
    assert [(it.host.name, it.host.version) for it in port.resolves] == [("gateway", 6)]
    port.resolve("gateway", 6, "fd00::1")
    port.hear(advertisement())
    assert port.up
