"""The process that moves the frames of one team: from the device to ports, from ports to it.

It is started by `plane` with two descriptors, of the way to the daemon and of the device, and ends
when the daemon does, however that ends; then it gives the ports back as they were.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import random
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lacp.dataplane import seclusion
from lacp.dataplane.tap import announce
from lacp.dataplane.tap.carriers import Carriers
from lacp.dataplane.tap.orders import Orders, Report, receive
from lacp.dataplane.tap.ways import (
    HASHES,
    VNET_HEADER,
    Send,
    Ways,
    all_of,
    by_chance,
    by_hash,
    in_turn,
)

#: Frames taken from one place before the others have their turn.
_BATCH = 64
#: Octets of the longest frame: what the kernel leaves to the interface to cut into pieces.
_LONGEST = VNET_HEADER + 18 + (1 << 16)
#: Seconds between two lines about frames that cannot be sent.
_PATIENCE = 10.0

# linux/if_packet.h: tpacket_auxdata is status, len, snaplen, mac, net, vlan_tci, vlan_tpid.
_AUXDATA = struct.Struct("=IIIHHHH")
_CONTROL = socket.CMSG_SPACE(_AUXDATA.size)
_TP_STATUS_VLAN_TPID_VALID = 1 << 6
_ETH_P_8021Q = 0x8100

# linux/virtio_net.h: flags, gso_type, hdr_len, gso_size, csum_start, csum_offset.
_VNET = struct.Struct("=BBHHHH")
_NEEDS_CSUM = 1
_TAG = 4
_ADDRESSES = 12


@dataclass(slots=True)
class _Port:
    """The sockets of a port, without and with tags."""

    name: str
    untagged: socket.socket
    tagged: socket.socket
    #: Frames that could not be sent by reason, since the last line about them.
    lost: dict[int, int] = field(default_factory=dict)

    def close(self) -> None:
        self.untagged.close()
        self.tagged.close()


@dataclass(slots=True)
class _Task:
    due: float
    interval: float
    #: How often yet; None for ever.
    left: int | None
    do: Callable[[], None]


class Worker:
    """Moves frames until the daemon is gone."""

    def __init__(self, control: socket.socket, tap: int) -> None:
        self._control = control
        self._tap = tap
        self._orders: Orders | None = None
        self._ports: dict[int, _Port] = {}
        #: Sockets by descriptor, and whether their frames had tags.
        self._sources: dict[int, tuple[socket.socket, bool]] = {}
        self._owners: dict[Send, _Port] = {}
        self._ways: Ways = all_of(())
        self._loads = [0] * HASHES
        self._dice = random.Random(tap)
        #: Numbers of the ports through which frames may leave.
        self._sending: frozenset[int] = frozenset()
        self._agenda: list[_Task] = []
        self._complain_at = 0.0
        self._epoll = select.epoll()
        self._carriers = Carriers()
        for descriptor in (control.fileno(), self._carriers.fileno()):
            self._epoll.register(descriptor, select.EPOLLIN)

    def run(self) -> None:
        """Move frames; returns when the daemon has closed its end, or the device is gone."""
        while True:
            for descriptor, _ in self._epoll.poll(self._timeout()):
                if descriptor == self._tap:
                    self._from_device()
                elif descriptor == self._control.fileno():
                    if not self._obey():
                        return
                elif descriptor in self._sources:
                    self._from_port(*self._sources[descriptor])
                elif descriptor == self._carriers.fileno() and self._orders is not None:
                    self._ways = self._find_ways(self._orders, self._carriers.read())
            self._advance(time.monotonic())

    def give_back(self) -> None:
        """Undo what was done to the ports."""
        for order in self._orders.ports if self._orders is not None else ():
            for failure in seclusion.reveal(order.seclusion):
                logging.error("%s", failure)

    # Frames.

    def _from_device(self) -> None:
        read, tap, ways = os.read, self._tap, self._ways
        for _ in range(_BATCH):
            try:
                frame = read(tap, _LONGEST)
            except BlockingIOError:
                return
            except OSError:
                # The device was removed; the daemon hears of it too.
                self._epoll.unregister(tap)
                return
            for send in ways(frame):
                try:
                    send(frame)
                except OSError as error:
                    self._lost(send, error)

    def _put_out(self, frame: bytes) -> None:
        """Send a frame of our own as if it came from the device."""
        frame = bytes(VNET_HEADER) + frame
        for send in self._ways(frame):
            try:
                send(frame)
            except OSError as error:
                self._lost(send, error)

    def _put_in(self, frame: bytes) -> None:
        """Have the device receive a frame of our own."""
        # It is down, and has nobody to hear it.
        with contextlib.suppress(OSError):
            os.write(self._tap, bytes(VNET_HEADER) + frame)

    def _from_port(self, sock: socket.socket, tagged: bool) -> None:
        write, tap, recv = os.write, self._tap, sock.recv
        for _ in range(_BATCH):
            try:
                frame = _received(sock) if tagged else recv(_LONGEST)
            except BlockingIOError:
                return
            except OSError:
                # The interface went down, which ends here what it has to say.
                continue
            # The device is down, or has no room.
            with contextlib.suppress(OSError):
                write(tap, frame)

    def _lost(self, send: Send, error: OSError) -> None:
        port = self._owners.get(send)
        number = error.errno or errno.EIO
        # A port without carrier, or with a full queue, loses frames like any other.
        if port is None or number in (errno.ENETDOWN, errno.ENXIO, errno.ENOBUFS, errno.EAGAIN):
            return
        port.lost[number] = port.lost.get(number, 0) + 1
        if (now := time.monotonic()) >= self._complain_at:
            self._complain_at = now + _PATIENCE
            what = os.strerror(number)
            self._say(Report(trouble=f"{port.name}: {port.lost.pop(number)} frames lost: {what}"))

    # Orders.

    def _obey(self) -> bool:
        """Take all messages that wait; False when the daemon is gone."""
        while True:
            try:
                orders, descriptors = receive(self._control)
            except BlockingIOError:
                return True
            except OSError:
                return False
            if orders is None:
                return False
            self._follow(orders, descriptors)

    def _follow(self, orders: Orders, descriptors: Sequence[int]) -> None:
        if orders.sockets is not None:
            name = next(port.name for port in orders.ports if port.number == orders.sockets)
            self._take(orders.sockets, name, descriptors)
        for number in self._ports.keys() - {port.number for port in orders.ports}:
            self._drop(number)
        if self._orders is None:
            # Before, nobody could have known where frames of the device are to go.
            self._epoll.register(self._tap, select.EPOLLIN)
        if self._orders is None or orders.balancing != self._orders.balancing:
            self._plan_reports(orders.balancing)
        self._orders = orders
        self._carriers.watch(port.name for port in orders.ports)
        self._ways = self._find_ways(orders, self._carriers.lost)
        sending = frozenset(
            port.number
            for port in orders.ports
            if port.distributing
            and (orders.runner != "activebackup" or port.number == orders.active)
        )
        if sending - self._sending:
            self._announce(orders)
        self._sending = sending

    # What is done later, or again and again.

    def _plan(self, interval: float, left: int | None, do: Callable[[], None]) -> None:
        """Do something after each interval, so many times, or for ever with None."""
        self._agenda.append(_Task(time.monotonic() + interval, interval, left, do))

    def _timeout(self) -> float | None:
        if not self._agenda:
            return None
        return max(0.0, min(task.due for task in self._agenda) - time.monotonic())

    def _advance(self, now: float) -> None:
        for task in [task for task in self._agenda if task.due <= now]:
            task.do()
            task.due = now + task.interval
            if task.left is not None:
                task.left -= 1
        self._agenda = [task for task in self._agenda if task.left != 0]

    def _announce(self, orders: Orders) -> None:
        """Say where the team is now, the first time at once; what was being said ends."""
        self._agenda = [task for task in self._agenda if task.left is None]
        for burst, do in (
            (orders.notify_peers, self._notify_peers),
            (orders.mcast_rejoin, self._rejoin),
        ):
            if burst.count:
                do()
            if burst.count > 1:
                self._plan(burst.interval / 1000, burst.count - 1, do)

    def _notify_peers(self) -> None:
        assert self._orders is not None
        for frame in announce.peers(self._orders.device):
            self._put_out(frame)

    def _rejoin(self) -> None:
        for frame in announce.queries():
            self._put_in(frame)

    def _take(self, number: int, name: str, descriptors: Sequence[int]) -> None:
        untagged, tagged = (socket.socket(fileno=descriptor) for descriptor in descriptors)
        port = self._ports[number] = _Port(name, untagged, tagged)
        self._owners[untagged.send] = port
        for sock, has_tags in ((untagged, False), (tagged, True)):
            self._sources[sock.fileno()] = (sock, has_tags)
            self._epoll.register(sock.fileno(), select.EPOLLIN)

    def _drop(self, number: int) -> None:
        port = self._ports.pop(number)
        del self._owners[port.untagged.send]
        for sock in (port.untagged, port.tagged):
            del self._sources[sock.fileno()]
            self._epoll.unregister(sock.fileno())
        port.close()

    def _find_ways(self, orders: Orders, lost: frozenset[str]) -> Ways:
        enabled = [port for port in orders.ports if port.distributing]
        # Where none has carrier it does not matter, and one that has just got it is not missed.
        chosen = [port for port in enabled if port.name not in lost] or enabled
        sends = {port.number: self._ports[port.number].untagged.send for port in chosen}
        ports = list(sends.values())
        match orders.runner:
            case "broadcast":
                return all_of(ports)
            case "roundrobin":
                return in_turn(ports)
            case "random":
                return by_chance(ports, self._dice)
            case "activebackup":
                return all_of([send for number, send in sends.items() if number == orders.active])
            case _:
                mapping = {h: sends[n] for h, n in orders.mapping.items() if n in sends}
                loads = self._loads if orders.balancing is not None else None
                return by_hash(orders.fragments, ports, mapping, loads)

    # Reports.

    def _plan_reports(self, interval: float | None) -> None:
        """Report the loads in this interval from now on; None for no more."""
        self._agenda = [task for task in self._agenda if task.left is not None]
        if interval is not None:
            self._plan(interval, None, self._report_loads)

    def _report_loads(self) -> None:
        loads = {hash: octets for hash, octets in enumerate(self._loads) if octets}
        self._say(Report(loads=loads))

    def _say(self, report: Report) -> None:
        # A daemon that does not listen just now will hear the next one.
        with contextlib.suppress(OSError):
            self._control.send(report.encode())


def _received(sock: socket.socket) -> bytes:
    """A frame with its tag put back, and the header in front moved along."""
    frame, control, _, _ = sock.recvmsg(_LONGEST, _CONTROL)
    for _, _, data in control:
        status, _, _, _, _, tci, tpid = _AUXDATA.unpack(data)
        kind = tpid if status & _TP_STATUS_VLAN_TPID_VALID else _ETH_P_8021Q
        return with_tag(frame, kind, tci)
    return frame


def with_tag(frame: bytes, kind: int, tci: int) -> bytes:
    """A frame behind its `struct virtio_net_hdr`, with a tag put in front of its type."""
    flags, gso, headers, size, start, offset = _VNET.unpack_from(frame)
    header = _VNET.pack(
        flags,
        gso,
        headers + _TAG if gso else headers,
        size,
        start + _TAG if flags & _NEEDS_CSUM else start,
        offset,
    )
    at = VNET_HEADER + _ADDRESSES
    return header + frame[VNET_HEADER:at] + struct.pack("!HH", kind, tci) + frame[at:]


def main(arguments: Sequence[str]) -> int:
    """Run with the two descriptors that are named on the command line."""
    # Who ends the daemon means the daemon, which ends this process when it has said goodbye.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    control, tap = (int(argument) for argument in arguments)
    worker = Worker(socket.socket(fileno=control), tap)
    try:
        worker.run()
    finally:
        worker.give_back()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
