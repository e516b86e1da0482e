"""The options of one team device: as the kernel has them, and as they are to be."""

from __future__ import annotations

import errno
import logging
import os
from collections import Counter
from collections.abc import Container, Iterable, Mapping

from lacp.dataplane.base import PlaneNews, Trouble
from lacp.dataplane.master import Master
from lacp.dataplane.team.client import OptionEvents, TeamClient
from lacp.dataplane.team.options import ACTIVE, HASH_MAPPING, HASH_STATISTICS
from lacp.errors import BackendError
from lacp.netlink.sockets import KernelRefused, Lost
from lacp.netlink.team import Key, Value, octets_sent

log = logging.getLogger(__name__)

#: How often a decision is put in force against somebody else.
_PATIENCE = 10


class OptionTable:
    """Sets what differs, and notices what others set.

    The kernel announces each option that is set, in order and before the call returns; so once
    everything has been read, what was said last is what the kernel has.
    """

    def __init__(self, client: TeamClient, master: Master) -> None:
        self._client = client
        self._master = master
        self.events: OptionEvents = client.listen(master.index)
        self._known: dict[Key, Value] = {}
        #: Those that only the runner decides: what they are to be.
        self._decided: dict[Key, Value] = {}
        #: How often each of them was put in force again since it was decided.
        self._insisted: Counter[Key] = Counter()
        #: Octets sent, by hash.
        self.loads: dict[int, int] = {}
        self.refresh()

    def refresh(self) -> None:
        """Ask for everything. What was announced before must not be read after it."""
        self.events.discard()
        self._known = self._client.options(self._master.index)
        self.loads = _loads(self._known)

    def get(self, key: Key) -> Value | None:
        """An option as the kernel has it; None when it has none."""
        return self._known.get(key)

    def expect(self, values: Mapping[Key, Value]) -> None:
        """Take for granted what the kernel has not said yet."""
        self._known |= values

    def change(self, options: Iterable[tuple[Key, Value]], always: bool = False) -> None:
        """Set those that differ, or all, in one message.

        Raises BackendError when one is refused.
        """
        wanted = [(key, value) for key, value in options if always or self.get(key) != value]
        if not wanted:
            return
        said = ", ".join(self._words(key, value) for key, value in wanted)
        # A balancer moves many hashes at a time.
        loud = any(key.name != HASH_MAPPING for key, _ in wanted)
        level = logging.INFO if loud else logging.DEBUG
        log.log(level, "%s: setting %s", self._master.name, said)
        try:
            self._client.set(self._master.index, wanted)
        except KernelRefused as refused:
            # Some may be set: what the kernel has is no longer known.
            for key, _ in wanted:
                self._known.pop(key, None)
            queued = any(key.name == "queue_id" and value for key, value in wanted)
            beyond = queued and refused.number == errno.EINVAL
            why = "the device has fewer queues" if beyond else self._why(refused)
            text = f"{self._master.name}: cannot set {said}: {why}"
            raise BackendError(text) from refused
        self._known.update(wanted)

    def decide(self, options: Mapping[Key, Value]) -> None:
        """Set those that differ, and from now on set them back when somebody else changes them."""
        self.change(options.items())
        self.claim(options)

    def claim(self, options: Mapping[Key, Value]) -> None:
        """Set them back, from now on, when they are something else."""
        self._decided |= options
        for key in options:
            del self._insisted[key]

    def release(self, key: Key) -> None:
        """Let others change it."""
        self._decided.pop(key, None)

    def forget_ports_but(self, ports: Container[int]) -> None:
        """Nothing is known or decided of any other port."""
        for table in (self._known, self._decided):
            for key in [key for key in table if key.port and key.port not in ports]:
                del table[key]
        if self._decided.get(ACTIVE, 0) not in ports:
            self._decided.pop(ACTIVE, None)
        if self._known.get(ACTIVE, 0) not in ports:
            self._known.pop(ACTIVE, None)

    def read(self) -> set[int]:
        """Take what was announced; returns the indexes of ports that lost their options.

        Raises BackendError when something was missed and cannot be asked for.
        """
        departed: set[int] = set()
        try:
            for options in self.events.read():
                self._known |= options.values
                self.loads |= _loads(options.values)
                for key in options.removed:
                    self._known.pop(key, None)
                    departed.add(key.port)
        except Lost as lost:
            log.warning("%s: news of options was lost (%s)", self._master.name, lost)
            self.refresh()
        return departed - {0}

    def insist(self) -> list[PlaneNews]:
        """Put decisions in force again that somebody else has changed, but not for ever."""
        news: list[PlaneNews] = []
        for key, value in self._decided.items():
            found = self._known.get(key, value)
            if found == value or self._insisted[key] > _PATIENCE:
                continue
            self._insisted[key] += 1
            said = f"{self._master.name}: somebody has set {self._words(key, found)}"
            if self._insisted[key] > _PATIENCE:
                news.append(Trouble(f"{said} again and again: leaving it"))
                continue
            news.append(Trouble(f"{said}: setting it back"))
            try:
                self.change([(key, value)])
            except BackendError as error:
                news.append(Trouble(str(error)))
        return news

    def _words(self, key: Key, value: Value) -> str:
        """What is set, for a person."""
        if isinstance(value, bytes):
            shown = f"{len(value)} octets"
        elif key in (ACTIVE, Key(HASH_MAPPING, 0, key.place)):
            shown = self._port_name(int(value))
        else:
            shown = str(value).lower() if isinstance(value, bool) else str(value)
        port = f"{self._port_name(key.port)} " if key.port else ""
        place = f" {key.place}" if key.name == HASH_MAPPING else ""
        return f"{port}{key.name}{place} to {shown}"

    def _port_name(self, index: int) -> str:
        names = {port.index: port.name for port in self._master.ports.values()}
        names |= {one.index: one.name for one in self._master.strangers}
        return names.get(index, f"interface {index}")

    def _why(self, refused: KernelRefused) -> str:
        if self._master.links.at(self._master.index) is None:
            return "the device is gone"
        match refused.number:
            case errno.ENOENT | errno.ENODEV:
                return f"{os.strerror(refused.number)}: the port has gone, or carries no traffic"
            case errno.EPERM:
                return "it needs CAP_NET_ADMIN"
        return str(refused)


def _loads(values: Mapping[Key, Value]) -> dict[int, int]:
    """Octets by hash, where there are any."""
    sent = {
        key.place: octets_sent(value)
        for key, value in values.items()
        if key.name == HASH_STATISTICS
    }
    return {hash: octets for hash, octets in sent.items() if octets}
