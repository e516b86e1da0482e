"""Aggregators, and the LAG IDs that decide who may share one (6.3.6, 6.4.14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from lacp.address import Mac
from lacp.info import AGGREGATING, PortInfo

if TYPE_CHECKING:
    from lacp.protocol.port import Port


class LagId(NamedTuple):
    """Ports with equal LAG IDs aggregate (6.3.6.1)."""

    actor: tuple[int, Mac, int]
    partner: tuple[int, Mac, int]
    #: Both Port Identifiers when the link is Individual, so that nobody else has this LAG ID.
    ports: tuple[tuple[int, int], tuple[int, int]] | None
    #: Which end of a looped link this is: -1 the lower port number, 1 the higher; 0 is no loop
    #: (6.4.14.1 g).
    loop_end: int

    def __str__(self) -> str:
        actor, partner = self.ports or ((0, 0), (0, 0))
        ends = sorted(((*self.actor, *actor), (*self.partner, *partner)))
        written = ",".join(
            f"({sp:04x},{mac},{key:04x},{pp:02x},{pn:04x})" for sp, mac, key, pp, pn in ends
        )
        return f"[{written}]"


def lag_id(actor: PortInfo, partner: PortInfo) -> LagId:
    """The LAG ID of a port from what is known of both its ends."""
    individual = not (AGGREGATING[actor.state] and AGGREGATING[partner.state])
    looped = actor.system_id == partner.system_id
    return LagId(
        (*actor.system_id, actor.key),
        (*partner.system_id, partner.key),
        (actor.port_id, partner.port_id) if individual else None,
        (-1 if actor.port < partner.port else 1) if looped else 0,
    )


def shrink(*tables: dict[Any, Any]) -> None:
    """Give back the room of those that are empty: most of the time, in most systems, these are."""
    for table in tables:
        if not table:
            table.clear()


class Aggregator:
    """What the members of one LAG are attached to; to the MAC client, one interface."""

    __slots__ = (
        "identifier",
        "joined",
        "key",
        "lag",
        "late",
        "leaving_for",
        "left",
        "ports",
        "waiting",
    )

    def __init__(self, identifier: int, key: int | None) -> None:
        self.identifier = identifier
        #: Its operational key; None takes the key of the ports that use it.
        self.key = key
        #: Whose aggregator this is at present; None when it is free.
        self.lag: LagId | None = None
        #: What all ports say that join it: kept once, since it is long and there may be many.
        self.joined = ""
        #: The LAG for which those who use it must leave it.
        self.leaving_for: LagId | None = None
        #: The ports that selected it, in the order in which they did.
        self.ports: dict[str, Port] = {}
        #: The selected ports that wait to be attached, and those of them whose wait is not over.
        self.waiting: dict[str, Port] = {}
        self.late: dict[str, None] = {}
        #: The port of its number is gone: it goes with the last that uses it.
        self.left = False

    def take(self, lag: LagId) -> None:
        """Become the aggregator of this LAG."""
        self.lag = lag
        self.joined = f"joins aggregator {self.identifier} of {lag}"

    @property
    def ready(self) -> bool:
        """Ready (6.4.8): there is somebody to attach, and all of them have waited long enough."""
        return bool(self.waiting) and not self.late

    def note_wait(self, port: Port, waits: bool) -> None:
        """Bring up to date whether `port` waits to be attached, and whether its wait is over."""
        name = port.name
        if waits:
            self.waiting[name] = port
        else:
            self.waiting.pop(name, None)
        if waits and not port.ready_n:
            self.late[name] = None
        else:
            self.late.pop(name, None)
        shrink(self.waiting, self.late)
