"""One team of a configuration against a partner that fits its runner, with a cable pulled.

`story` runs in a guest; it starts the configuration with a real teamd or with lacpd, has user
frames flow both ways, pulls the cable of a port, plugs it again, and counts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from tests.interop import cables, daemon, guest, teamd
from tests.interop.netns import Namespace, namespaces
from tests.interop.traffic import Report, Traffic, address, traffic
from tests.waiting import until

MODULES = (*guest.BONDING_MODULES, *guest.TEAM_MODULES, *cables.MODULES, "bridge", "tun")
FLOWS = 20
INTERVAL = 0.02
_FAR = ("p1", "p2")

#: What stands at the other end of the cables: a switch, or a bond of this mode.
_PARTNERS = {
    "broadcast": "broadcast",
    "roundrobin": "balance-rr",
    "random": "balance-rr",
    "activebackup": "",
    "loadbalance": "balance-xor xmit_hash_policy layer3+4",
    "lacp": "802.3ad lacp_rate fast xmit_hash_policy layer3+4",
}


@dataclass(frozen=True, slots=True)
class Account:
    """What one way of the traffic looked like around one event."""

    lost: int
    #: Seconds.
    worst_gap: float
    duplicates: int


@dataclass(frozen=True, slots=True)
class Told:
    """The whole story."""

    #: Active ports at the start, without the first port, and with it again.
    active: list[str | None]
    ping: bool
    #: By event (``pulled``, ``plugged``), there and back.
    out: dict[str, Account]
    back: dict[str, Account]


class _Team:
    """The team under test, in its own words."""

    def __init__(
        self, name: str, state: Callable[[], dict[str, Any]], log: Callable[[], str]
    ) -> None:
        self.name = name
        self._state = state
        self.log = log

    def active(self) -> str | None:
        """The active port, of a runner that has one."""
        return self._state().get("active_port") or None

    def until(self, ports: list[str]) -> None:
        """Wait until it has these ports."""
        until(
            lambda: sorted(self._state()["ports"]) == sorted(ports),
            20,
            lambda: f"{self._state()}\n{self.log()[-3000:]}",
            every=0.05,
        )


@contextmanager
def _started(implementation: str, where: Namespace, text: str, plane: str) -> Iterator[_Team]:
    document = json.loads(text)
    if implementation == "teamd":
        with teamd.configured(where, text) as peer:
            peer.start()

            def of_teamd() -> dict[str, Any]:
                state = peer.state()
                active = state.get("runner", {}).get("active_port")
                return {"active_port": active, "ports": list(state.get("ports", {}))}

            yield _Team(document["device"], of_teamd, peer.said)
    else:
        with daemon.lacpd(where, text, start=False) as own:
            own.start("--dataplane", plane)

            def of_lacpd() -> dict[str, Any]:
                lag = own.lag()
                ports = [port["name"] for port in lag["ports"] if port["ifindex"] is not None]
                return {"active_port": lag.get("active_port"), "ports": ports}

            yield _Team(document["device"], of_lacpd, own.said)


@contextmanager
def partner(where: Namespace, runner: str) -> Iterator[str]:
    """What the cables lead to; its device."""
    mode = _PARTNERS[runner]
    if mode:
        where.ip(f"link add far0 type bond miimon 50 mode {mode}")
    else:
        where.ip("link add far0 type bridge")
    for port in _FAR:
        where.ip(f"link set {port} down")
        where.ip(f"link set {port} master far0")
        where.ip(f"link set {port} up")
    where.ip("link set far0 up")
    try:
        yield "far0"
    finally:
        where.ip("link del far0")


def stories(implementation: str, texts: dict[str, str], plane: str = "team") -> dict[str, Any]:
    """`story` of many configurations, by name, in one guest."""
    return {name: story(implementation, text, plane) for name, text in texts.items()}


def story(implementation: str, text: str, plane: str = "team") -> dict[str, Any]:
    """Tell it of one configuration; `Told` as JSON."""
    document = json.loads(text)
    ports = list(document["ports"])
    with ExitStack() as stack:
        here, there = stack.enter_context(namespaces(2))
        laid = stack.enter_context(cables.cables(here, ports, there, _FAR))
        laid.plug()
        far = stack.enter_context(partner(there, document["runner"]["name"]))
        team = stack.enter_context(_started(implementation, here, text, plane))
        here.ip(f"link set {team.name} up")
        team.until(ports)
        address(here, team.name, "10.1", "10.1.0.1", FLOWS)
        address(there, far, "10.2", "10.2.0.1", FLOWS)
        here.ip(f"route add 10.2.0.0/16 dev {team.name}")
        there.ip(f"route add 10.1.0.0/16 dev {far}")
        return asdict(_told(here, there, team, laid, _longest_delay(document) + 1.0))


def _longest_delay(document: dict[str, Any]) -> float:
    """Seconds; LACP waits for others to aggregate with, and so does its partner."""
    if document["runner"]["name"] == "lacp":
        return 3.0
    watch = document.get("link_watch", {})
    return float(max(watch.get("delay_up", 0), watch.get("delay_down", 0))) / 1000


def _told(
    here: Namespace, there: Namespace, team: _Team, laid: cables.Cables, patience: float
) -> Told:
    active: list[str | None] = []
    with (
        traffic(here, there, net="10.2", flows=FLOWS, interval=INTERVAL) as out,
        traffic(there, here, net="10.1", flows=FLOWS, interval=INTERVAL) as back,
    ):
        for flows in (out, back):
            flows.until_flowing(seconds=60)
        out.wait(0.5)
        active.append(team.active())
        pulled = out.now()
        laid.each[0].pull()
        _settle(patience, out, back)
        active.append(team.active())
        plugged = out.now()
        laid.each[0].plug()
        _settle(patience, out, back)
        active.append(team.active())
        ping = here.run("ping", "-c", "3", "-i", "0.2", "-W", "1", "10.2.1.1")
    return Told(
        active,
        " 0% packet loss" in ping,
        _accounts(out.report, pulled, plugged),
        _accounts(back.report, pulled, plugged),
    )


def _settle(patience: float, *flows: Traffic) -> None:
    """Wait for whatever follows."""
    flows[0].wait(patience)
    for each in flows:
        each.until_flowing()


def _accounts(report: Report, pulled: float, plugged: float) -> dict[str, Account]:
    after = report.lost_since(plugged)
    return {
        "pulled": Account(
            report.lost_since(pulled) - after,
            report.worst_gap(pulled, plugged),
            report.duplicates,
        ),
        "plugged": Account(after, report.worst_gap(plugged), 0),
    }
