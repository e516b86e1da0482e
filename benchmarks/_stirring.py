"""What is done to ports of a lacpd from outside, and how long until it has followed.

A carrier that is lost: from before the far end is set down until the lacpd tells its dataplane that
the port is not to be used. A LACPDU with news: from before it is sent until the kernel's stamp on
the answer. Beside each the least that anybody could take: the kernel's word of the carrier, read in
a loop, and a frame that is sent back.
"""

from __future__ import annotations

import contextlib
import math
import select
import socket
import threading
import time
from dataclasses import dataclass, replace

from benchmarks._recorded import Recorder
from benchmarks._rig import Cables
from benchmarks._stamped import Stamps
from lacp.address import SLOW_PROTOCOLS_MULTICAST
from lacp.info import PORT_STATES, PortState
from lacp.netlink.codec import HEADER, IFINFO, messages
from lacp.netlink.links import Links
from lacp.wire.lacpdu import Lacpdu

#: Seconds after which nothing is to be expected any more.
_PATIENCE = 2.0
_ETH_P_SLOW = 0x8809
_RTNLGRP_LINK = 1
_IFF_LOWER_UP = 1 << 16
_HEADER = 14
#: The interfaces of the cable that is in no LAG.
_SPARE_LEFT, _SPARE_RIGHT = "echo0", "echo1"


@dataclass(frozen=True, slots=True)
class Pair:
    """Seconds that the lacpd took, and that the reference took."""

    taken: float
    least: float


class Stirring:
    """Disturbs the ports of the lacpd at the left, from the right."""

    def __init__(self, cables: Cables, stamps: Stamps, heard: Recorder) -> None:
        """`stamps` are those of the lacpd, `heard` hears what it sends."""
        self._stamps = stamps
        self._heard = heard
        cables.left.ip(
            f"link add {_SPARE_LEFT} up type veth "
            f"peer name {_SPARE_RIGHT} netns {cables.right.path}"
        )
        cables.right.ip(f"link set {_SPARE_RIGHT} up")
        with cables.left.entered():
            self._indexes = {name: index for index, name in socket.if_nameindex()}
            self._carriers = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
            self._carriers.bind((0, _RTNLGRP_LINK))
            self._carriers.setblocking(False)
            self._listening = _slow_socket()
            self._spare = _slow_socket(_SPARE_LEFT)
        with cables.right.entered():
            self._links = Links()
            self._sending = _slow_socket()
        self._frames: dict[str, bytes] = {}
        self._closing = False
        self._echoing = threading.Thread(target=self._echo)
        self._echoing.start()

    def close(self) -> None:
        self._closing = True
        self._echoing.join()
        self._links.close()
        for sock in (self._carriers, self._listening, self._spare, self._sending):
            sock.close()

    def learn(self, seconds: float) -> None:
        """Hear for so long what the partner says, to say it in its place later."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self._listening], [], [], left)[0]:
                frame, (name, *_) = self._listening.recvfrom(2048)
                self._frames[name] = frame

    def carrier(self, at: int) -> Pair | None:
        """Take the carrier of a port, which carries traffic, and give it back.

        None when the port turned out to carry nothing.
        """
        far = self._links.named(f"b{at}")
        assert far is not None
        self._drain()
        start = time.monotonic()
        self._links.set_up(far, False)
        try:
            least = self._told(self._indexes[f"a{at}"]) - start
            stopped = self._stopped(f"a{at}", start)
        finally:
            self._links.set_up(far, True)
        return None if stopped == math.inf else Pair(stopped - start, least)

    def _told(self, index: int) -> float:
        """When the kernel told that an interface has no carrier."""
        while select.select([self._carriers], [], [], _PATIENCE)[0]:
            now = time.monotonic()
            for message in messages(self._carriers.recv(1 << 16)):
                _, _, where, flags, _ = IFINFO.unpack_from(message, HEADER.size)
                if where == index and not flags & _IFF_LOWER_UP:
                    return now
        return math.inf

    def _stopped(self, port: str, start: float) -> float:
        """When the lacpd told its dataplane that a port is not to be used."""
        end = time.monotonic() + _PATIENCE
        while (stopped := self._stamps.unused.get(port, 0.0)) < start:
            if time.monotonic() > end:
                return math.inf
            time.sleep(0.002)
            self._stamps.read()
        return stopped

    def news(self, at: int) -> Pair | None:
        """Tell a port, which carries traffic, that its partner is out of sync; the answer is that
        it carries nothing. Its real partner puts that right within a second.

        None when there was no answer.
        """
        frame = self._frames[f"a{at}"]
        pdu = Lacpdu.decode(frame[_HEADER:])
        state = PORT_STATES[pdu.actor.state & ~PortState.SYNCHRONIZATION]
        forged = frame[:_HEADER] + replace(pdu, actor=replace(pdu.actor, state=state)).encode()
        self._heard.read()
        start = time.time()
        self._sending.sendto(forged, (f"b{at}", _ETH_P_SLOW))
        end = time.monotonic() + _PATIENCE
        while (answer := self._heard.stops_since(f"b{at}", start)) == math.inf:
            if time.monotonic() > end:
                return None
            time.sleep(0.002)
            self._heard.read()
        return Pair(answer - start, self._echoed())

    def _echoed(self) -> float:
        """Seconds until a frame comes back from a process that only sends it back."""
        frame = bytes(SLOW_PROTOCOLS_MULTICAST) + bytes(6) + b"\x88\x09\x01\x01" + bytes(108)
        start = time.time()
        self._sending.sendto(frame, (_SPARE_RIGHT, _ETH_P_SLOW))
        end = time.monotonic() + _PATIENCE
        while (answer := self._heard.speaks_since(_SPARE_RIGHT, start)) == math.inf:
            if time.monotonic() > end:
                break
            time.sleep(0.002)
            self._heard.read()
        return answer - start

    def _echo(self) -> None:
        self._spare.settimeout(0.2)
        while not self._closing:
            with contextlib.suppress(TimeoutError):
                self._spare.send(self._spare.recv(2048))

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                self._carriers.recv(1 << 16)


def _slow_socket(interface: str | None = None) -> socket.socket:
    """A packet socket for slow protocols on one interface, or on all."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_SLOW))
    if interface is not None:
        sock.bind((interface, _ETH_P_SLOW))
    return sock
