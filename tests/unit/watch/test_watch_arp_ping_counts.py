"""Which frames count for arp_ping, with validation and without."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lacp.watch.options import ArpPingOptions
from tests.unit.watch.arp_pings import (
    ACTIVE,
    ANSWER,
    GREETING,
    LOOKING,
    PLAIN,
    QUESTION,
    SILENT,
    watched,
)
from tests.watch_frames import BROADCAST, OURS, REPLY, REQUEST, THEIRS, arp

STRICT = replace(PLAIN, validate_active=True, validate_inactive=True)
#: What a fellow of the port sends.
FELLOW = arp(REQUEST, "192.168.23.2", "192.168.23.1", source=THEIRS, to=BROADCAST)


# What counts: without validation


@pytest.mark.parametrize("use", [ACTIVE, SILENT, LOOKING])
@pytest.mark.parametrize(
    "frame",
    [
        ANSWER,
        GREETING,
        arp(REPLY, "10.9.9.9", "10.9.9.8"),
        arp(REQUEST, "10.9.9.9", "10.9.9.9", to=BROADCAST),
        ANSWER + bytes(18),
    ],
    ids=["answer", "greeting", "foreign", "gratuitous", "padded"],
)
def test_without_validation_any_arp_counts(use: dict[str, bool], frame: bytes) -> None:
    port = watched(PLAIN, use)
    port.hear(frame)
    assert port.up


@pytest.mark.parametrize("use", [ACTIVE, LOOKING])
@pytest.mark.parametrize("own", [QUESTION, FELLOW, arp(source=OURS)])
def test_a_port_that_asks_does_not_believe_its_own_kind(use: dict[str, bool], own: bytes) -> None:
    port = watched(PLAIN, use)
    port.hear(own)
    assert not port.up


@pytest.mark.parametrize("own", [QUESTION, FELLOW])
@pytest.mark.parametrize("options", [PLAIN, STRICT])
def test_a_silent_port_hears_the_questions_of_the_one_that_asks(
    options: ArpPingOptions, own: bytes
) -> None:
    port = watched(options, SILENT)
    port.hear(own)
    assert port.up


BAD_FRAMES = {
    "nothing": b"",
    "a header": ANSWER[:14],
    "cut short": ANSWER[:-1],
    "a tag at its end": ANSWER[:12] + b"\x81\x00",
    "long addresses": arp(lengths=(8, 4)),
    "IPv6 lengths": arp(lengths=(6, 16)),
    "token ring": arp(hardware=6),
    "no IPv4": arp(protocol=0x86DD),
    "RARP": arp(ethertype=0x8035),
    "another operation": arp(3),
    "operation 0": arp(0),
    "another VLAN": arp(tags=(0x81000005,)),
    "two tags": arp(tags=(0x81000000, 0x81000000)),
    "a service tag": arp(tags=(0x88A80000,)),
}


@pytest.mark.parametrize("use", [ACTIVE, SILENT, LOOKING])
@pytest.mark.parametrize("frame", BAD_FRAMES.values(), ids=BAD_FRAMES)
def test_what_is_no_arp_for_us_never_counts(use: dict[str, bool], frame: bytes) -> None:
    port = watched(PLAIN, use)
    port.hear(frame)
    assert not port.up


# What counts: with validation


@pytest.mark.parametrize("use", [ACTIVE, SILENT, LOOKING])
@pytest.mark.parametrize("frame", [ANSWER, ANSWER + bytes(18), arp(tags=(0x8100E000,))])
def test_with_validation_the_answer_counts(use: dict[str, bool], frame: bytes) -> None:
    port = watched(STRICT, use)
    port.hear(frame)
    assert port.up


ATTACKS = {
    "gratuitous reply": arp(REPLY, "192.168.23.1", "192.168.23.1", to=BROADCAST),
    "gratuitous request": arp(REQUEST, "192.168.23.1", "192.168.23.1", to=BROADCAST),
    "another sender": arp(REPLY, "192.168.23.3", "192.168.23.2"),
    "to another host": arp(REPLY, "192.168.23.1", "192.168.23.3"),
    "fields exchanged": arp(REPLY, "192.168.23.2", "192.168.23.1"),
    "from us": arp(REPLY, "192.168.23.1", "192.168.23.2", source=OURS),
    "a reply of ourselves": arp(REPLY, "192.168.23.2", "192.168.23.2"),
    "a request of another host": arp(REQUEST, "192.168.23.9", "192.168.23.1", to=BROADCAST),
    "in a VLAN": arp(tags=(0x81000005,)),
    "another operation": arp(4),
}


@pytest.mark.parametrize("frame", ATTACKS.values(), ids=ATTACKS)
def test_no_other_arp_keeps_a_dead_link_up(frame: bytes) -> None:
    port = watched(STRICT, ACTIVE)
    port.hear(ANSWER)
    for _ in range(50):
        port.run(0.1)
        port.hear(frame)
    assert not port.up
    assert port.changes[-1][0] == 5


@pytest.mark.parametrize("frame", ATTACKS.values(), ids=ATTACKS)
def test_nor_a_dead_link_that_is_silent(frame: bytes) -> None:
    port = watched(STRICT, SILENT)
    if frame != ATTACKS["from us"]:
        port.hear(frame)
    assert not port.up


def test_a_request_of_the_neighbour_is_no_answer_once_a_port_is_used() -> None:
    port = watched(STRICT, ACTIVE)
    port.hear(GREETING)
    assert not port.up
    port.use(**SILENT)
    port.hear(GREETING)
    assert not port.up


def test_two_teams_that_ask_each_other_begin_with_their_questions() -> None:
    """Neither kernel answers before its team has a port, and a port must hear an answer."""
    port = watched(STRICT, LOOKING)
    port.hear(GREETING)
    assert port.up


@pytest.mark.parametrize(
    ("use", "options", "believed"),
    [
        (ACTIVE, replace(PLAIN, validate_active=True), False),
        (ACTIVE, replace(PLAIN, validate_inactive=True), True),
        (SILENT, replace(PLAIN, validate_active=True), True),
        (SILENT, replace(PLAIN, validate_inactive=True), False),
    ],
)
def test_validation_is_of_ports_that_carry_traffic_or_of_the_others(
    use: dict[str, bool], options: ArpPingOptions, believed: bool
) -> None:
    port = watched(options, use)
    port.hear(ATTACKS["another sender"])
    assert port.up is believed


@pytest.mark.parametrize(
    ("tags", "counts"), [((0x81000005,), True), ((0x8100A005,), True), ((), False), ((1,), False)]
)
def test_in_a_vlan_only_its_frames_count(tags: tuple[int, ...], counts: bool) -> None:
    port = watched(replace(PLAIN, vlanid=5), ACTIVE)
    port.hear(arp(tags=tags), arp(tags=(0x81000006,)))
    assert port.up is counts
