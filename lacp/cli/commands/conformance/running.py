"""`lacpctl conformance run`: play the partner of a device, and judge what it does."""

from __future__ import annotations

import json
import shlex
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lacp.cli import files
from lacp.cli.command import Answer, Command, Document, Failure
from lacp.cli.commands.conformance.selection import chosen
from lacp.cli.common import BAD, BAD_USAGE, DONE
from lacp.cli.output import Screen, count
from lacp.errors import BackendError, ConfigError

if TYPE_CHECKING:
    from lacp.conformance.catalogue.case import Case
    from lacp.conformance.tester.profile import Profile
    from lacp.conformance.tester.results import Outcome, RunReport

#: Links that cases use at most.
_LINKS = 4

_STYLES = {"pass": "good", "fail": "bad", "warn": "warn", "info": "", "skip": "dim"}


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "--interface",
        metavar="IF[,IF...]",
        help="interfaces that are cabled to the device's ports, 1 to 4, in the order of its ports",
    )
    where.add_argument(
        "--engine", action="store_true", help="test the engine of this package, in virtual time"
    )
    parser.add_argument(
        "--profile",
        metavar="NAME|FILE",
        help="what is known of the device: edition, control, timeouts, waivers",
    )
    parser.add_argument("--edition", metavar="E", help="of the device; overrides the profile")
    parser.add_argument(
        "--control",
        choices=("independent", "coupled", "auto"),
        help="of the device; overrides the profile",
    )
    parser.add_argument(
        "--timeout", choices=("short", "long"), help="of the device; overrides the profile"
    )
    parser.add_argument(
        "--passive", action="store_true", help="the device is passive; overrides the profile"
    )
    parser.add_argument(
        "--select",
        action="append",
        default=[],
        metavar="CASE",
        help="only these cases: RXM-06, RXM, RXM-0*; may repeat, or hold commas",
    )
    parser.add_argument("--long", action="store_true", help="run the cases above a minute, too")
    parser.add_argument(
        "--no-link-control",
        action="store_true",
        help="do not take the interfaces down: skip the cases that need it",
    )
    parser.add_argument("--device", metavar="TEXT", help="what to call the device in the report")
    parser.add_argument("--save", metavar="FILE", help="write the result as JSON, for matrix")
    parser.add_argument("--junit", metavar="FILE", help="write the result as JUnit XML")
    parser.add_argument("--html", metavar="FILE", help="write the result as a page")
    parser.add_argument(
        "--evidence", metavar="DIR", help="write a capture of each case that does not pass"
    )


def run(args: Namespace) -> Answer:
    """Run the cases. In text the outcomes come one by one, and the report last."""
    cases = chosen(args.select)
    profile = _profile(args)
    answer = Answer({}, DONE)
    steps = _steps(args, cases, profile, answer)
    if not args.json:
        answer.data = steps
        return answer
    for step in steps:
        if "outcome" in step:
            print(_line(step), file=sys.stderr, flush=True)
        else:
            answer.data = step["result"].to_json()
    return answer


def _profile(args: Namespace) -> Profile:
    """What the arguments say of the device."""
    from lacp.conformance.tester.device import Need
    from lacp.conformance.tester.profile import Profile, find
    from lacp.protocol.edition import EDITIONS

    if args.edition is not None and args.edition not in EDITIONS:
        raise Failure(
            f"--edition is {args.edition!r}, expected one of {', '.join(EDITIONS)}", BAD_USAGE
        )
    if args.engine:
        if args.profile:
            raise Failure("--profile is for a device on a cable, not for --engine", BAD_USAGE)
        profile = Profile(name="engine", description="the engine of this package", slack=0.0)
        return replace(profile, device=replace(profile.device, **_features(args)))
    try:
        profile = find(args.profile or "lacpd")
    except ConfigError as error:
        raise Failure(str(error), BAD_USAGE) from None
    # Of what a bench can do, a wire does but one thing.
    offers = frozenset() if args.no_link_control else profile.offers & {Need.LINK}
    return replace(
        profile, device=replace(profile.device, **_features(args)), offers=frozenset(offers)
    )


def _features(args: Namespace) -> dict[str, Any]:
    """Values of `Device` that the arguments set."""
    from lacp.protocol.variables import Control

    features: dict[str, Any] = {}
    if args.edition is not None:
        features["edition"] = args.edition
    if args.control is not None:
        features["control"] = None if args.control == "auto" else Control(args.control)
    elif args.engine:
        features["control"] = Control.INDEPENDENT
    if args.timeout is not None:
        features["short_timeout"] = args.timeout == "short"
    if args.passive:
        features["activity"] = False
    return features


def _steps(
    args: Namespace, cases: Sequence[Case], profile: Profile, answer: Answer
) -> Iterator[Document]:
    from lacp.conformance.tester.results import RunReport

    device = profile.device
    report = RunReport(
        profile=profile.name,
        edition=device.edition,
        control=device.control.value if device.control is not None else "auto",
        device=args.device or profile.description or profile.name,
        versions=_versions(),
        command=shlex.join(["lacpctl", *sys.argv[1:]]),
        started="" if args.engine else datetime.now(UTC).isoformat(timespec="seconds"),
        slack=0.0 if args.engine else profile.slack,
    )
    _check_outputs(args)
    source = _virtual(args, cases) if args.engine else _live(args, cases, profile, report)
    for number, outcome in enumerate(source, 1):
        report.outcomes.append(outcome)
        yield {"outcome": outcome, "number": number, "of": len(cases)}
        if args.evidence:
            _keep_evidence(Path(args.evidence), outcome)
    answer.code = BAD if report.failed else DONE
    yield {"result": report, "written": list(_write(args, report))}


def _virtual(args: Namespace, cases: Sequence[Case]) -> Iterator[Outcome]:
    """Each case on a fresh engine, which has what the case asks for."""
    from lacp.conformance.tester.virtual import profile_for, run_case
    from lacp.protocol.variables import Control

    features = _features(args)
    edition = features.pop("edition", "2014")
    control = features.pop("control") or Control.INDEPENDENT
    for case in cases:
        yield run_case(case, profile_for(case, edition, control, **features))


def _live(
    args: Namespace, cases: Sequence[Case], profile: Profile, report: RunReport
) -> Iterator[Outcome]:
    from lacp.backends.wire import Wires
    from lacp.cli.bench import WireBench, outcomes
    from lacp.conformance.catalogue.case import Wall

    interfaces = [name for name in args.interface.split(",") if name]
    if not 1 <= len(interfaces) <= _LINKS:
        raise Failure(
            f"--interface names {count(len(interfaces), 'interface')}, expected 1 to {_LINKS}",
            BAD_USAGE,
        )
    if twice := [name for name in interfaces if interfaces.count(name) > 1]:
        raise Failure(f"--interface names {twice[0]} twice, expected different ones", BAD_USAGE)
    report.links = len(interfaces)
    reasons = {}
    if not args.long and not args.select:
        reasons = {
            case.id: "takes more than a minute: --long runs it"
            for case in cases
            if case.wall_on(profile.device) is Wall.LONG
        }
    try:
        with Wires(interfaces) as wires:
            yield from outcomes(WireBench(wires), cases, profile, reasons)
    except BackendError as error:
        raise Failure(str(error)) from None


def _versions() -> dict[str, str]:
    import platform
    from importlib.metadata import version

    return {
        "lacp": version("lacp"),
        "python": platform.python_version(),
        "linux": platform.release(),
    }


def _check_outputs(args: Namespace) -> None:
    """Before an hour of testing, not after it."""
    for option in ("save", "junit", "html"):
        name = getattr(args, option)
        if name and not Path(name).resolve().parent.is_dir():
            raise Failure(f"--{option} {name}: there is no such directory", BAD_USAGE)
    if args.evidence:
        try:
            Path(args.evidence).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Failure(f"--evidence {args.evidence}: {error.strerror}", BAD_USAGE) from None


def _write(args: Namespace, report: RunReport) -> Iterator[str]:
    """Write the files that were asked for; their names."""
    from lacp.conformance.report.run_junit import run_junit
    from lacp.conformance.report.run_page import run_page

    def document(report: RunReport) -> str:
        return json.dumps(report.to_json(), indent=1) + "\n"

    for name, make in ((args.save, document), (args.junit, run_junit), (args.html, run_page)):
        if name:
            files.write(Path(name), make(report))
            yield name


def _keep_evidence(folder: Path, outcome: Outcome) -> None:
    """A capture of the case's frames, with the device's time scale from 0."""
    from lacp.capture.writer import CaptureWriter

    if outcome.verdict not in ("fail", "warn") or not outcome.timeline:
        return
    with open(folder / f"{outcome.case}.pcap", "wb") as file:
        writer = CaptureWriter(file)
        for exchange in outcome.timeline:
            writer.write(exchange.octets, exchange.time)


def text(data: Any, screen: Screen, args: Namespace) -> Iterable[str]:
    """A line for each case as it ends, then what did not pass, then how many of each."""
    for step in data:
        if "outcome" in step:
            outcome = step["outcome"]
            yield screen.paint(_STYLES[outcome.verdict], _line(step))
            if outcome.verdict in ("fail", "warn", "info"):
                yield from screen.wrap(outcome.reason, "        ", "        ")
            if outcome.verdict == "fail":
                yield from _timeline(outcome)
        else:
            yield from _closing(step, screen, args)


def _line(step: Document) -> str:
    outcome = step["outcome"]
    took = "" if outcome.verdict == "skip" else f"  ({outcome.duration:.1f} s)"
    waived = f"  waived: {outcome.waiver}" if outcome.waiver else ""
    said = outcome.reason if outcome.verdict == "skip" else f"{outcome.title}{took}{waived}"
    where = f"{step['number']:3}/{step['of']}"
    return f"{where} {outcome.verdict.upper():5} {outcome.case:7} {said}"


def _timeline(outcome: Outcome) -> Iterator[str]:
    """The last frames before the failure."""
    shown = outcome.timeline[-8:]
    if len(shown) < len(outcome.timeline):
        yield "        ..."
    for exchange in shown:
        arrow = "tester > device" if exchange.ours else "device > tester"
        yield f"        {exchange.time:9.3f} s  link {exchange.link}  {arrow}  {exchange.summary}"


def _closing(step: Document, screen: Screen, args: Namespace) -> Iterator[str]:
    from lacp.conformance.report.run_table import lines

    yield ""
    yield from lines(step["result"], screen)
    for name in step["written"]:
        yield f"written: {name}"
    if step["result"].failed and not args.evidence:
        yield screen.paint("dim", "--evidence DIR keeps a capture of each case that does not pass")


COMMAND = Command(
    "run",
    "run cases against the device at the far end of these interfaces",
    arguments,
    run,
    text,
    notes=(
        "The interfaces must not belong to a bond, a team or a bridge. They are switched to\n"
        "promiscuous mode while the run lasts and, unless --no-link-control is given, taken down\n"
        "and up by cases that pull the cable. Exit code 1 when a case failed."
    ),
)
