"""LAGs whose ports are judged by link watchers, not by LACP: what `lacpctl show` says of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lacp.cli.command import Document
from lacp.cli.output import Cell, Column, known
from lacp.text import count

#: What the documents of LAGs that speak LACP have as their mode.
_LACP = (None, "lacp")

COLUMNS = (
    Column("PORT"),
    Column("LINK"),
    Column("WATCHERS"),
    Column("TRAFFIC"),
    Column("PRIO", right=True, optional=True),
    Column("STICKY", optional=True),
    Column("QUEUE", right=True, optional=True),
    Column("WENT DOWN", right=True, optional=True),
)


def is_watched(lag: Document) -> bool:
    """Whether nobody speaks LACP for this LAG."""
    return lag.get("mode") not in _LACP


def facts(lag: Document) -> Iterator[str]:
    """Who the LAG is, where there are no two ends to tell of."""
    said = [f"address  {known(lag.get('address'), 'unknown')}"]
    if lag.get("mode") == "activebackup":
        said.append(f"active port  {known(lag.get('active_port'), 'none')}")
    yield "  " + "   ".join(said)


def row(lag: Document, port: Document, link: Cell) -> Sequence[Cell]:
    """A port as a line of the table."""
    its = _watchers(port)
    downs = [each.get("down_count") or 0 for each in its]
    sticky = port.get("sticky")
    return (
        Cell(port["name"], "bold"),
        link,
        _opinion(port, its),
        _traffic(lag, port),
        Cell(known(port.get("prio"))),
        Cell("-" if sticky is None else "yes" if sticky else "no"),
        Cell(known(port.get("queue_id"))),
        Cell(str(sum(downs)) if its else "-"),
    )


def _watchers(port: Document) -> list[Document]:
    return list(port.get("link_watches") or ())


def _opinion(port: Document, its: Sequence[Document]) -> Cell:
    """What the watchers say, in short: those that say down, where the port has several."""
    if port.get("usable") is None:
        return Cell("-")
    style = "" if port["usable"] else "bad"
    if len(its) == 1:
        return Cell(f"{its[0].get('name')} {_way(its[0])}", style)
    up = sum(bool(each.get("up")) for each in its)
    if up in (0, len(its)):
        return Cell("up" if port["usable"] else "down", style)
    return Cell(f"{up} of {len(its)} up", style)


def _traffic(lag: Document, port: Document) -> Cell:
    if port.get("distributing") is None:
        return Cell("?", "warn")
    if port["distributing"]:
        return Cell("active" if lag.get("mode") == "activebackup" else "yes", "good")
    if lag.get("mode") == "activebackup" and port.get("usable"):
        return Cell("standby")
    return Cell("no", "warn")


def detail(port: Document) -> Iterator[tuple[str, list[str]]]:
    """What else there is to know of a port, as titles with facts."""
    yield "watchers", watchers(port)
    settings = [f"{key} {port[key]}" for key in ("prio", "queue_id") if port.get(key) is not None]
    yield "settings", [*settings, *(["sticky"] if port.get("sticky") else [])]


def watchers(port: Document) -> list[str]:
    """What each link watcher of a port says, and why."""
    return [_said(each) for each in _watchers(port)]


def _said(watcher: Document) -> str:
    downs, reason = watcher.get("down_count"), watcher.get("reason")
    opinion = f"{watcher.get('name')} {_way(watcher)}"
    why = f": {reason}" if reason else ""
    return f"{opinion}{why} (went down {count(downs, 'time')})" if downs else f"{opinion}{why}"


def _way(watcher: Document) -> str:
    return "up" if watcher.get("up") else "down"
