"""Ports that are watched by ARP, and what comes in on them."""

from __future__ import annotations

from lacp.watch.options import ArpPingOptions
from tests.watch_frames import BROADCAST, OURS, REQUEST, arp
from tests.watched import Watched

PLAIN = ArpPingOptions(
    target_host="192.168.23.1", source_host="192.168.23.2", interval=1000, missed_max=3
)

ANSWER = arp()
#: What the port itself sends.
QUESTION = arp(REQUEST, "192.168.23.2", "192.168.23.1", source=OURS, to=BROADCAST)
#: The neighbour asks for us.
GREETING = arp(REQUEST, "192.168.23.1", "192.168.23.2", to=BROADCAST)

ACTIVE = {"enabled": True, "alone": True}
SILENT = {"enabled": False, "alone": False}
LOOKING = {"enabled": False, "alone": True}


def watched(options: ArpPingOptions, use: dict[str, bool]) -> Watched:
    """A port with carrier that is used so, its first question sent if it sends any."""
    port = Watched(options)
    port.use(**use)
    port.carrier(True)
    return port
