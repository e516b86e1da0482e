"""Noticing that a partner was plugged in elsewhere (port_moved, 6.4.8)."""

from __future__ import annotations

from collections.abc import Iterable

from lacp.address import NO_MAC, Mac
from lacp.protocol.aggregator import shrink
from lacp.protocol.port import Port
from lacp.protocol.receive import ReceiveState


class Absent:
    """The ports in PORT_DISABLED, by the partner that each remembers."""

    __slots__ = ("_ports", "_remembered")

    def __init__(self) -> None:
        self._ports: dict[tuple[Mac, int], dict[str, Port]] = {}
        self._remembered: dict[str, tuple[Mac, int]] = {}

    def note(self, port: Port) -> None:
        """Bring the index up to date with the state of `port`."""
        disabled = port.receive.state is ReceiveState.PORT_DISABLED
        if disabled and port.partner.system != NO_MAC:
            if self._remembered.get(port.name) != port.partner_end:
                self.forget(port)
                self._remembered[port.name] = port.partner_end
                self._ports.setdefault(port.partner_end, {})[port.name] = port
        elif self._remembered:
            self.forget(port)

    def forget(self, port: Port) -> None:
        """Take `port` out of the index."""
        key = self._remembered.pop(port.name, None)
        if key is not None:
            ports = self._ports[key]
            del ports[port.name]
            if not ports:
                del self._ports[key]
            shrink(self._ports, self._remembered)

    def expects(self, port: Port) -> bool:
        """Whether a disabled port remembers the partner that `port` has."""
        return bool(self._ports) and port.partner_end in self._ports

    def remembering(self, partner: tuple[Mac, int]) -> Iterable[Port]:
        """The disabled ports whose partner this was."""
        return tuple(self._ports.get(partner, {}).values())
