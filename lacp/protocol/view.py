"""A system as the picture of a LAG that every source gives: for a program that embeds the engine.

for finding in diagnose(lag_view(system, "lag0", now)):
    print(finding.said)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from typing import TypedDict

from lacp.info import PortInfo
from lacp.link import Duplex, Link
from lacp.picture.model import Change, End, LagView, LinkView, Machines, PortView, SystemId, counted
from lacp.protocol.aggregator import Aggregator
from lacp.protocol.config import SystemConfig
from lacp.protocol.counters import Counters
from lacp.protocol.port import Port
from lacp.protocol.system import System
from lacp.protocol.timers import Timer

_COUNTERS = tuple(each.name for each in fields(Counters))
_TIMERS = tuple((timer, timer.name.lower()) for timer in Timer)

#: The time of day of a moment of the system's clock, as text.
Moment = Callable[[float], str]


def lag_view(system: System, name: str, now: float, moment: Moment | None = None) -> LagView:
    """The LAG in use of a system, which is the aggregator with most ports that distribute.

    A system has no device: it is up as long as `min_ports` distribute. A port of another aggregator
    carries traffic of another LAG, and none of this one. With `moment`, which makes text of a time
    of the system, the history of each port is told too.
    """
    config = system.config
    used = _used(system)
    ports = tuple(_port(port, used, now, moment) for port in system.ports.values())
    active = sum(port.distributing is True for port in ports)
    lag = LagView(name=name, source="engine", mode="lacp", lacp=True, ports=ports)
    lag = with_lacp(lag, config, system.ports.values(), used)
    return counted(replace(lag, up=active >= max(1, config.min_ports)))


def with_lacp(
    lag: LagView,
    config: SystemConfig,
    ports: Iterable[Port],
    used: Aggregator | None,
    *,
    system_known: bool = True,
) -> LagView:
    """The LAG with both its ends and what it goes by; its key is that which all ports share as long
    as the aggregator in use has none. The system may be one that nobody has given a name yet."""
    its = None if used is None else used.lag
    keys = {port.actor.key for port in ports}
    return replace(
        lag,
        actor=SystemId(
            system_priority=config.system_priority,
            system=config.system if system_known else None,
            key=its.actor[2] if its is not None else keys.pop() if len(keys) == 1 else None,
        ),
        partner=None
        if its is None
        else SystemId(system_priority=its.partner[0], system=its.partner[1], key=its.partner[2]),
        aggregator=None if used is None else used.identifier,
        min_ports=config.min_ports,
        max_ports=config.max_ports,
        edition=config.edition.name,
        control=str(config.control),
        fallback=str(config.fallback),
        agg_select_policy=str(config.agg_select_policy),
    )


def _port(port: Port, used: Aggregator | None, now: float, moment: Moment | None) -> PortView:
    """A port as this LAG has it."""
    seen = port_view(port, now, moment)
    if port.attached is None or port.attached is used:
        return seen
    return replace(seen, collecting=False, distributing=False)


def port_view(port: Port, now: float, moment: Moment | None = None) -> PortView:
    """A port as its machines have it."""
    return PortView(
        name=port.name,
        link=link_view(port.link),
        collecting=port.collecting,
        distributing=port.distributing,
        counters=counters(port),
        timers=timers(port, now),
        history=None if moment is None else history(port, moment),
        refusal="a LACPDU did not leave" if port.retry_at > now else None,
        **spoken(port, now),
    )


class Spoken(TypedDict, total=False):
    """The members of `PortView` that LACP alone makes."""

    selected: str
    selected_reason: str
    aggregator: int | None
    actor: End
    partner: End
    heard: End | None
    machines: Machines
    last_rx_age: float | None
    changed_age: float | None
    held: str | None
    withdrawn: bool


def spoken(port: Port, now: float, *, system_known: bool = True) -> Spoken:
    """What LACP has come to on a port. The system may be one that nobody has given a name yet."""
    received_at = port.last_received_at
    return {
        "selected": port.selected.value,
        "selected_reason": port.selected_reason,
        "aggregator": None if port.attached is None else port.attached.identifier,
        "actor": end(port.actor, system_known=system_known),
        "partner": end(port.partner),
        "heard": None if port.heard is None else end(port.heard),
        "machines": machines(port),
        "last_rx_age": None if received_at is None else round(now - received_at, 3),
        "changed_age": round(max(0.0, now - port.history[-1].time), 3) if port.history else None,
        "held": port.held or None,
        "withdrawn": port.withdrawn,
    }


def machines(port: Port) -> Machines:
    """The states of the port's machines."""
    return Machines(
        receive=port.receive.state.name,
        periodic=port.periodic.state.name,
        mux=port.mux.state.name,
        actor_churn=port.actor_churn.state.name,
        partner_churn=port.partner_churn.state.name,
    )


def counters(port: Port) -> dict[str, int]:
    """What the engine counts."""
    its = port.counters
    return {name: getattr(its, name) for name in _COUNTERS}


def end(info: PortInfo, *, system_known: bool = True) -> End:
    """One end of a link; the system may be one that nobody has given a name yet."""
    return End(
        system_priority=info.system_priority,
        system=info.system if system_known else None,
        key=info.key,
        port_priority=info.port_priority,
        port=info.port,
        state=info.state,
    )


def link_view(link: Link) -> LinkView:
    """The link below a port."""
    duplex = None if link.duplex is Duplex.UNKNOWN else link.duplex
    return LinkView(up=link.up, speed=link.speed, duplex=duplex)


def timers(port: Port, now: float) -> dict[str, float | None]:
    """Seconds left of each timer; None when it does not run."""
    left: dict[str, float | None] = {}
    for timer, name in _TIMERS:
        deadline = port.timers.deadline(timer)
        left[name] = None if deadline is None else round(max(0.0, deadline - now), 3)
    return left


def history(port: Port, moment: Moment) -> tuple[Change, ...]:
    """What moved on the port, oldest first."""
    return tuple(
        Change(
            time=moment(event.time),
            machine=event.machine,
            old=event.old,
            new=event.new,
            reason=event.reason,
        )
        for event in port.history
    )


def _used(system: System) -> Aggregator | None:
    """The aggregator with most ports that distribute, then with most ports at all."""
    with_lag = [each for each in system.aggregators.values() if each.lag is not None]
    return max(
        with_lag,
        key=lambda each: (
            sum(port.distributing for port in each.ports.values()),
            len(each.ports),
            -each.identifier,
        ),
        default=None,
    )
