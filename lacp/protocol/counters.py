"""Counters and debug values of a port, under the names of IEEE8023-LAG-MIB (7.3.3, 7.3.4)."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(slots=True)
class Counters:
    """dot3adAggPortStatsTable, the counting part of dot3adAggPortDebugTable, and what was lost."""

    lacpdus_rx: int = 0
    marker_pdus_rx: int = 0
    marker_response_pdus_rx: int = 0
    #: Slow-protocol frames of a protocol that is not ours (1.5).
    unknown_rx: int = 0
    #: Slow-protocol frames that are badly formed.
    illegal_rx: int = 0
    lacpdus_tx: int = 0
    marker_pdus_tx: int = 0
    marker_response_pdus_tx: int = 0
    actor_churn_count: int = 0
    partner_churn_count: int = 0
    actor_sync_transition_count: int = 0
    partner_sync_transition_count: int = 0
    actor_change_count: int = 0
    partner_change_count: int = 0
    #: Received while the port was down or LACP was disabled on it.
    dropped_rx: int = 0
    #: Handed to the interface, which refused; not counted as sent.
    tx_errors: int = 0
    #: Markers left unanswered because answering would exceed the slow-protocol rate.
    markers_limited: int = 0

    def reset(self) -> None:
        """Set all to zero."""
        for each in fields(self):
            setattr(self, each.name, 0)
