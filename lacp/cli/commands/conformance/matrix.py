"""`lacpctl conformance matrix`: the results of several runs side by side."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lacp.cli import files
from lacp.cli.command import Answer, Command, Failure
from lacp.cli.common import BAD_USAGE
from lacp.cli.output import Screen
from lacp.errors import ConfigError

if TYPE_CHECKING:
    from lacp.conformance.tester.results import RunReport


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="results that run --save or run --json wrote"
    )
    parser.add_argument("--markdown", action="store_true", help="print a table in Markdown")
    parser.add_argument("--html", metavar="FILE", help="write the table as a page")


def run(args: Namespace) -> Answer:
    """Read the results and lay them side by side."""
    from lacp.conformance.report.matrix import matrix
    from lacp.conformance.report.run_page import matrix_page

    if complaint := files.misuse({"html": args.html}, args.files):
        raise Failure(complaint, BAD_USAGE)
    reports = [_read(name) for name in args.files]
    if args.html:
        try:
            files.write(Path(args.html), matrix_page(reports))
        except OSError as error:
            raise Failure(f"--html: {args.html}: {error.strerror or error}") from None
    return Answer(matrix(reports))


def _read(name: str) -> RunReport:
    from lacp.conformance.tester.results import RunReport

    try:
        content = json.loads(Path(name).read_text(encoding="utf-8"))
        return RunReport.from_json(content, name)
    except OSError as error:
        raise Failure(f"{name}: {error.strerror}", BAD_USAGE) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise Failure(f"{name}: not JSON: {error}", BAD_USAGE) from None
    except ConfigError as error:
        raise Failure(str(error), BAD_USAGE) from None


def text(data: Any, screen: Screen, args: Namespace) -> Iterable[str]:
    """A row for each case, a column for each run."""
    from lacp.conformance.report.matrix import lines, markdown

    return markdown(data) if args.markdown else lines(data, screen)


COMMAND = Command(arguments, run, text, asks=False)
