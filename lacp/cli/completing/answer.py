"""The answer to a shell that wants to know what may stand next: quick, without a complaint."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Sequence

from lacp.cli.common import BAD, DONE
from lacp.cli.completing.line import Line
from lacp.cli.completing.values import values
from lacp.errors import LacpError


def answer(program: str, words: Sequence[str]) -> int:
    """Print what fits the last of `words`; returns the exit code.

    Without anything that fits, that is the first line alone.
    """
    parser = _parser(program)
    if parser is None or not words:
        return BAD
    line = Line(parser)
    line.take(words[:-1])
    try:
        found = line.fitting(words[-1], values)
    except (LacpError, OSError):
        # Who completes a line is not the one to be told; the command itself will tell.
        return BAD
    said = [found.shell, *(f"{each.text}\t{_line(each.help)}" for each in found.candidates)]
    sys.stdout.write("\n".join(said) + "\n")
    return DONE


def _line(text: str) -> str:
    return " ".join(text.split())


def _parser(program: str) -> ArgumentParser | None:
    match program:
        case "lacpctl":
            from lacp.cli import lacpctl

            return lacpctl.build_parser()
        case "lacpd":
            from lacp.cli import lacpd_parser

            return lacpd_parser.build_parser()
        case "pcap-replay":
            from lacp.cli import pcap_replay

            return pcap_replay.build_parser()
    return None
