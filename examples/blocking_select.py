"""LACP in a loop of its own, with select and without asyncio.

blocking_select.py eth1 eth2   runs LACP on these interfaces (Linux, CAP_NET_RAW) until interrupted
blocking_select.py             two systems on links in memory, until traffic flows on all of them
"""

import select
import signal
import sys
import time
from typing import assert_never

import lacp
from lacp.backends.base import Backend, FrameLost, FrameReceived, LinkNews, Overrun, TipcNews
from lacp.backends.memory import MemoryBackend, connect


class Station:
    """A system and its interfaces."""

    def __init__(self, name: str, address: str, backend: Backend, ports: list[str]) -> None:
        self.name, self.backend, self.ports = name, backend, ports
        self.carrying: set[str] = set()
        self.system = lacp.System(lacp.SystemConfig(system=lacp.Mac.parse(address)))
        for number, port in enumerate(ports, 1):
            backend.add(port)
            config = lacp.PortConfig(number=number, short_timeout=True)
            self.system.add_port(port, config, time.monotonic())

    def serve(self) -> None:
        """Do all that is due."""
        now = time.monotonic()
        for news in self.backend.read():
            match news:
                case FrameReceived(port, frame):
                    self.system.receive(port, frame, now)
                case LinkNews(port, link):
                    self.system.link_changed(port, link, now)
                case FrameLost() | Overrun() | TipcNews():
                    self.say(str(news))
                case _:
                    assert_never(news)
        self.system.advance(now)
        self.carry_out(now)

    def carry_out(self, now: float) -> None:
        """Do what the engine has decided."""
        for event in self.system.events():
            match event:
                case lacp.Transmit(port, frame):
                    if not self.backend.send(port, frame):
                        self.system.transmit_failed(port, frame, now)
                case lacp.MuxChanged(port, _, collecting, distributing):
                    self.say(f"{port} collecting={collecting} distributing={distributing}")
                    (self.carrying.add if distributing else self.carrying.discard)(port)
                case lacp.StateChanged(port, machine, old, new, reason):
                    self.say(f"{port} {machine} {old} -> {new}: {reason}")
                case lacp.PartnerChanged() | lacp.LinkChanged() | lacp.FrameDropped():
                    self.say(str(event))
                case lacp.PortAdded() | lacp.PortRemoved():
                    self.say(str(event))
                case lacp.MarkerAnswered() | lacp.MarkerLost():
                    pass  # We send no markers.
                case _:
                    assert_never(event)

    def withdraw(self) -> None:
        """Tell the partners that we leave."""
        now = time.monotonic()
        for port in self.ports:
            self.system.withdraw_port(port, now)
        self.carry_out(now)

    def say(self, text: str) -> None:
        print(f"{self.name}: {text}", flush=True)


def run(stations: list[Station], *, for_ever: bool) -> None:
    """Wait, serve, and wait again."""
    descriptors = [fd for station in stations for fd in station.backend.filenos()]
    while for_ever or any(len(s.carrying) < len(s.ports) for s in stations):
        deadlines = [s.system.next_deadline() for s in stations]
        due = min((at for at in deadlines if at is not None), default=None)
        timeout = None if due is None else max(0.0, due - time.monotonic())
        select.select(descriptors, [], [], timeout)
        for station in stations:
            station.serve()


def main(interfaces: list[str]) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    stations: list[Station] = []
    try:
        if interfaces:
            from lacp.backends.packet import PacketBackend

            # A real program takes the address of an interface, and keeps it.
            stations.append(Station("us", "02:00:00:00:00:01", PacketBackend(), interfaces))
        else:
            left, right = MemoryBackend(), MemoryBackend()
            for port in ("1", "2"):
                connect(left, port, right, port)
            stations.append(Station("left", "02:00:00:00:00:01", left, ["1", "2"]))
            stations.append(Station("right", "02:00:00:00:00:02", right, ["1", "2"]))
        run(stations, for_ever=bool(interfaces))
    except lacp.LacpError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    for station in stations:
        station.withdraw()
        station.backend.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
