"""Which events are good news and which are bad, from their documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Machines whose every move is of interest only to who asks for everything.
QUIET = frozenset({"periodic", "actor_churn", "partner_churn"})


def style(event: Mapping[str, Any]) -> str:
    """Whether the event is good or bad news; empty when it is neither."""
    match event.get("event"):
        case "state_changed":
            return _STATES.get(str(event.get("new")), "")
        case "link_changed":
            return "" if (event.get("link") or {}).get("up") else "bad"
        case "port_enabled" | "mux_changed":
            return "good" if event.get("distributing") else "warn"
        case "carrier_changed":
            return "good" if event.get("up") else "bad"
        case "frame_dropped" | "overrun":
            return "warn"
        case _:
            return ""


_STATES = {
    "DISTRIBUTING": "good",
    "COLLECTING_DISTRIBUTING": "good",
    "EXPIRED": "warn",
    "STANDBY": "warn",
    "UNSELECTED": "warn",
    "DEFAULTED": "bad",
    "ACTOR_CHURN": "bad",
    "PARTNER_CHURN": "bad",
}
