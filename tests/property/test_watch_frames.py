"""Frames from anybody: none raises, and none counts that its specification does not let count.

The specifications here look at octets by their offsets, the code under test does not.
"""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from lacp.address import Mac
from lacp.backends.kinds import kind_of, wanted
from lacp.watch import arp as arp_codec
from lacp.watch import nd
from lacp.watch.nsna_ping import address_aside
from lacp.watch.options import ArpPingOptions, NsnaPingOptions
from tests.watch_frames import (
    BROADCAST,
    OURS,
    REPLY,
    REQUEST,
    SOLICITATION,
    THEIRS,
    advertisement,
    arp,
    checksum,
    ip4,
    ip6,
    link_local,
    mutated,
)
from tests.watched import Watched

HOSTS = ["192.168.23.1", "192.168.23.2", "192.168.23.3", "0.0.0.0"]
TARGET, SOURCE = HOSTS[:2]
TAGS = [(), (0x81000000,), (0x81000005,), (0x8100E005,), (0x88A80005,), (0x81000005, 0x81000005)]
USES = [(True, True), (True, False), (False, True), (False, False)]

seeds = st.randoms(use_true_random=False)
arps = st.builds(
    arp,
    st.sampled_from([REQUEST, REPLY, REPLY, 3]),
    st.sampled_from(HOSTS),
    st.sampled_from(HOSTS),
    source=st.sampled_from([OURS, THEIRS]),
    to=st.sampled_from([OURS, BROADCAST]),
    tags=st.sampled_from(TAGS),
)
advertisements = st.builds(
    advertisement,
    st.sampled_from(["fd00::1", "fd00::1", "fd00::2"]),
    destination=st.sampled_from(["", "", "ff02::1", "fe80::9"]),
    flags=st.sampled_from([0x60000000, 0x40000000, 0x20000000]),
    options=st.sampled_from([b"", b"\x02\x01" + THEIRS, b"\x02\x00" + THEIRS, bytes(8)]),
    hops=st.sampled_from([255, 255, 254]),
    kind=st.sampled_from([136, 136, SOLICITATION]),
    wrong=st.sampled_from([0, 0, 1]),
    tags=st.sampled_from(TAGS),
)


def untagged(frame: bytes, vlan: int) -> bytes | None:
    """The frame without its tag if it is in that VLAN, 0 being none; else None."""
    if frame[12:14] != b"\x81\x00":
        return frame if vlan == 0 else None
    return frame[:12] + frame[16:] if int.from_bytes(frame[14:16], "big") % 4096 == vlan else None


def may_count(frame: bytes, options: ArpPingOptions, enabled: bool, alone: bool) -> bool:
    """Whether this frame is a sign of the neighbour, as docs/link-watchers.md says it."""
    bare = untagged(frame, options.vlanid or 0)
    if bare is None or len(bare) < 42 or bare[12:20] != bytes.fromhex("0806000108000604"):
        return False
    operation = bare[20:22]
    if operation not in (b"\0\1", b"\0\2"):
        return False
    asks = enabled or alone or options.send_always
    hosts = bare[28:32] + bare[38:42]
    there, back = ip4(SOURCE) + ip4(TARGET), ip4(TARGET) + ip4(SOURCE)
    question = operation == b"\0\1" and hosts == there
    if asks and (question or bare[6:12] == OURS):
        return False
    if not (options.validate_active if enabled else options.validate_inactive):
        return True
    if operation == b"\0\2":
        return hosts == back
    return question or (hosts == back and alone and not enabled)


@given(
    frame=arps,
    chance=seeds,
    use=st.sampled_from(USES),
    validate=st.tuples(st.booleans(), st.booleans()),
    always=st.booleans(),
    vlan=st.sampled_from([None, 0, 5]),
)
def test_an_arp_frame_counts_when_its_specification_says_so(
    frame: bytes,
    chance: random.Random,
    use: tuple[bool, bool],
    validate: tuple[bool, bool],
    always: bool,
    vlan: int | None,
) -> None:
    options = ArpPingOptions(
        target_host=TARGET,
        source_host=SOURCE,
        validate_active=validate[0],
        validate_inactive=validate[1],
        send_always=always,
        vlanid=vlan,
    )
    enabled, alone = use
    for each in (frame, mutated(frame, chance)):
        port = Watched(options)
        port.use(enabled=enabled, alone=alone)
        port.carrier(True)
        port.hear(each)
        assert port.up is may_count(each, options, enabled, alone)
        # What counts must not be held back by what listens.
        if port.up:
            first = port.listens[0]
            assert wanted(each, frozenset(first.kinds), first.hosts)


def is_answer(frame: bytes) -> bool:
    """Whether this is a Neighbour Advertisement of fd00::1 that answers the port."""
    bare = untagged(frame, 0)
    if bare is None or bare[12:14] != b"\x86\xdd" or len(bare) < 78:
        return False
    packet = bare[14:]
    size = int.from_bytes(packet[4:6], "big")
    message = packet[40 : 40 + size]
    if packet[0] >> 4 != 6 or packet[6:8] != b"\x3a\xff" or not 24 <= size == len(message):
        return False
    if checksum(packet[8:24], packet[24:40], message) != 0:
        return False
    if message[:2] != bytes([136, 0]) or not message[4] & 0x40:
        return False
    rest = message[24:]
    while rest:
        if len(rest) < 2 or rest[1] == 0 or len(rest) < 8 * rest[1]:
            return False
        rest = rest[8 * rest[1] :]
    ours = [ip6(link_local(it)) for it in (OURS, address_aside("e0", Mac(OURS)))]
    return message[8:24] == ip6("fd00::1") and packet[24:40] in ours


@given(frame=advertisements, chance=seeds, use=st.sampled_from(USES))
def test_an_advertisement_counts_when_its_specification_says_so(
    frame: bytes, chance: random.Random, use: tuple[bool, bool]
) -> None:
    for each in (frame, mutated(frame, chance)):
        port = Watched(NsnaPingOptions(target_host="fd00::1"))
        port.use(enabled=use[0], alone=use[1])
        port.carrier(True)
        port.hear(each)
        assert port.up is is_answer(each)
        if port.up:
            first = port.listens[0]
            assert wanted(each, frozenset(first.kinds), first.hosts)


@given(frame=st.binary(max_size=200))
def test_no_octets_raise(frame: bytes) -> None:
    arp_codec.parse(frame)
    nd.parse(frame)
    kind_of(frame)
    port = Watched(ArpPingOptions(target_host=TARGET), NsnaPingOptions(target_host="fd00::1"))
    port.carrier(True)
    port.hear(frame)
    assert not port.up


@given(source=st.binary(min_size=6, max_size=6), target=st.binary(min_size=16, max_size=16))
def test_every_solicitation_has_a_true_checksum(source: bytes, target: bytes) -> None:
    frame = nd.solicitation(Mac(source), target)
    assert len(frame) == 86
    assert checksum(frame[22:38], frame[38:54], frame[54:]) == 0


@given(frame=st.one_of(arps, advertisements), chance=seeds)
def test_the_kind_of_a_frame_is_told_by_its_header(frame: bytes, chance: random.Random) -> None:
    each = mutated(frame, chance)
    bare = each[:12] + each[16:] if each[12:14] == b"\x81\x00" else each
    is_arp = bare[12:14] == b"\x08\x06" and bare[20:22] in (b"\0\1", b"\0\2")
    is_nd = bare[12:14] == b"\x86\xdd" and bare[20:21] == b"\x3a" and bare[54:55] == b"\x88"
    expected = "arp" if is_arp else "nd" if is_nd else None
    found = kind_of(each)
    assert found == expected or (found == "slow" and each[12:14] == b"\x88\x09")
