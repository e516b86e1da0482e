"""A system of ports and aggregators, with its management: without I/O and without a clock."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any, TypeVar

from lacp.errors import UsageError
from lacp.link import DOWN, Link
from lacp.protocol import marker, receive
from lacp.protocol.config import PortConfig, SystemConfig
from lacp.protocol.events import PortAdded, PortRemoved
from lacp.protocol.port import Port
from lacp.protocol.receive import ReceiveState
from lacp.protocol.running import Running

_Config = TypeVar("_Config", SystemConfig, PortConfig)


class System(Running):
    """One 802.1AX system. Ports are known by name; a call with an unknown one raises UsageError."""

    def __init__(self, config: SystemConfig) -> None:
        super().__init__(config)
        self._numbers: set[int] = set()
        self._rank = count()
        self._transaction = count(1)
        #: When the ports that were removed last sent, by number: who comes back keeps to the limit.
        self._sent: dict[int, list[float]] = {}

    def add_port(self, name: str, config: PortConfig, now: float, link: Link = DOWN) -> None:
        """Add a port. Raises UsageError when its name or number is taken."""
        self._tick(now)
        if name in self._ports:
            raise UsageError(f"port {name} exists already")
        if config.number in self._numbers:
            other = next(p.name for p in self._ports.values() if p.number == config.number)
            raise UsageError(f"port number {config.number} is that of port {other} already")
        sent = self._sent.pop(config.number, None)
        port = self._ports[name] = Port(name, config, self._common, next(self._rank), sent)
        self._numbers.add(config.number)
        self._common.tell(PortAdded(name, now))
        self._selection.port_added(port)
        self._settle(port)
        if link != DOWN:
            self.link_changed(name, link, now)

    def withdraw_port(self, name: str, now: float) -> None:
        """Take the port out of its LAG and tell the partner; it stays out until it is removed."""
        port = self._at(name, now)
        port.fire()
        port.withdrawn = port.reselect = True
        self._settle(port)

    def hold_port(self, name: str, reason: str | None, now: float) -> None:
        """Keep the port out of every LAG, for this reason, or with None no longer.

        The partner is told, and LACP speaks on.
        """
        port = self._at(name, now)
        port.fire()
        if port.held != (reason or ""):
            port.held = reason or ""
            port.reselect = True
        self._settle(port)

    def prefer(self, name: str, now: float) -> None:
        """Give an aggregator to the LAG of this port; it keeps it until it cannot be used.

        Raises UsageError when the port is in no LAG.
        """
        port = self._at(name, now)
        refusal = self._selection.prefer(port)
        if refusal:
            raise UsageError(f"the LAG of port {name} cannot be selected: {refusal}")
        self._settle(port)

    def remove_port(self, name: str, now: float) -> None:
        """Remove a port; the partner is told if the limit allows, else withdraw it first."""
        self.withdraw_port(name, now)
        port = self._ports.pop(name)
        self._numbers.remove(port.number)
        marker.give_up(port)
        self._schedule.forget(port)
        self._absent.forget(port)
        self._sent[port.number] = port.sent
        self._common.tell(PortRemoved(name, now))
        self._settle(*self._selection.port_removed(port))

    def configure(self, now: float, **changes: Any) -> None:
        """Change parameters of the system while it runs. Raises UsageError, changing nothing, when
        one does not exist, is out of range or is fixed: edition, control, aggregators, history."""
        self._tick(now)
        fixed = {"edition", "control", "aggregators", "history"} & changes.keys()
        if fixed:
            raise UsageError(f"{', '.join(sorted(fixed))} cannot change while the system runs")
        self._common.config = _replaced(self.config, changes)
        for port in self._ports.values():
            self._configured(port)
        for port in self._ports.values():
            # All before any selects, so that a LAG that changes its name can keep its aggregator.
            self._selection.release(port)
        self._settle(*self._ports.values())

    def configure_port(self, name: str, now: float, **changes: Any) -> None:
        """Change parameters of a port while it runs. Raises UsageError, changing nothing, when one
        does not exist, is out of range or is fixed: number."""
        port = self._at(name, now)
        if "number" in changes:
            raise UsageError("number cannot change while the port exists")
        port.config = _replaced(port.config, changes)
        self._configured(port)
        self._settle(port)

    def send_marker(self, name: str, now: float) -> int:
        """Send a Marker PDU (6.5.4); its transaction id comes back in MarkerAnswered or MarkerLost.

        Raises UsageError when the link is down.
        """
        port = self._at(name, now)
        if not port.port_enabled:
            raise UsageError(f"port {name}: the link is down, no marker can be sent")
        transaction = next(self._transaction)
        marker.send(port, transaction)
        self._schedule.see(port)
        return transaction

    def _configured(self, port: Port) -> None:
        port.fire()
        port.reselect = True
        port.apply_config()
        if port.receive.state is ReceiveState.DEFAULTED:
            # The administrative partner is the one in force.
            receive.update_default_selected(port)
            receive.record_default(port)


def _replaced(config: _Config, changes: dict[str, Any]) -> _Config:
    unknown = [name for name in changes if name not in config.__dataclass_fields__]
    if unknown:
        raise UsageError(f"no parameter {', '.join(unknown)}")
    return replace(config, **changes)
