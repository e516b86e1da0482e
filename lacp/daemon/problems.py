"""What is wrong with a port or a LAG, each finding one line. Pure: it only looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from lacp.address import NO_MAC, Mac
from lacp.info import PortState
from lacp.link import Duplex
from lacp.protocol.aggregator import LagId
from lacp.protocol.port import Port
from lacp.protocol.receive import ReceiveState
from lacp.protocol.variables import Fallback, Selected
from lacp.runners.activebackup import ActivebackupRunner
from lacp.runners.lacp import LacpRunner

if TYPE_CHECKING:
    from lacp.daemon.ports import Member
    from lacp.daemon.team import Team

_ACTIVITY = PortState.ACTIVITY
_AGGREGATION = PortState.AGGREGATION
_SYNC = PortState.SYNCHRONIZATION


def of_lag(runner: LacpRunner) -> list[str]:
    """What keeps the LAG as a whole from being used."""
    found = []
    if not runner.ports:
        return ["no ports"]
    if runner.looped:
        found.append("loop: the partner is this system itself, nothing is carried")
    elif not runner.carrier:
        needed = runner.config.min_ports
        active = sum(runner.enabled(name)[1] for name in runner.ports)
        found.append(f"no carrier: {active} distributing, min_ports {needed}")
    return found


def of_team(team: Team) -> list[str]:
    """What keeps a team from being used, whatever its runner."""
    if isinstance(team.runner, LacpRunner):
        return of_lag(team.runner)
    if not team.members:
        return ["no ports"]
    return [] if team.runner.carrier else ["no carrier: no port can be used"]


def of_lacp_port(
    runner: LacpRunner, member: Member, now: float, partners: PartnerPorts
) -> list[str]:
    """What keeps a port of a LACP system from carrying traffic."""
    return of_port(
        runner,
        runner.ports[member.name],
        now,
        missing=member.missing,
        refusal=member.refusal,
        partners=partners,
    )


def of_watched_port(team: Team, member: Member) -> list[str]:
    """What keeps a port that is judged by its link watchers from carrying traffic."""
    if member.missing:
        return [member.missing]
    if member.verdict:
        runner = team.runner
        stands_by = isinstance(runner, ActivebackupRunner) and runner.active_port != member.name
        return [] if stands_by or any(runner.enabled(member.name)) else ["carries nothing yet"]
    if not member.watch.watchers:
        return ["nothing is known of the interface yet"]
    return [f"{w.name}: {w.reason}" for w in member.watch.watchers if not w.up]


def of_frames(member: Member) -> list[str]:
    """What came in and was of no use."""
    refused = member.refused.items()
    return [f"{count} frames were refused: {reason}" for reason, count in refused]


#: The ports that hear each partner port, by who the partner is.
PartnerPorts = Mapping[tuple[Mac, int], list[str]]


def partner_ports(runner: LacpRunner) -> PartnerPorts:
    """Who hears whom, over all ports: for `of_port`, so that it need not look at all for each."""
    found: dict[tuple[Mac, int], list[str]] = {}
    for port in runner.ports.values():
        if port.receive.state is ReceiveState.CURRENT:
            found.setdefault(port.partner_end, []).append(port.name)
    return found


def of_port(
    runner: LacpRunner,
    port: Port,
    now: float,
    *,
    missing: str = "",
    refusal: str = "",
    partners: PartnerPorts | None = None,
) -> list[str]:
    """What keeps the port from carrying traffic, or will; the first one is the nearest cause.

    `missing` says what is wrong when there is no interface to speak of, `refusal` why the interface
    refuses what it refuses.
    """
    if missing:
        return [missing]
    if not port.link.up:
        return ["link is down"]
    if port.link.duplex is Duplex.HALF:
        return ["link is half duplex: LACP is disabled on it"]
    found = list(_transmission(port, now, refusal))
    if port.withdrawn:
        return [*found, "the port is about to leave"]
    if port.held:
        found.append(f"held: {port.held}")
    if port.receive.state is not ReceiveState.CURRENT:
        found += _silence(runner, port, now)
    elif port.actor.system_id == port.partner.system_id:
        found += _loop(port)
    else:
        found += _partner(port)
        found += _others(runner, port, partner_ports(runner) if partners is None else partners)
    if port.selected is Selected.STANDBY:
        found.append(f"stands by: {port.selected_reason}")
    for machine in (port.actor_churn, port.partner_churn):
        if machine.state.name in ("ACTOR_CHURN", "PARTNER_CHURN"):
            who = machine.state.name.removesuffix("_CHURN").lower()
            found.append(f"churn: the {who} is out of sync for more than 60 s")
    return found


def _transmission(port: Port, now: float, refusal: str) -> Iterator[str]:
    if port.retry_at > now:
        why = f": {refusal}" if refusal else ""
        yield f"the interface refuses our LACPDUs ({port.counters.tx_errors} so far){why}"


def _silence(runner: LacpRunner, port: Port, now: float) -> Iterator[str]:
    heard = port.last_received_at
    if heard is not None:
        yield f"no LACPDU received for {now - heard:.1f} s"
    elif _ACTIVITY not in port.actor.state:
        yield "no LACPDU was ever received, and we are passive: nobody may be the first to speak"
    else:
        yield "no LACPDU was ever received"
    if port.receive.state is ReceiveState.DEFAULTED and runner.config.fallback is not Fallback.NONE:
        yield f"runs without a partner: fallback {runner.config.fallback}"


def _loop(port: Port) -> Iterator[str]:
    if port.partner.port == port.actor.port:
        yield "loop: the port hears itself"
    else:
        yield f"loop: the partner is port {port.partner.port} of this system itself"


def _partner(port: Port) -> Iterator[str]:
    """What the partner of a port that hears it says."""
    actor, partner, echo = port.actor, port.partner, port.heard
    if _ACTIVITY not in actor.state and _ACTIVITY not in partner.state:
        yield "partner is passive and so are we"
    if _AGGREGATION not in partner.state:
        yield "partner does not aggregate: it declares the link individual"
    elif echo is not None and echo.identity != actor.identity:
        if echo.system == NO_MAC:
            yield "partner does not see us: it hears nobody"
        elif echo.system != actor.system:
            yield f"partner does not see us: it echoes system {echo.system}, we are {actor.system}"
        elif echo.port != actor.port:
            yield f"partner does not see us: it echoes port {echo.port}, we are {actor.port}"
        else:
            yield "partner has an outdated view of us: it echoes another key or priority"
    elif _SYNC not in partner.state:
        yield "partner is not in sync: it does not want this link in its LAG, or not yet"
    elif (
        PortState.COLLECTING not in partner.state
        and PortState.COLLECTING in actor.state
        and not port.distributing
    ):
        yield "partner does not collect"


def _others(runner: LacpRunner, port: Port, partners: PartnerPorts) -> Iterator[str]:
    """How a port does not go with the others."""
    twins = [name for name in partners.get(port.partner_end, ()) if name != port.name]
    if twins:
        has = "has" if len(twins) == 1 else "have"
        names = ", ".join(twins)
        yield f"duplicate partner port: {names} {has} partner port {port.partner.port} too"
    lag = runner.aggregator.lag
    if lag is not None and port.aggregator is None and port.lag != lag:
        yield _difference(port.lag, lag)


def _difference(mine: LagId, theirs: LagId) -> str:
    """The first way in which a port's LAG ID is not that of the LAG in use."""
    if mine.actor[2] != theirs.actor[2]:
        return f"our key differs from the other ports' ({mine.actor[2]}, not {theirs.actor[2]})"
    if mine.partner[:2] != theirs.partner[:2]:
        ours, others = mine.partner, theirs.partner
        if ours[1] != others[1]:
            return f"another partner than the other ports' ({ours[1]}, not {others[1]})"
        priorities = f"{ours[0]}, not {others[0]}"
        return f"partner's system priority differs from the other ports' ({priorities})"
    if mine.partner[2] != theirs.partner[2]:
        keys = f"{mine.partner[2]}, not {theirs.partner[2]}"
        return f"partner's key differs from the other ports' ({keys})"
    return "an individual link: another port has the aggregator"
