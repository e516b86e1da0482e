"""How fast two ends of one kind come up, fail over and come back: one story, told of each kind.

Two links, both ends the same implementation, user frames of many flows from left to right. What the
ends think is read from the LACPDUs on the cables, the same for every kind; what users feel, from
the frames that arrive. `measure` runs where the kernel has what the kind needs.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

from lacp.info import PortState
from lacp.wire.lacpdu import Lacpdu
from tests.interop import bonding, cables, daemon, guest, teamd
from tests.interop.netns import ETH_P_ALL, Namespace, namespaces
from tests.interop.traffic import Traffic, acquaint, address, traffic

MODULES = (*guest.BONDING_MODULES, *guest.TEAM_MODULES, *cables.MODULES)
FLOWS = 40
INTERVAL = 0.02
_LEFT = ("e1", "e2")
_RIGHT = ("p1", "p2")
_BOTH = PortState.COLLECTING | PortState.DISTRIBUTING
_SO_TIMESTAMPNS = 35
_SO_RCVBUFFORCE = 33
_LACPDU = b"\x88\x09\x01"


class End:
    """One end: how it is started, and what its device is called."""

    def __init__(self, device: str, start: Callable[[], object]) -> None:
        self.device = device
        self.start = start


@contextmanager
def _bonding(where: Namespace, ports: tuple[str, ...], fast: bool, _: str) -> Iterator[End]:
    bond = bonding.Bonding(
        where,
        "bond0",
        ports,
        {"miimon": 100, "lacp_rate": "fast" if fast else "slow", "xmit_hash_policy": "layer3+4"},
    )
    try:
        yield End("bond0", bond.start)
    finally:
        bond.stop()


@contextmanager
def _teamd(where: Namespace, ports: tuple[str, ...], fast: bool, name: str) -> Iterator[End]:
    with teamd.prepared(where, ports, name=name, fast_rate=fast, tx_hash=["l3", "l4"]) as team:
        yield End(name, team.start)


@contextmanager
def _lacpd(where: Namespace, ports: tuple[str, ...], fast: bool, name: str) -> Iterator[End]:
    runner = {"name": "lacp", "fast_rate": fast, "tx_hash": ["l3", "l4"], "aggregate_wait": 0}
    text = json.dumps({"device": name, "runner": runner, "ports": {port: {} for port in ports}})
    with daemon.lacpd(where, text, start=False) as peer:

        def start() -> None:
            peer.start("--dataplane", "team")
            where.ip(f"link set {name} up")

        yield End(name, start)


#: How each kind is made: namespace, ports, fast, a name for what must have one.
KINDS: dict[str, Callable[[Namespace, tuple[str, ...], bool, str], AbstractContextManager[End]]] = {
    "teamd": _teamd,
    "bonding": _bonding,
    "lacpd": _lacpd,
}


@dataclass(frozen=True, slots=True)
class _Said:
    time: float
    end: str
    state: PortState


class _Ears:
    """The LACPDUs of both ends, heard where the cables run through."""

    def __init__(self, laid: cables.Cables, stack: ExitStack) -> None:
        # Kernel time stamps are of the time of day, the report of the flows is not.
        self._offset = time.time() - time.monotonic()
        self._said: list[_Said] = []
        self._sockets: dict[str, socket.socket] = {}
        for cable in laid.each:
            for end in cable.ends:
                with laid.middle.entered():
                    ear = stack.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
                ear.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
                ear.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 1 << 23)
                ear.setblocking(False)
                ear.bind((end, ETH_P_ALL))
                self._sockets[end] = ear

    def hear(self) -> None:
        """Take what has come in."""
        for end, ear in self._sockets.items():
            while True:
                try:
                    frame, ancillary, _, source = ear.recvmsg(2048, 64)
                except BlockingIOError:
                    break
                except OSError:
                    continue
                if frame[12:15] != _LACPDU or source[2] == socket.PACKET_OUTGOING:
                    continue
                seconds, nanoseconds = struct.unpack("=qq", ancillary[0][2])
                at = seconds + nanoseconds / 1e9 - self._offset
                state = Lacpdu.decode(frame[14:]).actor.state
                self._said.append(_Said(at, end, state))

    def states(self) -> dict[str, PortState]:
        """What each end said last."""
        self.hear()
        return {said.end: said.state for said in self._said}

    def both(self) -> bool:
        """Whether both ends of both links collect and distribute."""
        states = self.states()
        return len(states) == 4 and all(_BOTH in state for state in states.values())

    def complete(self, since: float) -> float:
        """Seconds from `since` until the last of the four ends said that it is open, for good."""
        opened: dict[str, float] = {}
        for said in sorted(self._said, key=lambda each: each.time):
            if said.time < since:
                continue
            if _BOTH in said.state:
                opened.setdefault(said.end, said.time)
            else:
                opened.pop(said.end, None)
        return max(opened.values(), default=since) - since

    def last(self, end: str, before: float) -> float:
        """When an end was heard last before a moment."""
        return max(said.time for said in self._said if said.end == end and said.time < before)

    def until(self, done: Callable[[], bool], seconds: float = 100) -> None:
        limit = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < limit, f"not in {seconds} s: {self.states()}"
            time.sleep(0.02)

    def first(self, end: str, since: float, is_so: Callable[[PortState], bool]) -> float:
        """When an end first said so."""
        return min(
            said.time
            for said in self._said
            if said.end == end and said.time >= since and is_so(said.state)
        )


def measure(kind: str, fast: bool = True) -> dict[str, float]:
    """The rows of the table for one kind, in seconds; with the slow rate those that differ."""
    with ExitStack() as stack:
        here, there = stack.enter_context(namespaces(2))
        laid = stack.enter_context(cables.cables(here, _LEFT, there, _RIGHT))
        left = stack.enter_context(KINDS[kind](here, _LEFT, fast, "team0"))
        right = stack.enter_context(KINDS[kind](there, _RIGHT, fast, "team1"))
        ears = _Ears(laid, stack)
        rows: dict[str, float] = {}
        laid.plug()
        # The right end first, so that what is measured is one start.
        right.start()
        begun = time.monotonic()
        left.start()
        ears.until(ears.both)
        rows["created to both links"] = ears.complete(begun)
        address(here, left.device, "10.2", "10.1.0.1", 0)
        address(there, right.device, "10.1", "10.1.0.2", FLOWS)
        # Who asks again only each second for an address would be what is measured.
        acquaint(here, left.device, there, right.device, "10.1", FLOWS)
        if fast:
            rows |= _coming_up(here, there, laid, ears)
            rows |= _carrier(here, there, laid, ears)
            rows |= _expiry(laid, ears)
        rows |= _silence(here, there, laid, ears)
        return rows


def _flows(here: Namespace, there: Namespace) -> AbstractContextManager[Traffic]:
    return traffic(here, there, flows=FLOWS, interval=INTERVAL)


def _coming_up(
    here: Namespace, there: Namespace, laid: cables.Cables, ears: _Ears
) -> dict[str, float]:
    laid.pull()
    time.sleep(8)
    with _flows(here, there) as flows:
        flows.wait(0.3)
        since = flows.now()
        laid.plug()
        ears.until(lambda: ears.both() and ears.complete(since) > 0)
        flows.until_flowing()
        flows.wait(2)
    ears.hear()
    first = flows.report.first(since)
    assert first is not None
    return {
        "links up to both links": ears.complete(since),
        "links up to first user frame": first - since,
    }


def _carrier(
    here: Namespace, there: Namespace, laid: cables.Cables, ears: _Ears
) -> dict[str, float]:
    cable = laid.each[0]
    with _flows(here, there) as flows:
        flows.until_flowing()
        flows.wait(0.5)
        lost = flows.now()
        cable.pull()
        flows.wait(4)
        back = flows.now()
        cable.plug()
        ears.until(lambda: ears.both() and ears.complete(back) > 0)
        flows.wait(2)
    ears.hear()
    report = flows.report
    return {
        "carrier lost: worst gap": report.worst_gap(lost, back),
        "carrier lost: frames lost": report.lost_since(lost) - report.lost_since(back),
        "carrier back: to both links": ears.complete(back),
        "carrier back: worst gap": report.worst_gap(back),
        "carrier back: frames lost": report.lost_since(back),
    }


def _silence(
    here: Namespace, there: Namespace, laid: cables.Cables, ears: _Ears
) -> dict[str, float]:
    cable = laid.each[0]
    with _flows(here, there) as flows:
        flows.until_flowing()
        flows.wait(0.5)
        silent = flows.now()
        cable.swallow()
        # Until the flows arrive again, and beyond what the failed link may still cost.
        flows.wait(1)
        flows.until_flowing(seconds=120)
        flows.wait(8)
        healed = flows.now()
        cable.heal()
        ears.until(lambda: ears.both() and ears.complete(healed) > 0)
        flows.wait(1)
    ears.hear()
    return {
        "silent loss: worst gap": flows.report.worst_gap(silent, healed),
        "it heals: to both links": ears.complete(healed),
    }


def _expiry(laid: cables.Cables, ears: _Ears) -> dict[str, float]:
    cable = laid.each[0]
    near, far = cable.ends
    cable.mute()
    muted = time.monotonic()
    ears.until(lambda: PortState.EXPIRED in ears.states()[near])
    ears.until(lambda: PortState.DISTRIBUTING not in ears.states()[near])
    last = ears.last(far, muted)
    expired = ears.first(near, muted, lambda state: PortState.EXPIRED in state)
    stopped = ears.first(near, muted, lambda state: PortState.DISTRIBUTING not in state)
    back = time.monotonic()
    cable.unmute()
    ears.until(lambda: ears.both() and ears.complete(back) > 0)
    time.sleep(0.5)
    ears.hear()
    return {
        "LACPDUs lost: EXPIRED": expired - last,
        "LACPDUs lost: stops distributing": stopped - last,
        "LACPDUs lost: comes back": ears.complete(back),
    }
