"""What is wrong with a LAG and with each of its ports: nearest cause first, consequences left out.

    for finding in diagnose(lag):
        print(finding.port, finding.said, finding.evidence, finding.remedy, finding.where)

The rules stand in modules by theme, and in their order in `table`; docs/explain.md tells of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from lacp.picture.explain.frames import churned
from lacp.picture.explain.limits import shared_key
from lacp.picture.explain.seen import Seen
from lacp.picture.explain.table import (
    ODDITIES,
    OF_LAG,
    WITH_LACP,
    WITHOUT_LACP,
    Group,
    PortRule,
)
from lacp.picture.findings import Finding, Gravity
from lacp.picture.model import LagView, PortView, SystemId


def diagnose(lag: LagView) -> list[Finding]:
    """All findings of a LAG: those of the LAG first, then port by port. Never raises."""
    return [finding for some in diagnosing(lag) for finding in some]


def diagnosing(lag: LagView) -> Iterator[list[Finding]]:
    """The same in pieces: those of the LAG, then those of each port, be there any or not."""
    seen = Seen(lag)
    yield [finding for rule in OF_LAG if (finding := rule(seen)) is not None]
    groups = WITH_LACP if seen.lacp else WITHOUT_LACP
    down = lag.admin_up is False
    for port in lag.ports:
        # Below a device that is down only what is wrong by itself is told.
        found = list(_causes(port, seen, groups[:1] if down else groups))
        if not down:
            found += _oddities(port, seen)
        yield found


def among(lags: Sequence[LagView]) -> list[tuple[Finding, ...]]:
    """What is odd about LAGs of one host beside each other; one tuple for each, in their order."""
    alike: dict[SystemId, list[LagView]] = {}
    for lag in lags:
        if lag.actor is not None and lag.actor.known and lag.actor.key is not None:
            alike.setdefault(lag.actor, []).append(lag)
    found: list[tuple[Finding, ...]] = []
    for lag in lags:
        its = () if lag.actor is None else alike.get(lag.actor, ())
        # One of the others is enough to know of.
        other = next((each for each in its if each is not lag), None)
        found.append(() if other is None else (shared_key(lag, other),))
    return found


def diagnosed(lags: Sequence[LagView]) -> Iterator[tuple[LagView, tuple[Finding, ...]]]:
    """Each of the LAGs of one host with all its findings, those beside the others last."""
    for lag, beside in zip(lags, among(lags), strict=True):
        yield lag, (*diagnose(lag), *beside)


def _causes(port: PortView, seen: Seen, groups: Sequence[Group]) -> Iterator[Finding]:
    for rules, last in groups:
        finding = _first(rules, port, seen)
        if finding is None:
            continue
        # That an end is out of sync for long is a consequence, and tells since when.
        since = churned(port) if last and finding.gravity is Gravity.FAULT else ()
        new = since and finding.code != "churn"
        yield replace(finding, evidence=(*finding.evidence, *since)) if new else finding
        if last:
            return


def _first(rules: Sequence[PortRule], port: PortView, seen: Seen) -> Finding | None:
    for rule in rules:
        finding = rule(port, seen)
        if finding is not None:
            return finding
    return None


def _oddities(port: PortView, seen: Seen) -> Iterator[Finding]:
    for rule in ODDITIES:
        finding = rule(port, seen)
        if finding is not None:
            yield finding
