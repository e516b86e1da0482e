"""The kernel's bonding driver in mode 802.3ad, on interfaces of a namespace, and its own view.

    with namespace() as there, bonding(there, ["e0", "e1"], lacp_rate="fast") as bond:
        bond.until(lambda: bond.show().partner is not None)

It needs a kernel that has the driver; `guest` has one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lacp.address import NO_MAC, Mac
from lacp.info import PORT_STATES, PortInfo
from tests.interop.netns import Namespace, need_link
from tests.waiting import until


@dataclass(frozen=True)
class Member:
    """One port of a bond, from /proc/net/bonding (drivers/net/bonding/bond_procfs.c)."""

    link_up: bool
    #: None while it is attached to none; nothing else is told of it then.
    aggregator: int | None
    #: ``monitoring``, ``churned`` or ``none``.
    actor_churn: str
    partner_churn: str
    actor: PortInfo
    partner: PortInfo


@dataclass(frozen=True)
class Shown:
    """A bond, from /proc/net/bonding."""

    up: bool
    active: bool
    fast: bool
    ad_select: str
    #: The active aggregator and its partner; None if there is none.
    aggregator: int | None
    partner: Mac | None
    members: dict[str, Member]


def parse_proc(text: str) -> Shown:
    """What /proc/net/bonding/BOND says, to root."""
    head, *rest = re.split(r"^Slave Interface: ", text, flags=re.MULTILINE)
    fields = _fields(head)
    aggregator = fields.get("Aggregator ID")
    partner = Mac.parse(fields.get("Partner Mac Address", str(NO_MAC)))
    return Shown(
        up=fields["MII Status"] == "up",
        active=fields["LACP active"] == "on",
        fast=fields["LACP rate"] == "fast",
        ad_select=fields["Aggregator selection policy (ad_select)"],
        aggregator=None if aggregator is None else int(aggregator),
        partner=partner if partner != NO_MAC else None,
        members=dict(map(_member, rest)),
    )


def _member(text: str) -> tuple[str, Member]:
    name, _, body = text.partition("\n")
    main, _, details = body.partition("details actor lacp pdu:")
    actor, _, partner = details.partition("details partner lacp pdu:")
    fields = _fields(main)
    aggregator = fields["Aggregator ID"]
    return name, Member(
        link_up=fields["MII Status"] == "up",
        aggregator=None if aggregator == "N/A" else int(aggregator),
        actor_churn=fields.get("Actor Churn State", "none"),
        partner_churn=fields.get("Partner Churn State", "none"),
        actor=_info(actor),
        partner=_info(partner),
    )


def _fields(text: str) -> dict[str, str]:
    pairs = (line.strip().partition(": ") for line in text.splitlines())
    return {name: value for name, _, value in pairs if value}


def _info(text: str) -> PortInfo:
    fields = _fields(text)
    if not fields:
        return PortInfo()
    return PortInfo(
        system_priority=int(fields["system priority"]),
        system=Mac.parse(fields["system mac address"]),
        key=int(fields["port key"] if "port key" in fields else fields["oper key"]),
        port_priority=int(fields["port priority"]),
        port=int(fields["port number"]),
        state=PORT_STATES[int(fields["port state"])],
    )


class Bonding:
    """A bond in a namespace; made by `bonding`."""

    def __init__(
        self, namespace: Namespace, name: str, ports: Sequence[str], options: dict[str, object]
    ) -> None:
        self.namespace = namespace
        self.name = name
        self.ports = tuple(ports)
        self._options = options
        self._made = False

    def start(self) -> None:
        """Make the bond; it takes its ports in their order, and the first one's address."""
        options = " ".join(f"{key} {value}" for key, value in self._options.items())
        self.namespace.ip(f"link add {self.name} type bond mode 802.3ad {options}")
        self._made = True
        for port in self.ports:
            self.add(port)
        self.namespace.ip(f"link set {self.name} up")

    def stop(self) -> None:
        """Take the bond away; its ports stay up. Nothing if there is none."""
        if not self._made:
            return
        self._made = False
        self.namespace.ip(f"link del {self.name}")
        for port in self.ports:
            self.namespace.ip(f"link set {port} up")

    def add(self, port: str) -> None:
        """Take a port in; the driver wants it down."""
        self.namespace.ip(f"link set {port} down")
        self.namespace.ip(f"link set {port} master {self.name}")

    def remove(self, port: str) -> None:
        """Let a port go."""
        self.namespace.ip(f"link set {port} nomaster")

    def proc(self) -> str:
        """/proc/net/bonding of the bond."""
        with self.namespace.entered():
            return Path(f"/proc/thread-self/net/bonding/{self.name}").read_text()

    def show(self) -> Shown:
        """Its own view."""
        return parse_proc(self.proc())

    def sysfs(self) -> dict[str, str]:
        """Every option and value below /sys/class/net/BOND/bonding; those that are empty are not.

        A sysfs shows the namespace in which it was mounted.
        """
        look = f"mount -t sysfs sysfs /sys && cd /sys/class/net/{self.name}/bonding && grep . *"
        lines = self.namespace.run("unshare", "--mount", "sh", "-c", look).splitlines()
        return {name: value for name, _, value in (line.partition(":") for line in lines)}

    def until(self, done: Callable[[], Any], seconds: float = 20) -> None:
        """Ask again until `done`; there is no descriptor to wait on."""
        until(done, seconds, self.proc, every=0.05)


@contextmanager
def bonding(
    namespace: Namespace, ports: Sequence[str], *, name: str = "bond0", **options: object
) -> Iterator[Bonding]:
    """A bond of these interfaces; `options` are those of `ip link add type bond`.

    Such as ``lacp_rate="fast"``, ``lacp_active="off"``, ``ad_select="count"``.
    """
    need_link(namespace, "bond", "the kernel's bonding driver")
    bond = Bonding(namespace, name, ports, {"miimon": 100, **options})
    try:
        bond.start()
        yield bond
    finally:
        bond.stop()
