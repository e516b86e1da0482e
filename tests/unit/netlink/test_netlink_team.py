"""Messages of the kernel's team driver, from octets that one has sent (Linux 6.1)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink import genlmsg, nla

from lacp.netlink.codec import HEADER, attribute, attributes, messages
from lacp.netlink.team import (
    Key,
    Options,
    Value,
    octets_sent,
    read_options,
    set_request,
)

pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="the octets are little-endian")

CAPTURED: dict[str, Any] = json.loads(
    (Path(__file__).parent / "captured" / "team_messages.json").read_text()
)
DEVICE, PORT = CAPTURED["device"], CAPTURED["port"]
EVENTS = ("mode_set", "port_joined", "port_options_set", "port_left", "statistics")

ENABLED = Key("enabled", PORT)
PRIORITY = Key("priority", PORT)


def captured(name: str) -> list[bytes]:
    found = CAPTURED[name]
    return [bytes.fromhex(one) for one in (found if isinstance(found, list) else [found])]


def options(name: str) -> list[Options]:
    return [found for one in captured(name) if (found := read_options(one))]


# The family as pyroute2 wants it declared (linux/if_team.h), for a second opinion.


def declared(name: str, base: type, types: list[tuple[str, str]], **inner: type) -> type:
    """A class of messages, or of attributes inside them."""
    return type(name, (base,), {"__slots__": (), "nla_map": tuple(types), **inner})


OptionItem = declared(
    "OptionItem",
    nla,
    [
        ("TEAM_ATTR_OPTION_UNSPEC", "none"),
        ("TEAM_ATTR_OPTION_NAME", "asciiz"),
        ("TEAM_ATTR_OPTION_CHANGED", "flag"),
        ("TEAM_ATTR_OPTION_TYPE", "uint8"),
        # Its form depends on the type beside it.
        ("TEAM_ATTR_OPTION_DATA", "cdata"),
        ("TEAM_ATTR_OPTION_REMOVED", "flag"),
        ("TEAM_ATTR_OPTION_PORT_IFINDEX", "uint32"),
        ("TEAM_ATTR_OPTION_ARRAY_INDEX", "uint32"),
    ],
)
OptionList = declared(
    "OptionList",
    nla,
    [("TEAM_ATTR_ITEM_OPTION_UNSPEC", "none"), ("TEAM_ATTR_ITEM_OPTION", "item")],
    item=OptionItem,
)
TeamMessage: Any = declared(
    "TeamMessage",
    genlmsg,
    [
        ("TEAM_ATTR_UNSPEC", "none"),
        ("TEAM_ATTR_TEAM_IFINDEX", "uint32"),
        ("TEAM_ATTR_LIST_OPTION", "options"),
    ],
    options=OptionList,
)


def theirs(octets: bytes) -> tuple[int, list[Any]]:
    """The device, and the options in order."""
    message = TeamMessage(octets)
    message.decode()
    listed = message.get_attr("TEAM_ATTR_LIST_OPTION")
    items = listed.get_attrs("TEAM_ATTR_ITEM_OPTION") if listed is not None else []
    return message.get_attr("TEAM_ATTR_TEAM_IFINDEX"), items


# Options


def test_a_request_is_what_the_kernel_took() -> None:
    wanted: list[tuple[Key, Value]] = [
        (Key("activeport"), PORT),
        (PRIORITY, -10),
        (ENABLED, True),
    ]
    assert set_request(DEVICE, wanted) == captured("set_request")[0]


def test_all_options_of_a_device() -> None:
    (found,) = options("all_options")
    assert found == Options(
        DEVICE,
        {
            Key("mode"): "activebackup",
            Key("notify_peers_count"): 2,
            Key("notify_peers_interval"): 0,
            Key("mcast_rejoin_count"): 0,
            Key("mcast_rejoin_interval"): 0,
            Key("activeport"): PORT,
            ENABLED: False,
            Key("user_linkup", PORT): False,
            Key("user_linkup_enabled", PORT): False,
            PRIORITY: -10,
            Key("queue_id", PORT): 0,
        },
        frozenset(),
    )


def test_options_that_were_set_are_announced_one_by_one() -> None:
    assert [found.values for found in options("port_options_set")] == [
        {Key("activeport"): PORT},
        {PRIORITY: -10},
        {ENABLED: False},
    ]


def test_a_port_that_leaves_takes_its_options_along() -> None:
    (found,) = options("port_left")
    assert found.values == {Key("activeport"): 0}
    assert {key.port for key in found.removed} == {PORT}
    assert {"enabled", "priority"} <= {key.name for key in found.removed}


def test_statistics_are_octets_by_hash() -> None:
    (found,) = options("statistics")
    (sent,) = (value for key, value in found.values.items() if key.name == "lb_hash_stats")
    # Five frames of 60 octets.
    assert octets_sent(sent) == 300


def test_what_says_nothing_of_options_is_none() -> None:
    kinds = [HEADER.unpack_from(one)[1] for one in captured("mode_set")]
    done = [one for one, kind in zip(captured("mode_set"), kinds, strict=True) if kind == 3]
    assert done
    assert [read_options(one) for one in done] == [None] * len(done)
    # A port, and DONE.
    assert [read_options(one) for one in captured("port_joined")[:2]] == [None, None]


@pytest.mark.parametrize("name", [*EVENTS, "all_options"])
def test_reading_by_hand_says_what_pyroute2_says(name: str) -> None:
    for octets in captured(name):
        mine = read_options(octets)
        if mine is None:
            continue
        device, items = theirs(octets)
        assert device == mine.device
        found = {}
        for item in items:
            name, port, place = (
                item.get_attr(f"TEAM_ATTR_OPTION_{field}")
                for field in ("NAME", "PORT_IFINDEX", "ARRAY_INDEX")
            )
            found[Key(name, port or 0, place or 0)] = item
        assert found.keys() == mine.values.keys() | mine.removed
        for key, value in mine.values.items():
            data = found[key].get_attr("TEAM_ATTR_OPTION_DATA")
            match value:
                case bool():
                    assert value is (data is not None)
                case int():
                    assert value == int.from_bytes(data, "little", signed=value < 0)
                case str():
                    assert value.encode() + b"\0" == data
                case bytes():
                    assert value == data


def test_a_member_of_an_array_has_its_place() -> None:
    request = set_request(5, [(Key("lb_tx_hash_to_port_mapping", 0, 0), 7)])
    # Read as if the kernel had said it.
    header = HEADER.pack(HEADER.size + len(request), 30, 0, 0, 0)
    said = read_options(header + bytes([2]) + request[1:])
    assert said == Options(5, {Key("lb_tx_hash_to_port_mapping"): 7}, frozenset())
    assert (8, 7) in {(len(value) + 4, kind) for kind, value in _items(request)}


def _items(request: bytes) -> Iterator[tuple[int, bytes]]:
    """The attributes of the first option in a request."""
    (listed,) = (value for kind, value in attributes(request[4:]) if kind == 2)
    (item,) = (value for kind, value in attributes(listed) if kind == 1)
    return attributes(item)


def test_a_value_of_another_type_is_a_bug() -> None:
    with pytest.raises(TypeError, match="7 is no BOOL"):
        set_request(1, [(ENABLED, 7)])


def test_octets_that_make_no_sense_end_the_attributes() -> None:
    whole = captured("all_options")[0][20:]
    for end in range(len(whole)):
        assert sum(4 + len(value) for _, value in attributes(whole[:end])) <= end
    assert list(attributes(b"\0\0\1\0")) == []
    assert list(messages(b"\0" * 40)) == []


@given(
    st.lists(
        st.dictionaries(st.integers(0, 8), st.binary(max_size=9)).map(
            lambda item: b"".join(attribute(kind, value) for kind, value in item.items())
        )
    ),
    st.binary(max_size=6),
)
def test_no_octets_of_the_kernel_raise(items: list[bytes], device: bytes) -> None:
    listed = attribute(2, b"".join(attribute(1, item) for item in items))
    body = bytes([2, 1, 0, 0]) + attribute(1, device) + listed
    found = read_options(HEADER.pack(16 + len(body), 30, 0, 0, 0) + body)
    assert found is not None
    assert len(found.values) + len(found.removed) <= len(items)
