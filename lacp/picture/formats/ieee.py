"""LAGs as data of IEEE 802.1AX: ieee802-dot1ax-linkagg, and the interfaces that it augments.

Revision 2025-09-30 (802.1AX-2020 with 802.1AXdz). It is about LACP: other LAGs are left out, and so
is every leaf that a source does not know. Names of systems and key groups are made up, as they
are for whoever configures them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from lacp.address import Mac
from lacp.info import PortState
from lacp.picture.formats.yang import (
    LAG_TYPE,
    PORT_TYPE,
    Node,
    admin_status,
    common,
    counter,
    index,
    named_once,
    node,
    says,
    status,
    uint16,
    within,
)
from lacp.picture.model import End, LagView, PortView, SystemId

_LINKAGG = "ieee802-dot1ax-linkagg"
_ACTIVITY, _TIMEOUT = PortState.ACTIVITY, PortState.SHORT_TIMEOUT
_AGGREGATION = PortState.AGGREGATION
#: The bits of lacp-state, in the order of their positions.
_BITS = (
    (_ACTIVITY, "lacp-activity"),
    (_TIMEOUT, "lacp-timeout"),
    (_AGGREGATION, "aggregation"),
    (PortState.SYNCHRONIZATION, "synchronization"),
    (PortState.COLLECTING, "collecting"),
    (PortState.DISTRIBUTING, "distributing"),
    (PortState.DEFAULTED, "defaulted"),
    (PortState.EXPIRED, "expired"),
)
#: The state of the Mux machine in which a port waits to be restored (edition 2020).
_WAITS_TO_RESTORE = "ATTACHED_WTR"
#: Seconds, as the type has it.
_LONGEST_WAIT = 32767


def ieee(lags: Iterable[LagView]) -> tuple[Node, list[str]]:
    """These LAGs as one document (RFC 7951), and a line for each that is not in it."""
    kept, left_out = named_once(lags)
    why = {False: "it speaks no LACP", None: "not known to speak LACP"}
    left_out += [f"{lag.name} is left out: {why[lag.lacp]}" for lag in kept if not lag.lacp]
    kept = [lag for lag in kept if lag.lacp]
    interfaces = {lag.name: _aggregator(lag) for lag in kept}
    for lag in kept:
        for port in lag.ports:
            its = interfaces.setdefault(port.name, _interface(port))
            _aggregate(its, lag, port)
    systems = {_system_name(lag.actor): _system(lag.actor) for lag in kept if lag.actor}
    linkagg: Node = {
        "agg-system": [system for name, system in systems.items() if name is not None],
        "key-group": _key_groups(kept),
    }
    document = {
        "ietf-interfaces:interfaces": {"interface": list(interfaces.values())},
        f"{_LINKAGG}:linkagg": linkagg,
    }
    return document, left_out


# Systems and key groups. lacpd has one of the latter for each LAG, and so has everybody else.


def _system_name(actor: SystemId | None) -> str | None:
    if actor is None or actor.system is None or actor.system_priority is None:
        return None
    return f"{actor.system_priority}-{_mac(actor.system)}"


def _system(actor: SystemId) -> Node:
    return node(
        name=_system_name(actor),
        actor_system=_mac(actor.system),
        actor_system_priority=uint16(actor.system_priority),
    )


def _key_groups(lags: list[LagView]) -> list[Node]:
    keys = {lag.name: _admin_key(lag) for lag in lags}
    told = Counter(keys.values())
    # No two groups may say the same one.
    own = {name: key for name, key in keys.items() if told[key] == 1}
    return [_key_group(lag, own.get(lag.name)) for lag in lags]


def _key_group(lag: LagView, key: int | None) -> Node:
    return node(
        name=lag.name,
        actor_admin_key=key,
        agg_system_name=_system_name(lag.actor),
        collector_max_delay=uint16(_number(lag.settings.get("collector_max_delay"))),
        actor_admin_state=_admin_state(lag),
        lags=[lag.name],
        aggports=[port.name for port in lag.ports],
    )


def _admin_key(lag: LagView) -> int | None:
    """The key that the ports were given; one of 0, as lacpd has by default, YANG does not take."""
    keys = {_number(port.settings.get("lacp_key")) for port in lag.ports}
    return uint16(keys.pop(), least=1) if len(keys) == 1 else None


def _admin_state(lag: LagView) -> str | None:
    """The bits that administration sets: they are in force as they were set."""
    said = {name: common(lag.ports, bit) for bit, name in _BITS[:3]}
    if None in said.values():
        return None
    return " ".join(name for name, on in said.items() if on)


# Interfaces.


def _aggregator(lag: LagView) -> Node:
    lacp = node(
        actor_oper_key=None if lag.actor is None else uint16(lag.actor.key),
        aggregate_or_individual=_aggregates(lag),
        **_partner_of(lag),
    )
    its = node(key_group_name=lag.name, mac_address=_mac(lag.address), lacp=lacp)
    return node(
        name=lag.name,
        type=LAG_TYPE,
        admin_status=admin_status(lag.admin_up),
        oper_status=status(lag.up),
        if_index=index(lag.ifindex),
        phys_address=None if lag.address is None else str(lag.address),
    ) | within(_LINKAGG, lag=its)


def _partner_of(lag: LagView) -> Node:
    """Who the partner of a LAG is; zeros say that it is known that there is none."""
    partner = lag.partner
    if partner is None:
        return {}
    return {
        "partner_system": _mac(partner.system),
        "partner_system_priority": uint16(partner.system_priority),
        "partner_oper_key": uint16(partner.key),
    }


def _aggregates(lag: LagView) -> bool | None:
    """Whether the LAG is an Aggregate, and not an Individual link; None when no port says."""
    attached = [
        _aggregatable(port)
        for port in lag.ports
        if port.aggregator is not None and port.aggregator == lag.aggregator
    ]
    return None if not attached or None in attached else all(attached)


def _interface(port: PortView) -> Node:
    return node(
        name=port.name,
        type=PORT_TYPE,
        admin_status=admin_status(port.link.admin_up),
        oper_status=status(port.link.up),
        if_index=index(port.ifindex),
        phys_address=None if port.address is None else str(port.address),
        speed=counter(None if port.link.speed is None else port.link.speed * 1_000_000),
    )


def _aggregate(interface: Node, lag: LagView, port: PortView) -> None:
    """Say in the interface of a port what it is to the LAG."""
    actor, partner = port.actor or End(), port.partner or End()
    lacp = node(
        actor_oper_key=uint16(actor.key),
        actor_oper_state=_bits(actor),
        partner_oper_system_priority=uint16(partner.system_priority),
        partner_oper_system=_mac(partner.system),
        partner_oper_key=uint16(partner.key),
        partner_oper_port=uint16(partner.port),
        partner_oper_port_priority=uint16(partner.port_priority),
        partner_oper_state=_bits(partner),
        aggregate_or_individual=_aggregatable(port),
        wtr_waiting=_waits(lag, port),
    )
    its = node(
        key_group_name=lag.name,
        actor_port_number=uint16(actor.port, least=1),
        actor_port_priority=uint16(actor.port_priority),
        wtr_time=_wtr_time(lag),
        wtr_revertive=_revertive(lag),
        lacp=lacp,
    )
    interface.update(within(_LINKAGG, aggport=its))
    stats = within(_LINKAGG, aggport_stats=_stats(port))
    if stats:
        interface["statistics"] = stats


def _aggregatable(port: PortView) -> bool | None:
    """Whether both ends let the port be one of several."""
    ends = (says(port.actor, _AGGREGATION), says(port.partner, _AGGREGATION))
    return False if False in ends else None if None in ends else True


def _waits(lag: LagView, port: PortView) -> bool | None:
    if not _restores(lag) or port.machines is None or port.machines.mux is None:
        return None
    return port.machines.mux == _WAITS_TO_RESTORE


def _wtr_time(lag: LagView) -> int | None:
    """Whole seconds."""
    wait = lag.settings.get("wait_to_restore")
    if not _restores(lag) or not isinstance(wait, int | float) or not 0 <= wait <= _LONGEST_WAIT:
        return None
    return round(wait)


def _revertive(lag: LagView) -> bool | None:
    revertive = lag.settings.get("revertive")
    return revertive if _restores(lag) and isinstance(revertive, bool) else None


def _restores(lag: LagView) -> bool:
    """Whether the Mux machine is one that waits to restore."""
    return lag.edition == "2020"


def _stats(port: PortView) -> Node:
    its = port.counters or {}
    return node(
        lacp_pdu_rx=counter(its.get("lacpdus_rx")),
        marker_pdu_rx=counter(its.get("marker_pdus_rx")),
        marker_response_pdu_rx=counter(its.get("marker_response_pdus_rx")),
        unknown_rx=counter(its.get("unknown_rx")),
        illegal_rx=counter(its.get("illegal_rx")),
        lacp_pdu_tx=counter(its.get("lacpdus_tx")),
        marker_pdu_tx=counter(its.get("marker_pdus_tx")),
        marker_response_pdu_tx=counter(its.get("marker_response_pdus_tx")),
    )


# Types.


def _mac(address: Mac | None) -> str | None:
    """As IEEE writes it: 02-00-00-00-00-0A."""
    return None if address is None else address.hex("-").upper()


def _bits(end: End) -> str | None:
    """The names of the bits that are set, in the order of their positions (RFC 7951, 6.5)."""
    if end.state is None:
        return None
    return " ".join(name for bit, name in _BITS if bit in end.state)


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
