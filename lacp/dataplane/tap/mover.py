"""Keeps one process running that moves frames, with another one in its place when it ends."""

from __future__ import annotations

import select
import time
from dataclasses import replace

from lacp.dataplane.base import DeviceGone, Loads, PlaneNews, Trouble
from lacp.dataplane.tap.orders import Orders, PortOrder
from lacp.dataplane.tap.process import Gone, Process
from lacp.dataplane.tap.sockets import Sockets

#: Seconds that a process must have run for its end to be an accident, and not its fate.
_LIFE = 5.0


class Mover:
    """Whoever moves the frames of one device at the time."""

    def __init__(self, device: str, tap: int) -> None:
        """Start the first process. Raises BackendError."""
        self._device = device
        self._tap = tap
        self._epoll = select.epoll()
        #: Of each port by its number.
        self._sockets: dict[int, Sockets] = {}
        self._orders: Orders | None = None
        #: Octets by hash that processes before this one have sent, and all together.
        self._loads_before: dict[int, int] = {}
        self._loads: dict[int, int] = {}
        self._process = self._start()

    def _start(self) -> Process:
        process = Process(self._device, self._tap)
        self._started = time.monotonic()
        self._epoll.register(process.fileno(), select.EPOLLIN)
        return process

    @property
    def pid(self) -> int:
        """The process id of the one at work."""
        return self._process.pid

    def fileno(self) -> int:
        """The descriptor to wait on, always the same."""
        return self._epoll.fileno()

    def tell(self, orders: Orders, new: tuple[int, Sockets] | None = None) -> None:
        """Have frames go like that from now on; `new` is the number of a new port."""
        numbers = {port.number for port in orders.ports}
        self._sockets = {n: two for n, two in self._sockets.items() if n in numbers}
        self._orders = orders
        if new is None:
            self._process.tell(orders)
        else:
            number, sockets = new
            self._sockets[number] = sockets
            self._process.tell(replace(orders, sockets=number), sockets)

    def read(self) -> list[PlaneNews]:
        """What has been reported; that the process has ended, and whether there is another."""
        news: list[PlaneNews] = []
        try:
            reports = self._process.read()
        except Gone:
            return self._restart()
        for report in reports:
            if report.trouble:
                news.append(Trouble(report.trouble))
                continue
            for hash, octets in report.loads.items():
                self._loads[hash] = self._loads_before.get(hash, 0) + octets
            news.append(Loads(dict(self._loads)))
        return news

    def end(self) -> None:
        """Have the process end, and wait for that."""
        self._process.end()
        self._epoll.close()

    def _restart(self) -> list[PlaneNews]:
        self._epoll.unregister(self._process.fileno())
        pid, how = self._process.pid, self._process.end()
        lived = time.monotonic() - self._started
        said = f"the process that moves frames (pid {pid}) has ended with {how}"
        self._loads_before = dict(self._loads)
        if lived < _LIFE:
            # Another one would do no better, and one after the other would cost the host more.
            return [Trouble(f"{said} after {lived:.1f} s: giving up"), DeviceGone()]
        self._process = self._start()
        if self._orders is not None:
            self._tell_everything(self._orders)
        return [Trouble(f"{said}: another one was started")]

    def _tell_everything(self, orders: Orders) -> None:
        """Hand over the ports one after the other, each message complete for those so far."""
        known: list[PortOrder] = []
        for port in orders.ports:
            known.append(port)
            so_far = replace(
                orders, ports=tuple(known), mapping={}, active=None, sockets=port.number
            )
            self._process.tell(so_far, self._sockets[port.number])
        self._process.tell(orders)
