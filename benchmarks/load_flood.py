"""A flood of slow-protocol frames on one port, or two, of a lacpd of 1,000.

What 50,000 frames a second of each kind cost, whether any other port notices, and how soon the
flooded one is back. No other port is to miss a LACPDU: what the kernel delivered to all of them is
counted by a socket of our own, and compared with what lacpd counts.
"""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

from benchmarks._figures import Absent, Figure, Found, in_full, main
from benchmarks._recorded import Recorder, recorder
from benchmarks._rig import Cables, Lacpd, cabled, lacpds
from lacp.info import PORT_STATES, PortState
from lacp.inspect import lacpd as client
from lacp.wire.lacpdu import Lacpdu
from lacp.wire.marker import Marker
from tests.interop.daemon import ROOT

PORTS, RATE = 1000, 50_000
#: Seconds of each flood, and those in which a flooded port is to be back.
FLOOD, BACK = 2.0, 5.0
#: Seconds by which a LACPDU of another port may be late.
LATE = 0.25
_HEADER = 14
_MTU = 9000


@dataclass(frozen=True, slots=True)
class Flood:
    """What came of one."""

    kind: str
    #: Frames a second, on each flooded port.
    rate: float
    #: Of the lacpd: seconds of CPU time a second.
    cpu: float
    #: How many other ports told that they did not hear their partner, and by how many seconds the
    #: latest of their LACPDUs was late.
    expired: int
    late: float
    #: Seconds from the end of it until the flooded ports carried traffic again.
    back: float
    #: Whether the other port of each flooded LAG carried traffic throughout.
    kept: bool


def figures() -> Iterator[Found]:
    with ExitStack() as stack:
        cables = stack.enter_context(cabled(PORTS))
        for namespace, end in ((cables.left, "a"), (cables.right, "b")):
            namespace.ip_batch([f"link set {end}{at} mtu {_MTU}" for at in (0, 2)])
        left, _ = stack.enter_context(lacpds(cables))
        of_left = stack.enter_context(recorder(cables.right))
        if of_left.until_distributing(PORTS) == math.inf:
            yield Absent("floods", "not all ports came to carry traffic")
            return
        of_left.listen(3.0)
        rest = left.spent(2.0)
        of_right = stack.enter_context(recorder(cables.left, deaf=("a0", "a2")))
        received = _received(left)
        of_right.afresh(0.0)
        floods = [
            _flood(cables, left, of_left, kind, frames, ports)
            for kind, frames, ports in _kinds(cables)
        ]
        of_right.read()
        missed = _missed(received, _received(left), of_right)
        yield from _told(floods, rest, missed, left)


def _kinds(cables: Cables) -> Iterator[tuple[str, list[bytes], tuple[int, ...]]]:
    """What the floods are of, the frames, and the ports that they come to."""
    frame = _partners(cables)
    header, pdu = frame[:_HEADER], Lacpdu.decode(frame[_HEADER:])
    stranger = replace(pdu.actor, system=type(pdu.actor.system).parse("02:00:00:00:00:99"))
    out_of_sync = replace(
        pdu.actor, state=PORT_STATES[pdu.actor.state & ~PortState.SYNCHRONIZATION]
    )
    another = header + replace(pdu, actor=stranger).encode()
    changed = header + replace(pdu, actor=out_of_sync).encode()
    marker = Marker(1, pdu.actor.system, 1).encode()
    yield "LACPDUs cut short", [frame[:40]], (0,)
    yield "Marker PDUs", [header + marker], (0,)
    yield "LACPDUs of its partner that change", [changed, frame], (0,)
    yield "LACPDUs of two systems in turn", [another, frame], (0,)
    yield "LACPDUs of another system, on two ports", [another], (0, 2)
    yield "jumbo frames", [header + b"\x01\x01" + bytes(_MTU - 2)], (0,)
    if in_full():
        yield "LACPDUs of another system", [another], (0,)
        yield "an unknown subtype", [header + b"\x55" + bytes(109)], (0,)
        yield "VLAN-tagged LACPDUs", [header[:12] + b"\x81\x00\x00\x07" + frame[12:]], (0,)


def _partners(cables: Cables) -> bytes:
    """What the partner of the first port says when all is well."""
    with cables.left.wire("a0") as wire:
        while True:
            frame = wire.recv(2048)
            if frame[12:15] == b"\x88\x09\x01":
                return frame


def _flood(
    cables: Cables,
    left: Lacpd,
    heard: Recorder,
    kind: str,
    frames: list[bytes],
    ports: tuple[int, ...],
) -> Flood:
    far = [f"b{port}" for port in ports]
    heard.afresh(0.0)
    spent = left.cpu()
    flooding = subprocess.Popen(
        cables.right.command(
            "setpriv",
            "--pdeathsig",
            "KILL",
            *(sys.executable, "-m", "benchmarks._flooding", str(RATE), str(FLOOD), *far),
        ),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert flooding.stdin is not None
        assert flooding.stdout is not None
        flooding.stdin.write("\n".join(frame.hex() for frame in frames))
        flooding.stdin.close()
        start = time.monotonic()
        while flooding.poll() is None:
            heard.listen(0.1)
        rate = float(flooding.stdout.read())
        cpu = (left.cpu() - spent) / (time.monotonic() - start)
    finally:
        flooding.kill()
        flooding.wait()
    ended, patience = time.time(), time.monotonic() + 4 * BACK
    heard.listen(1.2)
    others = {name: sender for name, sender in heard.ports.items() if name not in far}
    late = max(max(it.gap, time.time() - it.last) for it in others.values()) - 1.0
    expired = sum(it.lost > 0 for it in others.values())
    beside = [f"b{port + 1}" for port in ports]
    kept = all(heard.stops_since(name, 0.0) == math.inf for name in beside)
    while not all(heard.ports[name].carries for name in far) and time.monotonic() < patience:
        heard.listen(0.1)
    back = max(_back(heard, name, ended) for name in far)
    return Flood(kind, rate, cpu, expired, late, back, kept)


def _back(heard: Recorder, port: str, ended: float) -> float:
    """How long after the flood the port carried traffic again for good; 0 if it never stopped."""
    spoken = heard.spoken[port]
    since = math.inf
    for at, carries in zip(spoken.times, spoken.carries, strict=True):
        if not carries:
            since = math.inf
        elif since == math.inf:
            since = at
    return max(0.0, since - ended)


def _received(daemon: Lacpd) -> dict[str, int]:
    """The LACPDUs that lacpd has received, by port."""
    return {
        port: counters["lacpdus_rx"]
        for path in client.sockets(daemon.directory)
        for port, counters in client.ask(path, "counters")["counters"].items()
    }


def _missed(before: dict[str, int], after: dict[str, int], heard: Recorder) -> int:
    """How many LACPDUs lacpd missed on all ports that the recorder heard.

    Those that came while it was asked are one on each port at the most, and do not count.
    """
    missed = 0
    for port, spoken in heard.spoken.items():
        missed += max(0, len(spoken.times) - (after[port] - before[port]) - 1)
    return missed


def _told(floods: list[Flood], rest: float, missed: int, left: Lacpd) -> Iterator[Found]:
    load = f"{PORTS:,} ports, {min(flood.rate for flood in floods):,.0f} frames a second on one"
    for flood in floods:
        yield Figure(
            f"{load}: {flood.kind}: CPU of lacpd",
            flood.cpu * 100,
            "% of a core",
            rest * 100,
            "at rest",
        )
    latest = max(floods, key=lambda flood: flood.late)
    slowest = max(floods, key=lambda flood: flood.back)
    dropped = left.log.read_text().count("overrun: ")
    yield Figure(f"{load}: LACPDUs missed on all others", missed, "LACPDUs", None, "", at_most=0)
    yield Figure(
        f"{load}: lines of the log on an overrun of the socket", dropped, "", None, "", at_most=0
    )
    yield Figure(
        f"{load}: other ports that expired",
        sum(flood.expired for flood in floods),
        "ports",
        None,
        "",
        at_most=0,
    )
    yield Figure(
        f"{load}: latest LACPDU of any other port ({latest.kind})",
        latest.late * 1e3,
        "ms",
        None,
        "",
        at_most=LATE * 1e3,
    )
    # A system that is new on one port may get the LAG, by the policy: that is no matter of floods.
    lost = [flood for flood in floods if not flood.kept and "system" not in flood.kind]
    yield Figure(
        f"{load}: LAGs that stopped because one of their ports was flooded",
        len(lost),
        "LAGs",
        None,
        "",
        at_most=0,
    )
    yield Figure(
        f"{load}: until the flooded port carries traffic again ({slowest.kind})",
        slowest.back,
        "s",
        2.0,
        "aggregate_wait",
        at_most=BACK,
    )


if __name__ == "__main__":
    main(figures)
