"""`lacpctl monitor`: events as they happen."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from lacp.cli.command import PROGRAM, Answer, Command, Document
from lacp.cli.common import DONE, complain, interval_option
from lacp.cli.moments import day, time_of_day
from lacp.cli.output import Screen, printable
from lacp.picture.events import EVENTS, UNFILTERED, phrase, style

if TYPE_CHECKING:
    from lacp.inspect.monitor.changes import Changes
    from lacp.picture.events import Event


def _events(text: str) -> frozenset[str]:
    names = frozenset(name.strip() for name in text.split(","))
    for name in sorted(names):
        if name not in EVENTS:
            raise ArgumentTypeError(f"{name!r}, expected some of {', '.join(EVENTS)}")
    return names


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("names", nargs="*", metavar="LAG|PORT", help="only these")
    parser.add_argument(
        "--event",
        action="append",
        type=_events,
        metavar="NAME",
        help="only these events, several with commas; what was lost is always told",
    )
    interval_option(parser, "between two looks at what nobody announces (default 1)")


def run(args: Namespace) -> Answer:
    """Listen to every source."""
    from lacp.cli.source import places
    from lacp.inspect.monitor.changes import Changes
    from lacp.inspect.netns import netns_inode

    netns = None if args.netns is None else netns_inode()
    changes = Changes(places(args), interval=args.interval, netns=netns)
    return Answer(_told(changes, args))


def _told(changes: Changes, args: Namespace) -> Iterator[Document]:
    """The events that are asked for. What is asked about need not be there yet."""
    names = frozenset(args.names)
    wanted = frozenset[str]().union(*args.event) if args.event else None
    with changes:
        _say_what_is_awaited(changes.begin(), names)
        for event in changes:
            if wanted is not None and event.event not in wanted and event.event not in UNFILTERED:
                continue
            if not names or event.lag is None or _meant(event, names, changes):
                yield event.document()


def _meant(event: Event, names: frozenset[str], changes: Changes) -> bool:
    """Whether an event is about what is called so, or says that more of that may be missing."""
    if names & {event.lag, event.port}:
        return True
    if event.port is not None or event.event not in UNFILTERED:
        return False
    lags = (lag for lag in changes.lags() if lag.name == event.lag)
    return any(port.name in names for lag in lags for port in lag.ports)


def _say_what_is_awaited(changes: Changes, names: frozenset[str]) -> None:
    lags = changes.lags()
    there = {lag.name for lag in lags} | {port.name for lag in lags for port in lag.ports}
    for name in sorted(names - there):
        complain(PROGRAM, f"nothing here is called {name} yet: waiting for it", DONE)
    if not lags and not names:
        complain(PROGRAM, "there is no LAG here yet: waiting for one", DONE)


def text(data: Any, screen: Screen, args: Namespace) -> Iterable[str]:
    """A line for each event, with the local time; a line for each new day."""
    today = None
    for event in map(printable, data):
        date = day(event.get("time"))
        if today is not None and date != today:
            yield screen.paint("dim", str(date))
        today = date
        where = event.get("lag") or event.get("source")
        if event.get("port"):
            where = f"{where}  {event['port']}"
        late = " (told late)" if event.get("resync") else ""
        said = f"{time_of_day(event.get('time'))}  {where}  {phrase(event)}{late}"
        yield screen.paint(style(event), said)


COMMAND = Command(
    arguments,
    run,
    text,
    notes=(
        "lacpd and the kernel announce what happens. Asked at the interval are teamd,\n"
        "Open vSwitch and the bits of LACP in bonds: what comes and goes in between is\n"
        "not seen.\n\n"
        "A daemon that ends, and one that comes later, ends nothing: it is waited for.\n"
        "When events were lost a line says so, and what is different then is told late."
    ),
)
