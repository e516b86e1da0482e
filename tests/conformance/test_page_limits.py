"""Pages about captures that are long, or hostile: still usable, still only text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from lacp.conformance.judge.report import CaptureReport
from lacp.conformance.report.page import page
from tests.browser import Tab
from tests.pages import (  # noqa: F401 - fixtures
    EVIL,
    ROWS,
    Open,
    chromium,
    clean,
    decoded,
    open_page,
    texts,
)
from tests.unit.conformance.report.conversations import TITLES, add_finding, calm, report

LEFT = "02:00:00:01:00:00#1"
RIGHT = "02:00:00:02:00:00#1"

Show = Callable[..., Tab]


@pytest.fixture
def show(open_page: Open) -> Show:  # noqa: F811
    def call(*made: CaptureReport, width: int = 1440) -> Tab:
        return open_page(page(made, titles=TITLES), width)

    return call


# What is long.


def test_ten_quiet_minutes_are_short(show: Show) -> None:
    made = report(calm(600))
    tab = show(made)
    assert tab.evaluate("document.querySelector('.ladder').offsetHeight") < 1500
    (fold,) = texts(tab, ".fold")
    assert re.match(r"9 min \d+ s unchanged: 59\d → each 1\.00 s, 59\d ← each 1\.00 s", fold)


def test_a_hole_is_never_folded(show: Show) -> None:
    made = report(calm(200))
    made.exhibits = [each for each in made.exhibits if not 100 <= each.time < 151]
    tab = show(made)
    assert [text for text in texts(tab, ".pause") if text] == ["52.0 s"]
    assert len(texts(tab, ".fold")) == 2


def test_thousands_of_changes_are_drawn_in_parts(show: Show) -> None:
    made = report(calm(1500))
    # Each PDU differs from the one before.
    made.exhibits = [
        replace(each, octets=each.octets[:44] + each.frame.to_bytes(2, "big") + each.octets[46:])
        for each in made.exhibits
    ]
    tab = show(made)
    first = tab.evaluate("document.querySelectorAll('.arrow').length")
    assert 200 < first < 1000
    more = tab.evaluate("document.querySelector('.segments .more').innerText")
    assert re.match(r"[\d,]+ more rows not drawn\. Draw the next 500", more)
    tab.click(".segments .more button")
    assert tab.evaluate("document.querySelectorAll('.arrow').length") > first + 200
    clean(tab)


def test_many_links_are_drawn_in_parts_those_that_are_wrong_first(show: Show) -> None:
    made = report(calm(links=60))
    last = made.exhibits[-1].actor
    add_finding(made, "TX-01", (len(made.exhibits),), "wrong")
    tab = show(made)
    links = "[...document.querySelectorAll('.link')].map(it => it.getAttribute('aria-label'))"
    drawn = tab.evaluate(links)
    assert len(drawn) == 24
    assert str(last) in drawn[0]
    for _ in range(2):
        tab.click(".capture > .more button")
    assert len(tab.evaluate(links)) == 60
    assert tab.evaluate("document.querySelectorAll('.capture > .more').length") == 0
    clean(tab)


def test_what_was_left_out_is_said(show: Show) -> None:
    made = report(calm())
    made.exhibits = made.exhibits[:10]
    made.left_out = 7
    said = show(made).evaluate("document.querySelector('.capture').innerText")
    assert "10 PDUs of 48 are drawn; 7 findings, states or PDUs left out" in said


# What does not trust its input.


def test_hostile_text_is_text(show: Show) -> None:
    made = report(calm())
    add_finding(made, "TX-01", (6,), "wrong")
    made.file = EVIL
    made.damage = EVIL
    made.limits = [EVIL]
    made.links[0].summary = EVIL
    made.findings = [replace(each, message=EVIL, rule=EVIL) for each in made.findings]
    made.rules = {EVIL: made.rules["TX-01"]}
    made.actors[0].source_mac = EVIL
    made.actors[0].timeline = [replace(each, mux=EVIL) for each in made.actors[0].timeline]
    tab = show(made, width=390)
    assert tab.evaluate("window.pwned") is None
    clean(tab)
    shown = EVIL.replace("\ud800", "\ufffd")
    assert shown in tab.evaluate("document.querySelector('.summary').textContent").replace(
        "\ud800", "\ufffd"
    )
    assert tab.evaluate("document.querySelectorAll('img').length") == 0


def test_hostile_names_of_ends(show: Show) -> None:
    made = report(calm())
    made.actors[0].actor = EVIL
    made.links[0].ends = (EVIL, RIGHT)
    made.exhibits = [
        replace(each, actor=EVIL) if each.actor == LEFT else each for each in made.exhibits
    ]
    tab = show(made)
    assert tab.evaluate("window.pwned") is None
    clean(tab)
    assert tab.evaluate("document.querySelectorAll('.to-right').length") > 3


def test_any_octets_can_be_looked_at(show: Show) -> None:
    made = report(calm())
    for at, octets in enumerate((b"", b"\x01", bytes(60), bytes(range(256)) * 5)):
        made.exhibits[at] = replace(made.exhibits[at], octets=octets)
    tab = show(made)
    for frame in (1, 2, 3, 4):
        tab.click(f'[data-frame="{frame}"]')
        assert tab.evaluate(ROWS) == decoded(made.exhibits[frame - 1].octets)
        tab.press("Escape")
    clean(tab)


def test_the_page_runs_nothing_but_itself(show: Show) -> None:
    tab = show(report(calm()))
    tab.evaluate(
        "(() => { const it = document.createElement('script'); it.textContent = 'pwned = 1';"
        "document.body.append(it); })()"
    )
    assert tab.evaluate("window.pwned") is None
    assert any("Content Security Policy" in said for said in tab.console)


def test_nothing_at_all(show: Show) -> None:
    tab = show()
    clean(tab)
    assert "Nothing to judge" in tab.evaluate("document.querySelector('h1').innerText")
    empty = show(CaptureReport("empty.pcap"))
    clean(empty)
    assert "0 frames, none of LACP" in empty.evaluate("document.body.innerText")
