"""LACP beside other things in an asyncio program.

asyncio_program.py ADDRESS eth1 eth2   runs LACP on these interfaces (Linux, CAP_NET_RAW) as the
                                       system with that MAC address, until interrupted
asyncio_program.py                     two systems on links in memory, until traffic flows
"""

import asyncio
import contextlib
import signal
import sys
from typing import assert_never

import lacp
from lacp.backends.base import Backend, FrameLost, FrameReceived, LinkNews, Overrun, TipcNews
from lacp.backends.memory import MemoryBackend, connect


class Lacp:
    """Runs a system on a backend within the running loop; `up` is set while traffic may flow."""

    def __init__(self, address: str, backend: Backend, ports: list[str]) -> None:
        self.loop = asyncio.get_running_loop()
        self.backend, self.ports = backend, ports
        self.carrying: set[str] = set()
        self.up = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self.system = lacp.System(lacp.SystemConfig(system=lacp.Mac.parse(address)))
        for number, port in enumerate(ports, 1):
            backend.add(port)
            config = lacp.PortConfig(number=number, short_timeout=True)
            self.system.add_port(port, config, self.loop.time())
        for fd in backend.filenos():
            self.loop.add_reader(fd, self.serve)
        self.serve()

    def serve(self) -> None:
        """Do all that is due, and see to it that this is called when more is."""
        now = self.loop.time()
        for news in self.backend.read():
            match news:
                case FrameReceived(port, frame):
                    self.system.receive(port, frame, now)
                case LinkNews(port, link):
                    self.system.link_changed(port, link, now)
                case FrameLost() | Overrun() | TipcNews():
                    print(news, flush=True)
                case _:
                    assert_never(news)
        self.system.advance(now)
        for event in self.system.events():
            self.carry_out(event, now)
        if self._timer is not None:
            self._timer.cancel()
        due = self.system.next_deadline()
        self._timer = None if due is None else self.loop.call_at(due, self.serve)

    def carry_out(self, event: lacp.Event, now: float) -> None:
        """Do what the engine has decided."""
        match event:
            case lacp.Transmit(port, frame):
                if not self.backend.send(port, frame):
                    self.system.transmit_failed(port, frame, now)
            case lacp.MuxChanged(port, _, _, distributing):
                if distributing is not (port in self.carrying):
                    (self.carrying.add if distributing else self.carrying.remove)(port)
                    print(port, "carries traffic" if distributing else "carries none", flush=True)
                (self.up.set if self.carrying else self.up.clear)()
            case lacp.StateChanged() | lacp.PartnerChanged() | lacp.LinkChanged():
                pass
            case lacp.FrameDropped() | lacp.MarkerAnswered() | lacp.MarkerLost():
                pass
            case lacp.PortAdded() | lacp.PortRemoved():
                pass
            case _:
                assert_never(event)

    def close(self) -> None:
        """Tell the partners that we leave, and end."""
        for port in self.ports:
            self.system.withdraw_port(port, self.loop.time())
        self.serve()
        if self._timer is not None:
            self._timer.cancel()
        for fd in self.backend.filenos():
            self.loop.remove_reader(fd)
        self.backend.close()


async def on_interfaces(address: str, interfaces: list[str]) -> None:
    from lacp.backends.packet import PacketBackend

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with contextlib.closing(Lacp(address, PacketBackend(), interfaces)):
        await stop.wait()


async def in_memory() -> None:
    left, right = MemoryBackend(), MemoryBackend()
    connect(left, "left1", right, "right1")
    with (
        contextlib.closing(Lacp("02:00:00:00:00:01", left, ["left1"])) as one,
        contextlib.closing(Lacp("02:00:00:00:00:02", right, ["right1"])) as other,
    ):
        await asyncio.gather(one.up.wait(), other.up.wait())
        print("traffic flows", flush=True)


def main(arguments: list[str]) -> int:
    try:
        asyncio.run(on_interfaces(arguments[0], arguments[1:]) if arguments else in_memory())
    except (lacp.LacpError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
