"""The links of TIPC, as its topology service tells of them (Linux, module tipc)."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import socket
import struct

from lacp.errors import BackendError

log = logging.getLogger(__name__)

# linux/tipc.h
_TIPC_LINK_STATE = 2
_SIOCGETLINKNAME = 0x89E0
#: tipc_subscr: service type, first and last instance, timeout, filter, the user's handle.
_SUBSCRIPTION = struct.Struct("!IIIII8s")
#: tipc_event up to its copy of the subscription: event, first and last instance, reference, node.
_EVENT = struct.Struct("!IIIII")
#: tipc_sioc_ln_req: peer node, bearer, name.
_LINK_NAME = struct.Struct("=II68s")
_EVERY = 0xFFFFFFFF


class TipcLinks:
    """Tells of every link of this node: those that are up first, then each change.

    Raises BackendError when this kernel has no TIPC.
    """

    def __init__(self) -> None:
        log.info("subscribing to the links of TIPC")
        self._names: dict[tuple[int, int], str] = {}
        try:
            self._socket = socket.socket(socket.AF_TIPC, socket.SOCK_SEQPACKET)
        except OSError as error:
            hint = "; it takes the module tipc" if error.errno == errno.EAFNOSUPPORT else ""
            raise BackendError(f"cannot open a TIPC socket: {error.strerror}{hint}") from error
        try:
            service = socket.TIPC_TOP_SRV
            self._socket.connect((socket.TIPC_ADDR_NAME, service, service, 0))
            self._socket.send(
                _SUBSCRIPTION.pack(
                    _TIPC_LINK_STATE, 0, _EVERY, _EVERY, socket.TIPC_SUB_PORTS, bytes(8)
                )
            )
            self._socket.setblocking(False)
        except OSError as error:
            self._socket.close()
            raise BackendError(
                f"cannot subscribe to the links of TIPC: {error.strerror}"
            ) from error

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._socket.fileno()

    def close(self) -> None:
        """End the subscription."""
        self._socket.close()

    def read(self, limit: int) -> list[tuple[str, bool]]:
        """Names of links, and whether each is up; at most so many. Raises OSError at its end."""
        told: list[tuple[str, bool]] = []
        for _ in range(limit):
            try:
                event = self._socket.recv(256)
            except BlockingIOError:
                break
            if not event:
                raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
            if len(event) < _EVENT.size:
                continue
            kind, peer, _, bearer, _ = _EVENT.unpack_from(event)
            # A link that is down may be gone, and nobody knows its name then.
            name = self._names.get((peer, bearer)) or self._name(peer, bearer)
            if name and kind in (socket.TIPC_PUBLISHED, socket.TIPC_WITHDRAWN):
                self._names[peer, bearer] = name
                told.append((name, kind == socket.TIPC_PUBLISHED))
        return told

    def _name(self, peer: int, bearer: int) -> str:
        try:
            answer = fcntl.ioctl(
                self._socket.fileno(), _SIOCGETLINKNAME, _LINK_NAME.pack(peer, bearer, b"")
            )
        except OSError as error:
            log.warning("TIPC has no name for its link to node %08x: %s", peer, error.strerror)
            return ""
        _, _, name = _LINK_NAME.unpack(answer)
        return os.fsdecode(name.partition(b"\0")[0])
