"""Every family of metrics that is made of the model, in the order in which they are served."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lacp.info import PortState
from lacp.picture.metrics.family import (
    Family,
    Kind,
    Observed,
    Sample,
    count,
    counter,
    gauge,
    info,
    number,
    of_both,
    of_lag,
    of_port,
)
from lacp.picture.model import End, LagView, PortView


def _flags(end: End | None) -> Iterator[Sample]:
    if end is not None and end.state is not None:
        for flag, name in _FLAGS:
            yield (name,), float(flag & end.state == flag)


_FLAGS = tuple((int(flag), str(flag.name).lower()) for flag in PortState)

_RECEIVE = (
    "INITIALIZE",
    "PORT_DISABLED",
    "LACP_DISABLED",
    "EXPIRED",
    "DEFAULTED",
    "CURRENT",
)
_INDEPENDENT = ("DETACHED", "WAITING", "ATTACHED", "COLLECTING", "DISTRIBUTING")
_COUPLED = ("DETACHED", "WAITING", "ATTACHED", "COLLECTING_DISTRIBUTING")
_RESTORE = (
    "DETACHED",
    "ATTACH",
    "ATTACHED_WTR",
    "ATTACHED",
    "COLLECTING",
    "COLLECTING_DISTRIBUTING",
)


def _mux_states(lag: LagView) -> tuple[str, ...]:
    """The states of the Mux machine in this edition, with this control."""
    if lag.edition == "2020":
        return _RESTORE
    return _COUPLED if lag.control == "coupled" else _INDEPENDENT


def _machines(lag: LagView, port: PortView) -> Iterator[Sample]:
    machines = port.machines
    if machines is None:
        return
    for machine, states, its in (
        ("receive", _RECEIVE, machines.receive),
        ("mux", _mux_states(lag), machines.mux),
    ):
        if its is not None:
            for state in states:
                yield (machine, state), float(state == its)


def _churned(_: LagView, port: PortView) -> Iterator[Sample]:
    machines = port.machines
    if machines is None:
        return
    for end, state in (("actor", machines.actor_churn), ("partner", machines.partner_churn)):
        if state is not None:
            yield (end,), float(state == f"{end.upper()}_CHURN")


def _partner(_: LagView, port: PortView) -> Iterator[Sample]:
    its = port.partner
    if its is not None and its.known:
        yield from info(its.system, its.system_priority, its.key, its.port, its.port_priority)


def _lag_info(seen: Observed) -> Iterator[Sample]:
    lag = seen.lag
    its = lag.actor
    who = (None, None, None) if its is None else (its.system, its.system_priority, its.key)
    yield from info(lag.name, lag.source, lag.mode, lag.dataplane, lag.edition, *who)


def _lag_partner(seen: Observed) -> Iterator[Sample]:
    its = seen.lag.partner
    if its is not None and its.known:
        yield from info(seen.lag.name, its.system, its.system_priority, its.key)


def _findings(seen: Observed) -> Iterator[Sample]:
    """One for each finding. Two of a kind at one place are one: a name has a sample once."""
    said = {(each.port or "", each.code, str(each.gravity)) for each in seen.findings}
    for port, code, gravity in sorted(said):
        yield (seen.lag.name, port, code, gravity), 1.0


def _problems(seen: Observed) -> Iterator[Sample]:
    found = seen.problems()
    for port in seen.lag.ports:
        yield (seen.lag.name, port.name), float(found[port.name])


def _speed(port: PortView) -> float | None:
    return None if port.link.speed is None else port.link.speed * 1e6


def _is(selected: str) -> Callable[[PortView], float | None]:
    return lambda port: None if port.selected is None else port.selected == selected


FAMILIES: tuple[Family, ...] = (
    of_lag("lacp_lag_up", "Whether the LAG has carrier.", lambda lag: lag.up),
    of_lag(
        "lacp_lag_admin_up",
        "Whether the device is administratively up; absent without a device.",
        lambda lag: lag.admin_up,
    ),
    of_lag("lacp_lag_ports", "Ports of the LAG.", lambda lag: lag.total_ports),
    of_lag("lacp_lag_active_ports", "Ports that distribute.", lambda lag: lag.active_ports),
    of_lag(
        "lacp_lag_min_ports",
        "With fewer active ports the LAG has no carrier.",
        lambda lag: lag.min_ports,
    ),
    of_lag(
        "lacp_lag_max_ports",
        "Ports beyond this number stand by; absent without a limit.",
        lambda lag: lag.max_ports,
    ),
    Family(
        "lacp_lag_problems",
        "Findings about the LAG as a whole.",
        Kind.GAUGE,
        ("lag",),
        lambda seen: [((seen.lag.name,), float(seen.problems()[None]))],
    ),
    Family(
        "lacp_lag_info",
        "What the LAG is, and our end of it.",
        Kind.INFO,
        ("lag", "source", "mode", "dataplane", "edition", "system", "system_priority", "key"),
        _lag_info,
    ),
    Family(
        "lacp_lag_partner_info",
        "Who the partner of the LAG is; absent without one.",
        Kind.INFO,
        ("lag", "partner_system", "partner_system_priority", "partner_key"),
        _lag_partner,
    ),
    Family(
        "lacp_finding",
        "What is found wrong or odd, as lacpctl explain says it: 1, absent when it is over.",
        Kind.GAUGE,
        ("lag", "port", "code", "gravity"),
        _findings,
    ),
    gauge("lacp_port_link_up", "Whether the link is up.", lambda port: port.link.up),
    gauge(
        "lacp_port_admin_up",
        "Whether the interface is administratively up.",
        lambda port: port.link.admin_up,
    ),
    gauge("lacp_port_speed_bits_per_second", "Speed of the link.", _speed),
    gauge(
        "lacp_port_usable",
        "Whether the link watchers take the port for usable.",
        lambda port: port.usable,
    ),
    gauge(
        "lacp_port_collecting",
        "Whether user frames are taken from the port.",
        lambda port: port.collecting,
    ),
    gauge(
        "lacp_port_distributing",
        "Whether user frames are given to the port.",
        lambda port: port.distributing,
    ),
    gauge(
        "lacp_port_selected",
        "Whether the port is SELECTED for its aggregator.",
        _is("SELECTED"),
    ),
    gauge("lacp_port_standby", "Whether the port is in STANDBY.", _is("STANDBY")),
    of_port(
        "lacp_port_actor_state",
        "The bits of our state octet (802.1AX, 6.4.2.3).",
        lambda _, port: _flags(port.actor),
        "flag",
    ),
    of_port(
        "lacp_port_partner_state",
        "The bits of the partner's state octet, as recorded.",
        lambda _, port: _flags(port.partner),
        "flag",
    ),
    of_port(
        "lacp_port_machine_state",
        "1 for the state that the machine is in, 0 for its others.",
        _machines,
        "machine",
        "state",
    ),
    of_port(
        "lacp_port_churned",
        "Whether the end is out of sync for more than 60 s.",
        _churned,
        "end",
    ),
    gauge(
        "lacp_port_last_lacpdu_age_seconds",
        "Seconds since the last LACPDU came; absent when none ever did.",
        lambda port: port.last_rx_age,
    ),
    Family(
        "lacp_port_problems",
        "Findings about the port.",
        Kind.GAUGE,
        ("lag", "port"),
        _problems,
    ),
    of_port(
        "lacp_port_partner_info",
        "Who is recorded as the partner; absent when nobody is.",
        _partner,
        "partner_system",
        "partner_system_priority",
        "partner_key",
        "partner_port",
        "partner_port_priority",
        kind=Kind.INFO,
    ),
    counter("lacp_port_lacpdus_received_total", "LACPDUs received.", "lacpdus_rx"),
    counter("lacp_port_lacpdus_transmitted_total", "LACPDUs transmitted.", "lacpdus_tx"),
    counter("lacp_port_marker_pdus_received_total", "Marker PDUs received.", "marker_pdus_rx"),
    counter(
        "lacp_port_marker_pdus_transmitted_total",
        "Marker PDUs transmitted.",
        "marker_pdus_tx",
    ),
    counter(
        "lacp_port_marker_response_pdus_received_total",
        "Marker Response PDUs received.",
        "marker_response_pdus_rx",
    ),
    counter(
        "lacp_port_marker_response_pdus_transmitted_total",
        "Marker Response PDUs transmitted.",
        "marker_response_pdus_tx",
    ),
    counter(
        "lacp_port_unknown_frames_received_total",
        "Slow-protocol frames of another protocol.",
        "unknown_rx",
    ),
    counter(
        "lacp_port_illegal_frames_received_total",
        "Slow-protocol frames that are badly formed.",
        "illegal_rx",
    ),
    counter(
        "lacp_port_dropped_frames_received_total",
        "Frames dropped because the port was down or LACP disabled on it.",
        "dropped_rx",
    ),
    counter(
        "lacp_port_flooded_frames_received_total",
        "Frames dropped because they came too fast.",
        "flooded_rx",
    ),
    counter(
        "lacp_port_refused_frames_received_total",
        "Frames dropped because they were of no use.",
        "refused_rx",
    ),
    counter(
        "lacp_port_transmit_errors_total",
        "Frames that the interface refused to send.",
        "tx_errors",
    ),
    counter(
        "lacp_port_markers_limited_total",
        "Marker PDUs left unanswered because they came too fast.",
        "markers_limited",
    ),
    of_both("lacp_port_churns_total", "How often the end has churned.", "churn_count"),
    of_both(
        "lacp_port_sync_transitions_total",
        "How often the end came into sync.",
        "sync_transition_count",
    ),
    of_both(
        "lacp_port_lag_id_changes_total",
        "How often the end changed its view of the LAG ID.",
        "change_count",
    ),
    of_port(
        "lacp_port_link_downs_total",
        "How often the link went down.",
        lambda _, port: number(count(port.link_downs)),
        kind=Kind.COUNTER,
    ),
)
