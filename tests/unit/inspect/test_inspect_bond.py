"""Bonds as the kernel tells of them, from messages and texts made here."""

from __future__ import annotations

import errno
import json
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from lacp.address import Mac
from lacp.errors import BackendError
from lacp.info import PortState
from lacp.inspect import bond as reader
from lacp.inspect import devices
from lacp.inspect.survey import Places
from lacp.netlink import bond, bond_proc
from lacp.netlink.codec import (
    HEADER,
    IFF_UP,
    IFINFO,
    IFLA_LINKINFO,
    IFLA_MASTER,
    RTM_GETLINK,
    attribute,
    integer,
    table,
    u8,
    u16,
    u32,
)
from lacp.netlink.sockets import KernelRefused
from lacp.picture.model import LagView, document
from tests.bonds import BOND_MAC, INDEX, PARTNER, bond_link, port_link, statistics
from tests.unit.inspect.proc_bonding import ACTIVE, HEAD, TO_ROOT, text, view


class Kernel:
    """Has these interfaces, and answers as the kernel does."""

    def __init__(self, *links: bytes) -> None:
        self.links = {IFINFO.unpack_from(link, HEADER.size)[2]: link for link in links}
        self.statistics: dict[int, bytes] = {}
        self.refuses: set[int] = set()
        #: Removed as soon as all were listed.
        self.vanishing: set[int] = set()

    def __call__(self, protocol: int, patience: float) -> Kernel:
        return self

    def close(self) -> None:
        pass

    def ask(self, kind: int, body: bytes, flags: int = 0, *, dump: bool = False) -> list[bytes]:
        if kind != RTM_GETLINK:
            return self._counted(body)
        if dump:
            return self._listed(table(body, IFINFO.size))
        index = IFINFO.unpack_from(body)[2]
        if index in self.refuses:
            raise KernelRefused(errno.EBUSY)
        if index not in self.links:
            raise KernelRefused(errno.ENODEV)
        return [self.links[index]]

    def _listed(self, wanted: Mapping[int, bytes]) -> list[bytes]:
        found = list(self.links.values())
        if IFLA_MASTER in wanted:
            above = integer(wanted[IFLA_MASTER])
            if above in self.refuses:
                raise KernelRefused(errno.EBUSY)
            return [one for one in found if table(one, 32).get(IFLA_MASTER) == u32(above)]
        assert IFLA_LINKINFO in wanted
        for index in self.vanishing:
            del self.links[index]
        return found

    def _counted(self, body: bytes) -> list[bytes]:
        index = integer(body[4:8])
        head = HEADER.pack(0, 92, 0, 0, 0) + body[:12]
        return [head + attribute(3, self.statistics.get(index, b""))]


class Host:
    """A kernel and its /proc."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
        self._monkeypatch = monkeypatch
        self.proc = directory / "net" / "bonding"
        self.proc.mkdir(parents=True)
        monkeypatch.setattr(bond_proc, "PROC", str(self.proc))

    def read(self, kernel: Kernel, seconds: float = 5) -> tuple[list[LagView], list[str]]:
        self._monkeypatch.setattr(devices, "Requests", kernel)
        found = list(reader.read(Places(), time.monotonic() + seconds))
        return (
            [one for one in found if isinstance(one, LagView)],
            [one for one in found if isinstance(one, str)],
        )


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Host:
    return Host(monkeypatch, tmp_path)


def test_a_bond_is_all_that_message_and_text_say(host: Host) -> None:
    kernel = Kernel(bond_link(), port_link(1), port_link(2))
    kernel.statistics[INDEX + 1] = statistics({0: 30, 1: 31, 3: 2, 7: 1, 8: 5})
    (host.proc / "bond0").write_text(text())
    (lag,), said = host.read(kernel)
    assert said == []
    assert lag.unseen == ()
    assert (lag.name, lag.source, lag.mode, lag.lacp, lag.up, lag.admin_up) == (
        *("bond0", "bond", "802.3ad"),
        *(True, True, True),
    )
    assert (lag.address, lag.mtu, lag.ifindex, lag.aggregator) == (BOND_MAC, 1500, INDEX, 1)
    assert lag.actor is not None
    assert (lag.actor.system, lag.actor.key) == (BOND_MAC, 15)
    assert lag.partner is not None
    assert (lag.partner.system_priority, lag.partner.system, lag.partner.key) == (9, PARTNER, 3)
    assert lag.settings == {"miimon": 100, "ad_num_ports": 2, "version": "v6.1.0"}
    port = lag.port("e1")
    assert port is not None
    assert port.actor is not None
    assert (port.actor.port, port.actor.key, port.actor.state) == (1, 15, PortState(0x3D))
    assert port.partner is not None
    assert (port.partner.port, port.partner.key, port.partner.state) == (4, 3, PortState(0x3F))
    assert port.machines is not None
    assert (port.machines.actor_churn, port.machines.partner_churn) == (
        "NO_ACTOR_CHURN",
        "PARTNER_CHURN",
    )
    assert (port.machines.receive, port.machines.mux) == (None, None)
    assert port.counters == {
        "lacpdus_rx": 30,
        "lacpdus_tx": 31,
        "illegal_rx": 2,
        "marker_response_pdus_tx": 1,
        "marker_unknown_rx": 5,
        "actor_churn_count": 0,
        "partner_churn_count": 4,
    }
    assert (port.selected, port.aggregator, port.collecting, port.distributing) == (
        *("SELECTED", 1),
        *(True, True),
    )
    assert (port.usable, port.link_downs, port.queue_id) == (True, 2, 0)
    assert port.permanent_address == Mac.parse("02:00:00:00:01:01")
    assert port.settings == {"state": "active", "mii_status": "up"}


def test_ports_are_in_the_order_of_the_driver(host: Host) -> None:
    (host.proc / "bond0").write_text(text((2, 1)))
    (lag,), _ = host.read(Kernel(bond_link(), port_link(1), port_link(2)))
    assert [port.name for port in lag.ports] == ["e2", "e1"]


def test_what_is_withheld_is_none_and_said_in_one_line(host: Host) -> None:
    (host.proc / "bond0").write_text(text(root=False))
    (lag,), said = host.read(Kernel(bond_link(), port_link(1), port_link(2)))
    assert said == []
    (unseen,) = lag.unseen
    assert "CAP_NET_ADMIN" in unseen
    port = lag.ports[0]
    assert port.partner is not None
    # The partner and the keys of the aggregator in use are told to everybody.
    assert (port.partner.system, port.partner.key, port.partner.port) == (PARTNER, 3, None)
    assert port.partner.state == PortState(0x3F)
    assert port.actor is not None
    assert (port.actor.system, port.actor.key, port.actor.port) == (None, 15, None)
    assert lag.partner is not None
    assert (lag.partner.system_priority, lag.partner.system) == (None, PARTNER)
    assert lag.actor is not None
    assert lag.actor.system is None


def test_another_aggregator_is_not_taken_for_the_one_in_use() -> None:
    port = view(bond.LACP, {bond.PORT_AD_AGGREGATOR_ID: u16(2)})
    assert port.partner is not None
    assert (port.partner.system, port.partner.key, port.partner.state) == (
        *(None, None),
        PortState(0x3F),
    )


def test_without_the_text_the_messages_are_enough(host: Host) -> None:
    (lag,), said = host.read(Kernel(bond_link(), port_link(1)))
    assert said == []
    assert lag.unseen == ("what /proc/net/bonding tells: there is no such text here",)
    assert lag.ports[0].distributing


def test_churn_is_taken_from_messages_of_kernels_that_have_it() -> None:
    told = {bond.PORT_AD_CHURN_ACTOR_STATE: u8(1), bond.PORT_AD_CHURN_PARTNER_STATE: u8(0)}
    machines = view(bond.LACP, told).machines
    assert machines is not None
    assert (machines.actor_churn, machines.partner_churn) == (
        "ACTOR_CHURN",
        "PARTNER_CHURN_MONITOR",
    )


@pytest.mark.parametrize("mode", [bond.LACP, bond.XOR, bond.ALB])
def test_below_a_device_that_is_down_nothing_passes(mode: int, host: Host) -> None:
    for flags, expected in ((IFF_UP, True), (0, False)):
        (lag,), _ = host.read(Kernel(bond_link(mode=mode, flags=flags), port_link(1)))
        (port,) = lag.ports
        assert (port.collecting, port.distributing) == (expected, expected)


def test_options_bear_the_names_of_the_driver() -> None:
    targets = attribute(0, bytes([192, 0, 2, 1])) + attribute(1, bytes([192, 0, 2, 2]))
    told = {
        4: u32(200),
        6: u8(1),
        bond.ARP_IP_TARGET: targets,
        bond.NS_IP6_TARGET: attribute(0, bytes.fromhex("20010db8" + "00" * 11 + "01")),
        9: u32(3),
        bond.XMIT_HASH_POLICY: u8(1),
        bond.FAIL_OVER_MAC: u8(2),
        bond.AD_SELECT: u8(9),
        bond.AD_ACTOR_SYSTEM: bytes(BOND_MAC),
    }
    assert bond.read_options(told) == {
        "updelay": 200,
        "use_carrier": True,
        "arp_ip_target": ["192.0.2.1", "192.0.2.2"],
        "ns_ip6_target": ["2001:db8::1"],
        "arp_validate": "all",
        "fail_over_mac": "follow",
        "xmit_hash_policy": "layer3+4",
        # Of a newer kernel.
        "ad_select": "9",
        "ad_actor_system": "02:00:00:00:00:01",
    }


def test_modes_without_lacp_have_nothing_of_it(host: Host) -> None:
    primary = {bond.PRIMARY: u32(INDEX + 1), **ACTIVE}
    (host.proc / "bond0").write_text(text(root=False))
    (lag,), _ = host.read(Kernel(bond_link(mode=bond.ACTIVE_BACKUP, more=primary), port_link(1)))
    assert (lag.lacp, lag.actor, lag.partner, lag.min_ports, lag.control) == (
        False,
        *(None,) * 4,
    )
    assert (lag.active_port, lag.settings["primary"], lag.unseen) == ("e1", "e1", ())
    port = lag.ports[0]
    assert (port.selected, port.actor, port.machines, port.counters) == (None,) * 4


# What goes wrong


def test_a_bond_that_goes_away_is_a_line_and_the_others_are_shown(host: Host) -> None:
    kernel = Kernel(bond_link(), bond_link("bond1", bond.XOR, index=20), port_link(1, master=20))
    kernel.vanishing = {INDEX}
    (host.proc / "bond1").write_text(text((1,), root=False))
    (lag,), said = host.read(kernel)
    assert (lag.name, said) == ("bond1", ["bond0: went away while it was read"])


def test_a_bond_that_the_kernel_refuses_to_show_is_a_line(host: Host) -> None:
    kernel = Kernel(bond_link(), bond_link("bond1", bond.XOR, index=20))
    kernel.refuses = {INDEX}
    (host.proc / "bond1").write_text(text((), root=False))
    (lag,), said = host.read(kernel)
    assert (lag.name, said) == ("bond1", ["bond0: Device or resource busy"])


def test_a_kernel_that_says_nothing_is_a_line(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BackendError("the kernel did not answer in 0.9 s")

    kernel = Kernel()
    monkeypatch.setattr(kernel, "ask", refuse)
    assert host.read(kernel) == ([], ["kernel bonds: the kernel did not answer in 0.9 s"])


def test_a_bond_for_which_no_time_is_left_is_a_line(host: Host) -> None:
    lags, said = host.read(Kernel(bond_link()), seconds=0)
    assert (lags, said) == ([], ["bond0: no time was left to read it"])


def test_a_text_cut_short_is_a_line_and_the_bond_is_shown(host: Host) -> None:
    kernel = Kernel(bond_link(), port_link(1), port_link(2))
    whole = text()
    for end in range(0, len(whole), 7):
        (host.proc / "bond0").write_text(whole[:end])
        (lag,), said = host.read(kernel)
        assert [port.distributing for port in lag.ports] == [True, True]
        if not whole[:end].endswith("\n") or "e2" not in whole[:end]:
            (line,) = said
            assert line.startswith(f"bond0: {host.proc / 'bond0'} is cut short")
    (host.proc / "bond0").write_text(HEAD)
    _, (line,) = host.read(kernel)
    assert line.endswith("is cut short: it says nothing of e1, e2")


def test_a_text_that_ends_between_lines_leaves_out_what_is_not_whole(host: Host) -> None:
    (host.proc / "bond0").write_text(text((1,)).split("    port number", maxsplit=1)[0])
    (lag,), _ = host.read(Kernel(bond_link(), port_link(1)))
    assert lag.ports[0].actor is not None
    assert (lag.ports[0].actor.system, lag.ports[0].actor.port) == (None, None)
    assert lag.ports[0].actor.state == PortState(0x3D)


def test_an_odd_name_is_a_name(host: Host) -> None:
    name = 'b"\x1b[31m\udcff'
    (lag,), _ = host.read(Kernel(bond_link(name)))
    assert lag.name == name
    assert json.loads(json.dumps(document(lag)))["name"] == name


def test_a_bond_without_ports(host: Host) -> None:
    (host.proc / "bond0").write_text(HEAD + TO_ROOT)
    (lag,), said = host.read(Kernel(bond_link(flags=IFF_UP)))
    assert (lag.up, lag.admin_up, lag.ports, lag.unseen, said) == (False, True, (), (), [])
