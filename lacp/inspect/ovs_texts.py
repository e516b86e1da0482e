"""What ovs-vswitchd says to people, read by a program: bond/show, lacp/show, lacp/show-stats.

The texts are those of ofproto/bond.c and lib/lacp.c from 2.9 to 3.7. A line that is not known here
says nothing, and what is not said is None.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lacp.info import PORT_STATES, PortState
from lacp.inspect.values import mac
from lacp.picture.model import End, SystemId

Value = bool | int | str

_SECTION = re.compile(r"^---- (.*) ----$", re.MULTILINE)
#: Until 2.14 members had another name.
_MEMBER = "(?:member|slave)"
_BOND_MEMBER = re.compile(rf"^{_MEMBER} (.+): (enabled|disabled)$")
_LACP_MEMBER = re.compile(rf"^{_MEMBER}: (.+): (\w+) (\w+)$")
_COUNTED_MEMBER = re.compile(rf"^{_MEMBER}: (.+):$")
_EXPIRES = re.compile(r"^(updelay|downdelay) expires in (-?\d{1,18}) ms$")
_LOAD = re.compile(r"^hash (\d{1,3}): (\d{1,18}) kB load$")
_ACTIVE = re.compile(rf"^active {_MEMBER}$")
_MILLISECONDS = re.compile(r"(-?\d{1,18}) ms")
_NUMBER = re.compile(r"-?\d{1,18}")

#: What bond/show says of a bond that is a setting of it, under its own name; times in ms.
_SETTINGS = frozenset(
    {
        *("bond_mode", "bond-hash-basis", "updelay", "downdelay", "lacp_status"),
        *("lacp_fallback_ab", "all members active", "all slaves active", "next rebalance"),
        *("active-backup primary", "lb_output action", "bond may use recirculation"),
    }
)
_NONE = "<none>"
_SWITCHES = {
    "true": True,
    "yes": True,
    "enabled": True,
    "false": False,
    "no": False,
    "disabled": False,
}
_BITS = {
    "activity": PortState.ACTIVITY,
    "timeout": PortState.SHORT_TIMEOUT,
    "aggregation": PortState.AGGREGATION,
    "synchronized": PortState.SYNCHRONIZATION,
    "collecting": PortState.COLLECTING,
    "distributing": PortState.DISTRIBUTING,
    "defaulted": PortState.DEFAULTED,
    "expired": PortState.EXPIRED,
}
_COUNTERS = {
    "TX PDUs": "lacpdus_tx",
    "RX PDUs": "lacpdus_rx",
    "RX Bad PDUs": "illegal_rx",
    "RX Marker Request PDUs": "marker_pdus_rx",
    "Link Expired": "link_expired",
    "Link Defaulted": "link_defaulted",
    "Carrier Status Changed": "carrier_status_changed",
}


@dataclass(slots=True)
class BondMember:
    """A member in bond/show."""

    enabled: bool
    active: bool = False
    may_enable: bool | None = None
    #: Seconds until it is enabled, or disabled, by the delay of this name.
    delays: dict[str, float] = field(default_factory=dict)
    #: kB that were sent of late, by hash.
    loads: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Bond:
    """A bond in bond/show."""

    settings: dict[str, Value] = field(default_factory=dict)
    members: dict[str, BondMember] = field(default_factory=dict)


@dataclass(slots=True)
class LacpMember:
    """A member in lacp/show."""

    #: current, expired or defaulted.
    status: str
    attached: bool
    told: dict[str, str] = field(default_factory=dict)

    @property
    def may_enable(self) -> bool | None:
        """Whether LACP lets it be used."""
        return _boolean(self.told.get("may_enable"))

    def end(self, whose: str) -> End | None:
        """The `actor` or the `partner`."""
        told = self.told
        if f"{whose} sys_id" not in told:
            return None
        return End(
            system_priority=_number(told.get(f"{whose} sys_priority")),
            system=mac(told.get(f"{whose} sys_id")),
            key=_number(told.get(f"{whose} key")),
            port_priority=_number(told.get(f"{whose} port_priority")),
            port=_number(told.get(f"{whose} port_id")),
            state=_state(told.get(f"{whose} state")),
        )


@dataclass(slots=True)
class Lacp:
    """A bond, or a single port that speaks LACP, in lacp/show."""

    told: dict[str, str] = field(default_factory=dict)
    members: dict[str, LacpMember] = field(default_factory=dict)

    @property
    def active(self) -> bool | None:
        """Whether it speaks first; None when that is not told."""
        words = self.told.get("status", "").split()
        return words[0] == "active" if words[:1] in (["active"], ["passive"]) else None

    @property
    def actor(self) -> SystemId:
        """Who it is."""
        return SystemId(
            system_priority=_number(self.told.get("sys_priority")),
            system=mac(self.told.get("sys_id")),
            key=_number(self.told.get("aggregation key")),
        )


def bonds(text: str) -> dict[str, Bond]:
    """bond/show, by the name of the bond."""
    return {name: _bond(lines) for name, lines in _sections(text)}


def lacps(text: str) -> dict[str, Lacp]:
    """lacp/show, by the name of the bond or port."""
    return {name: _lacp(lines) for name, lines in _sections(text)}


def counters(text: str) -> dict[str, dict[str, dict[str, int | None]]]:
    """lacp/show-stats, by the names of bond, member and counter."""
    found: dict[str, dict[str, dict[str, int | None]]] = {}
    for title, lines in _sections(text):
        members = found[title.removesuffix(" statistics")] = {}
        counts: dict[str, int | None] = {}
        for line in lines:
            begun = _COUNTED_MEMBER.match(line)
            name, _, value = line.partition(": ")
            if begun:
                counts = members[begun[1]] = {}
            elif name in _COUNTERS:
                counts[_COUNTERS[name]] = _number(value)
    return found


def _sections(text: str) -> Iterator[tuple[str, list[str]]]:
    """What stands below each title, in lines without their indentation."""
    _, *rest = _SECTION.split(text)
    for name, body in zip(rest[::2], rest[1::2], strict=True):
        yield name, [line.strip() for line in body.split("\n")]


def _bond(lines: list[str]) -> Bond:
    bond = Bond()
    member: BondMember | None = None
    for line in lines:
        begun = _BOND_MEMBER.match(line)
        if begun:
            member = bond.members[begun[1]] = BondMember(begun[2] == "enabled")
        elif member is not None:
            _tell(member, line)
        else:
            name, _, value = line.partition(": ")
            if name in _SETTINGS and value != _NONE:
                # Behind a comma stand numbers of the switch's own.
                bond.settings[name] = _value(value.partition(",")[0])
    return bond


def _tell(member: BondMember, line: str) -> None:
    """A line about a member of a bond."""
    expires, load = _EXPIRES.match(line), _LOAD.match(line)
    if _ACTIVE.match(line):
        member.active = True
    elif line.startswith("may_enable: "):
        member.may_enable = _boolean(line.removeprefix("may_enable: "))
    elif expires:
        member.delays[expires[1]] = max(0, int(expires[2])) / 1000
    elif load:
        member.loads[load[1]] = int(load[2])


def _lacp(lines: list[str]) -> Lacp:
    found = Lacp()
    told = found.told
    for line in lines:
        begun = _LACP_MEMBER.match(line)
        if begun:
            member = found.members[begun[1]] = LacpMember(begun[2], begun[3] == "attached")
            told = member.told
            continue
        # Nothing stands behind the colon of a state without a bit.
        name, colon, value = line.partition(":")
        if colon:
            told[name] = value.strip()
    return found


def _value(text: str) -> Value:
    known = _SWITCHES.get(text)
    if known is not None:
        return known
    time = _MILLISECONDS.fullmatch(text)
    number = _number(time[1] if time else text)
    return text if number is None else number


def _boolean(text: str | None) -> bool | None:
    return _SWITCHES.get(text or "")


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and _NUMBER.fullmatch(text) else None


def _state(text: str | None) -> PortState | None:
    if text is None:
        return None
    bits: Mapping[str, PortState] = _BITS
    return PORT_STATES[sum({int(bits[word]) for word in text.split() if word in bits})]
