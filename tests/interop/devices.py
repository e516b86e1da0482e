"""Devices under test: four implementations of LACP, all made, wired and asked in the same way.

    with devices.bonding(links=2, fast=True) as device:
        here, interfaces = device.wires.here, device.wires.interfaces  # t1, t2: the tester's ends
        device.until_usable()

`lacpd` and `openvswitch` run on any machine with namespaces. `bonding` and `teamd` need drivers of
the kernel: a test calls them in a function that `guest.run` runs, with `MODULES` of the device.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from lacp.address import Mac
from lacp.info import PORT_STATES, PortInfo, PortState
from tests.daemons import conf
from tests.interop import bonding as bonding_peer
from tests.interop import daemon as daemon_peer
from tests.interop import guest
from tests.interop import ovs as ovs_peer
from tests.interop import teamd as teamd_peer
from tests.interop.netns import Namespace, namespaces
from tests.waiting import until

#: The devices that need no driver that a kernel may lack.
NATIVE = ("lacpd", "openvswitch")
#: What a guest must load for a device.
MODULES: dict[str, tuple[str, ...]] = {
    "lacpd": (),
    # Its bridge is an interface of its own.
    "openvswitch": ("tun",),
    "bonding": guest.BONDING_MODULES,
    "teamd": guest.TEAM_MODULES,
}

#: The device of lacpd.
TEAM = "team0"

_TRAFFIC = PortState.COLLECTING | PortState.DISTRIBUTING


@dataclass(frozen=True, slots=True)
class Wires:
    """Cables, in the order of their numbers, between a tester here and a device there."""

    here: Namespace
    interfaces: tuple[str, ...]
    there: Namespace
    ports: tuple[str, ...]

    def turned(self) -> Wires:
        """The same cables for a device here and a tester there."""
        return Wires(self.there, self.ports, self.here, self.interfaces)


@contextmanager
def wires(links: int = 1) -> Iterator[Wires]:
    """So many cables, t1-d1, t2-d2, ..., of 10 Gb/s; addresses tell which end is whose."""
    with namespaces(2) as (here, there):
        numbers = range(1, links + 1)
        here.ip_batch(
            [
                f"link add t{n} address 02:00:00:00:0a:0{n} type veth"
                f" peer name d{n} address 02:00:00:00:0d:0{n} netns {there.path}"
                for n in numbers
            ]
        )
        made = Wires(here, tuple(f"t{n}" for n in numbers), there, tuple(f"d{n}" for n in numbers))
        here.ip_batch([f"link set {name} up" for name in made.interfaces])
        there.ip_batch([f"link set {name} up" for name in made.ports])
        yield made


@dataclass(frozen=True, slots=True)
class View:
    """What an implementation says of both ends of a link."""

    actor: PortInfo
    partner: PortInfo


class Device(ABC):
    """A running implementation, with one LAG of all its ports."""

    #: The network device that has the LAG below it; "" where none carries user frames.
    device = ""

    def __init__(self, name: str, version: str, wires: Wires) -> None:
        self.name = name
        #: Program and version, as a report shows it.
        self.version = version
        self.wires = wires

    @property
    def ports(self) -> tuple[str, ...]:
        """Its interfaces, in the order of the tester's."""
        return self.wires.ports

    @abstractmethod
    def usable(self) -> list[str]:
        """The ports that carry traffic, in its own view."""

    @abstractmethod
    def views(self) -> dict[str, View]:
        """Both ends of each link in its own view, by its port."""

    @abstractmethod
    def state(self) -> Any:
        """All that it says of itself; its own words, as JSON has them."""

    @abstractmethod
    def kill(self) -> None:
        """End it without a word, or with the only words it has; its links stay up."""

    def end(self) -> None:
        """An orderly end, where it knows one; its links stay up."""
        self.kill()

    @abstractmethod
    def start(self) -> None:
        """Start it again, knowing nothing."""

    def until_usable(self, *ports: str, seconds: float = 30) -> None:
        """Wait until it uses exactly these ports, or all."""
        self._until_uses(list(ports or self.ports), seconds)

    def until_unusable(self, seconds: float = 30) -> None:
        """Wait until it uses no port."""
        self._until_uses([], seconds)

    def _until_uses(self, wanted: list[str], seconds: float) -> None:
        until(
            lambda: self.usable() == wanted,
            seconds,
            lambda: f"{self.name} uses {self.usable()}: {self.state()}",
            every=0.05,
        )

    def link(self, number: int, *, up: bool) -> None:
        """The carrier of a cable, from 1, taken away or given back at the tester's end."""
        state = "up" if up else "down"
        self.wires.here.ip(f"link set {self.wires.interfaces[number - 1]} {state}")


class Lacpd(Device):
    """Our own daemon; with a dataplane it carries user frames."""

    def __init__(self, wires: Wires, peer: daemon_peer.Daemon, plane: str | None) -> None:
        super().__init__("lacpd", f"lacpd {version('lacp')}", wires)
        self.peer = peer
        self.device = TEAM if plane else ""
        self._plane = () if plane is None else ("--dataplane", plane)

    def usable(self) -> list[str]:
        return self.peer.distributing()

    def views(self) -> dict[str, View]:
        ports = self.peer.lag()["ports"]
        return {port["name"]: View(_info(port["actor"]), _info(port["partner"])) for port in ports}

    def state(self) -> Any:
        return self.peer.lag()

    def kill(self) -> None:
        self.peer.kill()

    def end(self) -> None:
        self.peer.end()

    def start(self) -> None:
        self.peer.start(*self._plane, *(("-r",) if self._plane else ()))

    def take_over(self) -> None:
        """Start it again with the device and the ports that it had."""
        self.peer.start(*self._plane, "-o")

    def configure(self, **runner: Any) -> None:
        """Have it take other members of its runner under way; None takes one away."""
        document = json.loads(self.peer.file.read_text())
        members = document["runner"] | runner
        document["runner"] = {key: value for key, value in members.items() if value is not None}
        self.peer.file.write_text(json.dumps(document))
        self.peer.signal(signal.SIGHUP)


class _OpenVSwitch(Device):
    BOND = "bond0"
    device = "ovsbr"

    def __init__(self, wires: Wires, peer: ovs_peer.OpenVSwitch) -> None:
        said = _first_line("ovs-vswitchd", "--version")
        super().__init__("openvswitch", f"Open vSwitch {said.split()[-1]}", wires)
        self.peer = peer
        self._starts = 1

    def usable(self) -> list[str]:
        members = self.peer.lacp_show(self.BOND).members
        return [port for port in self.ports if port in members and members[port].may_enable]

    def views(self) -> dict[str, View]:
        members = self.peer.lacp_show(self.BOND).members
        return {port: View(each.actor, each.partner) for port, each in members.items()}

    def state(self) -> Any:
        return self.peer.appctl("lacp/show", self.BOND)

    def kill(self) -> None:
        self.peer.kill()

    def start(self) -> None:
        self.peer.start()
        # Only who changes something waits until the switch has taken up what the database has.
        self._starts += 1
        self.peer.vsctl("set", "bridge", self.device, f"external_ids:starts={self._starts}")


class _Bonding(Device):
    def __init__(self, wires: Wires, peer: bonding_peer.Bonding) -> None:
        super().__init__("bonding", f"Linux bonding {os.uname().release}", wires)
        self.peer = peer
        self.device = peer.name

    def usable(self) -> list[str]:
        members = self.peer.show().members
        return [
            port
            for port in self.ports
            if port in members and _TRAFFIC in members[port].actor.state and members[port].link_up
        ]

    def views(self) -> dict[str, View]:
        members = self.peer.show().members
        return {port: View(each.actor, each.partner) for port, each in members.items()}

    def state(self) -> Any:
        return self.peer.proc()

    def kill(self) -> None:
        self.peer.stop()

    def start(self) -> None:
        self.peer.start()


class _Teamd(Device):
    def __init__(self, wires: Wires, peer: teamd_peer.Teamd) -> None:
        said = _first_line("teamd", "--version")
        super().__init__("teamd", f"{said}, Linux {os.uname().release}", wires)
        self.peer = peer
        self.device = peer.name

    def usable(self) -> list[str]:
        runners = self._runners()
        return [
            port
            for port in self.ports
            if port in runners
            and runners[port]["state"] == "current"
            and runners[port]["aggregator"]["selected"]
            and _TRAFFIC in PortState(runners[port]["actor_lacpdu_info"]["state"])
        ]

    def views(self) -> dict[str, View]:
        return {
            port: View(_info(its["actor_lacpdu_info"]), _info(its["partner_lacpdu_info"]))
            for port, its in self._runners().items()
        }

    def _runners(self) -> dict[str, dict[str, Any]]:
        """The lacp runner's view of each port."""
        ports = self.peer.state().get("ports", {})
        return {port: its["runner"] for port, its in ports.items()}

    def state(self) -> Any:
        return self.peer.state()

    def kill(self) -> None:
        self.peer.kill()

    def end(self) -> None:
        self.peer.end()

    def start(self) -> None:
        self.peer.start()


def _info(said: Mapping[str, Any]) -> PortInfo:
    """One end, as lacpd and teamd name its members."""
    numbers = {n: int(said[n]) for n in ("system_priority", "key", "port_priority", "port")}
    system = Mac.parse(str(said["system"]))
    return PortInfo(**numbers, system=system, state=PORT_STATES[int(said["state"])])


def _first_line(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[0]


@contextmanager
def lacpd(
    links: int = 1,
    *,
    fast: bool = True,
    active: bool = True,
    on: Wires | None = None,
    plane: str | None = None,
    **more: Any,
) -> Iterator[Lacpd]:
    """Our own daemon, and the dataplane that it uses; `more` are members of its configuration."""
    with _wired(links, on) as cables:
        text = conf(TEAM, cables.ports, fast_rate=fast, active=active, **more)
        options = () if plane is None else ("--dataplane", plane)
        with daemon_peer.lacpd(cables.there, text, *options) as peer:
            yield Lacpd(cables, peer, plane)


@contextmanager
def openvswitch(
    links: int = 1, *, fast: bool = True, active: bool = True, on: Wires | None = None, **more: Any
) -> Iterator[Device]:
    """Open vSwitch; `more` are members of the bond's other_config."""
    with _wired(links, on) as cables, ovs_peer.open_vswitch(cables.there) as peer:
        peer.bond(_OpenVSwitch.BOND, cables.ports, fast=fast, active=active, **more)
        yield _OpenVSwitch(cables, peer)


@contextmanager
def bonding(
    links: int = 1, *, fast: bool = True, active: bool = True, on: Wires | None = None, **more: Any
) -> Iterator[Device]:
    """The kernel's bonding driver; `more` are options of the bond."""
    options = {"lacp_rate": "fast" if fast else "slow", "lacp_active": "on" if active else "off"}
    with (
        _wired(links, on) as cables,
        bonding_peer.bonding(cables.there, cables.ports, **options, **more) as peer,
    ):
        yield _Bonding(cables, peer)


@contextmanager
def teamd(
    links: int = 1, *, fast: bool = True, active: bool = True, on: Wires | None = None, **more: Any
) -> Iterator[Device]:
    """teamd and the kernel's team driver; `more` are members of its runner's configuration.

    Two at a time in one guest want a `name` each.
    """
    with (
        _wired(links, on) as cables,
        teamd_peer.teamd(cables.there, cables.ports, fast_rate=fast, active=active, **more) as peer,
    ):
        yield _Teamd(cables, peer)


@contextmanager
def _wired(links: int, on: Wires | None) -> Iterator[Wires]:
    with ExitStack() as stack:
        yield on or stack.enter_context(wires(links))


#: How each device is made. `on` takes cables that are there, such as another device's, `turned`.
DEVICES: Mapping[str, Callable[..., AbstractContextManager[Device]]] = {
    "lacpd": lacpd,
    "openvswitch": openvswitch,
    "bonding": bonding,
    "teamd": teamd,
}
