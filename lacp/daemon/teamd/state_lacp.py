"""What the state document says of LACP at each port, whoever speaks it: lacpd, or the driver.

teamd's aggregators are the LAGs, and the one that has the device is its selected aggregator. It
names an aggregator after the interface index of its lead, the best of its ports.
"""

from __future__ import annotations

from collections.abc import Mapping

from lacp.address import NO_MAC
from lacp.config.document import Document
from lacp.config.model import LacpConfig
from lacp.daemon.team.member import Member
from lacp.daemon.team.team import Team
from lacp.dataplane.base import LacpPortState, LacpState, SpeaksLacp
from lacp.info import PortInfo, PortState
from lacp.protocol import policy
from lacp.protocol.aggregator import LagId
from lacp.protocol.port import Port
from lacp.protocol.receive import ReceiveState
from lacp.runners.lacp import LacpRunner

#: teamd's names for the states of a port; in all others it is disabled.
_STATES = {
    ReceiveState.CURRENT: "current",
    ReceiveState.EXPIRED: "expired",
    ReceiveState.DEFAULTED: "defaulted",
}


def ports(team: Team) -> dict[str, Document]:
    """`runner` of each port that is there; empty when the team speaks no LACP."""
    members = [team.members[name] for name in team.present]
    if isinstance(team.runner, LacpRunner):
        known = team.runner.ports
        leads = _leads(team.runner)
        return {m.name: _own(team, m, known[m.name], leads) for m in members}
    if isinstance(team.config.runner, LacpConfig):
        plane = team.dataplane
        state = plane.lacp_state() if isinstance(plane, SpeaksLacp) else None
        return {m.name: _driven(team, m, state or LacpState(None, {})) for m in members}
    return {}


def _document(
    member: Member, state: str, lead: int | None, chosen: bool, actor: PortInfo, partner: PortInfo
) -> Document:
    return {
        "selected": lead is not None,
        "aggregator": {"id": lead or 0, "selected": chosen},
        "state": state,
        "key": member.config.lacp_key,
        "prio": member.config.lacp_prio,
        "actor_lacpdu_info": _info(actor),
        "partner_lacpdu_info": _info(partner),
    }


def _info(info: PortInfo) -> Document:
    return {
        "system_priority": info.system_priority,
        "system": str(info.system),
        "key": info.key,
        "port_priority": info.port_priority,
        "port": info.port,
        "state": int(info.state),
    }


# Of lacpd.


def _leads(runner: LacpRunner) -> dict[LagId, Port]:
    """The lead of each LAG."""
    lags: dict[LagId, list[Port]] = {}
    for port in runner.ports.values():
        if _in_lag(port):
            lags.setdefault(port.lag, []).append(port)
    by = runner.config.agg_select_policy
    return {lag: policy.lead(those, by) for lag, those in lags.items()}


def _in_lag(port: Port) -> bool:
    """Whether teamd would say that the port is in an aggregator, selected or not."""
    heard = port.receive.state in (ReceiveState.CURRENT, ReceiveState.EXPIRED)
    known = heard and port.partner.system != NO_MAC
    return port.aggregator is not None or (known and not port.lag.loop_end)


def _own(team: Team, member: Member, port: Port, leads: Mapping[LagId, Port]) -> Document:
    state = _STATES.get(port.receive.state, "disabled")
    lead = team.host.ifindex(leads[port.lag].name) or 0 if _in_lag(port) else None
    return _document(member, state, lead, port.aggregator is not None, port.actor, port.partner)


# Of the driver.


def _driven(team: Team, member: Member, state: LacpState) -> Document:
    port = state.ports.get(member.name, LacpPortState(None, None, None))
    actor, partner = port.actor or PortInfo(), port.partner or PortInfo()
    lead = None
    if port.aggregator is not None and partner.system != NO_MAC:
        lead = team.host.ifindex(_lead(state, port.aggregator)) or 0
    chosen = lead is not None and port.aggregator == state.aggregator
    return _document(member, _driven_state(member, port), lead, chosen, actor, partner)


def _lead(state: LacpState, aggregator: int) -> str:
    """The port of this aggregator with the strongest priority, then the lowest number."""
    own = {
        name: port.actor.port_id
        for name, port in state.ports.items()
        if port.aggregator == aggregator and port.actor is not None
    }
    return min(own, key=lambda name: own[name], default="")


def _driven_state(member: Member, port: LacpPortState) -> str:
    """What the driver does not say, as the flags of its LACPDUs have it."""
    if port.actor is None or member.link is None or not member.link.up:
        return "disabled"
    if PortState.DEFAULTED in port.actor.state:
        return "defaulted"
    return "expired" if PortState.EXPIRED in port.actor.state else "current"
