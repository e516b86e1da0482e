"""What the bonding driver tells in /proc/net/bonding alone (drivers/net/bonding/bond_procfs.c).

To everybody: churn, on kernels that have it in no message. To CAP_NET_ADMIN: the actor and the
partner of each port. It is a text for people: what is not in it, or makes no sense, is None.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lacp.address import Mac
from lacp.info import PORT_STATES, PortInfo

#: Of the thread's own network namespace; there is none while the driver is not loaded.
PROC = "/proc/thread-self/net/bonding"
#: Octets of a text: a port has some 800.
_LIMIT = 1 << 20

_PORT = "Slave Interface: "
_DRIVER = "Ethernet Channel Bonding Driver: "


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcPort:
    """What stands there about a port."""

    aggregator: int | None
    #: ``monitoring``, ``churned`` or ``none``, and how often it was churned.
    actor_churn: str | None
    partner_churn: str | None
    actor_churned_count: int | None
    partner_churned_count: int | None
    actor: PortInfo | None
    partner: PortInfo | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcBond:
    """What stands there about a bond."""

    #: The release of the driver, as in ``v6.1.0``.
    version: str | None
    system_priority: int | None
    system: Mac | None
    #: The one in use.
    aggregator: int | None
    #: In the driver's order.
    ports: dict[str, ProcPort]
    #: The ARP monitor is on and can ask IPv6 neighbours as well.
    asks_neighbours: bool
    #: The text ends where a line does.
    whole: bool


def path(device: str) -> str:
    """Where the text about a bond is."""
    return f"{PROC}/{device}"


def read(device: str) -> str | None:
    """The text about a bond; None when there is none."""
    try:
        with open(path(device), "rb") as file:
            return file.read(_LIMIT).decode(errors="surrogateescape")
    except OSError:
        return None


def parse(text: str) -> ProcBond:
    """What such a text says. Never raises."""
    head, *ports = _blocks(text)
    said = _fields(head)
    return ProcBond(
        version=said.get(_DRIVER.rstrip(": ")),
        system_priority=_number(said.get("System priority")),
        system=_mac(said.get("System MAC address")),
        aggregator=_number(said.get("Aggregator ID")),
        ports=dict(map(_port, ports)),
        asks_neighbours=any(line.startswith("NS IPv6 target/s") for line in head),
        whole=text.endswith("\n"),
    )


def _blocks(text: str) -> Iterator[list[str]]:
    """The lines about the bond, then those about each port."""
    block: list[str] = []
    for line in text.split("\n"):
        if line.startswith(_PORT):
            yield block
            block = []
        block.append(line)
    yield block


def _port(lines: list[str]) -> tuple[str, ProcPort]:
    parts: dict[str, list[str]] = {"": [], "actor": [], "partner": []}
    about = ""
    for line in lines[1:]:
        if line.startswith("details "):
            about = line.split(" ")[1]
        elif about in parts:
            parts[about].append(line)
    said = _fields(parts[""])
    return lines[0].removeprefix(_PORT), ProcPort(
        aggregator=_number(said.get("Aggregator ID")),
        actor_churn=said.get("Actor Churn State"),
        partner_churn=said.get("Partner Churn State"),
        actor_churned_count=_number(said.get("Actor Churned Count")),
        partner_churned_count=_number(said.get("Partner Churned Count")),
        actor=_info(parts["actor"]),
        partner=_info(parts["partner"]),
    )


def _fields(lines: list[str]) -> dict[str, str]:
    pairs = (line.strip().partition(": ") for line in lines)
    return {name: value for name, _, value in pairs if value}


def _number(text: str | None) -> int | None:
    # Not `isdecimal`, which digits of other scripts pass.
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 10:
        return None
    return int(text)


def _mac(text: str | None) -> Mac | None:
    try:
        return None if text is None else Mac.parse(text)
    except ValueError:
        return None


def _info(lines: list[str]) -> PortInfo | None:
    """An end of a link; None when any of it is missing."""
    said = _fields(lines)
    system = _mac(said.get("system mac address"))
    # The driver calls the key of a partner "oper key".
    names = ("system priority", "port key", "port priority", "port number", "port state")
    told = {name: _number(said.get(name)) for name in names}
    if told["port key"] is None:
        told["port key"] = _number(said.get("oper key"))
    priority, key, port_priority, port, state = told.values()
    if (
        system is None
        or priority is None
        or key is None
        or port_priority is None
        or port is None
        or state is None
    ):
        return None
    return PortInfo(priority, system, key, port_priority, port, PORT_STATES[state & 0xFF])
