"""Faults made between bonds of Open vSwitch, and with lacpd, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from lacp.inspect.survey import Places, Seen, survey
from lacp.picture.explain import diagnosed
from lacp.picture.findings import Finding
from tests.daemons import conf
from tests.interop.daemon import Daemon, lacpd
from tests.interop.netns import Namespace, namespace, veth
from tests.interop.ovs import OpenVSwitch, open_vswitch
from tests.waiting import until

pytestmark = [pytest.mark.interop, pytest.mark.netns, pytest.mark.slow]

#: What is to be said of each LAG, by port.
Codes = dict[str | None, list[str]]

#: Bonds with LACP that are cabled to another one, and what is to be said of both.
PAIRS: dict[str, tuple[Codes, Codes]] = {
    "good": ({}, {}),
    "mute": (
        {None: ["no_carrier"], "mute1": ["nobody_speaks"], "mute2": ["nobody_speaks"]},
        {None: ["no_carrier"], "xmute1": ["nobody_speaks"], "xmute2": ["nobody_speaks"]},
    ),
    "cut": ({"cut2": ["link_down"]}, {"xcut2": ["port_admin_down"]}),
    # It keeps what it heard for 90 s, and its partner says it all at once.
    "deaf": (
        {None: ["timeouts_differ"], "deaf2": ["partner_defaulted"]},
        {None: ["timeouts_differ"], "xdeaf2": ["partner_lost"]},
    ),
}
#: Bonds by themselves.
ALONE: dict[str, Codes] = {
    "off": {},
    "backup": {},
    "plain": {None: ["no_carrier", "needs_lacp"]},
    "cold": {None: ["no_carrier"], "cold1": ["never_heard"], "cold2": ["never_heard"]},
    "selfish": {None: ["no_carrier"], "selfish1": ["loop"], "selfish2": ["loop"]},
}


def members(bond: str) -> list[str]:
    return [f"{bond}{number}" for number in (1, 2)]


class Host:
    """One switch with all bonds, and a lacpd at the other end of one of them."""

    def __init__(self, there: Namespace, switch: OpenVSwitch, daemon: Daemon) -> None:
        self.there = there
        self.switch = switch
        self.daemon = daemon

    def look(self) -> Seen:
        places = Places(
            sources=frozenset({"ovs", "lacpd"}),
            ovs_run_dir=str(self.switch.directory),
            run_dir=str(self.daemon.directory),
            verbose=True,
        )
        with self.there.entered():
            return survey(places, patience=10)

    def explained(self) -> dict[str, list[Finding]]:
        seen = self.look()
        assert seen.complaints == []
        return {lag.name: list(findings) for lag, findings in diagnosed(seen.lags)}

    def codes(self, name: str) -> Codes:
        found: Codes = {}
        for each in self.explained()[name]:
            found.setdefault(each.port, []).append(each.code)
        return found


def _cables(there: Namespace) -> None:
    for name in (*PAIRS, "off", "backup", "plain", "cold", "two", "stood", "fallen"):
        for port in members(name):
            veth(there, port, there, f"x{port}")
    veth(there, *("selfish1",), there, "selfish2")
    there.ip("link set xcut2 down")


def _bonds(switch: OpenVSwitch) -> None:
    for number, name in enumerate(PAIRS):
        active, fast = name != "mute", name != "deaf"
        switch.bond(name, members(name), active=active, fast=fast, lacp_system_id=_system(number))
        switch.bond(
            f"x{name}",
            [f"x{port}" for port in members(name)],
            active=active,
            lacp_system_id=_system(number + 16),
        )
    switch.bond("cold", members("cold"), lacp_system_id=_system(40))
    switch.bond("selfish", members("selfish"), lacp_system_id=_system(41))
    switch.bond("two", members("two"), lacp_system_id=_system(42))
    for number in (1, 2):
        switch.bond(f"end{number}", [f"xtwo{number}"], lacp_system_id=_system(42 + number))
    switch.bond("fallen", members("fallen"), lacp_system_id=_system(46), lacp_fallback_ab="true")
    switch.bond("stood", members("stood"), lacp_system_id=_system(47))
    for name, mode in (
        ("off", "balance-slb"),
        ("backup", "active-backup"),
        ("plain", "balance-tcp"),
    ):
        switch.vsctl("add-bond", "ovsbr", name, *members(name), f"bond_mode={mode}")


def _system(number: int) -> str:
    return f"02:00:00:00:07:{number:02x}"


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with ExitStack() as stack:
        there = stack.enter_context(namespace())
        switch = stack.enter_context(open_vswitch(there))
        _cables(there)
        _bonds(switch)
        # The switch sets the queue of an interface when it takes it.
        there.run("tc", "qdisc", "replace", "dev", "deaf2", "root", "blackhole")
        # It is the stronger system and wants one port.
        text = conf("ours", ["xstood1", "xstood2"], fast_rate=True, sys_prio=1, max_ports=1)
        daemon = stack.enter_context(lacpd(there, text))
        made = Host(there, switch, daemon)
        for name, (one, other) in PAIRS.items():
            _settle(made, name, one)
            _settle(made, f"x{name}", other)
        for name, codes in ALONE.items():
            _settle(made, name, codes)
        yield made


def _settle(host: Host, name: str, codes: Codes) -> None:
    """Wait until that is said, or long enough."""
    try:
        until(lambda: host.codes(name) == codes, 12, every=0.2)
    except AssertionError:
        assert host.codes(name) == codes


@pytest.mark.parametrize("name", PAIRS)
def test_both_ends_are_told(host: Host, name: str) -> None:
    assert host.codes(name) == PAIRS[name][0]
    assert host.codes(f"x{name}") == PAIRS[name][1]


@pytest.mark.parametrize("name", ALONE)
def test_a_bond_by_itself(host: Host, name: str) -> None:
    assert host.codes(name) == ALONE[name]


def test_two_partners(host: Host) -> None:
    # A bond of one member says that it is individual.
    found = host.codes("two")
    assert found.keys() == {"two1", "two2"}
    assert sorted(found.values()) == [["other_partner"], ["partner_individual"]]


def test_fallback(host: Host) -> None:
    said = host.explained()["fallen"]
    found = {(each.port, each.code): each for each in said}
    active = {port for port, code in found if code == "fallback_used"}
    assert len(active) == 1
    assert {code for _, code in found} == {"fallback_used", "never_heard"}
    (port,) = active
    assert found[port, "fallback_used"].said == "runs without a partner: fallback active-backup"


def test_a_port_that_the_partner_keeps_as_a_spare(host: Host) -> None:
    said = host.explained()
    (found,) = said["stood"]
    assert (found.port, found.code) == ("stood2", "partner_not_in_sync")
    assert any(line.startswith("it is in sync on stood1: ") for line in found.evidence)
    (standby,) = said["ours"]
    assert (standby.port, standby.code) == ("xstood2", "standby")
    assert any(line.startswith("the ranking is ours: system 1,") for line in standby.evidence)


def test_an_interface_that_takes_nothing(host: Host) -> None:
    # A LACPDU has 110 octets.
    host.there.ip("link set xstood1 mtu 80")
    until(lambda: "frames_refused" in host.codes("ours").get("xstood1", ()), 20, every=0.1)
    found = {each.code: each for each in host.explained()["ours"] if each.port == "xstood1"}
    assert found.keys() == {"frames_refused", "mtu_lower"}
    assert found["frames_refused"].said.endswith(" so far): EMSGSIZE")
    assert "a LACPDU has 110 octets, the MTU is 80" in found["frames_refused"].evidence
    assert found["mtu_lower"].remedy == ("ip link set dev xstood1 mtu 1500",)
    host.there.ip("link set dev xstood1 mtu 1500")
    until(lambda: host.codes("ours").keys() == {"xstood2"}, 20, every=0.1)


def test_the_command_that_is_told_heals_it(host: Host) -> None:
    (command,) = {
        line
        for each in host.explained()["mute"]
        for line in each.remedy
        if line.startswith("ovs-vsctl ")
    }
    host.switch.vsctl(*command.split()[1:])
    until(lambda: host.codes("mute") == host.codes("xmute") == {}, 40, every=0.2)
