"""Faults made between real peers, and what is said of them: the bonding driver and teamd.

One guest makes all of them at once, each with a bond or team of its own, and looks once.
"""

from __future__ import annotations

import fcntl
import json
import os
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from lacp.inspect.survey import Places, survey
from lacp.picture.explain import diagnosed
from lacp.picture.model import document
from tests.interop import guest
from tests.interop.netns import Namespace, namespaces
from tests.interop.teamd import Teamd, configured
from tests.waiting import until

pytestmark = [pytest.mark.interop, pytest.mark.guest, pytest.mark.slow]

Document = dict[str, Any]

#: Of both ends of an aggregation, so that what times out does so in seconds.
_FAST = "mode 802.3ad miimon 100 lacp_rate fast"
_SLOW = "mode 802.3ad miimon 100 lacp_rate slow"
#: linux/if_tun.h
_TUNSETIFF = 0x400454CA
_IFF_TAP_NO_PI = 0x1002


@dataclass(frozen=True, slots=True)
class Case:
    """A bond, what its ports lead to, and what is to be said of it: pairs of port and code."""

    options: str
    #: Of each port the bond at the other end; an empty name is no bond at all.
    leads_to: Sequence[str] = ("", "")
    expected: frozenset[tuple[str | None, str]] = frozenset()
    #: The bonds at the other end, by name.
    partners: dict[str, str] = field(default_factory=dict)


def says(*pairs: tuple[str | None, str]) -> frozenset[tuple[str | None, str]]:
    return frozenset(pairs)


def plain(mode: str, **more: Any) -> Case:
    return Case(f"mode {mode} miimon 100", **more)


def paired(
    name: str,
    *expected: tuple[str | None, str],
    here: str = _FAST,
    there: str = _FAST,
    ports: int = 2,
) -> Case:
    """An aggregation between two bonds."""
    partner = f"{name}p"
    return Case(here, (partner,) * ports, frozenset(expected), {partner: there})


_ONE_SYSTEM = "ad_actor_system 02:00:00:00:00:77"

CASES: dict[str, Case] = {
    # Nothing is wrong.
    "rr": plain("balance-rr"),
    "ab": plain("active-backup"),
    "xor": plain("balance-xor"),
    "bc": plain("broadcast"),
    "tlb": plain("balance-tlb"),
    "alb": plain("balance-alb"),
    "ad": paired("ad"),
    "slow": paired("slow", here=_SLOW, there=_SLOW),
    # Something is.
    "lone": Case(
        _FAST,
        expected=says((None, "partnerless"), ("lone0", "never_heard"), ("lone1", "never_heard")),
    ),
    "oneway": paired(
        "oneway", (None, "timeouts_differ"), ("oneway1", "partner_defaulted"), here=_SLOW
    ),
    "fell": paired("fell", ("fell1", "partner_lost")),
    "nomii": Case("mode balance-xor miimon 0", expected=says((None, "miimon_off"))),
    "mtu": plain("balance-xor", expected=says(("mtu1", "mtu_lower"))),
    "keys": Case(
        _FAST,
        ("keysa", "keysb"),
        says(("keys1", "partner_key_differs")),
        {
            "keysa": f"{_FAST} {_ONE_SYSTEM} ad_user_port_key 5",
            "keysb": f"{_FAST} {_ONE_SYSTEM} ad_user_port_key 6",
        },
    ),
    "other": Case(
        _FAST,
        ("othera", "otherb"),
        partners={"othera": _FAST, "otherb": _FAST},
    ),
    "min": paired(
        "min", (None, "below_min_ports"), ("min1", "link_down"), here=f"{_FAST} min_links 2"
    ),
    "rates": paired("rates", (None, "timeouts_differ"), here=_SLOW),
    "half": Case(_FAST, (), says(("half0", "half_duplex"))),
    "dull": Case(_FAST, (), says(("dull0", "duplex_unknown"))),
    "self": Case(
        *(_FAST, ()), says(("self0", "no_partner_recorded"), ("self1", "no_partner_recorded"))
    ),
    "arp": Case(
        "mode active-backup arp_interval 100 arp_ip_target 192.0.2.9",
        expected=says((None, "no_carrier"), ("arp0", "arp_silent"), ("arp1", "arp_silent")),
    ),
    "one": plain("active-backup", leads_to=("",), expected=says((None, "no_backup"))),
    "off": plain("balance-rr", expected=says((None, "device_down"))),
    "adm": plain("balance-rr", expected=says(("adm1", "port_admin_down"))),
    "cut": plain("balance-rr", expected=says(("cut1", "link_down"))),
    "delay": Case(
        "mode active-backup miimon 100 updelay 60000", expected=says(("delay1", "monitor_waits"))
    ),
    "empty": plain("balance-rr", leads_to=(), expected=says((None, "no_ports"))),
    # What two passive bonds do differs by kernel: at each time one of these holds.
    "mute": paired("mute", here=f"{_FAST} lacp_active off", there=f"{_FAST} lacp_active off"),
    "twin": paired("twin", (None, "shared_key"), here=f"{_FAST} {_ONE_SYSTEM}"),
    "untwin": paired("untwin", (None, "shared_key"), here=f"{_FAST} {_ONE_SYSTEM}"),
}


# In the guest.


def _cables(here: Namespace, there: Namespace, ports: Sequence[str]) -> None:
    """Each port leads to one of the same name."""
    here.ip_batch(
        [f"link add {port} type veth peer name {port} netns {there.path}" for port in ports]
    )
    for namespace in (here, there):
        namespace.ip_batch([f"link set dev {port} up" for port in ports])


def _bond(name: str, options: str, ports: Sequence[str]) -> list[str]:
    """The `ip` commands that make a bond."""
    return [
        f"link add name {name} type bond {options}",
        *(
            line
            for port in ports
            for line in (f"link set dev {port} down", f"link set dev {port} master {name}")
        ),
        f"link set dev {name} up",
    ]


def _named(name: str, leads_to: Sequence[str]) -> list[str]:
    return [f"{name}{number}" for number in range(len(leads_to))]


def _partners(name: str, case: Case) -> Iterator[str]:
    for partner, options in case.partners.items():
        both = zip(_named(name, case.leads_to), case.leads_to, strict=True)
        yield from _bond(partner, options, [port for port, end in both if end == partner])


@contextmanager
def _tap(here: Namespace, name: str) -> Iterator[None]:
    """An interface with carrier, whose speed and duplex can be set."""
    # It is made in the namespace that the device was opened in.
    with here.entered():
        fd = os.open("/dev/net/tun", os.O_RDWR)
    try:
        fcntl.ioctl(fd, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TAP_NO_PI))
        yield
    finally:
        os.close(fd)


def _break(here: Namespace, there: Namespace) -> None:
    """What goes wrong when all is at rest."""
    here.ip("link set dev mtu1 mtu 1400")
    here.ip("link set dev off down")
    here.ip("link set dev adm1 down")
    there.ip("link set dev cut1 down")
    there.ip("link set dev min1 down")
    there.run("tc", "qdisc", "add", "dev", "fell1", "root", "netem", "loss", "100%")
    there.ip("link set dev delay1 down")
    until(lambda: "Down" in _mii(here, "delay1"), 20)
    there.ip("link set dev delay1 up")


def _mii(here: Namespace, port: str) -> str:
    with here.entered(), open("/proc/thread-self/net/bonding/delay", encoding="utf-8") as text:
        _, _, its = text.read().partition(f"Slave Interface: {port}\n")
    return "Up" if its.startswith("MII Status: up") else "Down"


def _explained(namespace: Namespace) -> Document:
    with namespace.entered():
        seen = survey(Places(sources=frozenset({"bond", "team"})), patience=30)
    return {
        "complaints": seen.complaints,
        **{
            lag.name: {
                "lag": document(lag),
                "findings": document(findings),
            }
            for lag, findings in diagnosed(seen.lags)
        },
    }


def _bonds(stack: ExitStack, here: Namespace, there: Namespace) -> None:
    stack.enter_context(_tap(here, "half0"))
    here.run("ethtool", "-s", "half0", "speed", "1000", "duplex", "half")
    _cables(
        here, there, [port for name, case in CASES.items() for port in _named(name, case.leads_to)]
    )
    here.ip_batch(["link add dull0 type dummy", "link add self0 type veth peer name self1"])
    here.run("tc", "qdisc", "add", "dev", "oneway1", "root", "netem", "loss", "100%")
    there.ip_batch([line for name, case in CASES.items() for line in _partners(name, case)])
    ports = {"half": ["half0"], "dull": ["dull0"], "self": ["self0", "self1"]}
    here.ip_batch(
        [
            line
            for name, case in CASES.items()
            for line in _bond(name, case.options, ports.get(name) or _named(name, case.leads_to))
        ]
    )


#: Teams by name: the runner, ports with the team at the other end, and what is to be said.
TEAMS: dict[str, tuple[Document, Sequence[str], frozenset[tuple[str | None, str]]]] = {
    "spoken": ({"name": "lacp", "fast_rate": True}, ("spokenp", "spokenp"), says()),
    "robin": ({"name": "roundrobin"}, ("", ""), says()),
    "backup": ({"name": "activebackup"}, ("", ""), says()),
    "balance": ({"name": "loadbalance"}, ("", ""), says()),
    "tmute": (
        {"name": "lacp", "fast_rate": True, "active": False},
        ("tmutep", "tmutep"),
        # They heard each other before either fell silent, and answer since.
        says(("tmute0", "passive_both"), ("tmute1", "passive_both")),
    ),
    "tother": (
        {"name": "lacp", "fast_rate": True},
        ("tothera", "totherb"),
        says(("tother1", "other_partner")),
    ),
    "tone": ({"name": "activebackup"}, ("",), says((None, "no_backup"))),
    "tcut": ({"name": "roundrobin"}, ("", ""), says(("tcut1", "link_down"))),
    "orphan": ({"name": "broadcast"}, ("", ""), says((None, "no_daemon"))),
}


@dataclass(frozen=True, slots=True)
class Teamed:
    """A team and its partners, apart from others: the news of these would flood its daemon."""

    here: Namespace
    there: Namespace
    team: Teamd


def _teams(stack: ExitStack) -> dict[str, Teamed]:
    made: dict[str, Teamed] = {}
    for name, (runner, ends, _) in TEAMS.items():
        here, there = stack.enter_context(namespaces(2))
        ports = _named(name, ends)
        _cables(here, there, ports)
        for partner in sorted({end for end in ends if end}):
            its = [port for port, end in zip(ports, ends, strict=True) if end == partner]
            stack.enter_context(_team(there, partner, its, runner))
        made[name] = Teamed(here, there, stack.enter_context(_team(here, name, ports, runner)))
    return made


@contextmanager
def _team(
    namespace: Namespace, name: str, ports: Sequence[str], runner: Document
) -> Iterator[Teamd]:
    told = {"device": name, "runner": runner, "ports": {port: {} for port in ports}}
    with configured(namespace, json.dumps(told)) as team:
        team.start()
        yield team


def everything() -> Document:
    """All faults, looked at from both ends."""
    with namespaces(2) as (here, there), ExitStack() as stack:
        teams = _teams(stack)
        _bonds(stack, here, there)
        teams["tcut"].there.ip("link set dev tcut1 down")
        teams["orphan"].team.kill()
        spoken = teams["spoken"].team
        spoken.until(lambda: len(spoken.current()) == 2)
        # A bond waits 8 s before it uses its first port, and a partner is given up after 6 s.
        time.sleep(10)
        _break(here, there)
        time.sleep(9)
        found = {"here": _explained(here), "there": _explained(there)}
        for name, each in teams.items():
            found[name] = _explained(each.here)
        for name in REMEDIED:
            _obey(here, found["here"][name]["findings"])
        time.sleep(10)
        return found | {"healed": _explained(here)}


#: What is healed by the commands that are told, and what is left of it.
REMEDIED: dict[str, frozenset[tuple[str | None, str]]] = {
    "nomii": says(),
    "mtu": says(),
    "off": says(),
    "adm": says(),
    "min": says(("min1", "link_down")),
    "rates": says(),
    "mute": says(),
}


def _obey(here: Namespace, findings: list[Document]) -> None:
    """Type each command once."""
    commands = {line for each in findings for line in each["remedy"] if line.startswith("ip ")}
    for command in sorted(commands):
        here.run("sh", "-c", command)


# What is made of it.


@pytest.fixture(scope="module")
def looked() -> Document:
    modules = (*guest.BONDING_MODULES, *guest.TEAM_MODULES, "tun", "dummy", "sch_netem")
    found = guest.run(everything, modules=modules, timeout=400, memory=1024).result
    assert isinstance(found, dict)
    return found


def pairs(findings: list[Document]) -> set[tuple[str | None, str]]:
    return {(each["port"], each["code"]) for each in findings}


def test_everything_could_be_read(looked: Document) -> None:
    assert [seen["complaints"] for seen in looked.values() if seen["complaints"]] == []


@pytest.mark.parametrize("name", [name for name in CASES if name not in ("mute", "other")])
def test_each_bond_is_told_what_it_has(looked: Document, name: str) -> None:
    assert pairs(looked["here"][name]["findings"]) == CASES[name].expected


def test_two_partners(looked: Document) -> None:
    # The driver uses the link of the partner that answers first.
    found = pairs(looked["here"]["other"]["findings"])
    assert found in ({("other0", "other_partner")}, {("other1", "other_partner")})


def test_two_passive_bonds(looked: Document) -> None:
    found = pairs(looked["here"]["mute"]["findings"])
    for port in ("mute0", "mute1"):
        assert {(port, "passive_both"), (port, "nobody_speaks"), (port, "partner_silent")} & found


@pytest.mark.parametrize("name", REMEDIED)
def test_the_commands_that_are_told_heal_it(looked: Document, name: str) -> None:
    assert pairs(looked["healed"][name]["findings"]) == REMEDIED[name]


@pytest.mark.parametrize("name", sorted(TEAMS.keys() - {"tother"}))
def test_each_team_is_told_what_it_has(looked: Document, name: str) -> None:
    assert pairs(looked[name][name]["findings"]) == TEAMS[name][2]


def test_a_team_with_two_partners(looked: Document) -> None:
    # Which of them has the team hangs on their addresses.
    ((port, code),) = pairs(looked["tother"]["tother"]["findings"])
    assert (port in ("tother0", "tother1"), code) == (True, "other_partner")


#: Sentences with what was seen, and what of the evidence.
SAID = {
    ("here", "lone", None): (
        "carries traffic on lone0 although no partner is there: it may be lost",
        "our states: lone0 0x4f ATGS--F-",
    ),
    ("here", "oneway", "oneway1"): (
        "partner does not hear us",
        "the partner's state 0x47 ATG---F- has F, defaulted: it hears nobody",
    ),
    ("there", "onewayp", "oneway1"): (
        "no LACPDU was ever received",
        "oneway0 hears a partner",
    ),
    ("here", "keys", "keys1"): (
        "partner's key differs from the other ports' (399, not 335)",
        "the port is in aggregator 2, aggregator 1 is in use",
    ),
    ("here", "min", None): (
        "no carrier: 1 distributing, min_ports 2",
        "not used: min1",
    ),
    ("here", "half", "half0"): (
        "link is half duplex: LACP is disabled on it",
        "the interface says 1G, half duplex",
    ),
    ("here", "arp", "arp0"): (
        "the ARP monitor hears nothing although the link is up",
        "arp_interval is 100 ms, targets: 192.0.2.9",
    ),
    ("here", "delay", "delay1"): (
        "the link is going back: updelay runs",
        "mii_status is going back, updelay is 60000 ms",
    ),
    ("here", "cut", "cut1"): ("link is down", "the interface is up but has no carrier"),
    ("here", "mtu", "mtu1"): (
        "MTU is lower than the others' (1400, not 1500)",
        "the port has MTU 1400, mtu has 1500: larger frames are lost here",
    ),
}


@pytest.mark.parametrize(("end", "name", "port"), SAID)
def test_what_is_said_has_the_values_that_were_seen(
    looked: Document, end: str, name: str, port: str | None
) -> None:
    said, evidence = SAID[end, name, port]
    (found,) = (each for each in looked[end][name]["findings"] if each["port"] == port)
    assert found["said"] == said
    assert evidence in found["evidence"]
