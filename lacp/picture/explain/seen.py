"""What the rules ask of a whole LAG, found once, so that none looks at all ports for each port."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from lacp.address import Mac
from lacp.info import PortState
from lacp.link import Duplex
from lacp.picture.model import LagView, PortView

_DEFAULTED = PortState.DEFAULTED
_EXPIRED = PortState.EXPIRED
_AGGREGATION = PortState.AGGREGATION
_SYNC = PortState.SYNCHRONIZATION

#: A port of a system: who it is wherever it is plugged in.
PortId = tuple[Mac, int]


class Identity(NamedTuple):
    """What has to be equal of ports for them to aggregate (6.3.6.1)."""

    key: int | None
    partner_priority: int | None
    partner_system: Mac | None
    partner_key: int | None


class Seen:
    """A LAG and what is to be known of all its ports together."""

    __slots__ = (
        "active",
        "agreed",
        "bonding",
        "hearing",
        "hearing_names",
        "identity",
        "lacp",
        "lag",
        "mtu",
        "numbers",
        "reference",
        "sharers",
        "speed",
        "up",
    )

    def __init__(self, lag: LagView) -> None:
        self.lag = lag
        #: Whether LACP is spoken.
        self.lacp = bool(lag.speaks_lacp)
        #: Whether the kernel's bonding driver speaks it, for whomever.
        self.bonding = lag.source == "bond" or (
            lag.dataplane == "bond" and all(port.machines is None for port in lag.ports)
        )
        #: The ports with a link, those that hear a partner, those that carry traffic.
        self.up: list[PortView] = []
        self.hearing: list[PortView] = []
        self.hearing_names: list[str] = []
        self.active: list[PortView] = []
        #: Names of the ports that carry traffic and that the partner wants in its LAG.
        self.agreed: list[str] = []
        #: Names of our ports by the partner port that they hear, with its key, and by their own
        #: number.
        self.sharers: dict[tuple[PortId, int | None], list[str]] = {}
        self.numbers: dict[PortId, list[str]] = {}
        speeds: Counter[int] = Counter()
        mtus: Counter[int] = Counter()
        for port in lag.ports:
            if port.link.up and not port.missing:
                self.up.append(port)
                if port.link.speed:
                    speeds[port.link.speed] += 1
            if port.distributing:
                self.active.append(port)
                if port.partner is not None and port.partner.says(_SYNC):
                    self.agreed.append(port.name)
            if port.mtu is not None:
                mtus[port.mtu] += 1
            if self.lacp:
                self._note(port)
        #: What most ports have; of two the higher.
        self.speed = _most(speeds)
        self.mtu = lag.mtu if lag.mtu is not None else _most(mtus)
        #: A port that is as it has to be, for comparison.
        self.reference = self._reference()
        self.identity = self._identity()

    def _note(self, port: PortView) -> None:
        actor, partner = port.actor, port.partner
        if actor is not None and actor.system is not None and actor.port is not None:
            self.numbers.setdefault((actor.system, actor.port), []).append(port.name)
        # The bonding driver keeps what it heard on a link that is down.
        if hears(port) and port.link.up is not False:
            self.hearing.append(port)
            self.hearing_names.append(port.name)
            if partner is not None and partner.system is not None and partner.port is not None:
                its = (partner.system, partner.port), partner.key
                self.sharers.setdefault(its, []).append(port.name)

    def _reference(self) -> PortView | None:
        used = self.lag.aggregator
        attached = [
            port
            for port in self.lag.ports
            if port.actor is not None and used is not None and port.aggregator == used
        ]
        for port in attached:
            if port.distributing:
                return port
        return attached[0] if attached else (self.active[0] if self.active else None)

    def _identity(self) -> Identity | None:
        """The identity of the LAG in use; None when none is."""
        if self.reference is not None and self.reference.actor is not None:
            return identity(self.reference)
        actor, partner = self.lag.actor, self.lag.partner
        if actor is None or partner is None or not partner.known:
            return None
        return Identity(actor.key, partner.system_priority, partner.system, partner.key)

    def sharing(self, port: PortView) -> list[str]:
        """The ports that hear the same port of the partner, with the same key, as this one does."""
        partner = port.partner
        if partner is None or partner.system is None or partner.port is None:
            return []
        return self.sharers.get(((partner.system, partner.port), partner.key), [])


def identity(port: PortView) -> Identity:
    """What of a port's ends has to be equal to that of the others."""
    actor, partner = port.actor, port.partner
    return Identity(
        None if actor is None else actor.key,
        None if partner is None else partner.system_priority,
        None if partner is None else partner.system,
        None if partner is None else partner.key,
    )


def hears(port: PortView) -> bool | None:
    """Whether the port hears a partner; None when that cannot be told."""
    receive = None if port.machines is None else port.machines.receive
    if receive is not None:
        return receive == "CURRENT"
    state = None if port.actor is None else port.actor.state
    if state is not None and state & (_DEFAULTED | _EXPIRED):
        return False
    if state is not None and (port.partner is None or port.partner.system is None):
        # Somebody is heard; who that is, is not told to everybody.
        return True
    return None if port.partner is None else port.partner.known


def individual(port: PortView) -> bool:
    """Whether an end says that the link may not be aggregated."""
    ends = (port.actor, port.partner)
    return any(end is not None and end.says(_AGGREGATION) is False for end in ends)


def half(port: PortView) -> bool:
    """Whether the link is half duplex."""
    return port.link.duplex is Duplex.HALF


def counted(port: PortView, name: str) -> int:
    """A counter; 0 when it is not known."""
    return (port.counters or {}).get(name) or 0


def left(port: PortView, timer: str) -> float | None:
    """Seconds left of a timer; None when it does not run or is not known."""
    return None if port.timers is None else port.timers.get(timer)


def _most(counts: Counter[int]) -> int | None:
    if not counts:
        return None
    return max(counts, key=lambda value: (counts[value], value))
