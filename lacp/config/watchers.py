"""`link_watch`: how a port is found to be usable."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

from lacp.config.document import quoted
from lacp.config.section import Section
from lacp.watch.options import (
    ArpPingOptions,
    EthtoolOptions,
    NsnaPingOptions,
    TipcOptions,
    WatcherOptions,
)

_VLAN_MAX = 4095
#: The kernel's name of a bearer has 32 octets with the zero at its end.
_BEARER_OCTETS = 31

_PROBES = ("interval", "init_wait", "missed_max", "target_host")
#: The keys of each link watcher.
WATCHERS: dict[str, tuple[str, ...]] = {
    "ethtool": ("delay_up", "delay_down"),
    "arp_ping": (
        *_PROBES,
        "source_host",
        "validate_active",
        "validate_inactive",
        "send_always",
        "vlanid",
    ),
    "nsna_ping": _PROBES,
    "tipc": ("tipc_bearer",),
}
#: The link watchers that look at each of the keys.
_OWNERS = {
    key: tuple(name for name, its in WATCHERS.items() if key in its)
    for keys in WATCHERS.values()
    for key in keys
}


def link_watch(it: Section) -> tuple[WatcherOptions, ...]:
    """The watchers under `link_watch`, an object or an array of objects."""
    found: list[WatcherOptions] = []
    for section in it.sections("link_watch"):
        if "name" not in section:
            section.error("name", "nothing", f"one of {', '.join(WATCHERS)}")
            continue
        name = section.choice("name", "", WATCHERS)
        if not name:
            continue
        found.append(_READERS[name](section))
        for key, owners in _OWNERS.items():
            if name not in owners:
                section.idle(key, f"an option of {' and '.join(owners)}, this is {name}")
        section.close()
    return tuple(found)


def _ethtool(it: Section) -> EthtoolOptions:
    default = EthtoolOptions()
    return EthtoolOptions(
        delay_up=it.integer("delay_up", default.delay_up, 0),
        delay_down=it.integer("delay_down", default.delay_down, 0),
    )


def _arp_ping(it: Section) -> ArpPingOptions:
    default = ArpPingOptions(target_host="")
    return ArpPingOptions(
        target_host=_host(it, "target_host", "", IPv6Address, "IPv4"),
        source_host=_host(it, "source_host", default.source_host, IPv6Address, "IPv4"),
        interval=it.integer("interval", default.interval, 1),
        init_wait=it.integer("init_wait", default.init_wait, 0),
        missed_max=it.integer("missed_max", default.missed_max, 0),
        validate_active=it.boolean("validate_active", default.validate_active, converted=True),
        validate_inactive=it.boolean(
            "validate_inactive", default.validate_inactive, converted=True
        ),
        send_always=it.boolean("send_always", default.send_always),
        vlanid=it.integer("vlanid", 0, 0, _VLAN_MAX) if "vlanid" in it else None,
    )


def _nsna_ping(it: Section) -> NsnaPingOptions:
    default = NsnaPingOptions(target_host="")
    return NsnaPingOptions(
        target_host=_host(it, "target_host", "", IPv4Address, "IPv6"),
        interval=it.integer("interval", default.interval, 1),
        init_wait=it.integer("init_wait", default.init_wait, 0),
        missed_max=it.integer("missed_max", default.missed_max, 0),
    )


def _tipc(it: Section) -> TipcOptions:
    expected = f"a string of 1 to {_BEARER_OCTETS} octets"
    bearer = it.string("tipc_bearer", expected)
    if "tipc_bearer" not in it:
        it.error("tipc_bearer", "nothing", expected)
    elif bearer is not None and not 0 < len(bearer.encode()) <= _BEARER_OCTETS:
        it.error("tipc_bearer", quoted(bearer), expected)
    return TipcOptions(tipc_bearer=bearer or "")


_READERS: dict[str, Callable[[Section], WatcherOptions]] = {
    "ethtool": _ethtool,
    "arp_ping": _arp_ping,
    "nsna_ping": _nsna_ping,
    "tipc": _tipc,
}


def _host(
    it: Section,
    key: str,
    default: str,
    foreign: type[IPv4Address] | type[IPv6Address],
    family: str,
) -> str:
    """A name, or an address that is not of the `foreign` family; without a default required."""
    expected = f"a host name or an {family} address"
    value = it.string(key, expected)
    if value is None:
        if key not in it and not default:
            it.error(key, "nothing", expected)
        return default
    strange = not value or not value.isprintable() or " " in value
    if strange or _is(value, foreign) or _is_misspelt(value):
        it.error(key, quoted(value), expected)
    return value


def _is_misspelt(text: str) -> bool:
    """Whether it looks like an address, is none, and could be no name either."""
    parts = text.split(".")
    if ":" in text:
        return not _is(text, IPv6Address)
    return len(parts) == 4 and all(map(str.isdecimal, parts)) and not _is(text, IPv4Address)


def _is(text: str, family: type[IPv4Address] | type[IPv6Address]) -> bool:
    try:
        family(text)
    except ValueError:
        return False
    return True
