"""LAGs as data of OpenConfig: openconfig-lacp, and openconfig-if-aggregate in its interfaces.

All is operational state. `config` has the keys, which YANG wants there too, and of an aggregate
what the `when` of other leaves asks for. What a source does not know is left out.
"""

from __future__ import annotations

from collections.abc import Iterable

from lacp.info import PortState
from lacp.picture.formats.yang import (
    LAG_TYPE,
    Node,
    admin_status,
    common,
    counter,
    index,
    named_once,
    node,
    port_type,
    says,
    status,
    uint16,
    uint32,
    within,
)
from lacp.picture.model import End, LagView, PortView, SystemId

_AGGREGATE = "openconfig-if-aggregate"
#: States of the Receive machine in which the partner has timed out.
_TIMED_OUT = ("EXPIRED", "DEFAULTED")


def openconfig(lags: Iterable[LagView]) -> tuple[Node, list[str]]:
    """These LAGs as one document (RFC 7951), and a line for each that is not in it."""
    kept, left_out = named_once(lags)
    interfaces: dict[str, Node] = {lag.name: _aggregate(lag) for lag in kept}
    for lag in kept:
        for port in lag.ports:
            if port.name not in interfaces:
                interfaces[port.name] = _interface(port.name, port_type(lag, port), _link(port))
            _attach(interfaces[port.name], lag)
    lacp = [_lacp(lag) for lag in kept if lag.lacp]
    document = {
        "openconfig-interfaces:interfaces": {"interface": list(interfaces.values())},
        "openconfig-lacp:lacp": {"interfaces": {"interface": lacp}},
    }
    return document, left_out


# openconfig-interfaces and openconfig-if-aggregate.


def _interface(name: str, kind: str, state: Node) -> Node:
    return {
        "name": name,
        "config": {"name": name, "type": kind},
        "state": {"name": name, "type": kind, **state},
    }


def _aggregate(lag: LagView) -> Node:
    config = node(
        lag_type=None if lag.lacp is None else "LACP" if lag.lacp else "STATIC",
        min_links=uint16(lag.min_ports),
    )
    # Its `when`: of LAGs with LACP the members stand in openconfig-lacp.
    members = [port.name for port in lag.ports] if lag.lacp is False else None
    state = node(lag_speed=uint32(_speed(lag)), member=members)
    device = node(
        mtu=uint16(lag.mtu),
        ifindex=index(lag.ifindex),
        **_status(lag.admin_up, lag.up),
    )
    aggregation = node(config=config, state=config | state)
    return {
        **_interface(lag.name, LAG_TYPE, device),
        **within(_AGGREGATE, aggregation=aggregation),
    }


def _speed(lag: LagView) -> int | None:
    """Mb/s of the ports that distribute; None when one of them does not know its own."""
    speeds = [port.link.speed for port in lag.ports if port.distributing]
    if any(port.distributing is None for port in lag.ports) or None in speeds:
        return None
    return sum(speed for speed in speeds if speed is not None)


def _link(port: PortView) -> Node:
    return node(
        mtu=uint16(port.mtu),
        ifindex=index(port.ifindex),
        **_status(port.link.admin_up, port.link.up),
    )


def _status(admin_up: bool | None, up: bool | None) -> Node:
    admin = admin_status(admin_up)
    return node(
        admin_status=None if admin is None else admin.upper(), oper_status=status(up).upper()
    )


def _attach(interface: Node, lag: LagView) -> None:
    """Say in the interface of a port which LAG has it; one that is no Ethernet cannot say that."""
    if interface["config"]["type"].endswith(":other"):
        return
    its = {f"{_AGGREGATE}:aggregate-id": lag.name}
    interface.setdefault("openconfig-if-ethernet:ethernet", {"config": its, "state": its})


# openconfig-lacp.


def _lacp(lag: LagView) -> Node:
    actor = lag.actor
    fast = common(lag.ports, PortState.SHORT_TIMEOUT)
    active = common(lag.ports, PortState.ACTIVITY)
    state = node(
        name=lag.name,
        # What we ask the partner for, as switches have it.
        interval=None if fast is None else "FAST" if fast else "SLOW",
        lacp_mode=None if active is None else _mode(active),
        system_id_mac=_mac(actor),
        system_priority=None if actor is None else uint16(actor.system_priority),
        fallback=None if lag.fallback is None else lag.fallback != "none",
    )
    return {
        "name": lag.name,
        "config": {"name": lag.name},
        "state": state,
        "members": {"member": [_member(port) for port in lag.ports]},
    }


def _member(port: PortView) -> Node:
    actor, partner = port.actor or End(), port.partner or End()
    active, short = says(actor, PortState.ACTIVITY), says(actor, PortState.SHORT_TIMEOUT)
    in_sync = says(actor, PortState.SYNCHRONIZATION)
    state = node(
        interface=port.name,
        port_priority=uint16(actor.port_priority),
        activity=None if active is None else _mode(active),
        timeout=None if short is None else "SHORT" if short else "LONG",
        synchronization=None if in_sync is None else "IN_SYNC" if in_sync else "OUT_SYNC",
        aggregatable=says(actor, PortState.AGGREGATION),
        collecting=says(actor, PortState.COLLECTING),
        distributing=says(actor, PortState.DISTRIBUTING),
        system_id=_mac(actor),
        oper_key=uint16(actor.key),
        partner_id=_mac(partner),
        partner_key=uint16(partner.key),
        port_num=uint16(actor.port),
        partner_port_num=uint16(partner.port),
        partner_port_priority=uint16(partner.port_priority),
        last_change=counter(_last_timeout_change(port)),
        counters=_counters(port),
    )
    return {"interface": port.name, "config": {"interface": port.name}, "state": state}


def _mode(active: bool) -> str:
    return "ACTIVE" if active else "PASSIVE"


def _mac(end: End | SystemId | None) -> str | None:
    return None if end is None or end.system is None else str(end.system)


def _counters(port: PortView) -> Node:
    its = port.counters or {}
    return node(
        lacp_in_pkts=counter(its.get("lacpdus_rx")),
        lacp_out_pkts=counter(its.get("lacpdus_tx")),
        lacp_tx_errors=counter(its.get("tx_errors")),
        lacp_unknown_errors=counter(its.get("unknown_rx")),
        lacp_errors=counter(its.get("illegal_rx")),
    )


def _last_timeout_change(port: PortView) -> int | None:
    """When the partner last timed out, or came back, in ns since the epoch, if the history says."""
    for change in reversed(port.history or ()):
        moved = (change.old, change.new)
        if (
            change.machine == "receive"
            and change.time is not None
            and "CURRENT" in moved
            and any(state in _TIMED_OUT for state in moved)
        ):
            return _nanoseconds(change.time)
    return None


def _nanoseconds(time: str) -> int | None:
    from datetime import datetime

    try:
        seconds = datetime.fromisoformat(time).timestamp()
    except ValueError:
        return None
    # A text has milliseconds; a float has not all the digits of nanoseconds.
    return round(seconds * 1000) * 1_000_000
