"""What happens to links: events of every interface of a network namespace, in haste.

On this path of every link event of the host, what is nobody's port is dropped after its header and
first attribute.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Container, Iterator
from dataclasses import dataclass

from lacp.errors import BackendError
from lacp.netlink.codec import (
    ATTRIBUTES_AT,
    HEADER,
    IFINFO,
    IFLA_EXT_MASK,
    IFLA_IFNAME,
    NLMSG_ERROR,
    RTEXT_FILTER_SKIP_STATS,
    RTM_DELLINK,
    RTM_GETLINK,
    RTM_NEWLINK,
    RTNLGRP_LINK,
    Interface,
    link_body,
    link_name,
    messages,
    name_value,
    read_link,
    u32,
)
from lacp.netlink.sockets import Announcements, Lost

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Gone:
    """RTM_DELLINK: the interface of this index was deleted or moved to another namespace."""

    index: int


@dataclass(frozen=True, slots=True)
class Missing:
    """The answer to a question: there is no interface of this name."""

    name: str


Event = Interface | Gone | Missing


def read_event(
    message: bytes, indexes: Container[int], names: Container[str]
) -> Interface | Gone | None:
    """One netlink message as an event, None when it says nothing about these interfaces.

    `message` is a whole RTM_NEWLINK or RTM_DELLINK from its nlmsghdr on. An interface is of
    interest when either its index or its name is: the one may be new to the other.
    """
    if len(message) < ATTRIBUTES_AT:
        return None
    _, kind, _, _, _ = HEADER.unpack_from(message)
    family, _, index, _, _ = IFINFO.unpack_from(message, HEADER.size)
    # A bridge tells of its ports in the same message types, and DELLINK then means that the
    # interface left the bridge.
    if family != socket.AF_UNSPEC:
        return None
    if kind == RTM_DELLINK:
        return Gone(index) if index in indexes else None
    if index not in indexes and link_name(message) not in names:
        return None
    return read_link(message)


class LinkSocket:
    """Link events of a network namespace, and questions about single interfaces.

    Answers come in the stream of events, in their place: whoever applies everything in order is
    never set back to an older state. A dump of all links is never asked for.
    """

    def __init__(self) -> None:
        log.info("opening a netlink socket for link events")
        self._socket = Announcements(socket.NETLINK_ROUTE)
        try:
            self._socket.join(RTNLGRP_LINK)
        except BackendError:
            self._socket.close()
            raise
        self._id = self._socket.port_id
        self._sequence = 0
        self._asked: dict[int, str] = {}

    @property
    def outstanding(self) -> int:
        """Questions without an answer; what lies in the receive buffer at the worst."""
        return len(self._asked)

    @property
    def port_id(self) -> int:
        """The address of the socket."""
        return self._id

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def quiet(self) -> bool:
        """Whether there is nothing to read, not even an error."""
        return self._socket.quiet()

    def ask(self, name: str) -> bool:
        """Request the state of the interface of this name: `Interface` or `Missing` will come.

        False when the kernel has no memory for the question.
        """
        self._sequence = (self._sequence + 1) & 0xFFFFFFFF
        # Without statistics, which some drivers have to ask their hardware for.
        body = link_body(
            0, {IFLA_IFNAME: name_value(name), IFLA_EXT_MASK: u32(RTEXT_FILTER_SKIP_STATS)}
        )
        try:
            self._socket.ask(RTM_GETLINK, body, self._sequence)
        except BackendError as error:
            log.warning("%s: %s", name, error)
            return False
        self._asked[self._sequence] = name
        return True

    def read(self, limit: int, indexes: Container[int], names: Container[str]) -> Iterator[Event]:
        """What the next `limit` datagrams say of these interfaces, in order.

        The two containers are looked into at each event, so that the caller may change them
        between one event and the next. Raises `Lost` when the kernel has dropped messages; what is
        still in the buffer then can be read on, and says the truth, but not the whole of it.
        """
        for _ in range(limit):
            try:
                data = self._socket.datagram()
            except Lost:
                self._asked.clear()
                raise
            if data is None:
                return
            yield from self._events(data, indexes, names)

    def _events(
        self, data: bytes, indexes: Container[int], names: Container[str]
    ) -> Iterator[Event]:
        for message in messages(data):
            _, kind, _, sequence, asker = HEADER.unpack_from(message)
            if kind in (RTM_NEWLINK, RTM_DELLINK):
                # An event carries the number of whoever caused it.
                if asker == self._id:
                    self._asked.pop(sequence, None)
                event = read_event(message, indexes, names)
                if event is not None:
                    yield event
            elif kind == NLMSG_ERROR:
                name = self._asked.pop(sequence, None)
                if name is not None:
                    yield Missing(name)
