"""`lacpctl conformance run`: play the partner of a device, and judge what it does."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from lacp.cli.command import Answer, Command
from lacp.cli.commands.conformance import device, driving
from lacp.cli.commands.conformance.driving import End, Step, drive
from lacp.cli.commands.conformance.selection import chosen
from lacp.cli.common import BAD, DONE
from lacp.cli.output import Screen

if TYPE_CHECKING:
    from lacp.conformance.tester.results import Outcome

#: Frames shown before a failure.
_SHOWN = 8


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "--interface",
        metavar="IF[,IF...]",
        help=f"interfaces that are cabled to the device's ports, 1 to {driving.LINKS}, in the order"
        " of its ports",
    )
    where.add_argument(
        "--engine", action="store_true", help="test the engine of this package, in virtual time"
    )
    device.arguments(parser)
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
        "--evidence", metavar="DIR", help="write captures of each case that does not pass"
    )


def run(args: Namespace) -> Answer:
    """Run the cases: in text the outcomes come one by one, in JSON the report at the end."""
    answer = Answer({}, DONE)
    steps = _counted(drive(args, chosen(args.select)), answer)
    if not args.json:
        answer.data = steps
        return answer
    for step in steps:
        if isinstance(step, Step):
            print(_line(step), file=sys.stderr, flush=True)
        else:
            answer.data = step.report.to_json()
    return answer


def _counted(steps: Iterator[Step | End], answer: Answer) -> Iterator[Step | End]:
    """The steps; a case that failed makes the exit code."""
    for step in steps:
        if isinstance(step, End) and step.report.failed:
            answer.code = BAD
        yield step


def text(data: Any, screen: Screen, args: Namespace) -> Iterable[str]:
    """A line for each case as it ends, then the report."""
    for step in data:
        if isinstance(step, Step):
            yield from _told(step, screen)
        else:
            yield from _closing(step, screen, args)


def _told(step: Step, screen: Screen) -> Iterator[str]:
    from lacp.conformance.report.table import STYLES

    outcome = step.outcome
    first, *more = screen.wrap(_line(step), "", " " * 22)
    yield screen.paint(STYLES.get(outcome.verdict, ""), first)
    yield from more
    if outcome.verdict == "fail":
        yield from screen.wrap(outcome.reason, " " * 8)
        yield from _frames(outcome)


def _line(step: Step) -> str:
    outcome = step.outcome
    took = "" if outcome.verdict == "skip" else f"  ({outcome.duration:.1f} s)"
    said = outcome.reason if outcome.verdict == "skip" else f"{outcome.title}{took}"
    return f"{step.number:3}/{step.of} {outcome.verdict.upper():5} {outcome.case:7}  {said}"


def _frames(outcome: Outcome) -> Iterator[str]:
    """The last frames before the failure."""
    shown = outcome.frames[-_SHOWN:]
    if len(shown) < len(outcome.frames):
        yield "        ..."
    for exchange in shown:
        arrow = "tester > device" if exchange.ours else "device > tester"
        yield f"        {exchange.time:9.3f} s  link {exchange.link}  {arrow}  {exchange.summary}"


def _closing(end: End, screen: Screen, args: Namespace) -> Iterator[str]:
    from lacp.conformance.report.run_table import lines

    yield ""
    yield from lines(end.report, screen)
    for name in end.written:
        yield f"written: {name}"
    if end.report.failed and not args.evidence:
        yield screen.paint("dim", "--evidence DIR keeps captures of each case that does not pass")


COMMAND = Command(
    arguments,
    run,
    text,
    notes=(
        "The interfaces must not belong to a bond, a team or a bridge. They are switched\n"
        "to promiscuous mode while the run lasts and, unless --no-link-control is given,\n"
        "taken down and up by cases that pull the cable. Exit code 1 when a case failed:\n\n"
        "  lacpctl conformance run --interface eth1,eth2 --profile linux-bonding\n"
        "  lacpctl conformance run --engine --select RXM"
    ),
    asks=False,
)
