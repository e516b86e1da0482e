"""Bringing ports to rest: their machines, the Selection Logic, then what they have to send."""

from __future__ import annotations

from collections.abc import Iterable, Sized

from lacp.protocol import marker
from lacp.protocol.absent import Absent
from lacp.protocol.port import Port
from lacp.protocol.schedule import Schedule
from lacp.protocol.selection import Selection
from lacp.protocol.timers import Timer
from lacp.protocol.transmit import leave, transmit, unhindered


class Settling:
    """What follows all news of the ports of one system."""

    __slots__ = ("_absent", "_ports", "_schedule", "_selection")

    def __init__(
        self,
        selection: Selection,
        absent: Absent,
        schedule: Schedule,
        ports: Sized,
    ) -> None:
        self._selection = selection
        self._absent = absent
        self._schedule = schedule
        self._ports = ports

    def settle(self, ports: Iterable[Port]) -> None:
        """Step the ports' machines and the Selection Logic to rest, then send and schedule."""
        pending = dict.fromkeys(ports)
        touched: dict[Port, None] = {}
        for _ in range(64 * (len(self._ports) + 1)):
            if not pending:
                break
            port = next(iter(pending))
            del pending[port]
            touched[port] = None
            port.run()
            if port.reselect:
                port.reselect = False
                for affected in self._selection.update(port):
                    affected.reselect = True
                    pending[affected] = None
        else:
            raise RuntimeError("the system does not come to rest")
        for port in touched:
            if port.timers.expired(Timer.MARKER):
                marker.give_up(port)
            self._absent.note(port)
            self.finish(port)

    def finish(self, port: Port) -> None:
        """Send what a port at rest has to send, and see to it when its next timer is due."""
        transmit(port)
        self._schedule.see(port)

    def tick(self, port: Port) -> None:
        """Have a port speak that was at rest, and of which only the periodic timer has expired.

        When nothing hinders the LACPDU, the machine would go through its sending box, and back to
        where it was; no other machine looks at this timer or at NTT; and `transmit` would let the
        LACPDU leave. This is what a port does every second, or every 30.
        """
        if unhindered(port):
            port.periodic.restart()
            leave(port)
            self._schedule.see(port)
        else:
            port.run()
            self.finish(port)
