"""A small validator of YANG data in JSON (RFC 7951), and what the modules in use have.

The tables are the data nodes of openconfig-lacp 2.2.0, openconfig-if-aggregate 2.4.6 and what of
openconfig-interfaces goes with it, and of ieee802-dot1ax-linkagg 2025-09-30 and ietf-interfaces.
A name has its module in front where that is not the module of the node around it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

#: Says what is wrong with a value; None when it is as the type wants it.
Type = Callable[[Any], str | None]


@dataclass(frozen=True)
class Nodes:
    """A container, or the entries of a list when there is a key."""

    children: dict[str, Nodes | Leaf]
    key: str | None = None


@dataclass(frozen=True)
class Leaf:
    """A leaf, or a leaf-list."""

    type: Type
    many: bool = False


def container(**children: Nodes | Leaf | Type) -> Nodes:
    return Nodes(_named(children))


def entries(key: str, **children: Nodes | Leaf | Type) -> Nodes:
    return Nodes(_named(children), key)


def _named(children: dict[str, Any]) -> dict[str, Nodes | Leaf]:
    return {
        name.replace("__", ":").replace("_", "-"): its
        if isinstance(its, Nodes | Leaf)
        else Leaf(its)
        for name, its in children.items()
    }


# Types and how JSON has them (RFC 7951, 6).


def number(least: int, most: int) -> Type:
    """A number of up to 32 bits."""

    def check(value: Any) -> str | None:
        good = type(value) is int and least <= value <= most
        return None if good else f"a number from {least} to {most}"

    return check


def uint64(value: Any) -> str | None:
    good = isinstance(value, str) and re.fullmatch("0|[1-9][0-9]*", value) and int(value) < 1 << 64
    return None if good else "a string with a number of 64 bits"


def boolean(value: Any) -> str | None:
    return None if isinstance(value, bool) else "true or false"


def text(value: Any) -> str | None:
    return None if isinstance(value, str) else "a string"


def pattern(wanted: str) -> Type:
    def check(value: Any) -> str | None:
        good = isinstance(value, str) and re.fullmatch(wanted, value)
        return None if good else f"a string like {wanted}"

    return check


def one_of(*names: str) -> Type:
    """An enumeration, or an identityref with its identities in full."""

    def check(value: Any) -> str | None:
        return None if value in names else f"one of {names}"

    return check


def bits(*names: str) -> Type:
    """The names of the bits that are set, in the order of their positions, a blank between."""

    def check(value: Any) -> str | None:
        good = isinstance(value, str) and value == " ".join(n for n in names if n in value.split())
        return None if good else f"some of {names}, in this order"

    return check


UINT8, UINT16, UINT32 = number(0, 0xFF), number(0, 0xFFFF), number(0, 0xFFFF_FFFF)
COLONS = pattern("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}")
#: ieee:mac-address; "the hexadecimal representation uses uppercase characters".
DASHES = pattern("[0-9A-F]{2}(-[0-9A-F]{2}){5}")
KIND = one_of("iana-if-type:ieee8023adLag", "iana-if-type:ethernetCsmacd", "iana-if-type:other")

# OpenConfig.

_MODE = one_of("ACTIVE", "PASSIVE")
_LACP_CONFIG: dict[str, Any] = {
    "name": text,
    "interval": one_of("FAST", "SLOW"),
    "lacp_mode": _MODE,
    "system_id_mac": COLONS,
    "fallback": boolean,
    "fallback_timeout": UINT16,
    "system_priority": UINT16,
}
_MEMBER_CONFIG: dict[str, Any] = {"interface": text, "port_priority": UINT16}
_MEMBER_STATE = container(
    **_MEMBER_CONFIG,
    activity=_MODE,
    timeout=one_of("LONG", "SHORT"),
    synchronization=one_of("IN_SYNC", "OUT_SYNC"),
    aggregatable=boolean,
    collecting=boolean,
    distributing=boolean,
    system_id=COLONS,
    oper_key=UINT16,
    partner_id=COLONS,
    partner_key=UINT16,
    port_num=UINT16,
    partner_port_num=UINT16,
    partner_port_priority=UINT16,
    last_change=uint64,
    counters=container(
        lacp_in_pkts=uint64,
        lacp_out_pkts=uint64,
        lacp_rx_errors=uint64,
        lacp_tx_errors=uint64,
        lacp_unknown_errors=uint64,
        lacp_errors=uint64,
        lacp_timeout_transitions=uint64,
    ),
)
_AGGREGATION_CONFIG: dict[str, Any] = {"lag_type": one_of("LACP", "STATIC"), "min_links": UINT16}
_OC_CONFIG: dict[str, Any] = {"name": text, "type": KIND, "mtu": UINT16}
_OC_STATUS = ("UP", "DOWN", "TESTING")
_LATER = ("UNKNOWN", "DORMANT", "NOT_PRESENT", "LOWER_LAYER_DOWN")
_ETHERNET = container(openconfig_if_aggregate__aggregate_id=text)

OPENCONFIG = container(
    openconfig_lacp__lacp=container(
        config=container(system_priority=UINT16),
        state=container(system_priority=UINT16),
        interfaces=container(
            interface=entries(
                "name",
                name=text,
                config=container(**_LACP_CONFIG),
                state=container(**_LACP_CONFIG),
                members=container(
                    member=entries(
                        "interface",
                        interface=text,
                        config=container(**_MEMBER_CONFIG),
                        state=_MEMBER_STATE,
                    )
                ),
            )
        ),
    ),
    openconfig_interfaces__interfaces=container(
        interface=entries(
            "name",
            name=text,
            config=container(**_OC_CONFIG),
            state=container(
                **_OC_CONFIG,
                ifindex=UINT32,
                admin_status=one_of(*_OC_STATUS),
                oper_status=one_of(*_OC_STATUS, *_LATER),
            ),
            openconfig_if_aggregate__aggregation=container(
                config=container(**_AGGREGATION_CONFIG),
                state=container(
                    **_AGGREGATION_CONFIG, lag_speed=UINT32, member=Leaf(text, many=True)
                ),
            ),
            openconfig_if_ethernet__ethernet=container(config=_ETHERNET, state=_ETHERNET),
        )
    ),
)

# IEEE 802.1AX.

_ADMIN = ("lacp-activity", "lacp-timeout", "aggregation")
_STATE = bits(*_ADMIN, "synchronization", "collecting", "distributing", "defaulted", "expired")
_KEY, _PORT = number(1, 65535), number(1, 65535)
_STATUS = ("up", "down", "testing")

IEEE = container(
    ieee802_dot1ax_linkagg__linkagg=container(
        agg_system=entries("name", name=text, actor_system=DASHES, actor_system_priority=UINT16),
        key_group=entries(
            "name",
            name=text,
            actor_admin_key=_KEY,
            agg_system_name=text,
            actor_protocol_da=one_of(
                "nearest-customer-bridge", "slow-protocols-multicast", "nearest-non-tpmr-bridge"
            ),
            collector_max_delay=UINT16,
            actor_admin_state=bits(*_ADMIN),
            partner_admin_system=DASHES,
            partner_admin_system_priority=UINT16,
            port_algorithm=one_of("ieee802-dot1ax-types:unspecified"),
            lags=Leaf(text, many=True),
            aggports=Leaf(text, many=True),
        ),
    ),
    ietf_interfaces__interfaces=container(
        interface=entries(
            "name",
            name=text,
            type=KIND,
            admin_status=one_of(*_STATUS),
            oper_status=one_of(*_STATUS, "unknown", "dormant", "not-present", "lower-layer-down"),
            if_index=number(1, (1 << 31) - 1),
            phys_address=COLONS,
            speed=uint64,
            statistics=container(
                ieee802_dot1ax_linkagg__lag_stats=container(unknown_protocol_frames=uint64),
                ieee802_dot1ax_linkagg__aggport_stats=container(
                    lacp_pdu_rx=uint64,
                    marker_pdu_rx=uint64,
                    marker_response_pdu_rx=uint64,
                    unknown_rx=uint64,
                    illegal_rx=uint64,
                    lacp_pdu_tx=uint64,
                    marker_pdu_tx=uint64,
                    marker_response_pdu_tx=uint64,
                ),
            ),
            ieee802_dot1ax_linkagg__lag=container(
                key_group_name=text,
                mac_address=DASHES,
                lacp=container(
                    actor_oper_key=UINT16,
                    partner_system=DASHES,
                    partner_system_priority=UINT16,
                    partner_oper_key=UINT16,
                    aggregate_or_individual=boolean,
                ),
            ),
            ieee802_dot1ax_linkagg__aggport=container(
                key_group_name=text,
                actor_port_number=_PORT,
                actor_port_priority=UINT16,
                partner_admin_key=_KEY,
                partner_admin_port=_PORT,
                partner_admin_port_priority=UINT16,
                partner_admin_state=bits(*_ADMIN, "synchronization"),
                wtr_time=number(0, 32767),
                wtr_revertive=boolean,
                lacp=container(
                    actor_lacp_version=UINT8,
                    actor_oper_key=UINT16,
                    actor_oper_state=_STATE,
                    partner_lacp_version=UINT8,
                    partner_oper_system_priority=UINT16,
                    partner_oper_system=DASHES,
                    partner_oper_key=UINT16,
                    partner_oper_port=UINT16,
                    partner_oper_port_priority=UINT16,
                    partner_oper_state=_STATE,
                    aggregate_or_individual=boolean,
                    wtr_waiting=boolean,
                ),
            ),
        )
    ),
)

#: Leaves that must be as one that stands elsewhere: leafrefs, with a path from the top for each.
_OC_INTERFACE = "openconfig-interfaces:interfaces/interface"
_LINKAGG = "ieee802-dot1ax-linkagg"
_IF = "ietf-interfaces:interfaces/interface"
REFERENCES: tuple[tuple[str, str], ...] = (
    ("openconfig-lacp:lacp/interfaces/interface/name", f"{_OC_INTERFACE}/name"),
    (
        "openconfig-lacp:lacp/interfaces/interface/members/member/interface",
        f"{_OC_INTERFACE}/name",
    ),
    (f"{_OC_INTERFACE}/openconfig-if-aggregate:aggregation/state/member", f"{_OC_INTERFACE}/name"),
    (
        f"{_OC_INTERFACE}/openconfig-if-ethernet:ethernet/state/openconfig-if-aggregate:aggregate-id",
        f"{_OC_INTERFACE}/name",
    ),
    (f"{_IF}/{_LINKAGG}:lag/key-group-name", f"{_LINKAGG}:linkagg/key-group/name"),
    (f"{_IF}/{_LINKAGG}:aggport/key-group-name", f"{_LINKAGG}:linkagg/key-group/name"),
    (f"{_LINKAGG}:linkagg/key-group/agg-system-name", f"{_LINKAGG}:linkagg/agg-system/name"),
    (f"{_LINKAGG}:linkagg/key-group/lags", f"{_IF}/name"),
    (f"{_LINKAGG}:linkagg/key-group/aggports", f"{_IF}/name"),
)


def findings(data: Any, schema: Nodes) -> list[str]:
    """What is wrong with a document."""
    return [*_nodes(data, schema, ""), *_references(data)]


def _nodes(data: Any, schema: Nodes, where: str) -> Iterator[str]:
    if not isinstance(data, dict):
        yield f"{where}: found {data!r}, expected an object"
        return
    for name, value in data.items():
        here = f"{where}/{name}"
        its = schema.children.get(name)
        if its is None:
            yield f"{here}: there is no such node"
        elif isinstance(its, Leaf):
            yield from _leaf(value, its, here)
        elif its.key is None:
            yield from _nodes(value, its, here)
        else:
            yield from _list(value, its, here)


def _leaf(value: Any, leaf: Leaf, where: str) -> Iterator[str]:
    values = value if leaf.many and isinstance(value, list) else [value]
    for each in values:
        expected = leaf.type(each)
        if expected is not None:
            yield f"{where}: found {each!r}, expected {expected}"
    if leaf.many and (not isinstance(value, list) or len(set(value)) < len(value)):
        yield f"{where}: found {value!r}, expected an array of different values"


def _list(value: Any, schema: Nodes, where: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{where}: found {value!r}, expected an array"
        return
    for entry in value:
        yield from _nodes(entry, schema, where)
    assert schema.key is not None
    keys = [entry.get(schema.key) for entry in value]
    if None in keys or len(set(keys)) < len(keys):
        yield f"{where}: found the keys {keys}, expected one for each, all different"
    for entry in value:
        config = entry.get("config")
        if config is not None and config.get(schema.key) != entry.get(schema.key):
            yield f"{where}: the key is {entry.get(schema.key)!r}, but not so in config"


def _references(data: Any) -> Iterator[str]:
    for one, other in REFERENCES:
        there = set(values(data, other))
        for value in values(data, one):
            if value not in there:
                yield f"{one}: found {value!r}, which {other} has not"


def values(data: Any, path: str) -> list[Any]:
    """All values at a path, whatever the entries of lists on the way."""
    found = [data]
    for name in path.split("/"):
        found = [each[name] for each in found if isinstance(each, dict) and name in each]
        found = [item for each in found for item in (each if isinstance(each, list) else [each])]
    return found
