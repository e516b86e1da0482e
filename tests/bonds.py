"""Link messages of bonds and their ports, as a kernel would send them, written by code."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from lacp.address import Mac
from lacp.netlink import bond
from lacp.netlink.codec import (
    HEADER,
    IFF_LOWER_UP,
    IFF_RUNNING,
    IFF_UP,
    IFINFO,
    IFLA_ADDRESS,
    IFLA_IFNAME,
    IFLA_INFO_DATA,
    IFLA_INFO_KIND,
    IFLA_INFO_SLAVE_DATA,
    IFLA_INFO_SLAVE_KIND,
    IFLA_LINKINFO,
    IFLA_MASTER,
    IFLA_MTU,
    RTM_NEWLINK,
    attribute,
    name_value,
    u8,
    u16,
    u32,
)

BOND_MAC = Mac.parse("02:00:00:00:00:01")
PARTNER = Mac.parse("02:00:00:00:00:99")
UP = IFF_UP | IFF_RUNNING | IFF_LOWER_UP
#: The index of the bond; its ports follow.
INDEX = 10


def together(said: Mapping[int, bytes]) -> bytes:
    """Attributes, one after the other."""
    return b"".join(attribute(kind, value) for kind, value in said.items())


def link(index: int, name: str, said: Mapping[int, bytes], flags: int = UP) -> bytes:
    """An RTM_NEWLINK of an Ethernet interface."""
    facts = {IFLA_IFNAME: name_value(name), IFLA_ADDRESS: bytes(BOND_MAC), IFLA_MTU: u32(1500)}
    body = IFINFO.pack(0, 1, index, flags, 0) + together({**facts, **said})
    return HEADER.pack(HEADER.size + len(body), RTM_NEWLINK, 0, 0, 0) + body


def bond_link(
    name: str = "bond0",
    mode: int = bond.LACP,
    more: Mapping[int, bytes] | None = None,
    flags: int = UP,
    index: int = INDEX,
) -> bytes:
    """A bond; of one that speaks LACP aggregator 1 is in use."""
    data = {bond.MODE: u8(mode), bond.MIIMON: u32(100)}
    if mode == bond.LACP:
        info = {
            bond.AD_INFO_AGGREGATOR: u16(1),
            bond.AD_INFO_NUM_PORTS: u16(2),
            bond.AD_INFO_ACTOR_KEY: u16(15),
            bond.AD_INFO_PARTNER_KEY: u16(3),
            bond.AD_INFO_PARTNER_MAC: bytes(PARTNER),
        }
        data[bond.AD_INFO] = together(info)
    kind = attribute(IFLA_INFO_KIND, name_value("bond"))
    info_data = attribute(IFLA_INFO_DATA, together(data | dict(more or {})))
    return link(index, name, {IFLA_LINKINFO: kind + info_data}, flags)


def port_link(
    number: int,
    said: Mapping[int, bytes] | None = None,
    flags: int = UP,
    master: int = INDEX,
) -> bytes:
    """Port eN of a bond: by default one that carries traffic and is of aggregator 1."""
    data = {
        bond.PORT_STATE: u8(0),
        bond.PORT_MII_STATUS: u8(0),
        bond.PORT_LINK_FAILURE_COUNT: u32(2),
        bond.PORT_PERM_HWADDR: bytes(Mac.parse(f"02:00:00:00:01:{number:02x}")),
        bond.PORT_QUEUE_ID: u16(0),
        bond.PORT_AD_AGGREGATOR_ID: u16(1),
        bond.PORT_AD_ACTOR_OPER_PORT_STATE: u8(0x3D),
        bond.PORT_AD_PARTNER_OPER_PORT_STATE: u16(0x3F),
    }
    info = (
        attribute(IFLA_INFO_KIND, name_value("veth"))
        + attribute(IFLA_INFO_SLAVE_KIND, name_value("bond"))
        + attribute(IFLA_INFO_SLAVE_DATA, together(data | dict(said or {})))
    )
    below = {IFLA_MASTER: u32(master), IFLA_LINKINFO: info}
    return link(master + number, f"e{number}", below, flags)


def statistics(counted: Mapping[int, int]) -> bytes:
    """What the driver counts at a port (BOND_3AD_STAT_*), as one attribute of an RTM_NEWSTATS."""
    told = together({which: value.to_bytes(8, sys.byteorder) for which, value in counted.items()})
    # LINK_XSTATS_TYPE_BOND and BOND_XSTATS_3AD.
    return attribute(2, attribute(1, told))
