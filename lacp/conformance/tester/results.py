"""What came of a run, as plain values with a JSON shape; the writers are in `conformance.report`.

`RunReport.to_json` gives a document of plain dictionaries and lists, and `RunReport.from_json`
reads it back, so that several runs can be put side by side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from lacp.conformance.verdict import Verdict
from lacp.errors import ConfigError

VERSION = 1

#: What weighs more comes first: the verdict of a case is that of its weightiest remark.
WEIGHT = (Verdict.FAIL, Verdict.WARN, Verdict.INFO)


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that a case has to say."""

    verdict: Verdict
    #: Seconds since the case began.
    time: float
    #: One sentence: what was seen, what was expected and why.
    text: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One frame of the evidence."""

    #: Seconds since the case began.
    time: float
    link: int
    #: The tester sent it; False: the device did.
    ours: bool
    summary: str
    octets: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one case. What the case is, is repeated here, so that a file is complete."""

    case: str
    title: str
    clause: str
    expected: str
    #: Where the case comes from, in words.
    source: str
    #: PASS, FAIL, WARN, INFO or SKIP.
    verdict: Verdict
    remarks: tuple[Remark, ...] = ()
    #: When it began, on the bench's clock, and how many seconds it took.
    started: float = 0.0
    duration: float = 0.0
    #: Why a failure was expected of this device; the verdict is then WARN.
    waiver: str | None = None
    #: The evidence in the order of time; a case that passed keeps none.
    frames: tuple[Exchange, ...] = ()
    #: How many between the first and the last of them were left out.
    left_out: int = 0

    @property
    def reason(self) -> str:
        """The remark that decided, or the first; empty when there is none."""
        decisive = self.verdict if self.waiver is None else Verdict.FAIL
        for remark in self.remarks:
            if remark.verdict is decisive:
                return remark.text
        return self.remarks[0].text if self.remarks else ""

    def to_json(self) -> dict[str, Any]:
        """A dictionary of plain values; octets are hexadecimal."""
        return {
            "case": self.case,
            "title": self.title,
            "clause": self.clause,
            "expected": self.expected,
            "source": self.source,
            "verdict": self.verdict.value,
            "started": round(self.started, 6),
            "duration": round(self.duration, 6),
            "waiver": self.waiver,
            "remarks": [
                {"verdict": it.verdict.value, "time": round(it.time, 6), "text": it.text}
                for it in self.remarks
            ],
            "frames": [
                {
                    "time": round(it.time, 6),
                    "link": it.link,
                    "ours": it.ours,
                    "summary": it.summary,
                    "octets": it.octets.hex(),
                }
                for it in self.frames
            ],
            "left_out": self.left_out,
        }

    @classmethod
    def from_json(cls, table: Mapping[str, Any]) -> Self:
        """The reverse of `to_json`. Raises KeyError, ValueError or TypeError."""
        plain = {name: table[name] for name in _PLAIN}
        return cls(
            **plain,
            verdict=Verdict(table["verdict"]),
            remarks=tuple(
                Remark(Verdict(it["verdict"]), float(it["time"]), str(it["text"]))
                for it in table["remarks"]
            ),
            frames=tuple(
                Exchange(
                    float(it["time"]),
                    int(it["link"]),
                    bool(it["ours"]),
                    str(it["summary"]),
                    bytes.fromhex(it["octets"]),
                )
                for it in table["frames"]
            ),
        )


#: Fields of an Outcome that are the same in JSON.
_PLAIN = (
    "case", "title", "clause", "expected", "source", "started", "duration", "waiver", "left_out",
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class RunReport:
    """A run of cases against one device."""

    #: The name of the profile, and what it says of edition and control.
    profile: str
    edition: str
    control: str
    #: The device as its owner would call it, with its version.
    device: str
    #: Versions of everything that had a part in it, by name.
    versions: dict[str, str] = field(default_factory=dict)
    #: The command that made the run, for who wants to repeat it.
    command: str = ""
    #: When it began, ISO 8601; empty in virtual time.
    started: str = ""
    #: Seconds added to each tolerance.
    slack: float = 0.0
    links: int = 1
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many cases ended with which verdict."""
        return dict(Counter(outcome.verdict for outcome in self.outcomes))

    @property
    def failed(self) -> bool:
        return any(outcome.verdict is Verdict.FAIL for outcome in self.outcomes)

    def to_json(self) -> dict[str, Any]:
        """The document: plain values only."""
        return {
            "version": VERSION,
            "profile": self.profile,
            "edition": self.edition,
            "control": self.control,
            "device": self.device,
            "versions": dict(self.versions),
            "command": self.command,
            "started": self.started,
            "slack": self.slack,
            "links": self.links,
            "counts": {str(verdict): count for verdict, count in sorted(self.counts.items())},
            "outcomes": [outcome.to_json() for outcome in self.outcomes],
        }

    @classmethod
    def from_json(cls, document: object, file: str) -> Self:
        """The reverse of `to_json`. Raises ConfigError, with `file`, when it is anything else."""
        if not isinstance(document, dict) or document.get("version") != VERSION:
            raise ConfigError(
                f"{file}: not the result of a conformance run, expected a document of version "
                f"{VERSION} as `lacpctl conformance run --json` writes it"
            )
        try:
            return cls(
                **{name: document[name] for name in _REPORT},
                outcomes=[Outcome.from_json(outcome) for outcome in document["outcomes"]],
            )
        except KeyError as error:
            raise ConfigError(f"{file}: {error.args[0]} is missing") from None
        except (ValueError, TypeError) as error:
            raise ConfigError(f"{file}: {error}") from None


#: Fields of a RunReport that are the same in JSON.
_REPORT = (
    "profile", "edition", "control", "device", "versions", "command", "started", "slack", "links",
)  # fmt: skip
