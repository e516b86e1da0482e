"""Runs cases one after the other, on wires or in virtual time, and keeps what came of them."""

from __future__ import annotations

import json
import shlex
import signal
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from lacp.cli import files
from lacp.cli.command import Failure
from lacp.cli.commands.conformance import device
from lacp.cli.common import BAD_USAGE
from lacp.errors import BackendError
from lacp.text import count

if TYPE_CHECKING:
    from lacp.conformance.catalogue.case import Case
    from lacp.conformance.tester.profile import Profile
    from lacp.conformance.tester.results import Outcome, RunReport

#: Interfaces that a run takes.
LINKS = 8

#: The options that name a file for the result.
_FILES = ("save", "junit", "html")


@dataclass(frozen=True, slots=True)
class Step:
    """One case is over."""

    outcome: Outcome
    number: int
    of: int


@dataclass(frozen=True, slots=True)
class End:
    """The run is over."""

    report: RunReport
    #: Files that were written.
    written: list[str] = field(default_factory=list)


def drive(args: Namespace, cases: Sequence[Case]) -> Iterator[Step | End]:
    """Run the cases; the last thing that comes is the End, also of a run that is broken off."""
    from lacp.conformance.tester.run import skipped

    _check_files(args)
    profile = device.engine(args) if args.engine else device.on_a_wire(args)
    report = _report(args, profile, cases)
    source = _virtual(cases, profile) if args.engine else _live(args, cases, profile)
    broken: BaseException | None = None
    try:
        with _terminable():
            for outcome in source:
                report.outcomes.append(outcome)
                yield Step(outcome, len(report.outcomes), len(cases))
                if args.evidence:
                    _keep_evidence(Path(args.evidence), outcome)
    except (KeyboardInterrupt, BackendError, OSError) as error:
        # Half an hour of results is not thrown away.
        broken = error
        if not report.outcomes:
            raise Failure(str(error)) from None if isinstance(error, BackendError) else error
        why = f"the run was broken off: {str(error) or 'interrupted'}"
        report.outcomes += [skipped(case, why) for case in cases[len(report.outcomes) :]]
    yield End(report, list(_write(args, report)))
    if broken is not None:
        raise broken


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end a run as an interrupt does, so that links that are down come up again."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _report(args: Namespace, profile: Profile, cases: Sequence[Case]) -> RunReport:
    from lacp.conformance.tester.results import RunReport

    control = profile.device.control
    return RunReport(
        profile=profile.name,
        edition=profile.device.edition,
        control=control.value if control is not None else "auto",
        device=args.device or profile.description or profile.name,
        versions=_versions(),
        command=shlex.join(args.words),
        started="" if args.engine else datetime.now(UTC).isoformat(timespec="seconds"),
        slack=profile.slack,
        links=max(case.links for case in cases) if args.engine else len(_interfaces(args)),
    )


def _versions() -> dict[str, str]:
    import platform
    from importlib.metadata import version

    return {
        "lacp": version("lacp"),
        "python": platform.python_version(),
        "linux": platform.release(),
    }


def _virtual(cases: Sequence[Case], profile: Profile) -> Iterator[Outcome]:
    """Each case on a fresh engine, which has what the case asks for."""
    from lacp.conformance.tester.virtual import profile_for, run_case

    own = profile.device
    assert own.control is not None
    for case in cases:
        features = {"short_timeout": own.short_timeout, "activity": own.activity}
        yield run_case(case, profile_for(case, own.edition, own.control, **features))


def _live(args: Namespace, cases: Sequence[Case], profile: Profile) -> Iterator[Outcome]:
    from lacp.backends.wire import Wires
    from lacp.cli.commands.conformance.bench import WireBench, outcomes
    from lacp.conformance.catalogue.case import Wall

    reasons = {}
    if not args.long and not args.select:
        reasons = {
            case.id: "takes more than a minute: --long runs it"
            for case in cases
            if case.wall_on(profile.device) is Wall.LONG
        }
    with Wires(_interfaces(args)) as wires:
        yield from outcomes(WireBench(wires), cases, profile, reasons)


def _interfaces(args: Namespace) -> list[str]:
    names = [name for name in args.interface.split(",") if name]
    if not 1 <= len(names) <= LINKS:
        raise Failure(
            f"--interface names {count(len(names), 'interface')}, expected 1 to {LINKS}", BAD_USAGE
        )
    if twice := [name for name in names if names.count(name) > 1]:
        raise Failure(f"--interface names {twice[0]} twice, expected different ones", BAD_USAGE)
    return names


def _check_files(args: Namespace) -> None:
    """Before an hour of testing, not after it."""
    outputs = {option: getattr(args, option) for option in _FILES}
    inputs = [args.profile] if args.profile and Path(args.profile).is_file() else []
    if complaint := files.misuse(outputs, inputs):
        raise Failure(complaint, BAD_USAGE)
    if args.evidence:
        try:
            Path(args.evidence).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Failure(f"--evidence: {args.evidence}: {error.strerror}", BAD_USAGE) from None


def _write(args: Namespace, report: RunReport) -> Iterator[str]:
    """Write the files that were asked for; their names."""
    from lacp.conformance.report.run_junit import run_junit
    from lacp.conformance.report.run_page import run_page

    makers: tuple[Callable[[RunReport], str], ...] = (_document, run_junit, run_page)
    for option, make in zip(_FILES, makers, strict=True):
        name = getattr(args, option)
        if name is None:
            continue
        try:
            files.write(Path(name), make(report))
        except OSError as error:
            raise Failure(f"--{option}: {name}: {error.strerror or error}") from None
        yield name


def _document(report: RunReport) -> str:
    return json.dumps(report.to_json(), indent=1) + "\n"


def _keep_evidence(folder: Path, outcome: Outcome) -> None:
    """A capture of the frames of each link, on the time scale of the case."""
    from lacp.capture.writer import CaptureWriter

    if outcome.verdict not in ("fail", "warn"):
        return
    for link in sorted({exchange.link for exchange in outcome.frames}):
        with open(folder / f"{outcome.case}-link{link}.pcap", "wb") as file:
            writer = CaptureWriter(file)
            for exchange in outcome.frames:
                if exchange.link == link:
                    writer.write(exchange.octets, exchange.time)
