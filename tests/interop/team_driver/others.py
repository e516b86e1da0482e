"""What others do to the device and its ports."""

from __future__ import annotations

import os
import socket

from lacp.address import Mac
from lacp.dataplane.base import (
    DeviceChanged,
    DeviceGone,
    PortJoined,
    PortLeft,
    PortSetup,
    Trouble,
)
from tests.interop.bench import refused
from tests.interop.team_driver.bench import SUITE, Bench


@SUITE.check
def others_enslave_and_release(it: Bench) -> None:
    plane = it.team("loadbalance", "e1")
    it.here.ip("link set e2 master team0")
    assert it.news() == [PortJoined("e2")]
    # It carries nothing before it was added.
    assert it.option("enabled", "e2") == "false"
    assert sorted(plane.ports()) == ["e1", "e2"]
    plane.add_port("e2", PortSetup(prio=5))
    it.enable("e2")
    assert it.option("priority", "e2") == "5"
    assert it.quiet() == []
    it.here.ip("link set e1 nomaster")
    assert it.news() == [PortLeft("e1")]
    assert plane.ports() == ["e2"]
    assert it.leaving(it.frame()) == [["p2"]]
    # Someone who comes and goes before anybody has looked was never there.
    it.here.ip_batch(["link set e1 down", "link set e1 master team0", "link set e1 nomaster"])
    assert it.quiet() == []
    it.here.ip("link del e2")
    assert it.news() == [PortLeft("e2", gone=True)]
    plane.add_port("e1", PortSetup())
    plane.remove_port("e1")
    assert it.quiet() == []


@SUITE.check
def a_port_that_vanished_is_forgotten(it: Bench) -> None:
    plane = it.team("activebackup", "e1", "e2")
    plane.activate("e1")
    it.here.ip("link del e1")
    said = refused(lambda: plane.enable_port("e1", False, False))
    assert said.startswith("team0: cannot set e1 enabled to false: ")
    assert "the port has gone" in said
    plane.remove_port("e1")
    # That the driver has no active port any more is no news: nobody insists on it.
    assert it.quiet() == []
    assert plane.ports() == ["e2"]


@SUITE.check
def a_port_under_another_name(it: Bench) -> None:
    plane = it.team("loadbalance", "e1")
    it.here.ip_batch(["link set e1 down", "link set e1 name x1", "link set x1 up"])
    assert it.news(2) == [PortLeft("e1", gone=True), PortJoined("x1")]
    plane.add_port("x1", PortSetup())
    it.enable("x1")
    it.settle()
    assert it.leaving(it.frame()) == [["p1"]]


@SUITE.check
def the_device_under_another_name(it: Bench) -> None:
    plane = it.team("loadbalance", "e1")
    it.here.ip("link set team0 down")
    assert it.news() == [DeviceChanged(False, plane.address or Mac(bytes(6)))]
    it.here.ip("link set team0 name t1")
    assert it.news() == [Trouble("team0 is called t1 now, and goes on to be used")]
    plane.add_port("e2", PortSetup())
    assert "master t1" in it.here.ip("-o link show e2")


@SUITE.check
def the_device_is_changed_by_others(it: Bench) -> None:
    plane = it.team("loadbalance", "e1")
    other = Mac.parse("02:00:00:00:00:66")
    it.here.ip(f"link set team0 address {other}")
    assert it.news() == [DeviceChanged(True, other)]
    assert plane.address == other
    it.here.ip("link set team0 down")
    assert it.news() == [DeviceChanged(False, other)]
    # One's own change is none, and does not hide that of another.
    it.here.ip("link set team0 up")
    plane.set_address(Mac.parse("02:00:00:00:00:67"))
    assert it.news() == [DeviceChanged(True, Mac.parse("02:00:00:00:00:67"))]


@SUITE.check
def the_device_is_removed_by_others(it: Bench) -> None:
    plane = it.team("activebackup", "e1", "e2")
    plane.activate("e1")
    it.here.ip("link del team0")
    news = it.news()
    assert news[0] == DeviceGone()
    assert set(news[1:]) <= {PortLeft("e1"), PortLeft("e2")}
    assert plane.ports() == []
    assert "gone" in refused(lambda: plane.set_address(Mac.parse("02:00:00:00:00:01")))
    assert "No such device" in refused(lambda: plane.set_carrier(False))
    said = refused(lambda: plane.add_port("e1", PortSetup()))
    assert said.startswith("e1: cannot become a port of team0: ")
    assert it.quiet() == []
    plane.destroy()


@SUITE.check
def what_the_runner_decided_is_set_back(it: Bench) -> None:
    plane = it.team("loadbalance", "e1", "e2")
    it.here.run("teamnl", "-p", "e1", "team0", "setoption", "enabled", "false")
    (news,) = it.news()
    assert news == Trouble("team0: somebody has set e1 enabled to false: setting it back")
    assert it.option("enabled", "e1") == "true"
    # What nobody decided, anybody may.
    it.here.run("teamnl", "-p", "e1", "team0", "setoption", "priority", "7")
    assert it.quiet() == []
    assert it.option("priority", "e1") == "7"
    for _ in range(12):
        it.here.run("teamnl", "-p", "e1", "team0", "setoption", "enabled", "false")
        plane.read()
    assert it.option("enabled", "e1") == "false"
    it.enable("e1")
    assert it.option("enabled", "e1") == "true"


@SUITE.check
def too_much_news_is_asked_for_again(it: Bench) -> None:
    plane = it.team("loadbalance", "e1", "e2")
    for descriptor in plane.filenos():
        with socket.socket(fileno=os.dup(descriptor)) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    noise = [f"link set team0 mtu {1400 + number % 50}" for number in range(100)]
    it.here.ip_batch(
        [
            *(*noise, "link set e1 nomaster", "link set e1 down", "link add d0 type dummy"),
            *("link set d0 master team0", *noise, "link set team0 down", *noise),
        ]
    )
    for number in range(20):
        it.here.run("teamnl", "team0", "setoption", "mcast_rejoin_count", str(number))
    it.here.run("teamnl", "-p", "e2", "team0", "setoption", "enabled", "false")
    assert plane.address is not None
    expected = {PortJoined("d0"), PortLeft("e1"), DeviceChanged(False, plane.address)}
    said = it.news(4)
    assert {one for one in said if not isinstance(one, Trouble)} == expected
    assert len(said) == 4
    assert it.option("enabled", "e2") == "true"
    assert it.option("enabled", "d0") == "false"
    assert sorted(plane.ports()) == ["d0", "e2"]
