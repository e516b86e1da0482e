"""Selection Logic (6.4.14): which LAG uses which aggregator.

A LAG keeps the aggregator that it has; a new one takes the aggregator of its port's number when
that is free, else the lowest free one. When there is none, LAGs contest for one: `contest`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from lacp.address import NO_MAC
from lacp.protocol import sharing
from lacp.protocol.aggregator import Aggregator, LagId
from lacp.protocol.common import Common
from lacp.protocol.config import SystemConfig
from lacp.protocol.contest import Contest
from lacp.protocol.policy import Standing, measure, standing
from lacp.protocol.port import Port
from lacp.protocol.receive import ReceiveState
from lacp.protocol.variables import Fallback, Selected


class Selection:
    """The Selection Logic of one system."""

    __slots__ = ("_by_lag", "_common", "_contest", "aggregators")

    def __init__(self, common: Common) -> None:
        self._common = common
        self.aggregators: dict[int, Aggregator] = {}
        self._by_lag: dict[LagId, Aggregator] = {}
        self._contest = Contest(common)
        for identifier, key in (self._config.aggregators or {}).items():
            self.aggregators[identifier] = Aggregator(identifier, key)

    @property
    def _config(self) -> SystemConfig:
        return self._common.config

    def port_added(self, port: Port) -> None:
        """Give the port its own aggregator, unless management has named them all."""
        if self._config.aggregators is None:
            if port.number not in self.aggregators:
                self.aggregators[port.number] = Aggregator(port.number, None)
            self.aggregators[port.number].left = False

    def port_removed(self, port: Port) -> Iterable[Port]:
        """Forget a port that is detached; returns the ports that must look again."""
        self._contest.leave(port)
        affected = self._leave(port) if port.aggregator is not None else ()
        if self._config.aggregators is None:
            self.aggregators[port.number].left = True
            self._drop_if_left(self.aggregators[port.number])
        return affected

    def release(self, port: Port) -> bool:
        """Unselect a port that may not keep its choice; True when that is so."""
        if port.selected is Selected.UNSELECTED:
            return False
        reason = self._unfit(port)
        if reason:
            port.unselect(reason)
        return bool(reason)

    def update(self, port: Port) -> Iterable[Port]:
        """Decide anew for `port` and its LAG; returns the ports whose machines must be stepped."""
        affected: dict[str, Port] = {}
        if self.release(port):
            affected[port.name] = port
        used = port.aggregator
        if port.selected is Selected.UNSELECTED and port.mux.detached:
            # Only now: the Mux machine must have seen UNSELECTED (6.4.14.1, NOTE 2).
            if port.aggregator is not None:
                affected.update((p.name, p) for p in self._leave(port))
            affected.update((p.name, p) for p in self._select(port))
        if used is not None and used is not port.aggregator:
            affected.update((p.name, p) for p in self._contenders(used))
        if port.aggregator is not None:
            used = port.aggregator
            self._contest.watch(port)
            affected.update((p.name, p) for p in sharing.share(used, self._config, port))
            affected.update((p.name, p) for p in self._contenders(used))
            if not self._config.revertive:
                affected.update((p.name, p) for p in used.ports.values() if p.mux.held_back)
        return affected.values()

    def prefer(self, port: Port) -> str:
        """Give an aggregator to the LAG of `port`; why that cannot be, or empty."""
        ports = self.members(port)
        if not ports:
            return f"it is in no LAG: {port.selected_reason}"
        if standing(ports, self._config) <= Standing.TOO_FEW:
            return "its LAG cannot carry traffic"
        self._contest.preferred = port.lag
        port.reselect = True
        return ""

    def members(self, port: Port) -> Collection[Port]:
        """The ports of the LAG of `port`; none when it may be in none."""
        if port.aggregator is not None:
            return port.aggregator.ports.values()
        return self._contest.lags[port.lag].values() if port in self._contest else ()

    # Who may select.

    def _unfit(self, port: Port) -> str:
        """Why a port that has selected may not keep its choice; empty when it may."""
        aggregator = port.aggregator
        assert aggregator is not None
        if port.withdrawn:
            return "the port leaves the system"
        if port.held:
            return f"held: {port.held}"
        if port.lag != aggregator.lag:
            return f"its LAG ID changed to {port.lag}"
        if not _fits(aggregator, port):
            return f"aggregator {aggregator.identifier} has key {aggregator.key}"
        return self._refused(port) if port.receive.state is ReceiveState.DEFAULTED else ""

    def _refused(self, port: Port) -> str:
        """Why the port may select nothing at all; empty when it may."""
        if port.withdrawn:
            return "the port leaves the system"
        if port.held:
            return f"held: {port.held}"
        if not port.port_enabled:
            return "the link is down"
        if not port.lacp_enabled:
            return "LACP is disabled: the link is half duplex"
        no_stand_in = port.partner.system == NO_MAC and self._config.fallback is Fallback.NONE
        if port.defaulted and no_stand_in:
            return "no partner was heard"
        if port.defaulted and port.receive.state is not ReceiveState.DEFAULTED:
            return "waiting to hear a partner"
        if port.partner.port == 0 and not port.defaulted:
            # No port has it (6.4.7): who sends it cannot tell its ports apart.
            return "the partner says that its port number is 0, which no port has"
        if port.actor.system_id == port.partner.system_id and port.actor.port == port.partner.port:
            return "the port hears itself: its link is looped"
        return ""

    # Choosing an aggregator.

    def _select(self, port: Port) -> Iterable[Port]:
        """Find an aggregator for a port that has none."""
        reason = self._refused(port)
        if reason:
            self._contest.leave(port)
            port.waits_since = None
            port.selected_reason = reason
            # An aggregator may have been left to it.
            left = self._contest and any(a.lag is None for a in self._candidates(port))
            return self._contest.ports() if left else ()
        aggregator = self._by_lag.get(port.lag)
        if aggregator is None:
            aggregator = self._free(port)
            free = aggregator is not None and not self._preceded(port, aggregator)
        else:
            # No way back into what is just being left for others.
            free = aggregator.leaving_for not in self._contest.lags
        if aggregator is None or not free:
            return self._wait(port)
        self._contest.leave(port)
        if aggregator.lag is None:
            aggregator.take(port.lag)
            self._by_lag[port.lag] = aggregator
        # Equal values are kept once: a thousand ports may be in one LAG.
        port.lag = aggregator.lag or port.lag
        aggregator.ports[port.name] = port
        port.aggregator = aggregator
        port.mux.selection_made()
        return sharing.share(aggregator, self._config, port, joining=True)

    def _wait(self, port: Port) -> Iterable[Port]:
        """Let a port wait for an aggregator, or take one from others."""
        peace = not self._contest
        self._contest.enter(port)
        port.selected_reason = self._lacking(port)
        evicted = self._evict(port)
        if not peace:
            return evicted
        # Now it counts whether the partners of those who have one are in sync.
        return [p for a in self._candidates(port) for p in a.ports.values()]

    def _lacking(self, port: Port) -> str:
        """Why there is no aggregator for the port."""
        reason = f"no aggregator with key {port.actor.key} is free"
        users = [a.lag for a in self._candidates(port) if a.lag is not None]
        if len(users) == 1:
            reason += f": {users[0]} has it, agg_select_policy is {self._config.agg_select_policy}"
        return reason

    def _candidates(self, port: Port) -> Iterator[Aggregator]:
        """The aggregators with the port's key, its own first (6.4.14.2)."""
        own = self.aggregators.get(port.number)
        if own is not None and _fits(own, port):
            yield own
        for identifier in sorted(self.aggregators):
            aggregator = self.aggregators[identifier]
            if aggregator is not own and _fits(aggregator, port):
                yield aggregator

    def _free(self, port: Port) -> Aggregator | None:
        """An aggregator that nobody uses; none while a better one is just being left."""
        for aggregator in self._candidates(port):
            if aggregator.lag is None:
                return aggregator
            if all(user.selected is Selected.UNSELECTED for user in aggregator.ports.values()):
                return None
        return None

    def _preceded(self, port: Port, aggregator: Aggregator) -> bool:
        """Whether another LAG without an aggregator has a better claim to this one."""
        self._contest.enter(port)
        return self._heir(aggregator) != port.lag

    def _heir(self, aggregator: Aggregator) -> LagId | None:
        """The best of the LAGs without an aggregator that could have this one."""
        return self._contest.best(
            lag
            for lag, ports in self._contest.lags.items()
            if _fits(aggregator, next(iter(ports.values())))
        )

    def _evict(self, port: Port) -> Iterable[Port]:
        """Make the users of the least of the aggregators that the port's LAG is due leave it."""
        config, contest, users = self._config, self._contest, self._contest.users
        due = [a for a in self._candidates(port) if contest.outdoes(port.lag, a)]
        if not due:
            return ()
        least = min(
            due,
            key=lambda a: (standing(users(a), config), measure(users(a), config)),
        )
        if least.lag == contest.preferred:
            contest.preferred = None
        least.leaving_for = port.lag
        why = f"{port.lag} takes aggregator {least.identifier}: {contest.why(port.lag, least)}"
        leaving = tuple(least.ports.values())
        for user in leaving:
            user.unselect(why)
        return leaving

    def _contenders(self, aggregator: Aggregator) -> Iterable[Port]:
        """The ports without an aggregator that are to have this one now, one of each LAG."""
        for lag, ports in self._contest.lags.items():
            port = next(iter(ports.values()))
            if _fits(aggregator, port) and self._contest.outdoes(lag, aggregator):
                yield port

    def _leave(self, port: Port) -> Iterable[Port]:
        """Take a detached port out of its aggregator."""
        aggregator = port.aggregator
        assert aggregator is not None
        port.aggregator = None
        del aggregator.ports[port.name]
        aggregator.note_wait(port, False)
        if aggregator.ports:
            # Those that waited for this one too have only just become Ready.
            rest = dict.fromkeys(aggregator.waiting.values() if aggregator.ready else ())
            return rest | dict.fromkeys(sharing.share(aggregator, self._config, None))
        assert aggregator.lag is not None
        del self._by_lag[aggregator.lag]
        aggregator.lag = aggregator.leaving_for = None
        self._drop_if_left(aggregator)
        heir = self._heir(aggregator)
        return tuple(self._contest.lags[heir].values()) if heir is not None else ()

    def _drop_if_left(self, aggregator: Aggregator) -> None:
        if aggregator.left and not aggregator.ports:
            del self.aggregators[aggregator.identifier]


def _fits(aggregator: Aggregator, port: Port) -> bool:
    """Whether management lets the port use the aggregator (6.4.14.1 e)."""
    return aggregator.key is None or aggregator.key == port.config.key
