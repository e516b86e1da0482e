"""For a guest: LAGs of two links that run against their like, by teamd, the bonding driver, lacpd.

A guest has no clock that is fine enough for what is measured; it says on its console when whoever
runs it is to look, see `benchmarks._guest_cpu`.
"""

from __future__ import annotations

import json
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks import _guest_cpu
from benchmarks._confs import confs
from benchmarks._rig import Lacpd, lacpd
from lacp.info import PortState
from tests.interop.bonding import Bonding
from tests.interop.daemon import seen
from tests.interop.netns import Namespace, namespaces
from tests.interop.teamd import Teamd
from tests.waiting import until

PER_LAG = 2
#: Seconds that the slowest of them may take in a guest that has to share its core.
_PATIENCE = 90
#: Seconds for which they are left alone before they are measured.
_SETTLING = 1.0
_CARRIES = PortState.SYNCHRONIZATION | PortState.COLLECTING | PortState.DISTRIBUTING


class Rival(ABC):
    """One kind at both ends of links a0-b0, a1-b1, ..., which become more."""

    def __init__(self, ends: Sequence[Namespace], stack: ExitStack) -> None:
        self.ends = dict(zip("ab", ends, strict=True))
        self.stack = stack
        self.links = 0

    def grow(self, links: int) -> None:
        """Have so many links, and wait until all carry traffic at both ends."""
        left, right = self.ends.values()
        new = range(self.links, links)
        left.ip_batch(
            [f"link add a{at} type veth peer name b{at} netns {right.path}" for at in new]
        )
        self.take(new)
        self.links = links
        until(self.carrying, _PATIENCE, every=0.25)

    def leave(self) -> None:
        """Take the links away."""
        self.ends["a"].ip_batch([f"link del a{at}" for at in range(self.links)])

    @abstractmethod
    def take(self, new: range) -> None:
        """Make LAGs of these links, which are down."""

    @abstractmethod
    def carrying(self) -> bool:
        """Whether all links carry traffic, at both ends."""

    @abstractmethod
    def memory(self) -> int:
        """Resident octets of the processes at one end."""

    def _lags(self, new: range) -> Iterator[tuple[str, str, list[str]]]:
        """End, number and ports of each LAG, either end in turn."""
        for first in new[::PER_LAG]:
            for end in "ab":
                ports = [f"{end}{at}" for at in range(first, first + PER_LAG)]
                yield end, f"{end}{first // PER_LAG}", ports


class Teamds(Rival):
    """A teamd for each LAG."""

    def __init__(self, ends: Sequence[Namespace], stack: ExitStack) -> None:
        super().__init__(ends, stack)
        self._log = Path(stack.enter_context(tempfile.TemporaryDirectory()), "log")
        self._teams: dict[str, list[Teamd]] = {"a": [], "b": []}

    def take(self, new: range) -> None:
        devices: dict[str, list[str]] = {"a": [], "b": []}
        for end, number, ports in self._lags(new):
            document = {
                "device": f"team{number}",
                "runner": {"name": "lacp", "fast_rate": True},
                "ports": {port: {} for port in ports},
            }
            where = self.ends[end]
            team = Teamd(where, f"team{number}", ports, json.dumps(document), self._log)
            self.stack.callback(team.kill)
            # One after another: those that start at the same time lose each other's news.
            team.launch()
            self._teams[end].append(team)
            devices[end].append(f"link set team{number} up")
        for end, lines in devices.items():
            self.ends[end].ip_batch(lines)

    def carrying(self) -> bool:
        teams = [team for each in self._teams.values() for team in each]
        return all(len(team.current()) == PER_LAG for team in teams)

    def memory(self) -> int:
        return sum(_resident(team.process.pid) for team in self._teams["a"])

    def leave(self) -> None:
        super().leave()
        for end, teams in self._teams.items():
            for team in teams:
                team.kill()
            self.ends[end].ip_batch([f"link del {team.name}" for team in teams])


class Bonds(Rival):
    """The kernel's bonding driver."""

    def __init__(self, ends: Sequence[Namespace], stack: ExitStack) -> None:
        super().__init__(ends, stack)
        self._bonds: list[Bonding] = []

    def take(self, new: range) -> None:
        lines: dict[str, list[str]] = {"a": [], "b": []}
        for end, number, ports in self._lags(new):
            name = f"bond{number}"
            lines[end] += [
                f"link add {name} type bond mode 802.3ad lacp_rate fast miimon 100",
                *(f"link set {port} master {name}" for port in ports),
                f"link set {name} up",
            ]
            self._bonds.append(Bonding(self.ends[end], name, ports, {}))
        for end, batch in lines.items():
            self.ends[end].ip_batch(batch)

    def carrying(self) -> bool:
        return all(
            _CARRIES in member.actor.state
            for bond in self._bonds
            for member in bond.show().members.values()
        )

    def memory(self) -> int:
        return 0

    def leave(self) -> None:
        super().leave()
        for end in "ab":
            names = [bond.name for bond in self._bonds if bond.namespace is self.ends[end]]
            self.ends[end].ip_batch([f"link del {name}" for name in names])


class Lacpds(Rival):
    """One lacpd for all LAGs, started anew for more of them."""

    def __init__(self, ends: Sequence[Namespace], stack: ExitStack) -> None:
        super().__init__(ends, stack)
        self._running = stack.enter_context(ExitStack())
        self._daemons: list[Lacpd] = []

    def take(self, new: range) -> None:
        self._running.close()
        for end, where in self.ends.items():
            where.ip_batch([f"link set {end}{at} up" for at in new])
        self._daemons = [
            self._running.enter_context(
                lacpd(where, confs(end, new.stop, PER_LAG, {"aggregate_wait": 0}))
            )
            for end, where in self.ends.items()
        ]

    def carrying(self) -> bool:
        lags = [lag for daemon in self._daemons for lag in seen(daemon.directory).lags]
        return sum(bool(port.distributing) for lag in lags for port in lag.ports) == 2 * self.links

    def memory(self) -> int:
        return _resident(self._daemons[0].pid)

    def leave(self) -> None:
        super().leave()
        self._running.close()


class Nobody(Rival):
    """What the guest costs by itself."""

    def take(self, new: range) -> None:
        assert not new

    def carrying(self) -> bool:
        return True

    def memory(self) -> int:
        return 0


IDLE = "idle"
RIVALS: dict[str, type[Rival]] = {
    "teamd": Teamds,
    "bonding": Bonds,
    "lacpd": Lacpds,
    IDLE: Nobody,
}


def story(turns: Sequence[tuple[str, Sequence[int]]], seconds: float) -> None:
    """Have each kind in turn with these numbers of links, and the guest looked at meanwhile."""
    for kind, sizes in turns:
        with namespaces(2) as ends, ExitStack() as stack:
            rival = RIVALS[kind](ends, stack)
            for links in sizes:
                rival.grow(links)
                time.sleep(_SETTLING)
                _guest_cpu.begin(kind, links)
                time.sleep(seconds)
                _guest_cpu.end(kind, links)
                assert rival.carrying(), f"{kind}: not all of {links} links carried traffic"
                _guest_cpu.memory(kind, links, rival.memory())
            rival.leave()


def _resident(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"process {pid} has no memory any more")
