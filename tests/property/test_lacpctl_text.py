"""Whatever a source tells, lacpctl says it in lines that a terminal can have."""

from __future__ import annotations

import io
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lacp.cli.commands import counters, neighbors, show
from lacp.cli.commands.counters import Counted, LagCounters, PortCounters
from lacp.cli.lacpctl import build_parser
from lacp.cli.live.choice import ORDERS, Choice, keys
from lacp.cli.live.memory import Memory
from lacp.cli.live.page import page
from lacp.cli.output import Screen, columns_of, printable
from lacp.cli.source import Shown
from lacp.picture.model import LagView, PortView, WatcherView, counted
from tests.property.views import LAGS, TRUTHS

TEXTS = st.text(max_size=40)
WORDS = st.none() | TEXTS
#: JSON may have NaN and Infinity.
SECONDS = st.none() | st.floats()
LINES = st.lists(TEXTS, max_size=2).map(tuple)
WATCHERS = st.builds(WatcherView, name=WORDS, up=TRUTHS, reason=WORDS)


@st.composite
def ports(draw: st.DrawFn, port: PortView) -> PortView:
    return replace(
        port,
        name=draw(TEXTS),
        collecting=draw(TRUTHS),
        usable=draw(TRUTHS),
        selected=draw(WORDS),
        last_rx_age=draw(SECONDS),
        changed_age=draw(SECONDS),
        timers=draw(st.none() | st.dictionaries(TEXTS, SECONDS, max_size=2)),
        link_watches=draw(st.none() | st.lists(WATCHERS, max_size=2).map(tuple)),
        problems=draw(LINES),
        missing=draw(WORDS),
        held=draw(WORDS),
        refusal=draw(WORDS),
    )


@st.composite
def lags(draw: st.DrawFn) -> LagView:
    lag = draw(LAGS)
    return counted(
        replace(
            lag,
            name=draw(TEXTS),
            source=draw(TEXTS),
            mode=draw(WORDS | st.sampled_from(["lacp", "active-backup"])),
            active_port=draw(WORDS),
            problems=draw(LINES),
            unseen=draw(LINES),
            ports=tuple(draw(ports(port)) for port in lag.ports),
        )
    )


SOME = st.lists(lags(), max_size=3)
WIDTHS = st.integers(1, 250)


def harmless(lines: list[str]) -> bool:
    """Nothing in them moves a cursor."""
    return all(line.isprintable() for line in lines)


@given(some=SOME, width=WIDTHS)
def test_every_picture_has_words(some: list[LagView], width: int) -> None:
    screen = Screen(io.StringIO(), {}, width=width)
    shown = printable(Shown(host="a\x1bb", time="x", lags=tuple(some)))
    for arguments in ((), ("-v",), ("-p",), ("-v", "-p")):
        args = build_parser().parse_args(["show", *arguments])
        assert harmless(list(show.text(shown, screen, args)))
    who = neighbors.Neighbors(
        host="", neighbors=tuple(n for lag in some for n in neighbors.of(lag))
    )
    assert harmless(list(neighbors.text(printable(who), screen, args)))
    told = Counted(
        host="",
        lags=tuple(
            LagCounters(
                name=lag.name,
                source=lag.source,
                ports=tuple(PortCounters(name=p.name, counters=p.counters) for p in lag.ports),
            )
            for lag in some
        ),
    )
    assert harmless(list(counters.text(printable(told), screen, args)))


@given(
    looks=st.lists(SOME, max_size=3),
    typed=st.text(st.sampled_from("jk bgGps/eth\r\x1b[A5~\x7f"), max_size=12),
    width=WIDTHS,
    height=st.integers(1, 60),
    order=st.sampled_from(ORDERS),
)
def test_every_page_fits(
    looks: list[list[LagView]], typed: str, width: int, height: int, order: str
) -> None:
    memory, choice = Memory(), Choice(order=order)
    for number, lags in enumerate(looks):
        memory.look(printable(lags), ["complaint"] * number, float(number))
        for key in keys(typed):
            choice.press(key, height)
        lines = page(memory, choice, "host", width, height)
        assert len(lines) == height
        text = ["".join(cell.text for cell in line) for line in lines]
        assert all(columns_of(line) <= width for line in text)
        assert harmless(text)
