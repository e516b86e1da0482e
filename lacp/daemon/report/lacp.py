"""What a runner that speaks LACP adds to the picture of a LAG and its ports."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lacp.picture.model import Change, LagView
from lacp.protocol import view
from lacp.runners.lacp import LacpRunner

if TYPE_CHECKING:
    from lacp.daemon.team.team import Team


class Spoken(view.Spoken, total=False):
    """The members of `PortView` that the runner makes."""

    held_for: float | None
    refusal: str | None
    timers: dict[str, float | None] | None
    history: tuple[Change, ...] | None


def as_spoken(lag: LagView, runner: LacpRunner, system_known: bool) -> LagView:
    """The LAG with both its ends and what it goes by."""
    spoken = view.with_lacp(
        lag, runner.config, runner.ports.values(), runner.aggregator, system_known=system_known
    )
    return replace(spoken, looped=runner.looped)


def spoken(team: Team, runner: LacpRunner, name: str, now: float, verbose: bool) -> Spoken:
    """A port as its machines have it, and as the runner keeps it out."""
    port, free_at = runner.ports[name], runner.free_at(name)
    return {
        **view.spoken(port, now, system_known=team.system_known),
        "held_for": None if free_at is None else round(max(0.0, free_at - now), 3),
        "refusal": team.members[name].refusal if port.retry_at > now else None,
        "timers": view.timers(port, now) if verbose else None,
        "history": view.history(port, team.clock.text) if verbose else None,
    }
