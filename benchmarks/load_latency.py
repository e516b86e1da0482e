"""How soon a lacpd of 1,000 ports answers to what happens, and how punctual it is meanwhile.

Carriers are lost and LACPDUs bring news, each on a port of its own, at 2, 8 and 1,000 ports; see
`benchmarks/_stirring.py`. LACPDUs of all ports at rest, while some come up, and while the lacpd is
asked for everything that it has to tell, are to leave when they are due.
"""

from __future__ import annotations

import math
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial

from benchmarks._confs import confs
from benchmarks._figures import Absent, Figure, Found, in_full, main
from benchmarks._processes import LACPCTL
from benchmarks._recorded import Recorder, percentile, recorder
from benchmarks._rig import Cables, Lacpd, cabled, lacpd
from benchmarks._stamped import Stamps, stamped
from benchmarks._stirring import Pair, Stirring
from tests.interop.daemon import ROOT

PORTS = 1000
#: How many ports lose their carrier, and how many get news, of 1,000 and of a few.
_MANY, _FEW = 100, 8
#: How many links come and go while the others are to be punctual.
_FLAPPING = 100
#: Where metrics are served, in a namespace of our own.
_HOST, _PORT = "127.0.0.1", 9100
#: Seconds until those are back (aggregate_wait), and some.
WAIT = 3.0
#: Milliseconds that each may take under load, and with a few ports.
CARRIER, NEWS, AT_ONCE = 10.0, 25.0, 2.0
#: Seconds by which a LACPDU may be late (802.1AX, 6.4.13).
LATE = 0.25
#: Seconds of each time in which the punctuality is watched.
_WATCHED = 2.0


@dataclass(slots=True)
class Answers:
    """What came of the disturbances, in seconds."""

    carrier: list[Pair] = field(default_factory=list)
    news: list[Pair] = field(default_factory=list)
    #: Those of which nothing came.
    silent: int = 0


def figures() -> Iterator[Found]:
    punctual = 0.0
    for ports in (2, 8):
        answers, punctual = _few(ports)
        yield from _told(f"{ports} ports", answers, 50, AT_ONCE, AT_ONCE)
    for per_lag in (2, 500) if in_full() else (2,):
        yield from _many(per_lag, punctual)


def _told(load: str, answers: Answers, of: int, carrier: float, news: float) -> Iterator[Found]:
    which = "median" if of == 50 else f"{of}th percentile"
    for what, pairs, named, most in (
        ("carrier lost to decision", answers.carrier, "the kernel's word of it, read", carrier),
        ("LACPDU with news to answer", answers.news, "a frame that is sent back", news),
    ):
        yield Figure(
            f"{load}: {what}, {which} of {len(pairs)}",
            percentile((pair.taken for pair in pairs), of) * 1e3,
            "ms",
            percentile((pair.least for pair in pairs), of) * 1e3,
            named,
            at_most=most,
        )
    if answers.silent:
        yield Absent(load, f"{answers.silent} disturbances on ports that carried nothing")


def _few(ports: int) -> tuple[Answers, float]:
    """All ports in one LAG that waits for nobody; one after the other, and again.

    Returns also by how many seconds the latest LACPDU was late before.
    """
    with ExitStack() as stack:
        cables = stack.enter_context(cabled(ports))
        _, stamps = _daemons(stack, cables, ports, runner={"aggregate_wait": 0})
        heard = stack.enter_context(recorder(cables.right))
        heard.until_distributing(ports)
        stirring = stack.enter_context(closing(Stirring(cables, stamps, heard)))
        heard.afresh(0.0)
        stirring.learn(2.5)
        heard.read()
        late = max(0.0, heard.late())
        answers = Answers()
        for turn in range(_FEW):
            # As few LACPDUs of one port as the limit of the standard allows it.
            heard.listen(max(0.1, 1.3 / ports))
            _note(stirring.carrier(turn % ports), answers.carrier, answers)
            heard.listen(max(0.1, 1.3 / ports))
            _note(stirring.news((turn + ports // 2) % ports), answers.news, answers)
        return answers, late


def _daemons(
    stack: ExitStack,
    cables: Cables,
    per_lag: int,
    *options: str,
    runner: Mapping[str, object] | None = None,
) -> tuple[Lacpd, Stamps]:
    """The lacpd at the left, and the stamps of its dataplane."""
    left, right = (confs(end, cables.count, per_lag, runner) for end in "ab")
    other = stack.enter_context(lacpd(cables.right, right, wait=False))
    daemon = stack.enter_context(stamped(cables.left, left, *options))
    other.until_ready()
    return daemon


def _note(pair: Pair | None, pairs: list[Pair], answers: Answers) -> None:
    if pair is None:
        answers.silent += 1
    else:
        pairs.append(pair)


def _many(per_lag: int, punctual: float) -> Iterator[Found]:
    load = f"{PORTS:,} ports in LAGs of {per_lag}"
    with ExitStack() as stack:
        cables = stack.enter_context(cabled(PORTS))
        cables.left.ip("link set lo up")
        left, stamps = _daemons(stack, cables, per_lag, "--metrics", f"{_HOST}:{_PORT}")
        heard = stack.enter_context(recorder(cables.right))
        if heard.until_distributing(PORTS) == math.inf:
            yield Absent(load, "not all ports came to carry traffic")
            return
        heard.listen(2.0)
        rest = _late(heard, lambda: None)
        yield _punctual(load, "at rest", rest, punctual, "8 ports at rest")
        flapping = frozenset(range(PORTS - _FLAPPING, PORTS))
        for when, do, without in (
            ("`lacpctl show` again and again", partial(_show, left), frozenset[int]()),
            ("scrapes of the metrics", partial(_scrape, cables), frozenset[int]()),
            ("reloads (SIGHUP)", partial(left.popen.send_signal, signal.SIGHUP), frozenset[int]()),
            (f"{_FLAPPING} others flap", partial(_flap, cables, flapping), flapping),
        ):
            yield _punctual(load, when, _late(heard, do, without), rest, "the same at rest")
        heard.listen(WAIT)
        stirring = stack.enter_context(closing(Stirring(cables, stamps, heard)))
        stirring.learn(1.5)
        answers = Answers()
        step = (PORTS - _FLAPPING) // _MANY
        for at in range(0, step * _MANY, step):
            _note(stirring.carrier(at), answers.carrier, answers)
            _note(stirring.news(at + 2), answers.news, answers)
            heard.listen(0.01)
        yield from _told(load, answers, 99, CARRIER, NEWS)


def _punctual(load: str, when: str, late: float, reference: float, named: str) -> Figure:
    what = f"{load}, {when}: latest periodic LACPDU"
    return Figure(what, late * 1e3, "ms", reference * 1e3, named, at_most=LATE * 1e3)


def _late(
    heard: Recorder, do: Callable[[], object], without: frozenset[int] = frozenset()
) -> float:
    """Do something again and again; by how many seconds the latest LACPDU was late meanwhile.

    Those of the ports `without` do not count.
    """
    heard.afresh(0.0)
    end = time.monotonic() + _WATCHED
    while time.monotonic() < end:
        do()
        heard.listen(0.5)
    heard.listen(1.0)
    for at in without:
        heard.ports.pop(f"b{at}", None)
    return heard.late()


def _show(daemon: Lacpd) -> None:
    command = (*LACPCTL, "--run-dir", str(daemon.directory), "show", "--source", "lacpd")
    subprocess.run(command, cwd=ROOT, check=False, capture_output=True)


def _scrape(cables: Cables) -> None:
    with cables.left.entered():
        client = socket.create_connection((_HOST, _PORT), 10)
    with client:
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        while client.recv(1 << 16):
            pass


def _flap(cables: Cables, ports: frozenset[int]) -> None:
    for state in ("down", "up"):
        cables.right.ip_batch([f"link set b{at} {state}" for at in ports])


if __name__ == "__main__":
    main(figures)
