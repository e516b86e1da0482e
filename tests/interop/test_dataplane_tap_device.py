"""The TAP dataplane: its device, its ports, its process, and what is refused."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lacp.address import Mac
from lacp.dataplane import ioctls, seclusion
from lacp.dataplane.base import (
    DeviceChanged,
    DeviceGone,
    PortLeft,
    PortSetup,
    Setup,
    Trouble,
)
from lacp.dataplane.tap import mover
from lacp.errors import BackendError
from tests.interop.netns import namespaces, veth
from tests.interop.taps import DEVICE, address, bare, link, pair, ping, run, team
from tests.waiting import until


def test_the_device_shows_carrier_and_address() -> None:
    with pair("activebackup") as both:
        here = both.here
        assert link(here.netns, DEVICE)["address"] == str(here.address)
        for carrier in (False, True):
            here.plane.set_carrier(carrier)
            assert ("NO-CARRIER" in here.netns.ip(f"link show {DEVICE}")) is not carrier
        here.plane.set_address(address(50))
        assert link(here.netns, DEVICE)["address"] == str(address(50))
        assert here.plane.address == address(50)
        both.there.netns.ip("neigh flush all")
        ping(both.there.netns, here.hosts[0])


def test_it_is_told_what_others_did_to_the_device() -> None:
    with pair("activebackup") as both:
        here = both.here
        here.until(lambda news: DeviceChanged(True, here.address) in news)
        here.netns.ip(f"link set {DEVICE} address {address(60)}")
        here.until(lambda news: DeviceChanged(True, address(60)) in news)
        assert here.plane.address == address(60)
        here.netns.ip(f"link set {DEVICE} down")
        here.until(lambda news: DeviceChanged(False, address(60)) in news)
        here.netns.ip(f"link del {DEVICE}")
        here.until(lambda news: DeviceGone() in news)


def test_the_first_news_is_what_the_device_is_like() -> None:
    with bare() as (_, plane):
        plane.create(Setup(device=DEVICE, runner="random", address=address(1)))
        assert plane.read()[0] == DeviceChanged(False, address(1))


def test_ports_that_others_take_or_remove_have_left() -> None:
    with pair("roundrobin", 3) as both:
        here = both.here
        here.netns.ip("link add other type bridge")
        here.netns.ip("link set p1 master other")
        here.until(lambda news: PortLeft("p1") in news)
        here.netns.ip("link del p2")
        here.until(lambda news: PortLeft("p2", gone=True) in news)
        here.netns.ip("link set p3 down")
        here.netns.ip("link set p3 name p4")
        here.until(lambda news: PortLeft("p3", gone=True) in news)
        assert here.plane.ports() == []
        here.netns.ip("link set p1 nomaster")
        here.add("p1")
        here.plane.enable_port("p1", True, True)
        both.there.enable("q1")
        ping(here.netns, both.there.hosts[0])


def test_ports_have_the_mtu_of_the_device_and_get_their_own_back() -> None:
    with pair("activebackup") as both:
        here = both.here
        both.there.netns.ip(f"link set {DEVICE} mtu 9000")
        both.there.until(lambda _: link(both.there.netns, "q1")["mtu"] == 9000)
        here.netns.ip(f"link set {DEVICE} mtu 9000")
        here.until(lambda _: link(here.netns, "p1")["mtu"] == 9000)
        here.netns.run("ping", "-c1", "-W5", "-Mdo", "-s8000", both.there.hosts[0])
        here.remove("p1")
        assert link(here.netns, "p1")["mtu"] == 1500


def test_an_interface_that_keeps_its_address_is_as_good_a_port(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(name: str, wanted: Mac) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy")

    # As drivers do that cannot change it while the interface is up.
    monkeypatch.setattr(ioctls, "set_address", refuse)
    with pair("roundrobin") as both:
        assert link(both.here.netns, "p1")["address"] != str(both.here.address)
        ping(both.here.netns, both.there.hosts[0])


def test_a_port_is_given_back_as_it_was() -> None:
    with namespaces(2) as (here, there):
        veth(here, "p1", there, "q1")
        here.ip("link set p1 down")
        settings = [
            f"/proc/sys/net/{path}"
            for path in ("ipv4/conf/p1/arp_ignore", "ipv6/conf/p1/disable_ipv6")
        ]
        here.run("sh", "-c", f"echo 0 > {settings[1]}")

        def state() -> tuple[object, ...]:
            seen = link(here, "p1")
            return (
                *(seen[key] for key in ("address", "mtu", "promiscuity")),
                "UP" in str(seen["flags"]),
                here.run("tc", "qdisc", "show", "dev", "p1"),
                *(here.run("cat", path) for path in settings),
            )

        before = state()
        setup = Setup(device=DEVICE, runner="activebackup", address=address(1))
        with team(here, ["p1"], setup) as one:
            assert state() != before
            assert link(here, "p1")["address"] == str(address(1))
            one.remove("p1")
            assert state() == before
            one.add("p1")
        assert state() == before


def test_what_a_crash_has_left_is_taken_up() -> None:
    with namespaces(2) as (here, there):
        veth(here, "p1", there, "q1")
        with here.entered():
            index = socket.if_nametoindex("p1")
            _, before = seclusion.seclude("p1", index, down=False)
            after, again = seclusion.seclude("p1", index, down=False)
            assert before is None
            assert again is None
            assert len(run(here, "tc filter show dev p1 ingress").splitlines()) == 2
            assert seclusion.reveal(after) == []
            assert run(here, "tc filter show dev p1 ingress") == ""


def test_filters_of_others_stay() -> None:
    with namespaces(2) as (here, there):
        veth(here, "p1", there, "q1")
        run(here, "tc qdisc add dev p1 clsact")
        place = ["dev", "p1", "ingress", "pref", "1", "protocol", "ip"]
        here.run("tc", "filter", "add", *place, "bpf", "bytecode", "1,6 0 0 4294967295")
        before = run(here, "tc filter show dev p1 ingress")
        assert "bytecode" in before
        setup = Setup(device=DEVICE, runner="activebackup", address=address(1))
        with team(here, ["p1"], setup):
            assert run(here, "tc filter show dev p1 ingress").count("bytecode") == 2
        assert run(here, "tc filter show dev p1 ingress") == before


# What is refused.


def test_what_cannot_be_a_port_is_refused_with_the_reason() -> None:
    with pair("activebackup") as both:
        netns = both.here.netns
        netns.ip("link add b1 type bridge")
        netns.ip("link add v1 type veth peer name v2")
        netns.ip("link set v1 master b1")
        for name, reason in {
            "v1": "v1: belongs to b1: free it first (ip link set v1 nomaster)",
            "nothing": "nothing: no such interface",
            "lo": "lo: cannot be a port of team0",
            DEVICE: "team0: cannot be a port of team0",
        }.items():
            with netns.entered(), pytest.raises(BackendError) as caught:
                both.here.plane.add_port(name, PortSetup())
            assert str(caught.value) == reason
        assert both.here.plane.ports() == ["p1", "p2"]


def test_a_device_that_exists_is_neither_taken_nor_removed_unasked() -> None:
    with bare() as (netns, plane):
        netns.ip(f"link add {DEVICE} type veth peer name other")
        setup = Setup(device=DEVICE, runner="random", address=address(1))
        with pytest.raises(BackendError, match="team0: a veth device has this name, and is noth"):
            plane.create(setup)
        with pytest.raises(BackendError, match="no TAP device of ours"):
            plane.create(Setup(device=DEVICE, runner="random", take_over=True))
        anew = Setup(device=DEVICE, runner="random", address=address(1), recreate=True)
        with pytest.raises(BackendError, match="team0: found a veth device, expected a TAP device"):
            plane.create(anew)
        netns.ip("link del other")
        netns.ip(f"tuntap add dev {DEVICE} mode tap")
        plane.create(anew)
        assert plane.address == address(1)


def test_a_device_that_is_kept_can_be_taken_over() -> None:
    with bare() as (netns, plane):
        plane.create(Setup(device=DEVICE, runner="activebackup", address=address(1)))
        netns.ip("link add p1 type veth peer name q1")
        plane.add_port("p1", PortSetup())
        before = link(netns, DEVICE)["ifindex"]
        netns.ip(f"addr add 10.9.0.1/24 dev {DEVICE}")
        plane.destroy(keep=True)
        assert link(netns, DEVICE)["ifindex"] == before
        plane.create(Setup(device=DEVICE, runner="activebackup", take_over=True))
        assert plane.ports() == []
        assert plane.address == address(1)
        assert "10.9.0.1" in netns.ip(f"addr show {DEVICE}")
        plane.destroy()
        assert DEVICE not in netns.ip("link show")


def test_a_queue_is_said_to_have_no_effect() -> None:
    with bare() as (netns, plane):
        netns.ip("link add p1 type veth peer name q1")
        plane.create(Setup(device=DEVICE, runner="activebackup", address=address(1)))
        plane.add_port("p1", PortSetup(queue_id=3))
        assert any(isinstance(one, Trouble) and "queue_id 3" in one.text for one in plane.read())
        # The same again is no news, another one is refused to whoever asks for it.
        plane.configure_port("p1", PortSetup(queue_id=3, prio=1))
        with pytest.raises(BackendError, match="p1: queue_id 4 has no effect: dataplane tap"):
            plane.configure_port("p1", PortSetup(queue_id=4))
        plane.configure_port("p1", PortSetup())


# The process.


def test_frames_go_on_when_the_process_that_moves_them_was_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mover, "_LIFE", 0.0)
    with pair("loadbalance", balancing=0.1) as both:
        here = both.here
        ping(here.netns, both.there.hosts[0])
        first = here.plane.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        news = here.until(lambda news: any(isinstance(one, Trouble) for one in news))
        (said,) = (one.text for one in news if isinstance(one, Trouble))
        assert said == (
            f"the process that moves frames (pid {first}) has ended with signal 9: "
            "another one was started"
        )
        assert here.plane.pid != first
        ping(here.netns, both.there.hosts[0])


def test_a_process_that_cannot_live_is_given_up() -> None:
    with pair("activebackup") as both:
        assert both.here.plane.pid is not None
        os.kill(both.here.plane.pid, signal.SIGKILL)
        news = both.here.until(lambda news: DeviceGone() in news)
        assert any(isinstance(one, Trouble) and "giving up" in one.text for one in news)


_DAEMON = """
import sys, time
from lacp.address import Mac
from lacp.dataplane.base import PortSetup, Setup
from lacp.dataplane.tap.plane import TapDataplane
plane = TapDataplane()
plane.create(Setup(device="team0", runner="activebackup", address=Mac.parse("02:00:00:00:00:01")))
plane.add_port("p1", PortSetup())
plane.set_port_address("p1", Mac.parse("02:00:00:00:00:01"))
plane.enable_port("p1", True, True)
print(plane.pid, flush=True)
time.sleep(60)
"""


def test_nothing_is_left_behind_by_a_daemon_that_was_killed() -> None:
    with namespaces(2) as (here, there):
        veth(here, "p1", there, "q1")
        before = link(here, "p1")["address"], here.run("tc", "qdisc", "show", "dev", "p1")
        process = subprocess.Popen(
            here.command(sys.executable, "-c", _DAEMON),
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        try:
            assert process.stdout is not None
            worker = int(process.stdout.readline())
            assert link(here, "p1")["address"] != before[0]
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
        until(lambda: not Path(f"/proc/{worker}").exists(), said=lambda: "the process lives on")
        assert DEVICE not in here.ip("link show")
        assert (link(here, "p1")["address"], here.run("tc", "qdisc", "show", "dev", "p1")) == before
        assert here.run("cat", "/proc/sys/net/ipv4/conf/p1/arp_ignore").strip() == "0"
