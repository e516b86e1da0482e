"""Which dataplane carries a team: the one that was named, or the best that this machine has."""

from __future__ import annotations

import importlib
import logging

from lacp.dataplane.base import Dataplane, Setup, SpeaksLacp
from lacp.errors import BackendError, UsageError

log = logging.getLogger(__name__)

#: Where each is; imported when it is wanted, because most processes want one.
_PLANES = {
    "none": ("lacp.dataplane.none", "NoDataplane"),
    "memory": ("lacp.dataplane.memory", "MemoryDataplane"),
    "team": ("lacp.dataplane.team.plane", "TeamDataplane"),
    "bond": ("lacp.dataplane.bond.plane", "BondDataplane"),
    "tap": ("lacp.dataplane.tap.plane", "TapDataplane"),
}
#: What `auto` tries. Those that move no frames are for who asks for them: a team that carries
#: nothing is worse than an error.
_BEST_FIRST = ("team", "bond", "tap")


def make(name: str) -> Dataplane:
    """A dataplane by its name in a configuration. Raises UsageError for a name that is none."""
    if name not in _PLANES:
        raise UsageError(f"no dataplane {name}, there are {', '.join(_PLANES)}")
    module, kind = _PLANES[name]
    made: Dataplane = getattr(importlib.import_module(module), kind)()
    return made


def choose(name: str, setup: Setup) -> Dataplane:
    """The dataplane `name` for `setup`, or for ``auto`` the first that can carry it.

    Raises BackendError, with every reason, when there is none.
    """
    if name != "auto":
        plane = make(name)
        reason = _refusal(plane, setup)
        if reason is not None:
            others = [one for one in _BEST_FIRST if one != name and not _refusal(make(one), setup)]
            hint = f"; dataplane {' or '.join(others)} can" if others else ""
            raise BackendError(f"{setup.device}: dataplane {name} cannot be used: {reason}{hint}")
        return plane
    reasons = []
    for candidate in _BEST_FIRST:
        plane = make(candidate)
        reason = _refusal(plane, setup)
        if reason is None:
            log.info("%s: using dataplane %s", setup.device, candidate)
            return plane
        log.info("%s: not using dataplane %s: %s", setup.device, candidate, reason)
        reasons.append(f"{candidate}: {reason}")
    said = "; ".join(reasons) or "this machine has none"
    raise BackendError(f"{setup.device}: no dataplane can carry runner {setup.runner}: {said}")


def _refusal(plane: Dataplane, setup: Setup) -> str | None:
    if setup.driver_lacp is not None and not isinstance(plane, SpeaksLacp):
        return 'it has no driver that speaks LACP (runner.lacp_by is "driver")'
    return plane.refusal(setup)
