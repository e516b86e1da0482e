"""Selection Logic (6.4.14) and limited aggregation (6.7.1): which port uses which aggregator.

A LAG keeps the aggregator that it has; a new one takes the aggregator of its port's number when
that is free, else the lowest free one, else one whose users are all gone. Nothing moves a LAG that
works.
"""

from __future__ import annotations

from collections.abc import Iterable

from lacp.address import NO_MAC
from lacp.info import PortState
from lacp.protocol.aggregator import Aggregator, LagId
from lacp.protocol.config import SystemConfig
from lacp.protocol.port import Port
from lacp.protocol.receive import ReceiveState
from lacp.protocol.variables import Fallback, Selected


class Selection:
    """The Selection Logic of one system."""

    def __init__(self, settings: SystemConfig) -> None:
        self.settings = settings
        self.aggregators: dict[int, Aggregator] = {}
        self._by_lag: dict[LagId, Aggregator] = {}
        #: Ports that found no aggregator, by name.
        self._unplaced: dict[str, Port] = {}
        #: Aggregators whose port has left while others used them.
        self._leaving: set[int] = set()
        for identifier, key in (settings.aggregators or {}).items():
            self.aggregators[identifier] = Aggregator(identifier, key)

    def port_added(self, port: Port) -> None:
        """Give the port its own aggregator, unless management has named them all."""
        if self.settings.aggregators is None:
            self._leaving.discard(port.number)
            self.aggregators.setdefault(port.number, Aggregator(port.number, None))

    def port_removed(self, port: Port) -> Iterable[Port]:
        """Forget a port that is detached; returns the ports that must look again."""
        self._unplaced.pop(port.name, None)
        affected = self._leave(port) if port.aggregator is not None else ()
        if self.settings.aggregators is None:
            self._leaving.add(port.number)
            self._drop_if_left(self.aggregators[port.number])
        return affected

    def update(self, port: Port) -> Iterable[Port]:
        """Decide anew for `port` and its LAG; returns the ports whose machines must be stepped."""
        affected: dict[str, Port] = {}
        if port.selected is not Selected.UNSELECTED:
            reason = self._unfit(port)
            if reason:
                port.unselect(reason)
                affected[port.name] = port
        if port.selected is Selected.UNSELECTED and port.mux.detached:
            # Only now: the Mux machine must have seen UNSELECTED (6.4.14.1, NOTE 2).
            if port.aggregator is not None:
                for each in self._leave(port):
                    affected[each.name] = each
            for each in self._select(port):
                affected[each.name] = each
        if port.aggregator is not None:
            for each in self._rank(port.aggregator):
                affected[each.name] = each
            for each in self._wake_unplaced(port.aggregator):
                affected[each.name] = each
            for each in port.aggregator.ports.values():
                if each.mux.held_back:
                    affected[each.name] = each
        return affected.values()

    # Choosing an aggregator.

    def _unfit(self, port: Port) -> str:
        """Why a port that has selected may not keep its choice; empty when it may."""
        aggregator = port.aggregator
        assert aggregator is not None
        if port.withdrawn:
            return "the port leaves the system"
        if port.lag != aggregator.lag:
            return f"its LAG ID changed to {port.lag}"
        if aggregator.key is not None and aggregator.key != port.actor.key:
            return f"aggregator {aggregator.identifier} has key {aggregator.key}"
        return self._refused(port) if port.receive.state is ReceiveState.DEFAULTED else ""

    def _refused(self, port: Port) -> str:
        """Why the port may select nothing at all; empty when it may."""
        if port.withdrawn:
            return "the port leaves the system"
        if not port.port_enabled:
            return "the link is down"
        if not port.lacp_enabled:
            return "LACP is disabled: the link is half duplex"
        if (
            port.defaulted
            and self.settings.fallback is Fallback.NONE
            and port.partner.system == NO_MAC
        ):
            return "no partner was heard"
        if port.actor.system_id == port.partner.system_id and port.actor.port == port.partner.port:
            return "the port hears itself: its link is looped"
        if port.defaulted and port.receive.state is not ReceiveState.DEFAULTED:
            return "waiting to hear a partner"
        return ""

    def _select(self, port: Port) -> Iterable[Port]:
        """Find an aggregator for a port that has none."""
        reason = self._refused(port)
        if reason:
            self._unplaced.pop(port.name, None)
            port.selected_reason = reason
            return ()
        aggregator = self._by_lag.get(port.lag) or self._free(port)
        if aggregator is None:
            self._unplaced[port.name] = port
            port.selected_reason = f"no aggregator with key {port.actor.key} is free"
            return self._evict(port)
        if not self._fits(aggregator, port):
            port.selected_reason = f"aggregator {aggregator.identifier} has key {aggregator.key}"
            return ()
        self._unplaced.pop(port.name, None)
        if aggregator.lag is None:
            aggregator.lag = port.lag
            self._by_lag[port.lag] = aggregator
        aggregator.ports[port.name] = port
        port.aggregator = aggregator
        port.mux.selection_made()
        return self._rank(aggregator, joining=port)

    @staticmethod
    def _fits(aggregator: Aggregator, port: Port) -> bool:
        return aggregator.key is None or aggregator.key == port.actor.key

    def _candidates(self, port: Port) -> Iterable[Aggregator]:
        """The aggregators with the port's key, its own first (6.4.14.2)."""
        own = self.aggregators.get(port.number)
        if own is not None and self._fits(own, port):
            yield own
        for identifier in sorted(self.aggregators):
            aggregator = self.aggregators[identifier]
            if aggregator is not own and self._fits(aggregator, port):
                yield aggregator

    def _free(self, port: Port) -> Aggregator | None:
        return next((a for a in self._candidates(port) if a.lag is None), None)

    def _evict(self, port: Port) -> Iterable[Port]:
        """Make the users of an aggregator that nobody can use at present leave it (rule p)."""
        for aggregator in self._candidates(port):
            if self._idle(aggregator, port):
                for user in aggregator.ports.values():
                    user.unselect(
                        f"aggregator {aggregator.identifier} is needed by port {port.name}"
                    )
                return tuple(aggregator.ports.values())
        return ()

    @staticmethod
    def _idle(aggregator: Aggregator, port: Port) -> bool:
        """Whether no user of `aggregator` has a link, or none a partner while `port` has one."""
        users = aggregator.ports.values()
        return all(not u.port_enabled or (u.defaulted and not port.defaulted) for u in users)

    def _wake_unplaced(self, aggregator: Aggregator) -> Iterable[Port]:
        """The ports that wait for any aggregator, when this one may be had."""
        if not self._unplaced or (
            aggregator.lag is not None and any(p.port_enabled for p in aggregator.ports.values())
        ):
            return ()
        return tuple(self._unplaced.values())

    def _leave(self, port: Port) -> Iterable[Port]:
        """Take a detached port out of its aggregator."""
        aggregator = port.aggregator
        assert aggregator is not None
        port.aggregator = None
        del aggregator.ports[port.name]
        if aggregator.ports:
            return self._rank(aggregator)
        assert aggregator.lag is not None
        del self._by_lag[aggregator.lag]
        aggregator.lag = None
        aggregator.ready = False
        self._drop_if_left(aggregator)
        return tuple(self._unplaced.values())

    def _drop_if_left(self, aggregator: Aggregator) -> None:
        if aggregator.identifier in self._leaving and not aggregator.ports:
            self._leaving.discard(aggregator.identifier)
            del self.aggregators[aggregator.identifier]

    # Sharing an aggregator.

    def _rank(self, aggregator: Aggregator, joining: Port | None = None) -> Iterable[Port]:
        """Decide who of the aggregator's ports is SELECTED, and whether they are Ready."""
        affected: dict[str, Port] = {}
        # Who is unselected is on its way out, but for the one that has just chosen.
        ports = [
            p
            for p in aggregator.ports.values()
            if p.selected is not Selected.UNSELECTED or p is joining
        ]
        standing_by = self._standing_by(ports)
        for port in ports:
            standby = standing_by.get(port.name)
            chosen = Selected.SELECTED if standby is None else Selected.STANDBY
            if chosen is not port.selected:
                affected[port.name] = port
                if standby is None:
                    standby = f"joins aggregator {aggregator.identifier} of {aggregator.lag}"
                port.choose(chosen, standby)
            elif standby is not None:
                port.choose(chosen, standby)
        waiting = [p for p in ports if p.selected is Selected.SELECTED and p.mux.waiting]
        aggregator.ready = bool(waiting) and all(p.ready_n for p in waiting)
        if aggregator.ready:
            affected.update((p.name, p) for p in waiting)
        return affected.values()

    def _standing_by(self, ports: list[Port]) -> dict[str, str]:
        """Those of a LAG's ports that must stand by, by name, each with the reason."""
        settings = self.settings
        usable = sum(p.usable for p in ports)
        if settings.min_ports > 1 and usable < settings.min_ports:
            return {
                p.name: f"{usable} usable ports, min_ports is {settings.min_ports}" for p in ports
            }
        limit, rule = settings.max_ports, f"max_ports is {settings.max_ports}"
        if settings.fallback is Fallback.SINGLE and ports and ports[0].defaulted:
            limit, rule = 1, "fallback is single"
        if limit is None or len(ports) <= limit:
            return {}
        return {p.name: f"others rank higher, {rule}" for p in _spare(ports, limit)}


def _spare(ports: list[Port], limit: int) -> list[Port]:
    """The ports beyond the `limit` best by the Port IDs of the higher-priority system (6.7.1)."""
    order = sorted(ports, key=lambda port: (not _in_service(port), *_port_ids(port)))
    best, rest = order[:limit], order[limit:]
    # Make before break: a better port takes over from a working one only when its own wait is over.
    working = [p for p in rest if _in_service(p) and _carries(p)]
    early = [p for p in reversed(best) if p.selected is not Selected.SELECTED and not p.ready_n]
    for keep, later in zip(working, early, strict=False):
        rest[rest.index(keep)] = later
    return rest


def _in_service(port: Port) -> bool:
    """Whether the port may rank high; one that is EXPIRED keeps its place until it is given up."""
    return port.port_enabled and (port.usable or port.selected is Selected.SELECTED)


def _port_ids(port: Port) -> tuple[tuple[int, int], tuple[int, int]]:
    """The link's two Port Identifiers, that of the deciding system first."""
    ours, theirs = port.actor.port_id, port.partner.port_id
    if port.lag.loop_end:
        we_decide = port.lag.loop_end < 0
    else:
        we_decide = port.defaulted or port.actor.system_id < port.partner.system_id
    return (ours, theirs) if we_decide else (theirs, ours)


def _carries(port: Port) -> bool:
    return port.selected is Selected.SELECTED and PortState.SYNCHRONIZATION in port.actor.state
