"""What is wrong with a LAG: how it is known, what to do, and at which end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from lacp.picture.model import LagView, counted


class Where(StrEnum):
    """Where to put things right."""

    HERE = "here"
    PARTNER = "at the partner"
    EITHER = "at either end"
    LINK = "on the link between"


class Gravity(StrEnum):
    """How much it matters."""

    #: It keeps a port, or the LAG, from carrying traffic.
    FAULT = "fault"
    #: Traffic passes, but not as it should, or not for long.
    ODDITY = "oddity"
    #: As it was asked for, and worth knowing: a port that stands by.
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, or odd."""

    #: Its name for scripts, in snake_case: never_heard, key_mismatch.
    code: str
    #: None when it is about the LAG as a whole.
    port: str | None = None
    gravity: Gravity = Gravity.FAULT
    #: One line: what is wrong. It stands in `problems`.
    said: str
    #: How that is known: a sentence for each fact, with what was seen and, where it helps, where.
    evidence: tuple[str, ...] = ()
    #: What to do, in the imperative; several where the first may not help.
    remedy: tuple[str, ...] = ()
    where: Where = Where.HERE


def with_problems(lag: LagView, findings: Iterable[Finding]) -> LagView:
    """The LAG with the findings as its `problems`, a line each, and counted.

    What is worth a note of something that works is left to `lacpctl explain`.
    """
    said = problems(lag, findings)
    if not said and not lag.problems and not any(port.problems for port in lag.ports):
        # So it is with most of hundreds, and making them anew takes its time.
        return counted(lag)
    ports = tuple(
        replace(port, problems=tuple(said.get(port.name, ())))
        if port.problems or port.name in said
        else port
        for port in lag.ports
    )
    return counted(lag, ports=ports, problems=tuple(said.get(None, ())))


def problems(lag: LagView, findings: Iterable[Finding]) -> dict[str | None, list[str]]:
    """What of the findings stands in `problems` of each port, and under None of the LAG."""
    idle = {port.name for port in lag.ports if not port.distributing}
    said: dict[str | None, list[str]] = {}
    for each in findings:
        if each.gravity is not Gravity.NOTE or each.port in idle:
            said.setdefault(each.port, []).append(each.said)
    return said
