"""The watcher that asks an IPv6 neighbour for its address, over Neighbour Discovery."""

from __future__ import annotations

import hashlib
from typing import ClassVar

from lacp.address import Mac
from lacp.link import Link
from lacp.watch import nd
from lacp.watch.base import Hears, WatchEvent
from lacp.watch.hosts import Host
from lacp.watch.options import NsnaPingOptions
from lacp.watch.probing import Prober


class NsnaPingWatcher(Prober):
    """Up while the neighbour answers the questions of this very port.

    A port that carries no traffic while another one does asks too, else nobody would know when it
    can be used again. It does so under an address of its own: the ports of a team share theirs,
    and a question from it would lead the switch to send the team's traffic to the wrong port.
    """

    name: ClassVar[str] = "nsna_ping"
    hears: ClassVar[Hears | None] = Hears.ND

    def __init__(
        self, port: str, index: int, options: NsnaPingOptions, events: list[WatchEvent]
    ) -> None:
        super().__init__(port, index, options, events, Host(options.target_host, 6))
        self._aside: Mac | None = None

    def appeared(self, link: Link, now: float) -> None:
        """Make the address under which the port asks when it carries no traffic."""
        self._aside = address_aside(self.port, link.address)
        super().appeared(link, now)

    def _question(self) -> bytes | None:
        source = self._link.address if self._asks else self._aside
        return nd.solicitation(source, self._hosts[self._target]) if source else None

    def _answers(self, frame: bytes) -> bool:
        heard = nd.parse(frame)
        if heard is None or not heard.solicited or heard.target != self._hosts[self._target]:
            return False
        askers = (it for it in (self._link.address, self._aside) if it is not None)
        return heard.destination in map(nd.link_local, askers)


def address_aside(port: str, address: Mac) -> Mac:
    """A locally administered address for this port alone, always the same one."""
    digest = hashlib.sha256(b"\0".join((address, port.encode()))).digest()
    return Mac(bytes([digest[0] & 0xFC | 0x02]) + digest[1:6])
