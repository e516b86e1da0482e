"""The watcher that asks an IPv4 neighbour for its address, over ARP."""

from __future__ import annotations

from typing import ClassVar

from lacp.watch import arp
from lacp.watch.arp import Arp
from lacp.watch.base import Hears, WatchEvent
from lacp.watch.hosts import Host
from lacp.watch.options import ArpPingOptions
from lacp.watch.probing import Prober


class ArpPingWatcher(Prober):
    """Up while ARP frames are heard, with validation while those of the neighbour are.

    What counts as an answer depends on what the port does. One that asks itself hears its own
    questions where the network has a loop, and those of its fellows through the switch: they say
    nothing of the neighbour. One that is silent has nothing else to hear: the question of the port
    that carries the traffic says that the port is connected to the same network.
    """

    name: ClassVar[str] = "arp_ping"
    hears: ClassVar[Hears | None] = Hears.ARP
    options: ArpPingOptions

    def __init__(
        self, port: str, index: int, options: ArpPingOptions, events: list[WatchEvent]
    ) -> None:
        target, self._source = Host(options.target_host, 4), Host(options.source_host, 4)
        super().__init__(port, index, options, events, target, self._source)

    @property
    def source_host(self) -> str:
        """The address that is asked from, or as long as that is not known the name."""
        return self._hosts.text(self._source)

    @property
    def _asks(self) -> bool:
        return super()._asks or self.options.send_always

    def _question(self) -> bytes | None:
        if not self._asks:
            return None
        return arp.question(
            self._link.address,
            self.options.vlanid,
            self._hosts[self._source],
            self._hosts[self._target],
        )

    @property
    def _validates(self) -> bool:
        return self.options.validate_active if self._enabled else self.options.validate_inactive

    def _wanted(self) -> frozenset[bytes]:
        hosts = frozenset({self._hosts[self._target], self._hosts[self._source]})
        return hosts if self._validates else frozenset()

    def _answers(self, frame: bytes) -> bool:
        heard = arp.parse(frame)
        # VLAN 0 is no VLAN: such a tag has a priority only.
        if heard is None or (heard.vlan or 0) != (self.options.vlanid or 0):
            return False
        own = self._goes(heard, self._source, self._target, arp.REQUEST)
        if self._asks and (own or heard.source == self._link.address):
            return False
        if not self._validates:
            return True
        if self._goes(heard, self._target, self._source, arp.REPLY):
            return True
        # Two teams that ask each other cannot answer before one of them has a port that is up.
        greeting = self._alone and not self._enabled
        return own or (greeting and self._goes(heard, self._target, self._source, arp.REQUEST))

    def _goes(self, heard: Arp, sender: Host, target: Host, operation: int) -> bool:
        """Whether it is that operation, from the one host to the other."""
        found = heard.operation, heard.sender_ip, heard.target_ip
        return found == (operation, self._hosts[sender], self._hosts[target])
