"""Teams of the kernel: the driver announces each option that changes, in a group of its own."""

from __future__ import annotations

import select
import time
from collections import deque
from collections.abc import Iterator, Mapping

from lacp.errors import BackendError
from lacp.inspect.devices import Devices
from lacp.inspect.monitor.base import Listening
from lacp.inspect.monitor.kinds import Lag
from lacp.inspect.team import kernel_view
from lacp.inspect.team_driver import Driver
from lacp.netlink.codec import messages
from lacp.netlink.generic import NETLINK_GENERIC, find_family
from lacp.netlink.sockets import Announcements, Requests
from lacp.netlink.team import FAMILY, GROUP, Key, Options, Value, read_options
from lacp.picture.model import LagView

#: Seconds for an answer of the driver.
_PATIENCE = 5.0
#: Datagrams taken at a time.
_DATAGRAMS = 500


class Teams:
    """The team driver. It has nothing to announce before there is a team."""

    name = "team"

    def __init__(self, listening: Listening, netns: int | None = None) -> None:
        self._listening = listening
        self._netns = netns
        self._options: dict[int, dict[Key, Value] | None] = {}
        self._news: Announcements | None = None
        self._waiting: deque[Options] = deque()

    def close(self) -> None:
        """Listen no more."""
        if self._news is not None:
            self._news.close()

    def refresh(self, lag: Lag) -> None:
        """Ask for the options of a team that is new."""
        index = lag.device.index
        if index in self._options:
            return
        self._listen()
        # What was announced until now is in the answer, and would set it back.
        self._gather()
        self._waiting = deque(each for each in self._waiting if each.device != index)
        self._options[index] = self._ask(index)

    def fit(self, lag: Lag, devices: Devices) -> None:
        """Nothing: a port's message holds all that the driver says of it."""

    def hides(self, lag: Lag) -> bool:
        """No: it announces every option."""
        return False

    def gone(self, lag: Lag) -> None:
        """Forget its options."""
        self._options.pop(lag.device.index, None)

    def changed(self, lags: Mapping[int, Lag]) -> Iterator[Lag]:
        """The teams whose options have changed, after each change. Raises Lost when some may."""
        self._gather()
        while self._waiting:
            news = self._waiting.popleft()
            known, lag = self._options.get(news.device), lags.get(news.device)
            if known is None or lag is None:
                continue
            known.update(news.values)
            for key in news.removed:
                known.pop(key, None)
            yield lag

    def forget(self) -> None:
        """Have all options asked for again."""
        self._waiting.clear()
        self._options.clear()

    def view(self, lag: Lag) -> LagView:
        """As `lacp.inspect.team` has one without a daemon."""
        options = self._options.get(lag.device.index)
        return kernel_view(lag.device, tuple(lag.ports.values()), options, self._netns)

    def _ask(self, index: int) -> dict[Key, Value] | None:
        """All options of a team; None when they are not shown, to other users than root."""
        try:
            with Driver(time.monotonic() + _PATIENCE) as driver:
                return dict(driver.options(index))
        except BackendError:
            return None

    def _listen(self) -> None:
        """Join the group, which there is as soon as the driver is loaded."""
        if self._news is not None:
            return
        requests = Requests(NETLINK_GENERIC, _PATIENCE)
        try:
            family = find_family(requests, FAMILY)
        except BackendError:
            family = None
        finally:
            requests.close()
        if family is None or GROUP not in family.groups:
            return
        news = Announcements(NETLINK_GENERIC)
        try:
            news.join(family.groups[GROUP])
        except BackendError:
            news.close()
            return
        self._listening.poll.register(news.fileno(), select.EPOLLIN)
        self._news = news

    def _gather(self) -> None:
        if self._news is None:
            return
        for _ in range(_DATAGRAMS):
            data = self._news.datagram()
            if data is None:
                return
            found = filter(None, map(read_options, messages(data)))
            self._waiting.extend(found)
