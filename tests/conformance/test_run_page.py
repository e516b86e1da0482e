"""The pages about runs of the tester in a browser."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lacp.conformance.report.run_page import matrix_page, run_page
from lacp.conformance.verdict import Verdict
from tests.pages import (  # noqa: F401 - fixtures
    EVIL,
    ROWS,
    Open,
    chromium,
    clean,
    decoded,
    open_page,
    texts,
    unfold,
)
from tests.unit.conformance.report.runs import TEXT, WAIVER, outcome, run


@pytest.fixture
def show(open_page: Open) -> Open:  # noqa: F811
    return open_page


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_to_complain_of(width: int, dark: bool, show: Open) -> None:
    clean(show(run_page(run()), width, dark))
    tab = show(matrix_page([run(), run("ovs", failing=False), run("teamd")]), width, dark)
    clean(tab)
    tab.click("tbody tr:nth-child(2) button")
    assert tab.evaluate("document.getElementById('pdu').open")
    clean(tab)


def test_every_case_is_there_and_failures_are_open(show: Open) -> None:
    report = run()
    tab = show(run_page(report))
    cases = [each.case for each in report.outcomes]
    assert texts(tab, ".case > summary > b") == cases
    assert len(texts(tab, ".chip")) == len(cases)
    opened = tab.evaluate("[...document.querySelectorAll('.case[open]')].map(it => it.id)")
    assert opened == ["case-RXM-06"]
    assert TEXT in tab.evaluate("document.querySelector('.case[open]').innerText")
    assert "1 case failed: RXM-06" in tab.evaluate("document.querySelector('h1').innerText")


def test_frames_of_a_failure_are_drawn_link_by_link(show: Open) -> None:
    report = run()
    frames = report.outcomes[1].frames
    tab = show(run_page(report))
    unfold(tab)
    arrows = tab.evaluate(
        "[...document.querySelectorAll('.talk')].map(talk => [...talk.querySelectorAll('.arrow')]"
        ".map(it => [+it.dataset.frame, it.classList.contains('to-right')]))"
    )
    assert arrows == [
        [[number, it.ours] for number, it in enumerate(frames, 1) if it.link == link]
        for link in (0, 1)
    ]
    assert texts(tab, ".note p:last-child") == [TEXT, TEXT]
    names = set(texts(tab, ".band-name"))
    assert {"EXPIRED", "CURRENT", "ATTACHED", "DISTRIBUTING"} <= names


def test_a_frame_of_the_evidence_can_be_looked_at(show: Open) -> None:
    report = run()
    tab = show(run_page(report), 390)
    for number in (1, len(report.outcomes[1].frames)):
        tab.click(f'[data-frame="{number}"]')
        octets = report.outcomes[1].frames[number - 1].octets
        assert tab.evaluate(ROWS) == decoded(octets)
        tab.press("Escape")
    clean(tab)


def test_a_chip_leads_to_its_case(show: Open) -> None:
    tab = show(run_page(run()))
    tab.evaluate(
        "(it => { it.value = 'fail'; it.dispatchEvent(new Event('change')); })"
        "(document.getElementById('by-verdict'))"
    )
    assert len(texts(tab, ".case")) == 1
    tab.click(".chip.warn")
    assert tab.evaluate("document.getElementById('case-RXM-21').open")
    assert f"Waived: {WAIVER}" in tab.evaluate("document.getElementById('case-RXM-21').innerText")


def test_matrix_shows_each_verdict_and_why(show: Open) -> None:
    tab = show(matrix_page([run(), run("ovs", failing=False)]))
    rows = [text.split("\t")[:3] for text in texts(tab, ".matrix tbody tr")]
    assert rows[1] == ["RXM-06", "✗ fail", "✓ pass"]
    tab.click("tbody tr:nth-child(2) button")
    said = tab.evaluate("document.getElementById('pdu').innerText")
    assert TEXT in said
    tab.press("Escape")
    tab.evaluate(
        "(it => { it.value = 'differs'; it.dispatchEvent(new Event('change')); })"
        "(document.getElementById('by-kind'))"
    )
    assert [text.split("\t")[0] for text in texts(tab, ".matrix tbody tr")] == ["RXM-06"]


def test_hostile_text_is_text(show: Open) -> None:
    report = run()
    report.device = report.profile = report.command = EVIL
    report.versions = {EVIL: EVIL}
    spoilt = outcome(EVIL, Verdict.FAIL, EVIL, waiver=EVIL, frames=report.outcomes[1].frames)
    report.outcomes.append(replace(spoilt, title=EVIL, clause=EVIL, expected=EVIL))
    for text in (run_page(report), matrix_page([report, report])):
        tab = show(text, 390)
        assert tab.evaluate("window.pwned") is None
        clean(tab)
        tab.evaluate("document.querySelectorAll('details').forEach(it => { it.open = true; })")
        tab.evaluate("document.querySelectorAll('.chip').forEach(it => it.click())")
        assert tab.evaluate("document.querySelectorAll('img').length") == 0
        clean(tab)


def test_a_run_without_cases(show: Open) -> None:
    report = run()
    report.outcomes = []
    clean(show(run_page(report)))
    clean(show(matrix_page([report])))
    clean(show(matrix_page([])))
