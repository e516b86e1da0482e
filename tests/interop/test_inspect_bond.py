"""The bonding driver in a guest, in each of its modes: what is read of it is all that it tells.

One guest makes the bonds and looks at them in every way there is; the tests compare.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from lacp.address import Mac
from lacp.inspect import bond
from lacp.inspect.survey import Places
from lacp.netlink.bond import COUPLED_CONTROL, LACP, MIIMON, MODE
from lacp.netlink.codec import u8, u32
from lacp.netlink.links import Links
from lacp.picture.formats.proc import proc
from lacp.picture.model import LagView, PortView, document
from lacp.picture.reading import read_lag
from tests.interop import guest
from tests.interop.netns import Namespace, namespaces, veth
from tests.waiting import until

pytestmark = [pytest.mark.interop, pytest.mark.guest, pytest.mark.slow]

#: Each mode with options that are not the default, and how many ports it has. Nobody answers to
#: ARP, so that it is asked for once in a while only.
BONDS = {
    "rr": ("balance-rr", "miimon 100 packets_per_slave 3 resend_igmp 2", 2),
    "ab": ("active-backup", "miimon 100 fail_over_mac active num_grat_arp 3 updelay 200", 3),
    "asks": ("active-backup", "arp_interval 1000000 arp_ip_target 192.0.2.1,192.0.2.7", 2),
    "xor": ("balance-xor", "miimon 100 xmit_hash_policy layer3+4 downdelay 300", 2),
    "bc": ("broadcast", "miimon 100 all_slaves_active 1 peer_notify_delay 500", 2),
    "ad": (
        "802.3ad",
        "miimon 100 ad_select count ad_user_port_key 5 ad_actor_sys_prio 7",
        4,
    ),
    "alone": ("802.3ad", "miimon 100", 2),
    "idle": (
        "802.3ad",
        "miimon 100 lacp_rate fast lacp_active off ad_actor_system 02:00:00:00:00:77",
        0,
    ),
    "tlb": ("balance-tlb", "miimon 100 lp_interval 4", 2),
    "hash": ("balance-tlb", "miimon 100 tlb_dynamic_lb 0", 2),
    "alb": ("balance-alb", "miimon 100", 2),
    "bare": ("balance-rr", "miimon 0", 2),
}

#: What the frames of this test end with, and whose they are.
MARK = b"seen by nobody else!"
THEIRS = Mac.parse("02:00:00:00:99:00")

_AS_NOBODY = """
import json, sys, time
from lacp.address import Mac
from lacp.inspect import bond
from lacp.inspect.survey import Places
from lacp.picture.model import LagView, document
found = list(bond.read(Places(), time.monotonic() + 5))
print(json.dumps([document(one) if isinstance(one, LagView) else one for one in found]))
"""


@contextmanager
def bonds() -> Iterator[tuple[Namespace, Namespace]]:
    """All of them in one namespace; their cables end in another one, where some end in a bond."""
    with namespaces(2) as (here, there):
        for name, (mode, options, ports) in BONDS.items():
            here.ip(f"link add name {name} type bond mode {mode} {options}")
            for number in range(ports):
                port = f"{name}{number}"
                veth(here, port, there, port)
                here.ip(f"link set dev {port} down")
                here.ip(f"link set dev {port} master {name}")
            here.ip(f"link set dev {name} up")
        with here.entered():
            _apart()
        there.ip("link add partner type bond mode 802.3ad miimon 100")
        for port in ("ad0", "ad1"):
            there.ip(f"link set dev {port} down")
            there.ip(f"link set dev {port} master partner")
        there.ip("link set dev partner up")
        # ad2 hears nobody, ad3 has no link; a port of balance-rr has lost its link.
        there.ip("link set dev ad3 down")
        there.ip("link set dev rr1 down")
        here.ip("link set dev ab type bond primary ab1")
        here.ip("link set dev ab2 type bond_slave prio -5")
        here.ip("link set dev xor1 type bond_slave queue_id 3")
        here.ip("link set dev rr mtu 1400")
        yield here, there


def _apart() -> None:
    """A bond whose mux machine is the independent one, which `ip` may not know of."""
    links = Links()
    try:
        settings = {MODE: u8(LACP), MIIMON: u32(100), COUPLED_CONTROL: u8(0)}
        links.create("apart", "bond", None, settings)
    finally:
        links.close()


def _texts() -> dict[str, str]:
    return {each.name: each.read_text() for each in Path("/proc/thread-self/net/bonding").iterdir()}


def _read(namespace: Namespace) -> list[Any]:
    with namespace.entered():
        found = list(bond.read(Places(), time.monotonic() + 5))
    return [document(one) if isinstance(one, LagView) else one for one in found]


def _look(here: Namespace, there: Namespace) -> dict[str, Any]:
    """Everything about the bonds at a moment in which nothing happened."""

    def texts() -> dict[str, str]:
        with here.entered():
            return _texts()

    def nobody(*command: str) -> str:
        return here.run("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command)

    for _ in range(20):
        before, partner_before = texts(), _read(there)
        start = time.process_time()
        seen = _read(here)
        cost = time.process_time() - start
        found = {
            "seen": seen,
            "ip": json.loads(here.run("ip", "-d", "-j", "link")),
            "nobody": json.loads(nobody(sys.executable, "-c", _AS_NOBODY)),
            "nobody_texts": {name: nobody("cat", f"/proc/net/bonding/{name}") for name in before},
            "texts": before,
            "partner": _read(there),
            "netns": int(here.run("stat", "-Lc", "%i", "/proc/self/ns/net")),
            "seconds": cost,
        }
        if texts() == before and _read(there) == partner_before:
            return found
        time.sleep(0.3)
    raise AssertionError("the bonds do not come to rest")


def _frame(destination: Mac, source: Mac, flow: int) -> bytes:
    """An IPv4 packet of some flow, which every hash takes for another one."""
    ip = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 48, 0, 0, 64, 17, 0, b"\n\0\0\1", b"\n\0\1" + bytes([flow])
    )
    udp = struct.pack("!HHHH", 1024 + 2 * flow, 9, 28, 0)
    return bytes(destination) + bytes(source) + b"\x08\x00" + ip + udp + MARK


def _carried(here: Namespace, there: Namespace, lag: LagView) -> dict[str, tuple[bool, bool]]:
    """Of which ports the bond takes frames, and to which it gives some."""
    found = {}
    with ExitStack() as stack:
        mine = stack.enter_context(here.wire(lag.name))
        wires = {port.name: stack.enter_context(there.wire(port.name)) for port in lag.ports}
        for port in lag.ports:
            assert port.address is not None
            # Without a link the kernel refuses.
            with suppress(OSError):
                wires[port.name].send(_frame(port.address, THEIRS, 1))
            found[port.name] = _heard(mine)
        for flow in range(200):
            mine.send(_frame(Mac(THEIRS[:5] + bytes([flow])), lag.address or THEIRS, flow))
        return {name: (taken, _heard(wires[name])) for name, taken in found.items()}


def _heard(wire: socket.socket) -> bool:
    """Whether any of these frames has come in; what came before is read first."""
    wire.setblocking(False)
    heard = False
    # A frame over veth is there before the call that sends it has returned.
    while True:
        try:
            octets, (_, _, kind, *_) = wire.recvfrom(2048)
        except BlockingIOError:
            return heard
        except OSError:
            # Once, when the link went.
            continue
        heard |= octets.endswith(MARK) and kind != socket.PACKET_OUTGOING


def look() -> dict[str, Any]:
    with bonds() as (here, there):

        def settled() -> bool:
            with here.entered():
                found = _texts()
            states = [line for line in found["ad"].splitlines() if "port state: 61" in line]
            # Defaulted, and in sync with nobody.
            alone = "port state: 77" in found["alone"]
            return len(states) == 4 and alone and "MII Status: down" in found["rr"].split("rr1")[1]

        until(settled, 40, lambda: str(_read(here)), every=0.2)
        found = _look(here, there)
        lags = [read_lag(each) for each in found["seen"]]
        carried = {lag.name: _carried(here, there, lag) for lag in lags if lag.ports}
        return found | {"carried": carried}


@pytest.fixture(scope="module")
def looked() -> dict[str, Any]:
    found = guest.run(look, modules=guest.BONDING_MODULES, timeout=180).result
    assert isinstance(found, dict)
    return found


def _lags(found: list[Any]) -> dict[str, LagView]:
    assert [one for one in found if isinstance(one, str)] == []
    return {one["name"]: read_lag(one) for one in found}


@pytest.fixture(scope="module")
def seen(looked: dict[str, Any]) -> dict[str, LagView]:
    return _lags(looked["seen"])


@pytest.fixture(scope="module")
def by_nobody(looked: dict[str, Any]) -> dict[str, LagView]:
    return _lags(looked["nobody"])


@pytest.fixture(scope="module")
def links(looked: dict[str, Any]) -> dict[str, Any]:
    return {each["ifname"]: each for each in looked["ip"]}


def test_all_bonds_are_seen_with_their_ports(seen: dict[str, LagView]) -> None:
    expected = {name: (mode, ports) for name, (mode, _, ports) in BONDS.items()}
    found = {name: (lag.mode, len(lag.ports)) for name, lag in seen.items()}
    assert found == expected | {"apart": ("802.3ad", 0)}


@pytest.mark.parametrize("name", BONDS)
def test_the_text_is_that_of_the_kernel(
    name: str, seen: dict[str, LagView], looked: dict[str, Any]
) -> None:
    assert proc(seen[name]) == looked["texts"][name]


@pytest.mark.parametrize("name", BONDS)
def test_the_text_is_that_of_the_kernel_also_for_nobody(
    name: str, by_nobody: dict[str, LagView], looked: dict[str, Any]
) -> None:
    assert proc(by_nobody[name]) == looked["nobody_texts"][name]


#: What `ip` calls otherwise than the driver does.
_OTHERWISE = {
    "peer_notify_delay": "peer_notif_delay",
    "num_peer_notif": "num_grat_arp",
    "ad_lacp_active": "lacp_active",
    "ad_lacp_rate": "lacp_rate",
}


def _as_ip_says(value: Any) -> Any:
    """`ip` has 0 and 1 for some switches, and on and off for others."""
    return {True: (1, "on"), False: (0, "off"), "none": (None, "none")}.get(value, (value,))


@pytest.mark.parametrize("name", BONDS)
def test_every_option_is_what_ip_says(
    name: str, seen: dict[str, LagView], links: dict[str, Any]
) -> None:
    lag, told = seen[name], links[name]["linkinfo"]["info_data"]
    info = told.pop("ad_info", {})
    assert told.pop("mode") == lag.mode
    assert told.pop("active_slave", None) == lag.active_port
    # It writes several of them under one name, of which JSON keeps the last.
    assert set(told.pop("arp_ip_target", [])) <= set(lag.settings.get("arp_ip_target", []))
    for key, value in told.items():
        assert value in _as_ip_says(lag.settings[_OTHERWISE.get(key, key)]), key
    if info:
        assert lag.actor is not None
        assert lag.partner is not None
        assert info == {
            "aggregator": lag.aggregator,
            "num_ports": lag.settings["ad_num_ports"],
            "actor_key": lag.actor.key,
            "partner_key": lag.partner.key,
            "partner_mac": str(lag.partner.system),
        }


@pytest.mark.parametrize("name", BONDS)
def test_the_device_is_what_ip_says(
    name: str, seen: dict[str, LagView], links: dict[str, Any], looked: dict[str, Any]
) -> None:
    lag, told = seen[name], links[name]
    assert (lag.ifindex, lag.mtu, str(lag.address)) == (
        told["ifindex"],
        told["mtu"],
        told["address"],
    )
    assert (lag.up, lag.admin_up) == ("LOWER_UP" in told["flags"], "UP" in told["flags"])
    assert lag.netns == looked["netns"]
    assert lag.lacp is (lag.mode == "802.3ad")


@pytest.mark.parametrize("name", BONDS)
def test_every_port_is_what_ip_says(
    name: str, seen: dict[str, LagView], links: dict[str, Any]
) -> None:
    for port in seen[name].ports:
        told = links[port.name]
        assert told["master"] == name
        assert (port.ifindex, port.mtu, str(port.address), port.link.up, port.link.admin_up) == (
            told["ifindex"],
            told["mtu"],
            told["address"],
            told["operstate"] == "UP",
            "UP" in told["flags"],
        )
        its = told["linkinfo"]["info_slave_data"]
        assert its == {
            "state": port.settings["state"].upper(),
            "mii_status": port.settings["mii_status"].upper().replace(" ", "_"),
            "link_failure_count": port.link_downs,
            "perm_hwaddr": str(port.permanent_address),
            "queue_id": port.queue_id,
            "prio": port.prio,
            **(_ad_of(port, its) if port.aggregator is not None else {}),
        }


def _ad_of(port: PortView, told: dict[str, Any]) -> dict[str, Any]:
    assert port.actor is not None
    assert port.actor.state is not None
    assert port.partner is not None
    assert port.partner.state is not None
    # Its words for the bits are its own.
    words = {key: value for key, value in told.items() if key.endswith("_str")}
    return words | {
        "ad_aggregator_id": port.aggregator,
        "ad_actor_oper_port_state": int(port.actor.state),
        "ad_partner_oper_port_state": int(port.partner.state),
    }


def test_who_carries_traffic_follows_from_the_mode(seen: dict[str, LagView]) -> None:
    carrying = {
        name: {port.name: (port.collecting, port.distributing) for port in lag.ports}
        for name, lag in seen.items()
    }
    both, neither, sends, takes = (True, True), (False, False), (False, True), (True, False)
    assert carrying["rr"] == {"rr0": both, "rr1": neither}
    assert carrying["ab"] == {"ab0": neither, "ab1": both, "ab2": neither}
    assert carrying["xor"] == {"xor0": both, "xor1": both}
    assert carrying["bc"] == {"bc0": both, "bc1": both}
    assert carrying["ad"] == {"ad0": both, "ad1": both, "ad2": neither, "ad3": neither}
    assert sorted(carrying["tlb"].values()) == [sends, both]
    assert sorted(carrying["hash"].values()) == [sends, both]
    # An aggregator without a partner is used all the same.
    assert carrying["alone"] == {"alone0": both, "alone1": neither}
    assert carrying["alb"] == {"alb0": both, "alb1": both}
    assert takes not in [each for lag in carrying.values() for each in lag.values()]


@pytest.mark.parametrize("name", [name for name, (_, _, ports) in BONDS.items() if ports])
def test_who_carries_traffic_is_what_frames_say(
    name: str, seen: dict[str, LagView], looked: dict[str, Any]
) -> None:
    carried = looked["carried"][name]
    if seen[name].mode in ("balance-tlb", "balance-alb") and name != "hash":
        # It moves flows by their load, every ten seconds: until then one port sends them all.
        assert sum(sent for _, sent in carried.values()) == 1
        carried = {each: [taken, True] for each, (taken, _) in carried.items()}
    assert carried == {port.name: [port.collecting, port.distributing] for port in seen[name].ports}


def test_the_independent_machine_is_told(seen: dict[str, LagView]) -> None:
    if "coupled_control" not in seen["apart"].settings:
        pytest.skip("the driver knows the coupled machine only (before Linux 6.9)")
    assert (seen["apart"].control, seen["ad"].control) == ("independent", "coupled")


def test_both_ends_of_a_link_know_each_other(
    seen: dict[str, LagView], looked: dict[str, Any]
) -> None:
    (partner,) = _lags(looked["partner"]).values()
    mine = seen["ad"]
    assert mine.actor is not None
    assert mine.partner == partner.actor
    assert partner.partner == mine.actor
    assert (mine.actor.system_priority, mine.control, mine.agg_select_policy) == (
        7,
        "coupled",
        "count",
    )
    for name in ("ad0", "ad1"):
        here, there = mine.port(name), partner.port(name)
        assert here is not None
        assert there is not None
        assert (here.actor, here.partner) == (there.partner, there.actor)
        assert (here.selected, here.aggregator) == ("SELECTED", mine.aggregator)
        assert here.counters is not None
        assert there.counters is not None
        assert here.counters["lacpdus_rx"] == there.counters["lacpdus_tx"]
        # The first ones went to a port that was in no bond yet.
        assert (here.counters["lacpdus_tx"] or 0) > (there.counters["lacpdus_rx"] or 0) > 1


def test_what_nobody_does_not_get_to_know_is_none_and_said(
    seen: dict[str, LagView], by_nobody: dict[str, LagView]
) -> None:
    hidden = {name for name, lag in by_nobody.items() if lag.unseen}
    assert hidden == {"ad", "alone", "apart", "idle"}
    assert "CAP_NET_ADMIN" in by_nobody["ad"].unseen[0]
    assert all(lag.unseen == () for lag in seen.values())
    for name, lag in by_nobody.items():
        privileged = document(seen[name])
        told = document(lag)
        told["unseen"] = []
        _forget(privileged, told)
        assert told == privileged
    port = by_nobody["ad"].port("ad0")
    assert port is not None
    assert port.partner is not None
    assert port.partner.state is not None
    # The partner of the aggregator in use is told to everybody.
    assert by_nobody["ad"].partner is not None
    assert (port.partner.system, port.partner.port) == (by_nobody["ad"].partner.system, None)
    port = by_nobody["ad"].port("ad2")
    assert port is not None
    assert port.partner is not None
    assert (port.partner.system, port.partner.key) == (None, None)


def _forget(privileged: Any, told: Any) -> None:
    """Make what only the privileged know None, or absent, where it is for the other one."""
    if isinstance(privileged, dict):
        for key in [key for key in privileged if key not in told]:
            assert key in ("ad_actor_sys_prio", "ad_user_port_key", "ad_actor_system"), key
            del privileged[key]
        for key, value in told.items():
            if value is None:
                privileged[key] = None
            else:
                _forget(privileged[key], value)
    elif isinstance(privileged, list):
        for one, other in zip(privileged, told, strict=True):
            _forget(one, other)
