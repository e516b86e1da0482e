"""Configurations of many teams at the fast rate."""

from __future__ import annotations

import json
from collections.abc import Mapping


def conf(team: str, ports: list[str], system: str, runner: Mapping[str, object]) -> str:
    """The teamd.conf of one team; `runner` has what differs."""
    options = {"name": "lacp", "fast_rate": True, "system": system, **runner}
    return json.dumps({"device": team, "runner": options, "ports": {port: {} for port in ports}})


def confs(
    end: str,
    count: int,
    per_lag: int,
    runner: Mapping[str, object] | None = None,
    *,
    team: str = "t",
) -> dict[str, str]:
    """Those of the end `a` or `b` of so many cables, by team: t0 of the first `per_lag`, ..."""
    side = "ab".index(end)
    return {
        f"{team}{at}": conf(
            f"{team}{at}",
            [f"{end}{port}" for port in range(first, min(first + per_lag, count))],
            f"02:00:00:0{side}:{at >> 8:02x}:{at & 255:02x}",
            runner or {},
        )
        for at, first in enumerate(range(0, count, per_lag))
    }
