"""A bond as the one model of a LAG, from what the kernel said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lacp.address import Mac
from lacp.info import PORT_STATES, PortInfo, PortState
from lacp.inspect.devices import Device, PortFacts
from lacp.netlink import bond
from lacp.netlink.bond_proc import ProcBond, ProcPort
from lacp.netlink.codec import integer, mac, nested, number
from lacp.picture.model import End, LagView, Machines, PortView, SystemId

# linux/if_link.h, linux/if_bonding.h
_XSTATS_TYPE_BOND = 2
_XSTATS_3AD = 1
_ACTIVE = 0
_STATES = ("active", "backup")
_MII_UP = 0

#: What BOND_XSTATS_3AD_* count, by number, under the names of the model.
_COUNTERS = (
    "lacpdus_rx",
    "lacpdus_tx",
    "unknown_rx",
    "illegal_rx",
    "marker_pdus_rx",
    "marker_pdus_tx",
    "marker_response_pdus_rx",
    "marker_response_pdus_tx",
    "marker_unknown_rx",
)
_ACTOR_CHURN = {
    "monitoring": "ACTOR_CHURN_MONITOR",
    "churned": "ACTOR_CHURN",
    "none": "NO_ACTOR_CHURN",
}
_PARTNER_CHURN = {
    "monitoring": "PARTNER_CHURN_MONITOR",
    "churned": "PARTNER_CHURN",
    "none": "NO_PARTNER_CHURN",
}
_WITHHELD = (
    "who both ends are: systems, keys, priorities and port numbers (the kernel tells them to "
    "CAP_NET_ADMIN only)"
)


@dataclass(frozen=True, slots=True)
class _Bond:
    """What ports are judged by."""

    #: Whether somebody has set the device up: below one that is down nothing passes.
    up: bool
    mode: int | None
    #: The one in use, of bonds that speak LACP, and what is told of it (AD_INFO_*).
    aggregator: int | None
    info: Mapping[int, bytes]
    #: The index of the one port that sends, or that broadcasts are taken from.
    active: int | None
    #: Ports that do not send take frames all the same.
    takes_all: bool
    #: A port may take frames and send none (kernel 6.9).
    independent: bool

    @property
    def lacp(self) -> bool:
        return self.mode == bond.LACP


def lag_view(
    device: Device, facts: list[PortFacts], shown: ProcBond | None, netns: int | None
) -> LagView:
    """The LAG; `shown` is what stands in /proc/net/bonding, None when there is no such text."""
    said = device.driver
    options = bond.read_options(said)
    mode = number(said.get(bond.MODE))
    info = bond.active_aggregator(said)
    its = _Bond(
        device.interface.up,
        mode,
        number(info.get(bond.AD_INFO_AGGREGATOR)),
        info,
        number(said.get(bond.ACTIVE_SLAVE)),
        options.get("all_slaves_active") is True,
        options.get("coupled_control") is False,
    )
    names = {each.device.index: each.device.name for each in facts}
    ports = tuple(_port(its, each, _shown(shown, each)) for each in _ordered(facts, shown))
    lacp = its.lacp
    return LagView(
        name=device.name,
        source=bond.KIND,
        mode=bond.word(bond.MODES, mode),
        lacp=None if mode is None else lacp,
        up=device.interface.carrier,
        admin_up=device.interface.up,
        ifindex=device.index,
        address=device.interface.address,
        mtu=device.mtu,
        active_port=None if its.active is None else names.get(its.active),
        actor=_actor(said, info, shown) if lacp else None,
        partner=_partner(info, ports) if lacp else None,
        aggregator=its.aggregator,
        min_ports=number(said.get(bond.MIN_LINKS)) if lacp else None,
        # Before the driver had the option it knew the coupled machine only.
        control=("independent" if its.independent else "coupled") if lacp else None,
        agg_select_policy=bond.word(bond.AD_SELECT_POLICIES, number(said.get(bond.AD_SELECT)))
        if lacp
        else None,
        netns=netns,
        settings=_settings(options, mode, said, names, shown),
        ports=ports,
        unseen=_unseen(its, shown),
    )


def _settings(
    options: dict[str, bond.Value],
    mode: int | None,
    said: Mapping[int, bytes],
    names: Mapping[int, str],
    shown: ProcBond | None,
) -> dict[str, Any]:
    settings: dict[str, Any] = dict(options)
    if mode in (bond.ACTIVE_BACKUP, bond.TLB, bond.ALB):
        primary = number(said.get(bond.PRIMARY))
        settings["primary"] = None if primary is None else names.get(primary)
    aggregated = bond.active_aggregator(said)
    if bond.AD_INFO_NUM_PORTS in aggregated:
        settings["ad_num_ports"] = number(aggregated[bond.AD_INFO_NUM_PORTS])
    if shown is not None and shown.version is not None:
        settings["version"] = shown.version
    if shown is not None and shown.asks_neighbours:
        # No message tells of a list that is empty.
        settings.setdefault("ns_ip6_target", [])
    return settings


def _actor(
    said: Mapping[int, bytes], info: Mapping[int, bytes], shown: ProcBond | None
) -> SystemId:
    # An option of zero stands for the bond's own address as it was when LACP last looked: only the
    # text says which that is.
    return SystemId(
        system_priority=number(said.get(bond.AD_ACTOR_SYS_PRIO)),
        system=None if shown is None else shown.system,
        key=number(info.get(bond.AD_INFO_ACTOR_KEY)),
    )


def _partner(info: Mapping[int, bytes], ports: tuple[PortView, ...]) -> SystemId:
    """The partner of the aggregator in use; its priority is only told at the ports."""
    system = mac(info.get(bond.AD_INFO_PARTNER_MAC))
    aggregator = number(info.get(bond.AD_INFO_AGGREGATOR))
    found = (port.partner for port in ports if port.aggregator == aggregator)
    priority = next((end.system_priority for end in found if end and end.system == system), None)
    return SystemId(
        system_priority=priority, system=system, key=number(info.get(bond.AD_INFO_PARTNER_KEY))
    )


def _unseen(its: _Bond, shown: ProcBond | None) -> tuple[str, ...]:
    if not its.lacp:
        return ()
    if shown is None:
        return ("what /proc/net/bonding tells: there is no such text here",)
    return (_WITHHELD,) if shown.system_priority is None else ()


def _ordered(facts: list[PortFacts], shown: ProcBond | None) -> list[PortFacts]:
    """In the driver's order, as far as it is known."""
    places = {name: place for place, name in enumerate(shown.ports)} if shown else {}
    return sorted(facts, key=lambda each: places.get(each.device.name, len(places)))


def _shown(shown: ProcBond | None, facts: PortFacts) -> ProcPort | None:
    return None if shown is None else shown.ports.get(facts.device.name)


def _port(its: _Bond, facts: PortFacts, shown: ProcPort | None) -> PortView:
    device, said = facts.device, facts.device.above
    aggregator = number(said.get(bond.PORT_AD_AGGREGATOR_ID)) or None
    # Ports of one aggregator have its keys and its partner in common: of that in use they are told
    # to everybody.
    info = its.info if aggregator is not None and aggregator == its.aggregator else {}
    actor = _end(
        shown.actor if shown else None,
        End(
            key=number(info.get(bond.AD_INFO_ACTOR_KEY)),
            port_priority=number(said.get(bond.PORT_ACTOR_PORT_PRIO)),
            state=_state(said.get(bond.PORT_AD_ACTOR_OPER_PORT_STATE)),
        ),
    )
    partner = _end(
        shown.partner if shown else None,
        End(
            system=mac(info.get(bond.AD_INFO_PARTNER_MAC)),
            key=number(info.get(bond.AD_INFO_PARTNER_KEY)),
            state=_state(said.get(bond.PORT_AD_PARTNER_OPER_PORT_STATE)),
        ),
    )
    collecting, distributing = _carries(its, device, aggregator, actor)
    mii = number(said.get(bond.PORT_MII_STATUS))
    return PortView(
        name=device.name,
        ifindex=device.index,
        link=facts.link,
        # The driver's Selection Logic gives each port an aggregator in the same step in which it
        # takes one away, and it never makes a port STANDBY: who has one is SELECTED.
        selected=("SELECTED" if aggregator is not None else "UNSELECTED") if its.lacp else None,
        aggregator=aggregator,
        collecting=collecting,
        distributing=distributing,
        actor=actor if its.lacp else None,
        partner=partner if its.lacp else None,
        machines=_machines(said, shown) if its.lacp else None,
        counters=_counters(facts, shown) if its.lacp else None,
        address=device.interface.address,
        permanent_address=mac(said.get(bond.PORT_PERM_HWADDR)),
        mtu=device.mtu,
        link_downs=number(said.get(bond.PORT_LINK_FAILURE_COUNT)),
        usable=None if mii is None else mii == _MII_UP,
        prio=integer(said[bond.PORT_PRIO], signed=True) if bond.PORT_PRIO in said else None,
        queue_id=number(said.get(bond.PORT_QUEUE_ID)),
        settings=_port_settings(said, mii),
    )


def _port_settings(said: Mapping[int, bytes], mii: int | None) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "state": bond.word(_STATES, number(said.get(bond.PORT_STATE))),
        "mii_status": bond.word(bond.MII_STATUSES, mii),
    }
    if bond.PORT_ACTOR_PORT_PRIO in said:
        settings["actor_port_prio"] = number(said[bond.PORT_ACTOR_PORT_PRIO])
    return settings


def _carries(
    its: _Bond, device: Device, aggregator: int | None, actor: End | None
) -> tuple[bool | None, bool | None]:
    """Whether user frames are taken from a port, and given to it.

    The bits of its state say what it tells its partner. What the driver does is another matter: an
    aggregator without a partner carries traffic nevertheless.
    """
    state = number(device.above.get(bond.PORT_STATE))
    mii = number(device.above.get(bond.PORT_MII_STATUS))
    if state is None or mii is None or its.mode is None:
        return None, None
    if not its.up:
        return False, False
    # bond_slave_can_tx: up, with carrier, good for the monitor, and no backup.
    usable = mii == _MII_UP and device.interface.up and device.interface.carrier
    distributing = usable and state == _ACTIVE
    match its.mode:
        case bond.LACP:
            # bond_update_slave_arr: the driver spreads over the ports of its aggregator.
            distributing = distributing and aggregator is not None and aggregator == its.aggregator
            collecting = distributing
            if its.independent and actor is not None and actor.says(PortState.COLLECTING):
                collecting = usable
        case bond.TLB:
            # All ports send; what comes in at others than the active one is dropped.
            collecting = usable and device.index == its.active
        case bond.ALB:
            # Each port takes what is for its own address.
            collecting = usable
        case _:
            collecting = distributing
    return collecting or (usable and its.takes_all), distributing


def _end(shown: PortInfo | None, told: End) -> End | None:
    """An end of the link: who it is from the text, the state from the message if it has it."""
    if shown is None:
        return told if told != End() else None
    return End(
        system_priority=shown.system_priority,
        system=Mac(shown.system),
        key=shown.key,
        port_priority=shown.port_priority,
        port=shown.port,
        state=shown.state if told.state is None else told.state,
    )


def _state(octets: bytes | None) -> PortState | None:
    # The driver gives the octet of a partner in sixteen bits.
    found = number(octets)
    return None if found is None else PORT_STATES[found & 0xFF]


def _machines(said: Mapping[int, bytes], shown: ProcPort | None) -> Machines:
    """The states of the two churn machines, which are all that is told.

    From the bits alone the others cannot be known: a port that hears its own system is CURRENT
    with the bits of EXPIRED, and one that is ATTACHED may be so as DETACHED or WAITING.
    """
    actor = bond.word(bond.CHURN_STATES, number(said.get(bond.PORT_AD_CHURN_ACTOR_STATE)))
    partner = bond.word(bond.CHURN_STATES, number(said.get(bond.PORT_AD_CHURN_PARTNER_STATE)))
    if shown is not None:
        actor, partner = actor or shown.actor_churn, partner or shown.partner_churn
    return Machines(
        actor_churn=_ACTOR_CHURN.get(actor or ""), partner_churn=_PARTNER_CHURN.get(partner or "")
    )


def _counters(facts: PortFacts, shown: ProcPort | None) -> dict[str, int | None] | None:
    told = nested(nested(facts.statistics, _XSTATS_TYPE_BOND), _XSTATS_3AD)
    counters = {name: number(told[which]) for which, name in enumerate(_COUNTERS) if which in told}
    if shown is not None and shown.actor_churned_count is not None:
        counters["actor_churn_count"] = shown.actor_churned_count
        counters["partner_churn_count"] = shown.partner_churned_count
    return counters or None
