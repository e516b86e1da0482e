"""The driver's own LACP, as /proc/net/bonding shows it (drivers/net/bonding/bond_procfs.c)."""

from __future__ import annotations

import re
from pathlib import Path

from lacp.address import Mac
from lacp.dataplane.base import LacpPortState, LacpState
from lacp.info import PORT_STATES, PortInfo

#: Of the thread's own network namespace.
_PROC = Path("/proc/thread-self/net/bonding")


def lacp_state(device: str) -> LacpState | None:
    """The state of a bond; None when there is no such file."""
    try:
        return parse((_PROC / device).read_text(errors="replace"))
    except OSError:
        return None


def parse(text: str) -> LacpState:
    """What such a file says; what it does not say is None."""
    head, *ports = re.split(r"^Slave Interface: ", text, flags=re.MULTILINE)
    return LacpState(_number(_fields(head).get("Aggregator ID")), dict(map(_port, ports)))


def _port(text: str) -> tuple[str, LacpPortState]:
    name, _, body = text.partition("\n")
    main, _, details = body.partition("details actor lacp pdu:")
    actor, _, partner = details.partition("details partner lacp pdu:")
    aggregator = _number(_fields(main).get("Aggregator ID"))
    return name, LacpPortState(aggregator, _info(actor), _info(partner))


def _fields(text: str) -> dict[str, str]:
    pairs = (line.strip().partition(": ") for line in text.splitlines())
    return {name: value for name, _, value in pairs if value}


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None


def _info(text: str) -> PortInfo | None:
    fields = _fields(text)
    try:
        return PortInfo(
            system_priority=int(fields["system priority"]),
            system=Mac.parse(fields["system mac address"]),
            key=int(fields["port key"] if "port key" in fields else fields["oper key"]),
            port_priority=int(fields["port priority"]),
            port=int(fields["port number"]),
            state=PORT_STATES[int(fields["port state"]) & 0xFF],
        )
    except (KeyError, ValueError):
        return None
