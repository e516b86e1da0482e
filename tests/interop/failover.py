"""How fast two ends of one kind come up, fail over and come back: one story, told of each kind.

Two links, both ends the same implementation, user frames of many flows from left to right. What the
ends think is read from the LACPDUs on the cables, the same for every kind; what users feel, from
the frames that arrive. `measure` runs where the kernel has what the kind needs.
"""

from __future__ import annotations

import fcntl
import json
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

from lacp.info import PortState
from lacp.wire.lacpdu import Lacpdu
from tests.interop import bonding, cables, daemon, guest, teamd
from tests.interop.netns import ETH_P_ALL, Namespace, namespaces
from tests.interop.traffic import Traffic, acquaint, address, traffic
from tests.waiting import until

MODULES = (*guest.BONDING_MODULES, *guest.TEAM_MODULES, *cables.MODULES)
FLOWS = 40
INTERVAL = 0.02
_LEFT = ("e1", "e2")
_RIGHT = ("p1", "p2")
_BOTH = PortState.COLLECTING | PortState.DISTRIBUTING
_SO_TIMESTAMPNS = 35
_SO_RCVBUFFORCE = 33
_LACPDU = b"\x88\x09\x01"
_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1
_IFREQ = struct.Struct("16sH22x")
#: Where in the second between two LACPDUs something happens, for all kinds the same.
_PHASE = 0.5


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


def _configuration(name: str, ports: tuple[str, ...], fast: bool) -> str:
    runner = {"name": "lacp", "fast_rate": fast, "tx_hash": ["l3", "l4"], "aggregate_wait": 0}
    return json.dumps({"device": name, "runner": runner, "ports": {port: {} for port in ports}})


@contextmanager
def _lacpd(where: Namespace, ports: tuple[str, ...], fast: bool, name: str) -> Iterator[End]:
    with daemon.lacpd(where, _configuration(name, ports, fast), start=False) as peer:

        def start() -> None:
            peer.start("--dataplane", "team")
            where.ip(f"link set {name} up")

        yield End(name, start)


@contextmanager
def _set_up(where: Namespace, device: str) -> Iterator[None]:
    """Set a device up as soon as it is there, as who has ordered it would."""
    ended = threading.Event()
    with where.entered():
        control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def lift() -> None:
        while not ended.wait(0.01):
            try:
                found = fcntl.ioctl(control, _SIOCGIFFLAGS, _IFREQ.pack(device.encode(), 0))
                _, flags = _IFREQ.unpack(found)
                fcntl.ioctl(control, _SIOCSIFFLAGS, _IFREQ.pack(device.encode(), flags | _IFF_UP))
            except OSError:
                continue
            return

    thread = threading.Thread(target=lift)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        control.close()


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

    def in_phase(self, end: str) -> None:
        """Wait until `_PHASE` after the next LACPDU of an end, if it sends one each second.

        When in that second something happens decides how long it takes: what is to be compared has
        to happen at the same time.
        """
        start = time.monotonic()
        while time.monotonic() < start + 1.5:
            self.hear()
            spoken = [said.time for said in self._said if said.end == end and said.time > start]
            if spoken:
                time.sleep(max(0.0, spoken[0] + _PHASE - time.monotonic()))
                return
            time.sleep(0.01)

    def until(self, done: Callable[[], bool], seconds: float = 100) -> None:
        until(done, seconds, self.states)

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
        rows["created to both links"] = _created(left.start, ears)
        address(here, left.device, "10.2", "10.1.0.1", 0)
        address(there, right.device, "10.1", "10.1.0.2", FLOWS)
        # Who asks again only each second for an address would be what is measured.
        acquaint(here, left.device, there, right.device, "10.1", FLOWS)
        if fast:
            rows |= _coming_up(here, there, laid, ears)
            rows |= _carrier(here, there, laid, ears)
            rows |= _expiry(laid, ears)
        rows |= _silence(here, there, laid, ears)
    if kind == "lacpd" and fast:
        rows["added to a running one, to both links"] = _added()
    return rows


def _created(create: Callable[[], object], ears: _Ears) -> float:
    begun = time.monotonic()
    create()
    ears.until(ears.both)
    return ears.complete(begun)


def _added() -> float:
    """How fast a lacpd that runs already brings up one more team."""
    with ExitStack() as stack:
        here, there = stack.enter_context(namespaces(2))
        laid = stack.enter_context(cables.cables(here, _LEFT, there, _RIGHT))
        laid.plug()
        right = stack.enter_context(_lacpd(there, _RIGHT, True, "team1"))
        left = stack.enter_context(
            daemon.lacpd(here, _configuration("idle", (), True), start=False)
        )
        teams = left.directory / "teams"
        teams.mkdir()
        left.start("--dataplane", "team", "--config-dir", str(teams))
        right.start()

        def add() -> None:
            (teams / "team0.conf").write_text(_configuration("team0", _LEFT, True))
            left.signal(signal.SIGHUP)

        ears = _Ears(laid, stack)
        with _set_up(here, "team0"):
            return _created(add, ears)


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
        ears.in_phase(cable.ends[1])
        silent = flows.now()
        cable.swallow()
        # Until the flows arrive again, and beyond what the failed link may still cost.
        flows.wait(1)
        flows.until_flowing(seconds=120)
        flows.wait(8)
        ears.in_phase(cable.ends[0])
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
    ears.in_phase(far)
    cable.mute()
    muted = time.monotonic()
    ears.until(lambda: PortState.EXPIRED in ears.states()[near])
    ears.until(lambda: PortState.DISTRIBUTING not in ears.states()[near])
    last = ears.last(far, muted)
    expired = ears.first(near, muted, lambda state: PortState.EXPIRED in state)
    stopped = ears.first(near, muted, lambda state: PortState.DISTRIBUTING not in state)
    ears.in_phase(far)
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
