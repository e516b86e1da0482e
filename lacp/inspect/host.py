"""The LAGs of this host for programs: what they are, and what happens to them.

    host = Host()
    print(host.lag("bond0").mode)
    for change in host.changes():
        print(change)

Everything is typed: `lacp.picture.model.LagView` and `lacp.picture.events.Event`. It works for
every LAG that lacpctl knows, whoever made it, and without root as far as the kernel allows.
"""

from __future__ import annotations

from lacp import rundir
from lacp.errors import BackendError, LacpError
from lacp.inspect.monitor.base import INTERVAL
from lacp.inspect.monitor.changes import Changes
from lacp.inspect.survey import PATIENCE, Places, Seen, survey
from lacp.picture.model import LagView


class NoSuchLagError(LacpError):
    """There is no LAG of this name; the message says which there are, and what was not seen."""


class Host:
    """What can be asked of a host: each question is answered with what is so now."""

    def __init__(self, places: Places | None = None, patience: float = PATIENCE) -> None:
        """`places` says where to look, by default everywhere, and for lacpd where the environment
        says (LACPD_RUN_DIR); `patience` is in seconds."""
        if places is None:
            places = Places(run_dir=rundir.of_lacpd())
        self._places = places
        self._patience = patience

    def look(self) -> Seen:
        """All LAGs, and a line for each source that could not be asked."""
        return survey(self._places, self._patience)

    def lags(self) -> list[LagView]:
        """All LAGs.

        Raises BackendError when a source could not be asked, since some may be missing then;
        `look` gives the rest.
        """
        seen = self.look()
        if seen.complaints:
            raise BackendError("; ".join(seen.complaints))
        return seen.lags

    def lag(self, name: str) -> LagView:
        """The LAG of this name: its mode, its state, its ports. Raises NoSuchLagError."""
        seen = self.look()
        for lag in seen.lags:
            if lag.name == name:
                return lag
        there = ", ".join(lag.name for lag in seen.lags) or "none"
        unseen = "".join(f"; {line}" for line in seen.complaints)
        raise NoSuchLagError(f"no LAG {name}, there is {there}{unseen}")

    def changes(self, *, interval: float = INTERVAL) -> Changes:
        """What happens from now on, an Event each: to iterate over, or for a loop of one's own.

        Comes back when every source has said what there is, so that whoever looks at the host
        after this call misses nothing in between. `interval` is in seconds, between two looks at
        what nobody announces. Raises BackendError when nothing can be heard.
        """
        changes = Changes(self._places, interval=interval)
        try:
            return changes.begin(self._patience)
        except BaseException:
            changes.close()
            raise
