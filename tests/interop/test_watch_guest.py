"""Link watchers in a guest: VLANs, TIPC, and ports that a team or a bond has for standby."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from lacp.watch.base import WatcherChanged
from lacp.watch.options import ArpPingOptions, NsnaPingOptions, TipcOptions
from tests.interop import guest
from tests.interop.netns import Namespace, namespaces, veth
from tests.interop.watching import Watching, watching

pytestmark = [pytest.mark.interop, pytest.mark.guest]

_MODULES = ("8021q", "tipc", *guest.BONDING_MODULES, *guest.TEAM_MODULES)


@contextmanager
def pair() -> Iterator[tuple[Namespace, Namespace]]:
    """An interface e0 without any address of its own, and its far end d0 with addresses."""
    with namespaces(2) as (here, there):
        veth(here, "e0", there, "d0")
        there.run("sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/d0/disable_ipv6")
        there.ip("addr add 192.168.23.1/24 dev d0")
        there.ip("addr add fd00::1/64 dev d0 nodad")
        yield here, there


def last(watch: Watching, index: int = 0) -> str:
    return watch.watches["e0"].watchers[index].reason


def arp(target: str = "192.168.23.1", vlan: int | None = None) -> ArpPingOptions:
    return ArpPingOptions(
        target_host=target,
        interval=100,
        validate_active=True,
        validate_inactive=True,
        vlanid=vlan,
    )


def vlans() -> dict[str, str]:
    """Watchers of VLANs, one of which the far end has; then this end has it as a device, too."""
    with pair() as (here, there):
        # Linux answers on any interface for the addresses of all of them, if it is not told.
        there.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/all/arp_ignore")
        there.ip("link add link d0 name d0.5 type vlan id 5")
        there.ip("addr add 192.168.5.1/24 dev d0.5")
        there.ip("link set d0.5 up")
        right, wrong, none = (arp("192.168.5.1", vlan) for vlan in (5, 6, None))
        with watching(here, {"e0": [right, wrong, none]}) as watch:
            watch.until(lambda: "probes in a row" in last(watch, 1))
            without = [it.up for it in watch.watches["e0"].watchers]
        here.ip("link add link e0 name e0.5 type vlan id 5")
        here.ip("link set e0.5 up")
        with watching(here, {"e0": [right]}) as watch:
            watch.until(lambda: watch.up("e0"))
        return {"without a device": str(without), "with one": "up"}


def standby(kind: str) -> list[str]:
    """What is said of a port that a team or a bond has, but does not use."""
    with pair() as (here, _):
        here.ip("link set e0 down")
        if kind == "team":
            here.ip("link add team0 type team")
            here.run("teamnl", "team0", "setoption", "mode", "activebackup")
            here.ip("link set e0 master team0")
            here.ip("link set team0 up")
        else:
            # The first port becomes the active one.
            here.ip("link add bond0 type bond mode active-backup miimon 100")
            here.ip("link add e1 type veth peer name d1")
            here.ip("link set d1 up")
            here.ip("link set e1 master bond0")
            here.ip("link set bond0 up")
            here.ip("link set e0 master bond0")
        nsna = NsnaPingOptions(target_host="fd00::1", interval=100)
        with watching(here, {"e0": [arp(), nsna]}) as watch:
            watch.until(lambda: all(it.up for it in watch.watches["e0"].watchers))
            alone = [it.reason for it in watch.watches["e0"].watchers]
            watch.use("e0", enabled=False, alone=False)
            watch.until(lambda: "probes in a row" in last(watch, 0))
            # Under the port's own address nobody asked any more, under another one still.
            return [*alone, last(watch, 1)]


def tipc() -> list[list[Any]]:
    """TIPC over e0, then none, then again: what the watcher says each time."""
    with namespaces(2) as (here, there):
        veth(here, "e0", there, "d0")
        for space, port, node in ((here, "e0", 1), (there, "d0", 2)):
            space.run("tipc", "node", "set", "address", f"1.1.{node}")
            space.run("tipc", "bearer", "enable", "media", "eth", "device", port)
        of = TipcOptions(tipc_bearer="e0")
        with watching(here, {"e0": [of, TipcOptions(tipc_bearer="e")]}) as watch:
            watch.until(lambda: watch.up("e0"))
            there.run("tipc", "bearer", "disable", "media", "eth", "device", "d0")
            watch.until(lambda: not watch.up("e0"))
            there.run("tipc", "bearer", "enable", "media", "eth", "device", "d0")
            watch.until(lambda: watch.up("e0"))
        # Who comes later is told of the links that are up.
        with watching(here, {"e0": [of]}) as late:
            late.until(lambda: late.up("e0"))
        return [[it.index, it.up, it.reason] for it in watch.news if isinstance(it, WatcherChanged)]


def all_of_it() -> dict[str, Any]:
    return {
        "vlans": vlans(),
        "team": standby("team"),
        "bond": standby("bond"),
        "tipc": tipc(),
    }


def test_link_watchers_on_the_kernels_own_devices() -> None:
    """One guest for all: each takes seconds to start."""
    said = guest.run(all_of_it, modules=_MODULES, timeout=180).result
    assert said["vlans"] == {"without a device": "[True, False, False]", "with one": "up"}
    answers = ["192.168.23.1 answers", "fd00::1 answers", "fd00::1 answers"]
    assert said["team"] == answers
    assert said["bond"] == answers
    up, down, again = said["tipc"]
    assert up[:2] == [0, True]
    assert up[2].startswith("TIPC has the link ")
    assert down == [0, False, "TIPC has no link over e0"]
    assert again[:2] == [0, True]
