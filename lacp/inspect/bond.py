"""Bonds of the kernel's driver, in every mode: rtnetlink, and /proc/net/bonding for the rest.

Both tell of the network namespace in which the thread is.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from lacp.errors import BackendError
from lacp.inspect.bond_view import lag_view
from lacp.inspect.devices import Device, Devices, PortFacts
from lacp.inspect.netns import netns_inode
from lacp.inspect.survey import Places
from lacp.netlink import bond_proc
from lacp.netlink.bond import KIND, LACP, MODE
from lacp.netlink.codec import number
from lacp.picture.model import LagView

#: How often a bond is read whose ports change meanwhile.
_ATTEMPTS = 3


def read(_: Places, deadline: float) -> Iterator[LagView | str]:
    """The bonds of this namespace until `deadline`, of `time.monotonic`, and what is wrong."""
    netns = netns_inode()
    try:
        with Devices(deadline) as devices:
            for bond in devices.of_kind(KIND):
                yield from _in_time(devices, bond, netns, deadline)
    except BackendError as error:
        yield f"kernel bonds: {error}"


def _in_time(
    devices: Devices, bond: Device, netns: int | None, deadline: float
) -> Iterator[LagView | str]:
    """One bond; whatever is wrong with it keeps no other one from being read."""
    if time.monotonic() >= deadline:
        yield f"{bond.name}: no time was left to read it"
        return
    try:
        yield from _read(devices, bond, netns)
    except BackendError as error:
        yield f"{bond.name}: {error}"


def _read(devices: Devices, bond: Device, netns: int | None) -> Iterator[LagView | str]:
    """One bond, with a line for what is missing of it."""
    missing: set[str] = set()
    shown: bond_proc.ProcBond | None = None
    for _ in range(_ATTEMPTS):
        now = devices.at(bond.index)
        if now is None:
            yield f"{bond.name}: went away while it was read"
            return
        bond, ports = now, devices.below(bond.index)
        text = bond_proc.read(bond.name)
        shown = None if text is None else bond_proc.parse(text)
        # A port may have come or gone between the one and the other.
        missing = {port.name for port in ports} - (shown.ports.keys() if shown else set())
        if shown is not None and not missing and shown.whole:
            break
    if shown is not None and (missing or not shown.whole):
        about = f": it says nothing of {', '.join(sorted(missing))}" if missing else ""
        yield f"{bond.name}: {bond_proc.path(bond.name)} is cut short{about}"
    # Only of LACP does the driver count anything.
    counts = number(bond.driver.get(MODE)) == LACP
    facts = [
        PortFacts(port, devices.link(port), devices.statistics(port.index) if counts else {})
        for port in ports
    ]
    yield lag_view(bond, facts, shown, netns)
