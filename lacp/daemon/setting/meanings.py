"""What each key that may be set means, and what comes of setting it, in words for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_FLAPS = "the link flaps once"
ALL_FLAP = "every partner selects anew, each link flaps once"
NO_FLAP = "no link flaps"


@dataclass(frozen=True, slots=True)
class Meaning:
    """A key in words."""

    #: What it says.
    says: str
    #: What comes of a new value, as JSON has it.
    effect: Callable[[Any], str]


def _active(on: bool) -> str:
    return (
        "our ports speak LACP first"
        if on
        else "our ports wait for the partner to speak first, and are silent if it does so too"
    )


def _fast_rate(on: bool) -> str:
    asked, missed = ("each second", "3 s") if on else ("every 30 s", "90 s")
    return f"we ask the partner for a LACPDU {asked}, and miss it after {missed}; {NO_FLAP}"


def _system(address: str | None) -> str:
    whose = "an address of their own" if address else "the address of the team"
    return f"our LACPDUs bear {whose}"


def _max_ports(number: int | None) -> str:
    if number is None:
        return "every port that fits carries traffic, none stands by"
    return f"the best {number} by rank carry traffic, the others stand by"


def _fallback(way: str) -> str:
    return {
        "none": "ports that hear no partner carry nothing",
        "single": "one of the ports that hear no partner carries traffic",
        "static": "ports that hear no partner carry traffic together",
    }[way]


def _agg_select_policy(policy: str) -> str:
    by = {
        "lacp_prio": "the better system and port priority",
        "lacp_prio_stable": "the better priority, once the LAG in use fails",
        "bandwidth": "more bandwidth",
        "count": "more ports",
        "port_config": "prio and sticky of its ports",
    }
    return f"of several LAGs the one with {by[policy]} has the device"


def _tx_hash(fragments: list[str]) -> str:
    by = ", ".join(fragments) or "nothing"
    return f"frames are spread by {by}; a flow that changes its port may be reordered once"


def _tx_balancer(balancer: Mapping[str, Any] | None) -> str:
    if balancer is None:
        return "a frame's hash alone says through which port it leaves"
    seconds = balancer["balancing_interval"] / 10
    return f"flows move to ports with less load, every {seconds:g} s at most"


def _hwaddr_policy(policy: str) -> str:
    return {
        "same_all": "every port bears the address of the team",
        "by_active": "the team bears the address of the active port",
        "only_active": "the active port alone bears the address of the team",
    }[policy]


def _link_watch(watchers: Any) -> str:
    said = watchers if isinstance(watchers, list) else [watchers] if watchers else []
    names = ", ".join(str(each["name"]) for each in said) or "those of the team, else ethtool"
    return f"it is watched by {names}; until they can know, what the old ones said holds"


def _team_link_watch(watchers: Any) -> str:
    said = watchers if isinstance(watchers, list) else [watchers] if watchers else []
    names = ", ".join(str(each["name"]) for each in said) or "ethtool"
    return f"every port is watched by {names} beside its own link_watch"


def _burst(what: str) -> Callable[[Any], str]:
    def effect(burst: Mapping[str, Any] | None) -> str:
        if not burst or not burst["count"]:
            return f"no {what} after a port was enabled"
        return f"{what}, {burst['count']} times, after a port was enabled"

    return effect


def _queue(number: int | None) -> str:
    if not number:
        return "no queue leads to the port"
    return f"frames of transmit queue {number} leave through the port"


_RUNNER: dict[str, Meaning] = {
    "active": Meaning("speak LACP first, or wait for the partner to", _active),
    "fast_rate": Meaning("ask for a LACPDU each second, not every 30", _fast_rate),
    "sys_prio": Meaning(
        "system priority: the lower one decides which ports stand by",
        lambda new: f"our system priority is {new}: {ALL_FLAP}",
    ),
    "system": Meaning("the address of our system; none takes that of the team", _system),
    "min_ports": Meaning(
        "with fewer ports the team has no carrier",
        lambda new: f"the team has carrier as long as {new} of its ports can carry traffic",
    ),
    "max_ports": Meaning("more ports than that stand by", _max_ports),
    "aggregate_wait": Meaning(
        "seconds that a port waits for others",
        lambda new: f"a port that comes waits {new:g} s for others; {NO_FLAP}",
    ),
    "fallback": Meaning("what becomes of ports that hear no partner", _fallback),
    "collector_max_delay": Meaning(
        "how long frames may wait here, in tens of microseconds",
        lambda new: f"our LACPDUs say {new} x 10 us; {NO_FLAP}",
    ),
    "wait_to_restore": Meaning(
        "seconds that a port which comes back waits",
        lambda new: f"a port that comes back waits {new:g} s before it is used",
    ),
    "revertive": Meaning(
        "whether a port that comes back is used again",
        lambda new: (
            "a port that comes back is used again"
            if new
            else "a port that comes back is used only when no other is left"
        ),
    ),
    "agg_select_policy": Meaning("which of several LAGs has the device", _agg_select_policy),
    "tx_hash": Meaning("what of a frame selects its port", _tx_hash),
    "tx_balancer": Meaning("move flows between ports by load", _tx_balancer),
    "hwaddr_policy": Meaning("who bears whose address", _hwaddr_policy),
    "active_port": Meaning(
        "the port, or the LAG of the port, that is in use",
        lambda new: f"{new} is in use as long as it can be",
    ),
}
_TOP: dict[str, Meaning] = {
    "hwaddr": Meaning(
        "the address of the team",
        lambda new: f"device and ports bear {new}" if new else "the address stays as it is",
    ),
    "debug_level": Meaning(
        "1 and above logs more",
        lambda new: "everything is logged" if new else "what matters is logged",
    ),
    "link_watch": Meaning("how every port is found to be usable", _team_link_watch),
    "link_watch_policy": Meaning(
        "whether any or all link watchers must see the link",
        lambda new: f"a port can be used when {new} of its link watchers says so",
    ),
    "notify_peers": Meaning("gratuitous ARP after a port was enabled", _burst("gratuitous ARP")),
    "mcast_rejoin": Meaning("IGMP reports after a port was enabled", _burst("IGMP reports")),
}
_PORT: dict[str, Meaning] = {
    "lacp_prio": Meaning(
        "port priority: the lower ones carry traffic where max_ports lets others stand by",
        lambda new: f"its port priority is {new}: {_FLAPS}",
    ),
    "lacp_key": Meaning(
        "ports with different keys do not aggregate",
        lambda new: f"it aggregates with ports of key {new} only: {_FLAPS}",
    ),
    "prio": Meaning(
        "the higher one is preferred",
        lambda new: f"its prio is {new}; what was asked for with active_port is forgotten",
    ),
    "sticky": Meaning(
        "it stays in use while it can be, whatever prio others have",
        lambda new: (
            "once in use it stays so while it can be" if new else "a port of higher prio takes over"
        ),
    ),
    "queue_id": Meaning("the transmit queue that leads to the port", _queue),
    "link_watch": Meaning("how the port is found to be usable", _link_watch),
}


def meaning(keys: tuple[str, ...]) -> Meaning:
    """The meaning of a key that may be set, by its place in the configuration."""
    match keys:
        case ("runner", key):
            return _RUNNER[key]
        case ("ports", _, key):
            return _PORT[key]
        case _:
            return _TOP[keys[0]]
