"""What the kernel announces of bonds and teams, applied in order to what is known of them.

Each message holds the whole state of an interface at its moment: none is skipped, and two changes
in a row are told as two. What the kernel announces not at all, such as the bits of LACP, is asked
for at an interval, over the same socket, so that the answers stand in their place among the
announcements and set nothing back.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

from lacp.inspect.devices import Device, Devices, PortFacts, read_device
from lacp.inspect.monitor.base import NEVER, Listening, about, marked, missed, resync_over
from lacp.inspect.monitor.kinds import Kind, Lag
from lacp.netlink.codec import (
    ATTRIBUTES_AT,
    HEADER,
    IFINFO,
    IFLA_EXT_MASK,
    IFLA_INFO_KIND,
    IFLA_LINKINFO,
    IFLA_MASTER,
    NLM_F_DUMP_INTR,
    NLMSG_DONE,
    RTEXT_FILTER_SKIP_STATS,
    RTM_DELLINK,
    RTM_GETLINK,
    RTM_NEWLINK,
    RTNLGRP_LINK,
    link_body,
    messages,
    nested,
    table,
    text,
    u32,
)
from lacp.netlink.sockets import Announcements, Lost
from lacp.picture.differences import differences
from lacp.picture.events import Event
from lacp.picture.model import LagView, LinkView, PortView

#: Datagrams taken at a time, so that other sources have their turn.
_DATAGRAMS = 500
#: Seconds until a question is taken for lost.
_PATIENCE = 5.0
#: How much sooner, and for how many seconds, one looks at what is not announced when it is likely
#: that something happens: a port that has changed goes through all of LACP within this time.
_HASTE = 10
_HASTY = 4.0

_SHORT = {IFLA_EXT_MASK: u32(RTEXT_FILTER_SKIP_STATS)}
_OVERRUN = "announcements of the kernel were lost, it is asked for what has become of this LAG"


class Kernel:
    """Devices of some drivers in the network namespace of the thread."""

    def __init__(self, listening: Listening, kinds: list[Kind]) -> None:
        """Raises BackendError when the kernel does not let us listen."""
        self._listening = listening
        self._kinds = {kind.name: kind for kind in kinds}
        self._lags: dict[int, Lag] = {}
        #: Below whom a port is; and who is below an interface that may yet turn out to be a LAG.
        self._above: dict[int, int] = {}
        self._strangers: dict[int, Device] = {}
        self._sequence = 0
        #: What was asked last, 0 for everything, and what it has shown; None when all is answered.
        self._asked: int | None = None
        self._seen: set[int] = set()
        self._waiting: list[int] = []
        self._torn = False
        self._asked_at = 0.0
        self._due = 0.0
        self._hasty_until = 0.0
        #: Nothing is told before there is a first picture, and what is found by a resync is marked.
        self._quiet = True
        self._late = False
        with ExitStack() as opened:
            self._devices = opened.enter_context(Devices(listening.clock() + _PATIENCE))
            self._news = Announcements(socket.NETLINK_ROUTE)
            opened.callback(self._news.close)
            self._news.join(RTNLGRP_LINK)
            listening.poll.register(self._news.fileno(), select.EPOLLIN)
            self._opened = opened.pop_all()
        self._ask(0)

    def fileno(self) -> int:
        """The descriptor of the announcements."""
        return self._news.fileno()

    def close(self) -> None:
        """Listen no more."""
        for kind in self._kinds.values():
            kind.close()
        self._opened.close()

    def ready(self) -> bool:
        """Whether all interfaces were seen."""
        return not self._quiet

    def lags(self) -> list[LagView]:
        """As they were told."""
        views = (lag.view for lag in self._lags.values())
        return [view for view in views if view is not None and not self._claimed(view.name)]

    def deadline(self) -> float:
        """The next look at what nobody announces."""
        if self._asked is not None:
            return self._asked_at + _PATIENCE
        return self._due if self._lags else NEVER

    def read(self) -> Iterator[Event]:
        """What was announced, and answered."""
        for _ in range(_DATAGRAMS):
            try:
                data = self._news.datagram()
            except Lost:
                yield from self._lost()
                continue
            if data is None:
                break
            for message in messages(data):
                yield from self._take(message)
        for kind in self._kinds.values():
            yield from self._driver_news(kind)
        now = self._listening.clock()
        if self._asked is not None and now >= self._asked_at + _PATIENCE:
            self._ask(0)
        elif self._asked is None and now >= self._due:
            self._due = now + self._interval(now)
            self._waiting = list(self._lags)
            self._next()

    def _driver_news(self, kind: Kind) -> Iterator[Event]:
        try:
            for lag in kind.changed(self._lags):
                yield from self._tell(lag)
        except Lost:
            yield from self._lost()

    # Questions.

    def _ask(self, index: int) -> None:
        """Ask for the ports below a device, or for all interfaces."""
        self._sequence = self._sequence % 0xFFFFFFFF + 1
        self._asked, self._asked_at, self._torn = index, self._listening.clock(), False
        self._seen = set()
        said = {IFLA_MASTER: u32(index), **_SHORT} if index else _SHORT
        self._news.ask(RTM_GETLINK, link_body(0, said), self._sequence, dump=True)

    def _interval(self, now: float) -> float:
        return self._listening.interval / (_HASTE if now < self._hasty_until else 1)

    def _hasten(self) -> None:
        now = self._listening.clock()
        self._hasty_until = now + _HASTY
        self._due = min(self._due, now + self._interval(now))

    def _next(self) -> None:
        while self._waiting:
            index = self._waiting.pop()
            if index in self._lags:
                self._ask(index)
                return

    def _lost(self) -> Iterator[Event]:
        """Begin a resync: all interfaces are asked for, and what is different is told."""
        for lag in self._lags.values():
            if lag.view is not None and not self._claimed(lag.view.name):
                yield about(lag.view, "overrun", _OVERRUN)
        for kind in self._kinds.values():
            kind.forget()
        self._late = not self._quiet
        self._waiting.clear()
        # A dump that runs would make the kernel refuse another one: it is let run out.
        if self._asked is None:
            self._ask(0)
        else:
            self._torn, self._asked = True, 0

    def _answered(self, index: int, torn: bool) -> Iterator[Event]:
        """The end of an answer."""
        if torn or self._torn:
            self._ask(index)
            return
        self._asked = None
        if index:
            yield from self._looked(index)
        else:
            yield from self._looked_at_all()
        self._next()

    def _looked(self, index: int) -> Iterator[Event]:
        """The ports of a LAG were asked for."""
        lag = self._lags.get(index)
        if lag is None:
            return
        for port in [port for port in lag.ports if port not in self._seen]:
            self._leave(port)
        for facts in list(lag.ports.values()):
            link = self._devices.link(facts.device)
            lag.ports[facts.device.index] = replace(facts, link=link)
        kind = self._kind(lag)
        kind.fit(lag, self._devices)
        kind.refresh(lag)
        yield from self._tell(lag)

    def _looked_at_all(self) -> Iterator[Event]:
        for index in [index for index in self._above if index not in self._seen]:
            yield from self._port_left(index)
        for index in [index for index in self._lags if index not in self._seen]:
            yield from self._gone(index)
        for lag in list(self._lags.values()):
            kind = self._kind(lag)
            kind.fit(lag, self._devices)
            kind.refresh(lag)
            yield from self._tell(lag)
            if self._late and lag.view is not None and not self._claimed(lag.view.name):
                yield resync_over(lag.view, "after the overrun", lag.late)
            lag.late = 0
        self._quiet = self._late = False
        self._due = self._listening.clock() + self._listening.interval

    # Messages.

    def _take(self, message: bytes) -> Iterator[Event]:
        _, kind, flags, sequence, asker = HEADER.unpack_from(message)
        answer = sequence == self._sequence and asker == self._news.port_id
        if kind == NLMSG_DONE and answer and self._asked is not None:
            yield from self._answered(self._asked, bool(flags & NLM_F_DUMP_INTR))
        if kind not in (RTM_NEWLINK, RTM_DELLINK) or len(message) < HEADER.size + IFINFO.size:
            return
        family, _, index, _, _ = IFINFO.unpack_from(message, HEADER.size)
        # A bridge tells of its ports in the same message types.
        if family != socket.AF_UNSPEC:
            return
        if kind == RTM_DELLINK:
            yield from self._port_left(index)
            yield from self._gone(index)
            return
        self._torn |= answer and bool(flags & NLM_F_DUMP_INTR)
        device = read_device(message) if self._concerns(message, index) else None
        if device is not None:
            self._seen.add(index)
            # Answers come for all ports in a row, and are compared when all are there.
            yield from self._device(device, at_once=not answer)

    def _concerns(self, message: bytes, index: int) -> bool:
        """Whether an interface is, was or may become a LAG or a port: most of a host's are not,
        and reading all of a message takes its time."""
        if index in self._above or index in self._lags or index in self._strangers:
            return True
        said = table(message, ATTRIBUTES_AT)
        kind = nested(said, IFLA_LINKINFO).get(IFLA_INFO_KIND, b"")
        return IFLA_MASTER in said or text(kind) in self._kinds

    def _device(self, device: Device, *, at_once: bool) -> Iterator[Event]:
        index, master = device.index, device.interface.master
        if device.interface.kind in self._kinds:
            yield from self._head(device, at_once)
        if master != self._above.get(index):
            yield from self._port_left(index)
        self._strangers.pop(index, None)
        if master in self._lags:
            yield from self._port(self._lags[master], device, at_once)
        elif master:
            self._strangers[index] = device

    def _head(self, device: Device, at_once: bool) -> Iterator[Event]:
        lag = self._lags.get(device.index)
        if lag is not None and lag.device.name != device.name:
            yield from self._gone(device.index)
            lag = None
        if lag is None:
            lag = self._lags[device.index] = Lag(device)
            for one in [each for each in self._strangers.values() if each.interface.master]:
                if one.interface.master == device.index:
                    del self._strangers[one.index]
                    self._enter(lag, one)
            self._kind(lag).refresh(lag)
        lag.device = device
        if at_once:
            self._kind(lag).fit(lag, self._devices)
            yield from self._tell(lag)

    def _port(self, lag: Lag, device: Device, at_once: bool) -> Iterator[Event]:
        before = lag.ports.get(device.index)
        self._enter(lag, device)
        yield from self._tell_missed(lag, before, device)
        same = before is None or before.link.up is device.interface.operational
        if same and not at_once:
            return
        kind = self._kind(lag)
        kind.fit(lag, self._devices)
        if kind.hides(lag):
            self._hasten()
        yield from self._tell(lag)

    def _enter(self, lag: Lag, device: Device) -> None:
        """Take a port for what it is now."""
        before = lag.ports.get(device.index)
        interface = device.interface
        if before is None or (interface.operational and not before.link.up):
            # Only now may its speed be another one; to ask is dear.
            link = self._devices.link(device)
        else:
            link = before.link
        link = replace(link, up=interface.operational, admin_up=interface.up)
        lag.ports[device.index] = PortFacts(device, link)
        self._above[device.index] = lag.device.index

    def _leave(self, index: int) -> Lag | None:
        """Forget a port."""
        lag = self._lags.get(self._above.pop(index, 0))
        if lag is not None:
            lag.ports.pop(index, None)
        return lag

    def _port_left(self, index: int) -> Iterator[Event]:
        self._strangers.pop(index, None)
        lag = self._leave(index)
        if lag is not None:
            yield from self._tell(lag)

    def _gone(self, index: int) -> Iterator[Event]:
        lag = self._lags.pop(index, None)
        if lag is None:
            return
        for port in list(lag.ports):
            self._above.pop(port, None)
        self._kind(lag).gone(lag)
        if lag.view is not None and not self._quiet and not self._claimed(lag.view.name):
            yield from differences(lag.view, None)

    # Telling.

    def _tell(self, lag: Lag) -> Iterator[Event]:
        old, lag.view = lag.view, self._kind(lag).view(lag)
        if self._quiet or self._claimed(lag.view.name):
            return
        for event in differences(old, lag.view):
            lag.late += self._late
            yield marked(event) if self._late else event

    def _tell_missed(self, lag: Lag, before: PortFacts | None, now: Device) -> Iterator[Event]:
        """The kernel counts every loss of carrier, and announces no more than it has time for."""
        if before is None or lag.view is None or self._quiet or self._claimed(lag.view.name):
            return
        was, interface = before.device.interface, now.interface
        yield from missed(
            lag.view,
            PortView(name=now.name, link=before.link, link_downs=was.downs),
            PortView(
                name=now.name,
                link=LinkView(up=interface.operational),
                link_downs=interface.downs,
            ),
        )

    def _kind(self, lag: Lag) -> Kind:
        return self._kinds[lag.device.interface.kind or ""]

    def _claimed(self, name: str) -> bool:
        return name in self._listening.claimed
