"""The contest of LAGs for aggregators, where there are fewer of these (6.4.14.2 g).

A LAG that has an aggregator loses it to one of better standing (`policy.Standing`), and to one of
equal standing of which `agg_select_policy` thinks more. What carries traffic is left only for a LAG
whose partner is ready to carry it. Two systems that have one aggregator each may choose different
LAGs with each other, and each waits in vain: the one with the higher System ID gives in first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from lacp.protocol.aggregator import Aggregator, LagId, shrink
from lacp.protocol.common import Common
from lacp.protocol.config import SystemConfig
from lacp.protocol.policy import Standing, in_sync, measure, standing, strength
from lacp.protocol.port import Port
from lacp.protocol.timers import AGGREGATE_WAIT_TIME, Timer
from lacp.protocol.variables import AggSelectPolicy, Selected

#: Seconds for which a partner may be out of sync in the LAG that we have chosen while it is in sync
#: in another. The system with the higher System ID gives in first: after more than the
#: Aggregate_Wait_Time, for which a partner is out of sync that means well.
YIELD = 5.0
#: The other system insists for longer: it may be that its partner never gives in (teamd does not).
#: It is more than two turns of the first, which may have to give in again if LACPDUs were lost.
INSIST = 15.0
#: Seconds for which a LAG must have been there before another one that carries traffic is left for
#: it: a link that flaps does not take the device each time that it comes back.
PROVEN = AGGREGATE_WAIT_TIME


#: What a LAG of each standing is, for a person.
_WORDS = {
    Standing.SILENT: "silent",
    Standing.LOOPED: "looped",
    Standing.TOO_FEW: "below min_ports",
    Standing.STAND_IN: "without a partner",
    Standing.OUT_OF_SYNC: "out of sync",
    Standing.IN_SYNC: "in sync",
}


class Contest:
    """The LAGs without an aggregator, and who takes one from whom."""

    __slots__ = ("_common", "_lag_of", "_lags", "preferred")

    def __init__(self, common: Common) -> None:
        self._common = common
        self._lags: dict[LagId, dict[str, Port]] = {}
        self._lag_of: dict[str, LagId] = {}
        #: The LAG that management has chosen; it keeps its aggregator as long as it can be used.
        self.preferred: LagId | None = None

    @property
    def _config(self) -> SystemConfig:
        return self._common.config

    @property
    def lags(self) -> Mapping[LagId, Mapping[str, Port]]:
        """The LAGs without an aggregator, each with its ports by name."""
        return MappingProxyType(self._lags)

    def __contains__(self, port: Port) -> bool:
        return port.name in self._lag_of

    def __bool__(self) -> bool:
        return bool(self._lags)

    def ports(self) -> list[Port]:
        """The ports of all LAGs without an aggregator."""
        return [port for ports in self._lags.values() for port in ports.values()]

    # Who takes part.

    def enter(self, port: Port) -> None:
        """A port that could have an aggregator has none."""
        was = self._lag_of.get(port.name)
        if was == port.lag:
            return
        if was is not None:
            self.leave(port)
        self._lag_of[port.name] = port.lag
        self._lags.setdefault(port.lag, {})[port.name] = port
        port.waits_since = port.now
        port.start(Timer.CONTEST, max(PROVEN, self._config.aggregate_wait))

    def leave(self, port: Port) -> None:
        """The port has an aggregator now, or can have none."""
        lag = self._lag_of.pop(port.name, None)
        if lag is None:
            return
        ports = self._lags[lag]
        del ports[port.name]
        if not ports:
            del self._lags[lag]
        shrink(self._lags, self._lag_of)
        port.timers.stop(Timer.CONTEST)

    def watch(self, port: Port) -> None:
        """Give the partner of a port that has an aggregator time to get in sync, in a contest."""
        running = not port.timers.stopped(Timer.CONTEST)
        waits = bool(self._lags) and port.usable and not port.defaulted and not in_sync(port)
        if waits and not running:
            yields = port.actor.system_id > port.partner.system_id
            port.start(Timer.CONTEST, YIELD if yields else INSIST)
        elif running and not waits:
            port.timers.stop(Timer.CONTEST)

    # Who wins.

    def best(self, fits: Iterable[LagId]) -> LagId | None:
        """The best of these LAGs without an aggregator; None when there are none."""
        return max(fits, key=self._rank, default=None)

    def _rank(self, lag: LagId) -> tuple[bool, Standing, int, int]:
        ports, config = self._lags[lag].values(), self._config
        at = standing(ports, config)
        chosen = lag == self.preferred and at > Standing.LOOPED
        return chosen, at, measure(ports, config), strength(ports)

    def users(self, aggregator: Aggregator) -> list[Port]:
        """The ports of the LAG that has the aggregator: those that use it, and are about to."""
        users = list(aggregator.ports.values())
        if aggregator.lag is not None:
            users += self._lags.get(aggregator.lag, {}).values()
        return users

    def outdoes(self, lag: LagId, aggregator: Aggregator) -> bool:
        """Whether this LAG is to take the aggregator from those who use it."""
        if aggregator.lag is None:
            return False
        ours, theirs = self._lags[lag].values(), self.users(aggregator)
        rises, holds = standing(ours, self._config), standing(theirs, self._config)
        if lag == self.preferred and rises > Standing.LOOPED:
            return True
        better = aggregator.lag != self.preferred and self._better(ours, theirs, holds)
        if rises is not holds:
            # A partner that is not in sync yet may be so in a moment.
            awaited = rises is Standing.IN_SYNC and holds is Standing.OUT_OF_SYNC
            return rises > holds and (not awaited or better or refused(aggregator))
        return better and rises > Standing.LOOPED

    def why(self, lag: LagId, aggregator: Aggregator) -> str:
        """Why this LAG, which outdoes them, is preferred to those who use the aggregator."""
        if lag == self.preferred:
            return "management has selected it"
        rises = standing(self._lags[lag].values(), self._config)
        holds = standing(self.users(aggregator), self._config)
        if rises is holds:
            return f"agg_select_policy is {self._config.agg_select_policy}"
        return f"it is {_WORDS[rises]}, the other {_WORDS[holds]}"

    def _better(self, ours: Iterable[Port], theirs: list[Port], holds: Standing) -> bool:
        """Whether the policy thinks more of these ports than of those that have the aggregator."""
        policy = self._config.agg_select_policy
        if policy is AggSelectPolicy.LACP_PRIO_STABLE:
            return False
        if policy is AggSelectPolicy.PORT_CONFIG and any(p.config.sticky for p in theirs):
            return False
        proven = [p for p in ours if p.timers.expired(Timer.CONTEST)]
        carrying = holds in (Standing.IN_SYNC, Standing.STAND_IN)
        counted = proven if carrying else list(ours)
        return bool(counted) and measure(counted, self._config) > measure(theirs, self._config)


def refused(aggregator: Aggregator) -> bool:
    """Whether the partner has had time enough to get in sync, at every port that it is heard at."""
    return all(
        p.timers.expired(Timer.CONTEST)
        for p in aggregator.ports.values()
        if p.usable and p.selected is not Selected.UNSELECTED
    )
