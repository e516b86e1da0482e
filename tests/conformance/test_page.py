"""The page about captures in a browser: it draws what the JSON says, and asks for nothing."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from lacp.address import SLOW_PROTOCOLS_MULTICAST, Mac
from lacp.conformance.judge.report import CaptureReport, Exhibit
from lacp.conformance.report.documents import capture
from lacp.conformance.report.page import page
from lacp.conformance.verdict import Verdict
from lacp.wire import slow
from lacp.wire.dissect import dissect
from lacp.wire.flags import letters
from lacp.wire.marker import Marker
from tests.browser import Tab
from tests.pages import (  # noqa: F401 - fixtures
    ROWS,
    Open,
    chromium,
    clean,
    decoded,
    open_page,
    unfold,
)
from tests.unit.conformance.report.conversations import (
    TITLES,
    add_finding,
    calm,
    flapping,
    report,
)

LEFT = "02:00:00:01:00:00#1"
RIGHT = "02:00:00:02:00:00#1"

Show = Callable[..., Tab]


@pytest.fixture
def show(open_page: Open) -> Show:  # noqa: F811
    def call(*made: CaptureReport, width: int = 1440, dark: bool = False) -> Tab:
        return open_page(page(made, titles=TITLES), width, dark)

    return call


def story() -> CaptureReport:
    """A conversation with a failure, two findings and a spoilt octet."""
    made = report(flapping(200))
    add_finding(made, "TX-01", (3, 4, 5, 6), "Four LACPDUs within 0.8 s, expected three.")
    add_finding(made, "PDU-06", (150,), "A reserved octet is 0x01.", Verdict.WARN)
    spoilt = bytearray(made.exhibits[149].octets)
    spoilt[33] = 1
    made.exhibits[149] = replace(made.exhibits[149], octets=bytes(spoilt))
    made.limits.append("One direction only from 60 to 72 s.")
    return made


def marked() -> CaptureReport:
    """Two links, a marker with its response on the first, and a marker of a stranger."""
    made = report(calm(links=2))
    system = Mac.parse("02:00:00:01:00:00")
    marker = Marker(1, system, 77)
    for actor, kind, pdu in (
        (LEFT, "marker", marker),
        (RIGHT, "marker_response", marker.respond()),
        (None, "marker", marker),
    ):
        frame = slow.ethernet(SLOW_PROTOCOLS_MULTICAST, system, pdu.encode())
        number = len(made.exhibits) + 1
        made.exhibits.append(Exhibit(number, 20.0 + number / 1e3, actor, kind, frame))
    made.frames.marker = 2
    made.frames.marker_response = 1
    return made


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 768, 390])
def test_nothing_to_complain_of(width: int, dark: bool, show: Show) -> None:
    tab = show(story(), marked(), width=width, dark=dark)
    clean(tab)
    assert tab.evaluate("document.querySelectorAll('.link').length") == 3
    # The dialog fits, too.
    tab.click('[data-frame="150"]')
    assert tab.evaluate("document.getElementById('pdu').open")
    assert tab.evaluate(
        "(it => it.scrollWidth <= it.clientWidth && it.getBoundingClientRect().right <= innerWidth)"
        "(document.getElementById('pdu'))"
    )
    clean(tab)


# The picture.

ARROWS = """[...document.querySelectorAll('.arrow')].map(it => [
    +it.dataset.frame,
    it.classList.contains('to-right'),
    [...it.querySelectorAll('.flags')].map(block =>
        [...block.querySelectorAll('.on, .came')].map(one => one.textContent).join(''))])"""

FOLDS = """[...document.querySelectorAll('.fold')].map(it => [
    +it.dataset.count, it.getAttribute('aria-label')])"""

BANDS = (
    "[...document.querySelectorAll('.band[data-first]')].map(it => it.getAttribute('aria-label'))"
)


def drawn(made: CaptureReport) -> list[Any]:
    """What the arrows of a report with one link should be."""
    arrows = []
    for exhibit in made.exhibits:
        states = [f.octets[0] for f in dissect(exhibit.octets) if f.name == "state"]
        blocks = [letters(state).replace("-", "") for state in states]
        arrows.append([exhibit.frame, exhibit.actor == made.links[0].ends[0], blocks])
    return arrows


@pytest.mark.parametrize("width", [1440, 390])
def test_arrows_agree_with_the_capture(width: int, show: Show) -> None:
    made = story()
    tab = show(made, width=width)
    arrows = tab.evaluate(ARROWS)
    folds = tab.evaluate(FOLDS)
    assert len(arrows) + sum(count for count, _ in folds) == len(made.exhibits)
    assert len(arrows) < 100
    unfold(tab)
    assert tab.evaluate(ARROWS) == drawn(made)
    clean(tab)


def expected_bands(made: CaptureReport) -> Counter[str]:
    """The bands as the JSON has them: each state from its first entry to what ends it."""
    bands: Counter[str] = Counter()
    bits = {0x08: "in sync", 0x10: "collecting", 0x20: "distributing"}
    for actor in capture(made)["actors"]:
        columns: list[Callable[[dict[str, Any]], str]] = [
            lambda entry: f"Receive {entry['receive']}",
            lambda entry: f"Mux {entry['mux']}",
            *(
                lambda entry, bit=bit, name=name: name if entry["actor_state"] & bit else ""
                for bit, name in bits.items()
            ),
        ]
        for column in columns:
            spans: list[tuple[str, float]] = []
            for entry in actor["timeline"]:
                if not spans or spans[-1][0] != column(entry):
                    spans.append((column(entry), entry["time"]))
            ends = [start for _, start in spans[1:]] + [actor["last"]]
            for (name, start), end in zip(spans, ends, strict=True):
                if name:
                    bands[f"{actor['actor']}: {name}, {start:.3f} to {end:.3f} s"] += 1
    return bands


@pytest.mark.parametrize("width", [1440, 390])
def test_bands_agree_with_the_timeline(width: int, show: Show) -> None:
    made = story()
    tab = show(made, width=width)
    unfold(tab)
    assert Counter(tab.evaluate(BANDS)) == expected_bands(made)


def test_a_band_begins_at_the_arrow_that_shows_it(show: Show) -> None:
    made = story()
    tab = show(made)
    places = tab.evaluate(
        """[...document.querySelectorAll('.band[data-first]')].map(band => {
            const arrow = document.querySelector(`[data-frame="${band.dataset.first}"]`);
            const one = arrow.getBoundingClientRect(), other = band.getBoundingClientRect();
            const beside = arrow.classList.contains('to-right')
                ? other.right < one.left : other.left > one.right;
            return beside && Math.abs(one.top - other.top) < 4;
        })"""
    )
    assert len(places) > 20
    assert all(places)


def test_time_runs_down_and_names_stand_in_the_bands(show: Show) -> None:
    tab = show(story())
    tops = tab.evaluate(
        "[...document.querySelectorAll('.arrow, .fold')].map(it => it.getBoundingClientRect().top)"
    )
    assert tops == sorted(tops)
    assert len(set(tops)) == len(tops)
    # At phone width short forms take their place.
    names = "[...document.querySelectorAll('.band-name')].map(it => it.innerText)"
    assert {"EXPIRED", "CURRENT", "DEFAULTED", "DISTRIBUTING", "S", "C", "D"} <= set(
        tab.evaluate(names)
    )


def test_markers_have_their_own_arrows(show: Show) -> None:
    tab = show(marked())
    assert tab.evaluate(
        "[...document.querySelectorAll('.arrow.marker, .arrow.marker_response')]"
        ".map(it => it.innerText.split(/\\s+/).slice(1).join(' '))"
    ) == ["Marker", "Marker Response"]


def test_an_end_that_nobody_answers(show: Show) -> None:
    made = report(calm())
    made.actors = [replace(made.actors[0], peer=None)]
    made.exhibits = [each for each in made.exhibits if each.actor == LEFT]
    made.links = [replace(made.links[0], ends=(LEFT,))]
    tab = show(made, width=390)
    clean(tab)
    assert "nobody heard" in tab.evaluate("document.querySelector('.link h3').innerText")
    assert tab.evaluate("document.querySelectorAll('.arrow:not(.unheard)').length") == 0


# PDUs, field by field.
def test_a_click_shows_every_field(show: Show) -> None:
    made = story()
    tab = show(made)
    tab.click('[data-frame="150"]')
    assert tab.evaluate("document.getElementById('pdu-title').textContent") == "Frame 150: LACPDU"
    assert tab.evaluate(ROWS) == decoded(made.exhibits[149].octets)
    wrong = "[...document.querySelectorAll('#pdu tr.wrong')].map(row => row.dataset.field)"
    assert tab.evaluate(wrong) == ["actor.reserved"]
    assert "Reserved of the Actor TLV is 0x01, expected zeros" in tab.evaluate(
        "document.querySelector('.deviations').innerText"
    )
    tab.press("Escape")
    assert not tab.evaluate("document.getElementById('pdu').open")


def test_enter_opens_and_arrow_keys_walk(show: Show) -> None:
    made = marked()
    tab = show(made)
    number = next(each.frame for each in made.exhibits if each.kind == "marker")
    tab.evaluate(f"document.querySelector('[data-frame=\"{number}\"]').focus()")
    tab.press("Enter")
    assert tab.evaluate(ROWS) == decoded(made.exhibits[number - 1].octets)
    tab.press("ArrowLeft")
    assert tab.evaluate(ROWS) == decoded(made.exhibits[number - 2].octets)
    tab.press("ArrowRight")
    tab.press("ArrowRight")
    title = tab.evaluate("document.getElementById('pdu-title').textContent")
    assert title == f"Frame {number + 1}: Marker Response PDU"
    clean(tab)


def test_what_changed_since_the_last_is_marked(show: Show) -> None:
    made = story()
    tab = show(made)
    tab.click('[data-frame="9"]')
    changed = "[...document.querySelectorAll('#pdu .changed')].map(row => row.dataset.field)"
    assert tab.evaluate(changed) == ["actor.state"]


# Findings.


def test_findings_stand_where_they_happened(show: Show) -> None:
    tab = show(story())
    assert tab.evaluate(
        "[...document.querySelectorAll('.note')].map(it => [it.className,"
        "it.previousElementSibling.dataset.frame])"
    ) == [["note fail by-right", "6"], ["note warn", "150"]]
    heads = tab.evaluate("[...document.querySelectorAll('.note-head')].map(it => it.innerText)")
    assert heads[0] == f"✗ TX-01 · 6.4.16 · {TITLES['TX-01']}"
    # Only the sender who is wrong is marked, not those whose frames prove it.
    accused = "[...document.querySelectorAll('.accused')].map(it => +it.dataset.frame)"
    assert tab.evaluate(accused) == [3, 6, 150]


def test_a_finding_of_many_frames_stands_at_the_moment_it_was_proved(show: Show) -> None:
    made = story()
    made.findings = [
        replace(made.findings[0], frames=(6, 8, 90), time=made.exhibits[7].time),
        replace(made.findings[1], frames=(), time=made.exhibits[8].time),
    ]
    before = "[...document.querySelectorAll('.note')].map(it => it.previousElementSibling)"
    frames = show(made).evaluate(f"{before}.map(it => it.dataset.frame)")
    assert frames == ["8", str(made.exhibits[9].frame)]


def test_the_list_of_findings_leads_to_place_and_frame(show: Show) -> None:
    tab = show(story(), width=390)
    tab.click(".findings li:nth-child(2) .link-button:not([data-opens])")
    assert tab.evaluate(
        "(box => box.top >= 0 && box.bottom <= innerHeight)"
        "(document.activeElement.getBoundingClientRect())"
    )
    assert "PDU-06" in tab.evaluate("document.activeElement.innerText")
    tab.click('.findings [data-opens="6"]')
    assert tab.evaluate("document.getElementById('pdu-title').textContent") == "Frame 6: LACPDU"


def test_the_head_says_which_end_is_wrong(show: Show) -> None:
    tab = show(story())
    head = tab.evaluate("document.querySelector('h1').innerText")
    assert head.endswith(f"1 rule violated, by {RIGHT} (TX-01), 1 warning")
    ends = tab.evaluate("[...document.querySelectorAll('.end')].map(it => it.innerText)")
    assert "nothing violated" in ends[0]
    assert "1 violation" in ends[1]
    tallies = tab.evaluate(
        "[...document.querySelectorAll('.rules tbody tr')].map(it => it.innerText.split(/\\t/))"
    )
    assert tallies[1] == ["PDU-06", "0", "0", "1", "0", TITLES["PDU-06"]]


def test_filters(show: Show) -> None:
    tab = show(marked())
    choose = (
        "((id, value) => { const it = document.getElementById(id); it.value = value;"
        "it.dispatchEvent(new Event('change')); })"
    )
    links = "[...document.querySelectorAll('.link h3')].map(it => it.innerText.includes('#2'))"
    assert tab.evaluate(links) == [False, True]
    tab.evaluate(f"{choose}('by-link', '0-1')")
    assert tab.evaluate(links) == [True]
    tab.evaluate(f"{choose}('by-link', '')")
    tab.evaluate(f"{choose}('by-actor', '{LEFT}')")
    assert tab.evaluate(links) == [False]
    unfold(tab)
    assert tab.evaluate("document.querySelectorAll('.to-left').length") == 0
    assert tab.evaluate("document.querySelectorAll('.to-right').length") > 20
    clean(tab)


# Paper, and data.


def test_it_prints(show: Show) -> None:
    tab = show(story())
    printed = tab.pdf()
    assert printed.startswith(b"%PDF-")
    assert 2 <= len(re.findall(rb"/Type /Page\b", printed)) <= 6
    clean(tab)


def test_paper_is_white_also_at_night(show: Show) -> None:
    tab = show(story(), width=768, dark=True)
    colour = "getComputedStyle(document.body).color"
    assert tab.evaluate(colour) == "rgb(228, 231, 234)"
    dark = {"name": "prefers-color-scheme", "value": "dark"}
    tab.call("Emulation.setEmulatedMedia", media="print", features=[dark])
    assert tab.evaluate(colour) == "rgb(28, 33, 38)"
    assert tab.evaluate("getComputedStyle(document.querySelector('.toolbar')).display") == "none"


def test_the_data_of_the_page_is_the_json() -> None:
    made = story()
    text = page([made], titles=TITLES)
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    said = json.loads(data)
    (told,) = said["captures"]
    assert {key: told[key] for key in capture(made)} == json.loads(json.dumps(capture(made)))
    assert [each["frame"] for each in told["exhibits"]] == [each.frame for each in made.exhibits]
    octets = [said["pdus"][each["pdu"]]["hex"] for each in told["exhibits"]]
    assert octets == [each.octets.hex() for each in made.exhibits]
