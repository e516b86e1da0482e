"""Selection Logic (6.4.14): which LAG uses which aggregator.

A LAG keeps the aggregator that it has; a new one takes the aggregator of its port's number when
that is free, else the lowest free one, else one whose users have a weaker claim. Nothing moves a
LAG that works.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntEnum

from lacp.address import NO_MAC
from lacp.info import PortState
from lacp.protocol import sharing
from lacp.protocol.aggregator import Aggregator, LagId
from lacp.protocol.churn import PartnerChurnState
from lacp.protocol.config import Administration, SystemConfig
from lacp.protocol.port import Port
from lacp.protocol.receive import ReceiveState
from lacp.protocol.variables import Fallback, Selected


class _Claim(IntEnum):
    """How good a port's right to an aggregator is, where there are fewer than LAGs."""

    #: Its link is down.
    NONE = 0
    #: Both ends of its link are ours.
    LOOPED = 1
    #: Nobody was heard; it is there by fallback.
    STAND_IN = 2
    #: The partner is not in sync: not yet, or not in all the time that churn detection allows.
    OUT_OF_SYNC = 3
    #: There is a partner, and nothing against it.
    PARTNER = 4


class Selection:
    """The Selection Logic of one system."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        self.aggregators: dict[int, Aggregator] = {}
        self._by_lag: dict[LagId, Aggregator] = {}
        #: Ports that found no aggregator, by name.
        self._unplaced: dict[str, Port] = {}
        #: Aggregators whose port has left while others used them.
        self._leaving: set[int] = set()
        #: The LAG that management wants to have an aggregator.
        self._preferred: LagId | None = None
        for identifier, key in (self._config.aggregators or {}).items():
            self.aggregators[identifier] = Aggregator(identifier, key)

    @property
    def _config(self) -> SystemConfig:
        return self._administration.config

    def port_added(self, port: Port) -> None:
        """Give the port its own aggregator, unless management has named them all."""
        if self._config.aggregators is None:
            self._leaving.discard(port.number)
            self.aggregators.setdefault(port.number, Aggregator(port.number, None))

    def port_removed(self, port: Port) -> Iterable[Port]:
        """Forget a port that is detached; returns the ports that must look again."""
        self._unplaced.pop(port.name, None)
        affected = self._leave(port) if port.aggregator is not None else ()
        if self._config.aggregators is None:
            self._leaving.add(port.number)
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
        if port.selected is Selected.UNSELECTED and port.mux.detached:
            # Only now: the Mux machine must have seen UNSELECTED (6.4.14.1, NOTE 2).
            if port.aggregator is not None:
                affected.update((p.name, p) for p in self._leave(port))
            affected.update((p.name, p) for p in self._select(port))
        if port.aggregator is not None:
            used = port.aggregator
            affected.update((p.name, p) for p in sharing.share(used, self._config, port))
            affected.update((p.name, p) for p in self._contenders(used))
            if not self._config.revertive:
                affected.update((p.name, p) for p in used.ports.values() if p.mux.held_back)
        return affected.values()

    def prefer(self, port: Port) -> bool:
        """Give an aggregator to the LAG of `port`; False when it is in none."""
        if port.aggregator is None and port.name not in self._unplaced:
            return False
        self._preferred = port.lag
        port.reselect = True
        return True

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
            self._unplaced.pop(port.name, None)
            port.selected_reason = reason
            return ()
        aggregator = self._by_lag.get(port.lag) or self._free(port)
        if aggregator is None or self._preceded(port, aggregator):
            self._unplaced[port.name] = port
            port.selected_reason = f"no aggregator with key {port.actor.key} is free"
            return () if aggregator is not None else self._evict(port)
        self._unplaced.pop(port.name, None)
        if aggregator.lag is None:
            aggregator.lag = port.lag
            self._by_lag[port.lag] = aggregator
        aggregator.ports[port.name] = port
        port.aggregator = aggregator
        port.mux.selection_made()
        return sharing.share(aggregator, self._config, port, joining=True)

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
        """Whether another port without an aggregator has a better claim to this one."""
        others = [p for p in self._unplaced.values() if p.lag != port.lag and _fits(aggregator, p)]
        if not others:
            return False
        claim = max(_claim_of(aggregator), _claim(port))
        return any(_claim(p) > claim for p in others)

    def _evict(self, port: Port) -> Iterable[Port]:
        """Make the users of an aggregator leave it when their claim is weaker (rule p)."""
        for aggregator in self._candidates(port):
            if _outdoes(port, aggregator):
                why = f"aggregator {aggregator.identifier} is needed by port {port.name}"
                users = tuple(aggregator.ports.values())
                for user in users:
                    user.unselect(why)
                return users
        return ()

    def _contenders(self, aggregator: Aggregator) -> Iterable[Port]:
        """The ports without an aggregator that could have this one now."""
        return [p for p in self._unplaced.values() if _outdoes(p, aggregator)]

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
        aggregator.lag = None
        self._drop_if_left(aggregator)
        return tuple(self._unplaced.values())

    def _drop_if_left(self, aggregator: Aggregator) -> None:
        if aggregator.identifier in self._leaving and not aggregator.ports:
            self._leaving.discard(aggregator.identifier)
            del self.aggregators[aggregator.identifier]


def _fits(aggregator: Aggregator, port: Port) -> bool:
    """Whether management lets the port use the aggregator (6.4.14.1 e)."""
    return aggregator.key is None or aggregator.key == port.config.key


def _claim(port: Port) -> _Claim:
    """The claim of a port, whether it has an aggregator or not."""
    if not port.port_enabled:
        return _Claim.NONE
    if port.lag.loop_end:
        return _Claim.LOOPED
    if port.defaulted:
        return _Claim.STAND_IN
    if port.selected is Selected.UNSELECTED:
        in_sync = PortState.SYNCHRONIZATION in port.partner.state
    else:
        # A port that has the aggregator is given all the time that churn detection allows.
        in_sync = port.partner_churn.state is not PartnerChurnState.PARTNER_CHURN
    return _Claim.PARTNER if in_sync else _Claim.OUT_OF_SYNC


def _claim_of(aggregator: Aggregator) -> _Claim:
    """The best claim of those who use the aggregator and are not leaving it."""
    users = (p for p in aggregator.ports.values() if p.selected is not Selected.UNSELECTED)
    return max(map(_claim, users), default=_Claim.NONE)


def _outdoes(port: Port, aggregator: Aggregator) -> bool:
    """Whether the port has the better claim to an aggregator that others use."""
    held = _claim_of(aggregator)
    if aggregator.lag is None or _claim(port) <= held or not _fits(aggregator, port):
        return False
    # Two systems that have chosen different LAGs with each other: one of them gives in, not both.
    disagreement = held is _Claim.OUT_OF_SYNC and aggregator.lag.partner[:2] == port.lag.partner[:2]
    return not disagreement or port.actor.system_id > port.partner.system_id
