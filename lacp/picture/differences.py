"""What happened between two looks at a LAG, as events; and a LAG after an event.

The two are held together: `applied` to the old picture, the differences give the new one in
everything that an event tells. What a source does not know on either side is no difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

from lacp.info import PortState
from lacp.picture.events import Event
from lacp.picture.model import (
    End,
    LagView,
    LinkView,
    Machines,
    PortView,
    SystemId,
    document,
)
from lacp.picture.reading import ModelError, read_lag

#: Members of a LAG whose change is a `lag_changed`, and those of a port that are a `port_changed`.
_OF_LAG = ("mode", "admin_up", "min_ports", "max_ports", "address", "mtu")
_OF_PORT = ("address", "mtu", "prio", "queue_id", "held", "missing")

_IDENTITY = ("system_priority", "system", "key", "port_priority", "port")

#: What a port is before anything is known of it.
_BEGIN = Machines(**{each.name: "BEGIN" for each in fields(Machines)})


def differences(old: LagView | None, new: LagView | None) -> list[Event]:
    """What made the new picture of a LAG from the old one; None is no LAG.

    A LAG that is new is told with its ports and what they do. Without `time`.
    """
    return list(_lag(old, new))


def _lag(old: LagView | None, new: LagView | None) -> Iterator[Event]:
    if new is None:
        if old is not None:
            yield _event(old, None, "lag_removed")
        return
    if old is None:
        yield _event(new, None, "lag_added", mode=new.mode)
        old = LagView(name=new.name, source=new.source, mode=new.mode)
    before = {port.name: port for port in old.ports}
    after = {port.name: port for port in new.ports}
    for name, port in before.items():
        if name not in after:
            yield from _port(new, port, None)
    for name, port in after.items():
        yield from _port(new, before.get(name), port)
    yield from _head(old, new)


def _head(old: LagView, new: LagView) -> Iterator[Event]:
    for member in _OF_LAG:
        yield from _member(new, None, member, getattr(old, member), getattr(new, member))
    if old.actor is not None and new.actor is not None and _another(old.actor, new.actor):
        yield _changed(new, None, "actor", old.actor, new.actor)
    if old.aggregator != new.aggregator:
        yield _changed(new, None, "aggregator", old.aggregator, new.aggregator)
    if new.partner is not None and _another(old.partner, new.partner):
        yield _event(new, None, "partner_changed", old=old.partner, new=new.partner)
    if old.active_port != new.active_port:
        yield _event(
            new, None, "active_port_changed", old=old.active_port, new=new.active_port, reason=""
        )
    if new.up is not None and old.up is not new.up:
        yield _event(new, None, "carrier_changed", up=new.up, reason="")


def _port(lag: LagView, old: PortView | None, new: PortView | None) -> Iterator[Event]:
    if new is None:
        if old is not None:
            yield _event(lag, old.name, "port_removed")
        return
    if old is None:
        yield _event(lag, new.name, "port_added")
        old = PortView(name=new.name, selected="UNSELECTED", machines=_BEGIN)
    name = new.name
    if _differ(old.link, new.link):
        yield _event(lag, name, "link_changed", link=new.link)
    if new.usable is not None and old.usable is not new.usable:
        yield _event(lag, name, "usable_changed", up=new.usable)
    for member in _OF_PORT:
        yield from _member(lag, name, member, getattr(old, member), getattr(new, member))
    if new.partner is not None and _another(old.partner, new.partner):
        yield _event(lag, name, "partner_changed", old=old.partner, new=new.partner)
    for end in ("partner", "actor"):
        yield from _octet(lag, name, end, getattr(old, end), getattr(new, end))
    yield from _states(lag, old, new)
    yield from _use(lag, old, new)


def _differ(old: LinkView, new: LinkView) -> bool:
    """Whether anything is different that is known of both, or whether the link can be used."""
    if (old.up, old.speed, old.duplex) != (new.up, new.speed, new.duplex):
        return True
    return None not in (old.admin_up, new.admin_up) and old.admin_up is not new.admin_up


def _states(lag: LagView, old: PortView, new: PortView) -> Iterator[Event]:
    """What the machines and the selection did."""
    was, now = old.machines or Machines(), new.machines or Machines()
    moves = {each.name: (getattr(was, each.name), getattr(now, each.name)) for each in fields(now)}
    for machine, (before, after) in {"selection": (old.selected, new.selected), **moves}.items():
        if before is not None and after is not None and before != after:
            told = {"machine": machine, "old": before, "new": after, "reason": ""}
            yield _event(lag, new.name, "state_changed", **told)


def _use(lag: LagView, old: PortView, new: PortView) -> Iterator[Event]:
    """What the port is used for. With LACP the aggregator is part of that."""
    use = {"collecting": new.collecting, "distributing": new.distributing}
    moved = (old.collecting, old.distributing) != (new.collecting, new.distributing)
    aggregated = old.aggregator is not None or new.aggregator is not None
    if aggregated and (moved or old.aggregator != new.aggregator):
        yield _event(lag, new.name, "mux_changed", aggregator=new.aggregator, **use)
    # The Mux of lacpd speaks for the standard only.
    if moved and (lag.source == "lacpd" or not aggregated):
        yield _event(lag, new.name, "port_enabled", **use)


def _octet(
    lag: LagView, port: str, whose: str, old: End | None, new: End | None
) -> Iterator[Event]:
    """Which bits of a state octet are others."""
    was, now = _state(old), _state(new)
    if was is None or now is None or was == now:
        return
    moved = {"set": (now & ~was).flags, "cleared": (was & ~now).flags}
    yield _event(lag, port, "port_state_changed", end=whose, old=was, new=now, **moved)


def _state(end: End | None) -> PortState | None:
    return None if end is None else end.state


def _member(
    lag: LagView, port: str | None, member: str, old: object, new: object
) -> Iterator[Event]:
    if old is not None and new is not None and old != new:
        yield _changed(lag, port, member, old, new)


def _changed(lag: LagView, port: str | None, member: str, old: object, new: object) -> Event:
    name = "lag_changed" if port is None else "port_changed"
    return _event(lag, port, name, member=member, old=old, new=new)


def _event(lag: LagView, port: str | None, event: str, /, **facts: Any) -> Event:
    told = {name: document(value) for name, value in facts.items()}
    return Event(event=event, lag=lag.name, port=port, source=lag.source, facts=told)


def _another(old: End | SystemId | None, new: End | SystemId) -> bool:
    """Whether this is somebody else; who or what is not known now says nothing."""
    if new.system is None:
        return False
    if old is None or not old.known or not new.known:
        return (old is not None and old.known) is not new.known
    pairs = ((getattr(old, name, None), getattr(new, name, None)) for name in _IDENTITY)
    return any(was != now for was, now in pairs if was is not None and now is not None)


# The other way round.

_NAMELESS = {"name": "", "source": ""}


def applied(lag: LagView, event: Event) -> LagView:
    """The LAG after an event; unchanged by one that tells of another LAG, or makes no sense."""
    if event.lag != lag.name:
        return lag
    try:
        if event.port is None:
            return replace(lag, **_of_lag(event))
        return _with_port(lag, event, event.port)
    except (KeyError, TypeError, AttributeError, ModelError):
        return lag


def _of_lag(event: Event) -> dict[str, Any]:
    """Members of the LAG that an event tells of, read as a document's are."""
    facts = event.facts
    match event.event:
        case "carrier_changed":
            told = {"up": facts["up"]}
        case "active_port_changed":
            told = {"active_port": facts["new"]}
        case "partner_changed":
            told = {"partner": facts["new"]}
        case "lag_changed" if facts["member"] in (*_OF_LAG, "actor", "aggregator"):
            told = {facts["member"]: facts["new"]}
        case _:
            return {}
    read = read_lag({**_NAMELESS, **told})
    return {member: getattr(read, member) for member in told}


def _with_port(lag: LagView, event: Event, name: str) -> LagView:
    if event.event == "port_removed":
        return replace(lag, ports=tuple(port for port in lag.ports if port.name != name))
    old = lag.port(name)
    if event.event == "port_added" or old is None:
        new = PortView(name=name, selected="UNSELECTED", machines=_BEGIN)
        others = tuple(port for port in lag.ports if port.name != name)
        return replace(lag, ports=(*others, new))
    told = _of_port(lag, event)
    # Read as a picture's document is, so that nothing else than expected gets in.
    (read,) = read_lag({**_NAMELESS, "ports": [{"name": name, **told}]}).ports
    new = replace(old, **{member: _kept(old, read, member, told) for member in told})
    return replace(lag, ports=tuple(new if port is old else port for port in lag.ports))


def _of_port(lag: LagView, event: Event) -> dict[str, Any]:
    """The members of a port that an event tells of, as its document has them."""
    facts = event.facts
    match event.event:
        case "link_changed":
            return {"link": facts["link"]}
        case "usable_changed":
            return {"usable": facts["up"]}
        case "partner_changed":
            return {"partner": facts["new"]}
        case "port_state_changed" if facts["end"] in ("actor", "partner"):
            return {facts["end"]: {"state": facts["new"]}}
        case "state_changed" if facts["machine"] == "selection":
            return {"selected": facts["new"]}
        case "state_changed":
            return {"machines": {facts["machine"]: facts["new"]}}
        case "mux_changed" if lag.source == "lacpd":
            return {"aggregator": facts["aggregator"]}
        case "mux_changed":
            return {name: facts[name] for name in ("aggregator", "collecting", "distributing")}
        case "port_enabled":
            return {name: facts[name] for name in ("collecting", "distributing")}
        case "port_changed" if facts["member"] in _OF_PORT:
            return {facts["member"]: facts["new"]}
        case _:
            return {}


#: Members whose own members an event may tell singly.
_PARTS = ("link", "partner", "actor", "machines")


def _kept(old: PortView, read: PortView, member: str, told: Mapping[str, Any]) -> Any:
    """A member after the event: of one with members of its own, those that were told are new."""
    was, now = getattr(old, member), getattr(read, member)
    if was is None or now is None or member not in _PARTS:
        return now
    return replace(was, **{name: getattr(now, name) for name in told[member] if name != "flags"})
