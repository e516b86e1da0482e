"""Every LAG of the host, whoever made it, as one picture.

    seen = survey(Places())
    print([lag.name for lag in seen.lags], seen.complaints)

Each source is read by a module of its own and in a thread of its own: one that hangs, lies or sends
without an end costs a line in `complaints`, and no other source anything.
"""

from __future__ import annotations

import importlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lacp import rundir
from lacp.errors import LacpError
from lacp.picture.model import LagView

#: Seconds in which a source has to say what it knows.
PATIENCE = 0.9
#: So many times that has who may have hundreds of LAGs on a machine that is busy: the kernel, which
#: does not wait for nothing, and lacpd, as long as it goes on answering.
BUSY_PATIENCE = 5
#: Seconds more for what a reader does beside waiting.
_GRACE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where to look."""

    #: Only these sources; None for every one.
    sources: frozenset[str] | None = None
    run_dir: str = rundir.LACPD
    #: One control socket of lacpd, instead of those in `run_dir`.
    socket: str | None = None
    teamd_run_dir: str = rundir.TEAMD
    #: The programs of Open vSwitch heed the same variable.
    ovs_run_dir: str = field(
        default_factory=lambda: os.environ.get("OVS_RUNDIR", "/var/run/openvswitch")
    )
    #: Timers and history as well, where a source has them.
    verbose: bool = False


@dataclass(slots=True)
class Seen:
    """What was found."""

    lags: list[LagView] = field(default_factory=list)
    #: A line for each source, or LAG of one, that could not be read.
    complaints: list[str] = field(default_factory=list)


#: What a reader yields: LAGs, and a line of complaint for what could not be read.
Reader = Callable[[Places, float], Iterator[LagView | str]]

#: The sources, in the order in which the one that knows more about a LAG goes before the others:
#: module and function. A module is imported only when its source is asked.
READERS: dict[str, tuple[str, str]] = {
    "lacpd": ("lacp.inspect.lacpd", "read"),
    "team": ("lacp.inspect.team", "read"),
    "bond": ("lacp.inspect.bond", "read"),
    "ovs": ("lacp.inspect.ovs", "read"),
}
_BUSY = frozenset({"lacpd", "team", "bond"})


#: Sources that did not end in time when they were asked, and the threads that still ask them: what
#: hangs for ever must not take a thread more at each look.
_HANGING: dict[tuple[str, Places], threading.Thread] = {}

#: What is there whenever the kernel's bonding driver is loaded, in each network namespace.
_BONDING = "/proc/thread-self/net/bonding"


def survey(places: Places, patience: float = PATIENCE) -> Seen:
    """Ask every source at once. Never raises: what cannot be read is told in `complaints`."""
    start = time.monotonic()
    wanted = [name for name in READERS if places.sources is None or name in places.sources]
    limits = {name: patience * (BUSY_PATIENCE if name in _BUSY else 1) for name in wanted}
    answers = {name: Seen() for name in wanted}
    threads = {
        name: threading.Thread(
            target=_ask,
            args=(name, places, limits[name], answers[name]),
            daemon=True,
            name=name,
        )
        for name in wanted
    }
    for name, thread in threads.items():
        if not _hangs(name, places):
            thread.start()
    seen = Seen()
    for name, thread in threads.items():
        if thread.ident is None:
            seen.complaints.append(f"{name}: still no answer to the question before")
            continue
        thread.join(max(0.0, start + limits[name] + _GRACE - time.monotonic()))
        answer = answers[name]
        seen.complaints += answer.complaints
        if thread.is_alive():
            _HANGING[name, places] = thread
            seen.complaints.append(f"{name}: no answer within {limits[name]:g} s")
        _add(seen.lags, answer.lags)
    return seen


def _hangs(name: str, places: Places) -> bool:
    """Whether the source still has not answered what it was asked before."""
    thread = _HANGING.get((name, places))
    if thread is not None and not thread.is_alive():
        _HANGING.pop((name, places), None)
        return False
    return thread is not None


def _absent(name: str, places: Places) -> bool:
    """Whether it is seen at a glance that a source has nothing: its reader costs time to import."""
    if name == "ovs":
        path = places.ovs_run_dir
    elif name == "bond" and os.path.isdir(os.path.dirname(_BONDING)):
        path = _BONDING
    else:
        return False
    try:
        os.stat(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def _ask(name: str, places: Places, limit: float, answer: Seen) -> None:
    if _absent(name, places):
        return
    module, function = READERS[name]
    try:
        reader: Reader = getattr(importlib.import_module(module), function)
        # A busy machine takes its time to import.
        for found in reader(places, time.monotonic() + limit):
            if isinstance(found, LagView):
                answer.lags.append(found)
            else:
                answer.complaints.append(found)
    except LacpError as error:
        answer.complaints.append(str(error))


def _add(lags: list[LagView], found: list[LagView]) -> None:
    """Add what is not the device of a LAG that is there already: lacpd knows more of its own."""
    known = {(lag.name, lag.ifindex, lag.netns) for lag in lags}
    lags += [lag for lag in found if (lag.name, lag.ifindex, lag.netns) not in known]
