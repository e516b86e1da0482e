"""How a daemon was asked to run: what the command line says beside the configurations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lacp import rundir

if TYPE_CHECKING:
    from lacp.daemon.metrics.address import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What holds for all teams of one process; the names of teamd's options stand beside."""

    #: Own sockets, locks, PID and state files.
    run_dir: str
    #: Sockets and PID files as teamd's clients look for them.
    teamd_run_dir: str = rundir.TEAMD
    #: One of DATAPLANES, instead of what the configurations say; None leaves it to them, and to
    #: ``auto`` where they say nothing.
    dataplane: str | None = None
    #: PID file of the only team; None is the usual place (``-p``).
    pid_file: str | None = None
    #: Use a device of the team's name that exists (``-o``).
    take_over: bool = False
    #: Remove a device of the team's name that exists, first (``-r``).
    recreate: bool = False
    #: Leave the device and its ports as they are at the end (``-N``).
    keep: bool = False
    #: Start without the ports of the configuration (``-n``).
    no_ports: bool = False
    #: Offer teamd's socket protocol (``-U``).
    usock: bool = True
    #: Offer teamd's D-Bus interface (``-D``).
    dbus: bool = False
    #: Whether the process went into the background (``-d``).
    daemonized: bool = False
    #: How often ``-g`` was given.
    debug_level: int = 0
    #: Where metrics are served (``--metrics``); None is nowhere.
    metrics: Address | None = None
