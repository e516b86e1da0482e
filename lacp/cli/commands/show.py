"""`lacpctl show`: the LAGs of this host, one line per port; with -v everything there is to know."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from lacp.cli.command import Answer, Command, Failure
from lacp.cli.common import BAD_USAGE
from lacp.cli.output import Screen

_FORMATS = ("text", "json", "openconfig", "ieee", "prometheus", "proc")
#: Those that are data of YANG models, which are JSON.
_MODELS = ("openconfig", "ieee")


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("names", nargs="*", metavar="LAG|PORT", help="only these")
    parser.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="machines, timers, counters, both ends field by field, and the history",
    )
    parser.add_argument(
        "-p",
        "--problems",
        action="store_true",
        help="only count the ports that carry traffic with nothing wrong",
    )
    parser.add_argument(
        "--format",
        choices=_FORMATS,
        help="text, or json as with --json; data of the YANG models of OpenConfig or of IEEE "
        "802.1AX; metrics for Prometheus; the layout of /proc/net/bonding",
    )


def check(args: Namespace) -> None:
    """Refuse options that contradict each other, or would have no effect."""
    form = args.format or "text"
    if args.json and args.format not in (None, "json"):
        raise Failure(f"show: expected --json or --format {form}, found both", BAD_USAGE)
    if args.verbose and form not in ("text", "json"):
        raise Failure(f"show: -v is for text and json, found --format {form}", BAD_USAGE)
    if args.problems and form != "text":
        raise Failure(f"show: -p is for text, found --format {form}", BAD_USAGE)
    args.json = args.json or form in ("json", *_MODELS)


def run(args: Namespace) -> Answer:
    """Ask every source."""
    from lacp.cli.source import Shown, show

    # When a partner has timed out stands in the history.
    answer = show(args, args.names, verbose=args.verbose or args.format in _MODELS)
    if args.format in _MODELS:
        answer.data, left_out = _modelled(args.format, answer.data)
        answer.complaints += left_out
    elif args.format == "prometheus":
        from lacp.picture.formats.yang import named_once

        shown = answer.data
        assert isinstance(shown, Shown)
        lags, left_out = named_once(shown.lags)
        answer.data = replace(shown, lags=tuple(lags))
        answer.complaints += left_out
    return answer


def _modelled(model: str, shown: Any) -> tuple[object, list[str]]:
    if model == "ieee":
        from lacp.picture.formats.ieee import ieee

        return ieee(shown.lags)
    from lacp.picture.formats.openconfig import openconfig

    return openconfig(shown.lags)


def _metrics(shown: Any) -> Iterator[str]:
    from lacp.daemon.metrics.exposition import TEXT, pieces
    from lacp.picture.explain import diagnosed
    from lacp.picture.metrics.family import Observed

    seen = [Observed(lag, findings) for lag, findings in diagnosed(shown.lags)]
    for piece in pieces(seen, None, TEXT):
        for line in piece.splitlines():
            yield line.decode()


def _as_in_proc(shown: Any) -> Iterator[str]:
    """One LAG as its file would be; several as `head` prints several files."""
    from lacp.picture.formats.proc import proc

    for number, lag in enumerate(shown.lags):
        if number:
            yield ""
        if len(shown.lags) > 1:
            yield f"==> {lag.name} <=="
        yield from proc(lag).splitlines()


def text(data: Any, screen: Screen, args: Namespace) -> Iterable[str]:
    """A block for each LAG."""
    if args.format in ("prometheus", "proc"):
        yield from (_metrics if args.format == "prometheus" else _as_in_proc)(data)
        return
    from lacp.cli.lags.brief import brief

    for number, lag in enumerate(data.lags):
        if number:
            yield ""
        if args.verbose:
            from lacp.cli.lags.detail import detail

            yield from detail(lag, screen, only_problems=args.problems)
        else:
            yield from brief(lag, screen, only_problems=args.problems)
    if args.verbose:
        from lacp.wire.flags import LEGEND

        if any(lag.speaks_lacp for lag in data.lags):
            yield ""
            yield from (screen.paint("dim", line) for line in screen.wrap(LEGEND))


COMMAND = Command(
    arguments,
    run,
    text,
    notes="\n".join(
        (
            "US, PARTNER  the state octets of the two ends, a letter for each bit that is",
            "             set: A active, T short timeout, G aggregation, S in sync,",
            "             C collecting, D distributing, F defaulted (no partner heard),",
            "             E expired (it is silent)",
            "PORT         the partner's number of its port",
            "HEARD        the age of the last LACPDU",
            "WATCHERS     without LACP: what the link watchers of the port say",
            "TRAFFIC      whether user frames are taken from the port and given to it, where",
            "             no machine tells that",
            "",
            "Below a port stands what is wrong with it.",
        )
    ),
    check=check,
)
