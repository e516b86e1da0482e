"""The packet sockets of link watchers: ARP and Neighbour Advertisements, port by port.

Such a socket is bound to the interface for all EtherTypes, which is ahead of everything else that
the kernel does with a frame: it hears a port of a team or bond whatever that makes of the frame,
and frames of any VLAN, whose tag it puts back. What it does not want the kernel's filter throws
away before it is copied or anybody is woken, and what the host itself sends never gets there.
"""

from __future__ import annotations

import errno
import logging
import select
import socket
import struct

from lacp.backends import taps
from lacp.backends.base import FrameReceived, News, Overrun
from lacp.backends.kinds import ARP, ND
from lacp.backends.ports import Port
from lacp.backends.taps import JEQ, LD, LDB, LDH, RET, Program

log = logging.getLogger(__name__)

#: Octets of a frame that are copied up: more than any that counts.
SNAP = 512
#: Octets that may wait in a socket: some tens of frames, the rest of a storm is lost.
_BUFFER = 16384
#: More hosts than that are not told apart in the kernel.
_HOSTS = 16

# Offsets in a frame without its tag.
_ARP_OPERATION, _ARP_SENDER = 20, 28
_IPV6_NEXT_HEADER, _ND_TYPE, _ND_TARGET = 20, 54, 62
_ICMPV6, _ADVERTISEMENT = 58, 136

_TAKE = (RET, 0, 0, SNAP)
_LEAVE = (RET, 0, 0, 0)


def program(kinds: frozenset[str], hosts: frozenset[bytes]) -> Program:
    """The kernel's side of `lacp.backends.kinds.wanted`, slow protocols left out."""
    steps: Program = [
        (LDB, 0, 0, taps.AD_PKTTYPE),
        (JEQ, 0, 1, socket.PACKET_OUTGOING),
        _LEAVE,
        (LDH, 0, 0, taps.AD_PROTOCOL),
    ]
    if ARP in kinds:
        section: Program = [
            (LDH, 0, 0, _ARP_OPERATION),
            (JEQ, 2, 0, 1),
            (JEQ, 1, 0, 2),
            _LEAVE,
            *_one_of(_ARP_SENDER, [host for host in hosts if len(host) == 4]),
        ]
        steps += [(JEQ, 0, len(section), taps.ETH_P_ARP), *section]
    if ND in kinds:
        section = [
            (LDB, 0, 0, _IPV6_NEXT_HEADER),
            (JEQ, 1, 0, _ICMPV6),
            _LEAVE,
            (LDB, 0, 0, _ND_TYPE),
            (JEQ, 1, 0, _ADVERTISEMENT),
            _LEAVE,
            *_one_of(_ND_TARGET, [host for host in hosts if len(host) == 16]),
        ]
        steps += [(JEQ, 0, len(section), taps.ETH_P_IPV6), *section]
    return [*steps, _LEAVE]


def _one_of(at: int, hosts: list[bytes]) -> Program:
    """Take the frame if one of these octets stand there, or if there are none; else leave it."""
    if not 0 < len(hosts) <= _HOSTS:
        return [_TAKE]
    steps: Program = []
    for host in hosts:
        words: tuple[int, ...] = struct.unpack(f"!{len(host) // 4}I", host)
        for number, word in enumerate(words):
            rest = 2 * (len(words) - number) - 1
            steps += [(LD, 0, 0, at + 4 * number), (JEQ, 0, rest, word)]
        steps.append(_TAKE)
    return [*steps, _LEAVE]


class ProbeTaps:
    """Hears what ports listen to beside slow protocols."""

    def __init__(self, epoll: select.epoll) -> None:
        self._epoll = epoll
        self._owners: dict[int, Port] = {}

    def settle(self, entry: Port) -> None:
        """Bring the socket of a port up to what it listens to; without an interface it has none.

        A socket that is not needed for the moment hears nothing, and stays.
        """
        kinds = entry.kinds & {ARP, ND}
        if entry.probes is None:
            if kinds and entry.index is not None:
                self._open(entry, program(kinds, entry.hosts))
        else:
            taps.attach(entry.probes, program(kinds, entry.hosts) if kinds else taps.NOTHING)

    def _open(self, entry: Port, steps: Program) -> None:
        log.info("opening a packet socket for ARP and Neighbour Discovery on %s", entry.name)
        try:
            probes = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
            try:
                probes.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
                taps.attach(probes, steps)
                taps.want_tags(probes)
                taps.ignore_outgoing(probes)
                probes.bind((entry.name, taps.ETH_P_ALL))
            except OSError:
                probes.close()
                raise
        except OSError as error:
            log.warning("%s: its link watchers hear nothing: %s", entry.name, error.strerror)
            return
        entry.probes = probes
        self._owners[probes.fileno()] = entry
        self._epoll.register(probes.fileno(), select.EPOLLIN)

    def close(self, entry: Port) -> None:
        """Close the socket of a port, if it has one."""
        if entry.probes is not None:
            del self._owners[entry.probes.fileno()]
            entry.probes.close()
            entry.probes = None
            entry.addresses.clear()

    def admit(self, entry: Port, address: bytes) -> None:
        """Have the interface of a port receive what is sent to this address, too."""
        if entry.probes is None or entry.index is None or address in entry.addresses:
            return
        entry.addresses.add(address)
        log.info("having %s listen to %s too", entry.name, address.hex(":"))
        try:
            taps.admit(entry.probes, entry.index, address)
        except OSError as error:
            log.warning("%s does not listen to another address: %s", entry.name, error.strerror)

    def read(self, fd: int, limit: int, news: list[News]) -> None:
        """Take the frames of the socket with this descriptor, if it is one of these."""
        entry = self._owners.get(fd)
        if entry is None or entry.probes is None:
            return
        for _ in range(limit):
            try:
                frame = taps.receive(entry.probes, SNAP)
            except BlockingIOError:
                return
            except OSError as error:
                # Said once, when the interface goes down.
                if error.errno != errno.ENETDOWN:
                    news.append(Overrun(f"frames: {error.strerror}"))
                    return
            else:
                news.append(FrameReceived(entry.name, frame))
