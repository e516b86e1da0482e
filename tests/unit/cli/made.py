"""LAGs of every make as their readers tell of them, and as one reader for the commands."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lacp.address import NO_MAC, Mac
from lacp.info import PORT_STATES
from lacp.inspect.survey import Places
from lacp.link import Duplex
from lacp.picture.model import End, LagView, LinkView, Machines, PortView, SystemId

UP = LinkView(up=True, speed=10000, duplex=Duplex.FULL)
DOWN = LinkView(up=False)
US, THEM = Mac.parse("02:00:00:00:00:01"), Mac.parse("00:13:c4:12:0f:00")


def end(system: Mac | None, port: int | None = 1, state: int = 0x3D, key: int | None = 15) -> End:
    known = system is not None
    return End(
        system_priority=65535 if known else None,
        system=system,
        key=key,
        port_priority=255 if known else None,
        port=port if known else None,
        state=PORT_STATES[state],
    )


_PORT = PortView(
    name="",
    link=UP,
    selected="SELECTED",
    aggregator=1,
    collecting=True,
    distributing=True,
    actor=end(US),
    partner=end(THEM),
    machines=Machines(actor_churn="NO_ACTOR_CHURN", partner_churn="NO_PARTNER_CHURN"),
    counters={"lacpdus_rx": 7, "lacpdus_tx": 9, "illegal_rx": 0, "marker_unknown_rx": 0},
    usable=True,
    link_downs=3,
    settings={"mii_status": "up"},
)


def bond_port(name: str, **changes: Any) -> PortView:
    """A port of a bond that speaks LACP, at rest."""
    return replace(_PORT, name=name, **changes)


BOND = LagView(
    name="bond0",
    source="bond",
    mode="802.3ad",
    lacp=True,
    up=True,
    admin_up=True,
    ifindex=4,
    actor=SystemId(system_priority=65535, system=US, key=15),
    partner=SystemId(system_priority=65535, system=THEM, key=15),
    aggregator=1,
    settings={"miimon": 100, "xmit_hash_policy": "layer2"},
    ports=(
        bond_port("eth1"),
        bond_port(
            "eth2",
            link=DOWN,
            collecting=False,
            distributing=False,
            actor=end(US, 2, 0x45),
            partner=end(NO_MAC, 1, 0),
            aggregator=2,
            usable=False,
        ),
    ),
)

#: As anybody sees it who is not root.
UNPRIVILEGED = LagView(
    name="bond1",
    source="bond",
    mode="802.3ad",
    lacp=True,
    up=True,
    actor=SystemId(key=15),
    partner=SystemId(system=THEM, key=15),
    ports=(
        bond_port("eth3", actor=end(None), partner=end(None, key=None)),
        bond_port("eth4", actor=end(None, state=0x45), partner=end(None, state=0, key=None)),
    ),
    unseen=("partner details (the kernel tells them to CAP_NET_ADMIN only)",),
)

BACKUP = LagView(
    name="bond2",
    source="bond",
    mode="active-backup",
    lacp=False,
    up=False,
    admin_up=False,
    address=US,
    active_port="eth5",
    ports=(
        PortView(name="eth5", link=UP, collecting=True, distributing=True, usable=True, prio=0),
        PortView(name="eth6", link=UP, collecting=False, distributing=False, usable=True, prio=0),
        PortView(name="eth7", link=UP, collecting=False, distributing=True, link_downs=2),
        PortView(name="eth8", link=DOWN, collecting=False, distributing=False, usable=False),
    ),
)

#: A team whose daemon cannot be asked.
MUTE = LagView(
    name="team0",
    source="team",
    ports=(PortView(name="eth9", link=UP),),
    unseen=("what its daemon knows: this user may not ask teamd; run as root",),
)

SWITCH = LagView(
    name="a bridge's own, long name of a bond in Open vSwitch",
    source="ovs",
    mode="balance-tcp",
    lacp=True,
    up=True,
    actor=SystemId(system_priority=77, system=US, key=1),
    partner=SystemId(system_priority=1, system=NO_MAC, key=0),
    ports=(
        PortView(
            name="dpdk-port-with-a-name-that-is-longer-than-any-interface",
            link=UP,
            collecting=True,
            distributing=True,
            actor=end(US),
            partner=end(THEM, 12),
            machines=Machines(receive="CURRENT"),
            counters={"lacpdus_rx": 1, "lacpdus_tx": 2, "link_expired": 4},
        ),
    ),
)

ALL = (BOND, UNPRIVILEGED, BACKUP, MUTE, SWITCH)


def read(places: Places, deadline: float) -> Iterator[LagView | str]:
    """A reader, as `lacp.inspect.survey` calls it."""
    yield from ALL
    yield "ovs: a database that cannot be read"
