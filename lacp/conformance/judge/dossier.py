"""What is kept of each actor: who it is, what is checked of it, and its timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lacp.conformance.judge.actor import Actor
from lacp.conformance.judge.echo import Echo
from lacp.conformance.judge.ledger import Ledger
from lacp.conformance.judge.marking import Marking
from lacp.conformance.judge.muxing import Muxing
from lacp.conformance.judge.periodic import Periodic
from lacp.conformance.judge.receiving import Receiving
from lacp.conformance.judge.report import TimelineEntry
from lacp.conformance.judge.seen import Identity
from lacp.conformance.judge.sending import Answers, Limit
from lacp.conformance.judge.steady import Steady
from lacp.protocol.edition import Edition


@dataclass(slots=True)
class Dossier:
    """One actor and what is checked of it."""

    actor: Actor
    ledger: Ledger
    echo: Echo
    receiving: Receiving
    muxing: Muxing
    periodic: Periodic
    limit: Limit
    answers: Answers
    marking: Marking
    timeline: list[TimelineEntry] = field(default_factory=list)
    #: LACPDUs against whose form there is nothing to say.
    flawless: int = 0


@dataclass(slots=True)
class Station:
    """A source address: who last sent from it, and what it sends."""

    actor: Actor | None = None
    steady: Steady | None = None


def open_dossier(
    actor: Actor, ledger: Ledger, actors: Mapping[Identity, Actor], edition: Edition
) -> Dossier:
    """The dossier of an actor that was not seen before."""
    periodic = Periodic(ledger)
    return Dossier(
        actor,
        ledger,
        Echo(ledger, actors),
        Receiving(ledger),
        Muxing(ledger),
        periodic,
        Limit(ledger, edition),
        Answers(ledger, periodic),
        Marking(ledger),
    )
