"""`pcap-replay`: who in a capture violates the LACP standard, where, and why."""

from __future__ import annotations

import re
import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lacp.address import Mac
from lacp.cli.common import BAD, BAD_USAGE, DONE, INTERRUPTED, Parser, complain
from lacp.cli.files import misuse, write
from lacp.cli.output import Screen
from lacp.cli.streams import prepare, silence
from lacp.errors import CaptureError
from lacp.protocol.edition import EDITION_2014, EDITIONS

if TYPE_CHECKING:
    from lacp.conformance.judge.report import CaptureReport
    from lacp.conformance.report.documents import Unreadable

_PROGRAM = "pcap-replay"

#: PDUs of one capture that the page draws, its first ones.
_DRAWN = 20_000

_STDIN = "-"


def build_parser() -> Parser:
    """The parser of the command line."""
    parser = Parser(
        _PROGRAM,
        description="Judge the LACP in captures: which end violates the standard, where, and why.",
        epilog=(
            "Times are seconds from the first frame, frames are numbered from 1, both as in\n"
            "Wireshark."
        ),
    )
    add = parser.add_argument
    add(
        "--version",
        action="version",
        help="show the version and exit",
        version=f"%(prog)s {_version()}",
    )
    add(
        "captures",
        nargs="+",
        metavar="CAPTURE",
        help="a pcap or pcapng file, gzipped or not; - is standard input",
    )
    add("--json", metavar="FILE|-", help="write JSON; with - to standard output, and nothing else")
    add("--html", metavar="FILE", type=_file, help="write one page that needs no network")
    add("--junit", metavar="FILE", type=_file, help="write JUnit XML")
    add(
        "--edition",
        choices=sorted(EDITIONS),
        default=EDITION_2014.name,
        help="the edition of 802.1AX whose numbers count (default %(default)s)",
    )
    add("--actor", metavar="SYSTEM#PORT", type=_actor, help="judge only this end of a link")
    add("--quiet", action="store_true", help="print nothing but complaints; see the exit code")
    return parser


def run(args: Namespace, screen: Screen) -> int:
    """Judge the captures, say and write what was found; returns the exit code."""
    from lacp.conformance.judge.rules import RULES
    from lacp.conformance.report import documents, table

    titles = {rule.id: rule.title for rule in RULES.values()}
    talks = not args.quiet and args.json != _STDIN
    results = _Results(titles)
    for capture in args.captures:
        report = _judged(capture, args)
        if isinstance(report, documents.Unreadable):
            results.unreadable.append(report)
            complain(_PROGRAM, report.reason, BAD_USAGE)
            continue
        results.captures.append(report)
        if talks:
            _say(screen, [*table.lines(report, titles, screen), ""])
    if talks and results.captures:
        _say(screen, table.verdict_line(results.captures, screen))
    written = _write(args, results, screen)
    found = args.actor is None or not results.captures or results.has(args.actor)
    if not found:
        complain(_PROGRAM, f"no LACPDU of {args.actor} in what was read", BAD_USAGE)
    if results.unreadable or not written or not found:
        return BAD_USAGE
    return BAD if documents.failed(results.captures) else DONE


def main(argv: Sequence[str] | None = None) -> int:
    """The console script."""
    prepare()
    parser = build_parser()
    try:
        args = parser.parse_args(argv)
        if complaint := _misuse(args):
            parser.error(complaint)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else BAD_USAGE
    try:
        return run(args, Screen())
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        silence()
        return complain(_PROGRAM, f"standard output: {error.strerror or error}", BAD_USAGE)


@dataclass(slots=True)
class _Results:
    """What is known of all captures so far."""

    titles: dict[str, str]
    captures: list[CaptureReport] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)

    def has(self, actor: str) -> bool:
        """Whether that actor was seen at all."""
        return any(each.actor == actor for report in self.captures for each in report.actors)


# Arguments.


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("lacp")
    except PackageNotFoundError:
        return "(not installed)"


def _file(text: str) -> str:
    if text in ("", _STDIN):
        raise ArgumentTypeError(f"{text!r} is no file name")
    return text


def _actor(text: str) -> str:
    system, _, port = text.partition("#")
    try:
        if not re.fullmatch("[0-9]{1,5}", port) or int(port) > 0xFFFF:
            raise ValueError
        return f"{Mac.parse(system)}#{int(port)}"
    except ValueError:
        raise ArgumentTypeError(f"{text!r}, expected one like 00:13:c4:12:0f:00#22") from None


def _misuse(args: Namespace) -> str | None:
    """What is wrong with arguments that are each right: files that would overwrite each other."""
    if args.captures.count(_STDIN) > 1:
        return "standard input can be read once only"
    outputs = {option: getattr(args, option) for option in ("json", "html", "junit")}
    return misuse(outputs, args.captures)


# Judging.


def _judged(path: str, args: Namespace) -> CaptureReport | Unreadable:
    """What is to be said of a capture, or why it could not be read."""
    from lacp.capture.reader import open_capture
    from lacp.conformance.judge.judge import Judge, Options
    from lacp.conformance.report.documents import Unreadable

    name = "standard input" if path == _STDIN else path
    if path == _STDIN and sys.stdin is None:
        return Unreadable(name, f"{name}: is closed, expected a capture")
    options = Options(
        edition=EDITIONS[args.edition],
        actor=args.actor,
        exhibits=_DRAWN if args.html else 0,
    )
    judge = Judge(name, options)
    try:
        with open_capture(path) as capture:
            for frame in capture:
                judge.frame(frame)
    except CaptureError as error:
        return Unreadable(name, str(error))
    except OSError as error:
        return Unreadable(name, f"{name}: {error.strerror or error}")
    report = judge.report(capture.total)
    report.damage = capture.damage
    report.limits.extend(capture.notes)
    if capture.drops:
        report.limits.append(f"the capturing host says that it lost {capture.drops} frames")
    return report


# Telling.


def _say(screen: Screen, lines: Iterable[str]) -> None:
    """Print lines; a reader who has left is no reason to stop."""
    try:
        for line in lines:
            screen.line(line)
    except BrokenPipeError:
        silence()


def _write(args: Namespace, results: _Results, screen: Screen) -> bool:
    """Write the files that were asked for; False when one could not be, which was said."""
    said = True
    for option, make in (("json", _json), ("html", _html), ("junit", _junit)):
        path = getattr(args, option)
        if path is None:
            continue
        text = make(results)
        if path == _STDIN:
            _say(screen, [text.removesuffix("\n")])
            continue
        try:
            write(Path(path), text)
        except OSError as error:
            complain(_PROGRAM, f"--{option}: {path}: {error.strerror or error}", BAD_USAGE)
            said = False
    return said


def _json(results: _Results) -> str:
    import json

    from lacp.conformance.report.documents import document

    return json.dumps(document(results.captures, results.unreadable), indent=2) + "\n"


def _html(results: _Results) -> str:
    from lacp.conformance.report.page import page

    return page(results.captures, results.unreadable, results.titles)


def _junit(results: _Results) -> str:
    from lacp.conformance.report.junit import junit

    return junit(results.captures, results.unreadable, results.titles)


if __name__ == "__main__":
    sys.exit(main())
