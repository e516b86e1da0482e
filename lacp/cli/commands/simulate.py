"""`lacpctl simulate`: LACP at work in virtual time, seen live."""

from __future__ import annotations

import math
import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from lacp.cli.command import Answer, Command, Document, Failure
from lacp.cli.common import BAD_USAGE
from lacp.cli.output import Cell, Screen
from lacp.config.words import CONTROLS, EDITIONS
from lacp.picture.events import QUIET, phrase, style

if TYPE_CHECKING:
    from lacp.sim.network import Logged
    from lacp.sim.playback import Playback
    from lacp.sim.scenarios import Caption

#: Seconds that a scenario takes at the pace that is chosen for it, and between two drawings.
_WATCHING_TIME = 16.0
_FRAME_TIME = 0.08

#: What would keep equal events of several ports from becoming one line.
_LENGTHY = re.compile(r" of \[.*| key \d+ port \d+")


def _speed(text: str) -> float:
    if text == "max":
        return math.inf
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise ArgumentTypeError(f"{text!r}, expected a number above 0 or max")
    return value


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("scenario", nargs="?", metavar="SCENARIO", help="its name; default: demo")
    parser.add_argument("--list", action="store_true", help="list the scenarios")
    parser.add_argument(
        "--speed",
        metavar="X|max",
        type=_speed,
        help="virtual seconds per second; default: about 16 s in all on a terminal, else max",
    )
    parser.add_argument("--seed", type=int, default=0, help="of all that is random (default 0)")
    parser.add_argument(
        "--edition",
        choices=EDITIONS,
        help="of 802.1AX, for every system",
    )
    parser.add_argument("--control", choices=CONTROLS, help="of the Mux machine (6.4.15)")


def run(args: Namespace) -> Answer:
    """Find the scenario and get it ready."""
    from lacp.protocol import edition
    from lacp.protocol.variables import Control
    from lacp.sim.playback import Playback
    from lacp.sim.scenarios import SCENARIOS

    if args.list:
        known = SCENARIOS.values()
        return Answer(
            {
                "version": 1,
                "scenarios": [
                    {"name": each.name, "summary": each.summary, "seconds": each.seconds}
                    for each in known
                ],
            }
        )
    name = args.scenario or next(iter(SCENARIOS))
    if name not in SCENARIOS:
        raise Failure(f"no scenario {name!r}, there are {', '.join(SCENARIOS)}", BAD_USAGE)
    parameters: dict[str, Any] = {}
    if args.edition is not None:
        parameters["edition"] = edition.EDITIONS[args.edition]
    if args.control is not None:
        parameters["control"] = Control(args.control)
    playback = Playback(SCENARIOS[name], args.seed, **parameters)
    return Answer(Documents(playback, args.speed))


class Documents(Iterator[Document]):
    """A simulation as documents, one for each event; or, by its `playback`, to be looked at."""

    def __init__(self, playback: Playback, speed: float | None) -> None:
        self.playback = playback
        self.speed = speed
        self._documents = self._all()

    def __next__(self) -> Document:
        return next(self._documents)

    def _all(self) -> Iterator[Document]:
        pace = Pace(self.speed or math.inf)
        for items in paced(self.playback, pace):
            yield from map(document, items)
        yield {
            "time": self.playback.now,
            "event": "summary",
            "outcomes": [
                {"time": each.time, "text": each.text, "facts": each.facts}
                for each in self.playback.finish()
            ],
        }


class Pace:
    """Virtual time on a clock of this world."""

    def __init__(self, speed: float) -> None:
        from time import monotonic

        self.speed = speed
        self._clock = monotonic
        self._start = monotonic()

    @property
    def now(self) -> float:
        """The virtual time that it is now."""
        return math.inf if self.speed == math.inf else (self._clock() - self._start) * self.speed

    def wait(self) -> None:
        """Until the next drawing."""
        from time import sleep

        sleep(_FRAME_TIME)


def paced(playback: Playback, pace: Pace) -> Iterator[list[Caption | Logged]]:
    """All that happens, at the pace asked for: what is due when one looks."""
    while not playback.over:
        if items := list(playback.advance(pace.now)):
            yield items
        if not playback.over:
            pace.wait()


def document(item: Caption | Logged) -> Document:
    """One thing that happened, like a line of `monitor --json`; time is virtual."""
    from lacp.daemon.report.documents import event_document
    from lacp.sim.scenarios import Caption

    time = round(item.time, 6)
    if isinstance(item, Caption):
        return {"time": time, "event": "caption", "text": item.text}
    return {"time": time, "system": item.node, **event_document(item.event)}


def text(data: Any, screen: Screen, args: Namespace) -> Iterable[str]:
    """The list; or the simulation, drawn live where that is possible, and its summary."""
    if args.list:
        rows = [(Cell(each["name"], "bold"), Cell(each["summary"])) for each in data["scenarios"]]
        width = max(len(row[0].text) for row in rows)
        for name, summary in rows:
            first, *more = screen.wrap(summary.text, " " * (width + 2))
            yield screen.paint("bold", name.text) + first[len(name.text) :]
            yield from more
        return
    playback = data.playback
    if screen.live and data.speed != math.inf:
        speed = data.speed or max(1.0, playback.scenario.seconds / _WATCHING_TIME)
        _live(playback, Pace(speed), screen)
    else:
        yield from _plain(playback, Pace(data.speed or math.inf), screen)
    yield from _summary(playback, screen)


def _title(playback: Playback, screen: Screen) -> list[str]:
    scenario = playback.scenario
    return [screen.paint("title", scenario.name), *screen.wrap(scenario.summary), ""]


def _plain(playback: Playback, pace: Pace, screen: Screen) -> Iterator[str]:
    """A line for each thing that happens."""
    yield from _title(playback, screen)
    for items in paced(playback, pace):
        yield from _lines(map(document, items), screen)


def _lines(events: Iterable[Document], screen: Screen) -> Iterator[str]:
    """What happened, in lines; what several ports do in one instant is one of them."""
    groups: dict[tuple[float, str], list[Document]] = {}
    for event in events:
        if event["event"] == "caption":
            yield from _flush(groups, screen)
            yield from screen.wrap(f"{event['time']:8.3f}  > {event['text']}", hanging=" " * 12)
        elif not _routine(event):
            said = _LENGTHY.sub("", phrase(event))
            groups.setdefault((round(event["time"], 3), said), []).append(event)
    yield from _flush(groups, screen)


def _flush(groups: dict[tuple[float, str], list[Document]], screen: Screen) -> Iterator[str]:
    from lacp.sim.playback import ranges

    for (time, said), events in groups.items():
        ports = " ".join(ranges([(event["system"], event["port"]) for event in events]))
        front = f"{time:8.3f}  {ports:18}  "
        for line in screen.wrap(front + said, hanging=" " * 30):
            yield screen.paint(style(events[0]), line)
    groups.clear()


def _routine(event: Document) -> bool:
    """Whether the event says nothing that another one does not, or what every start brings."""
    if event["event"] != "state_changed":
        return event["event"] in ("mux_changed", "port_added")
    return event["machine"] in QUIET or event["old"] in ("BEGIN", "INITIALIZE")


def _live(playback: Playback, pace: Pace, screen: Screen) -> None:
    """Draw the table again and again until all is played."""
    from lacp.cli.timeline import Timelines, picture

    for line in _title(playback, screen):
        screen.line(line)
    timelines = Timelines(playback.scenario.seconds)
    recent: deque[str] = deque(maxlen=screen.height)
    while True:
        happened = []
        for item in playback.advance(pace.now):
            happened.append(document(item))
            timelines.look(playback.now, playback.ports())
        recent.extend(_lines(happened, screen))
        ports = playback.ports()
        timelines.look(playback.now, ports)
        caption = f"{playback.caption.time:.1f} s: {playback.caption.text}"
        screen.redraw(picture(playback, pace.speed, screen, ports, timelines, caption, recent))
        if playback.over:
            break
        pace.wait()
    screen.release()


def _summary(playback: Playback, screen: Screen) -> Iterator[str]:
    yield ""
    yield screen.paint("title", "What came of it")
    for outcome in playback.finish():
        yield from (
            screen.paint("bold", line)
            for line in screen.wrap(f"{outcome.time:6.1f} s  {outcome.text}", "", " " * 10)
        )
        for fact in outcome.facts or ["no port begins or stops carrying traffic"]:
            yield from screen.wrap(fact, " " * 10, " " * 12)


COMMAND = Command(
    arguments,
    run,
    text,
    notes=(
        "Systems on simulated cables run the same engine as lacpd.\n\n"
        "RECEIVE, MUX  the states of these machines (6.4.12, 6.4.15)\n"
        "SAYS          the state octet that the port sends: A active, T short timeout,\n"
        "              G aggregation, S in sync, C collecting, D distributing,\n"
        "              F defaulted (no partner heard), E expired (partner silent)\n"
        "HEARD         the age of the last LACPDU that the port received\n"
        "TIMELINE      what the port was at each time"
    ),
    asks=False,
)
