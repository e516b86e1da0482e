"""JUnit XML: a suite for each capture, a case for each rule and actor, well-formed for any text."""

from xml.etree.ElementTree import Element, fromstring

from hypothesis import given
from hypothesis import strategies as st

from lacp.conformance.judge.report import CaptureReport
from lacp.conformance.report.documents import Unreadable
from lacp.conformance.report.junit import junit
from lacp.conformance.verdict import Verdict
from tests.unit.conformance.report.conversations import TITLES, add_finding, calm, report

LEFT = "02:00:00:01:00:00#1"
RIGHT = "02:00:00:02:00:00#1"


def cases(suite: Element) -> dict[str, list[str]]:
    """What each case holds, by name."""
    return {case.get("name", ""): [each.tag for each in case] for case in suite.iter("testcase")}


def made() -> CaptureReport:
    it = report(calm(20))
    add_finding(it, "TX-01", (3, 4, 5, 6), "Four in a second, expected three.")
    add_finding(it, "PDU-06", (7,), "Reserved octet 0x01, expected zeros.", Verdict.WARN)
    return it


def test_a_case_for_each_rule_and_actor() -> None:
    root = fromstring(junit([made()], titles=TITLES))
    (suite,) = root
    of_tx = TITLES["TX-01"]
    assert suite.get("name") == "simulated.pcap"
    assert cases(suite) == {
        f"NTT-12 by {LEFT}: {TITLES['NTT-12']}": [],
        f"NTT-12 by {RIGHT}: {TITLES['NTT-12']}": [],
        f"PDU-06 by {LEFT}: {TITLES['PDU-06']}": ["system-out"],
        f"PDU-06 by {RIGHT}: {TITLES['PDU-06']}": [],
        f"TX-01 by {LEFT}: {of_tx}": [],
        f"TX-01 by {RIGHT}: {of_tx}": ["failure"],
    }
    assert {key: root.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "6",
        "failures": "1",
        "errors": "0",
        "skipped": "0",
    }


def test_a_failure_names_frames_time_and_clause() -> None:
    (failure,) = fromstring(junit([made()])).iter("failure")
    assert failure.get("message") == "Four in a second, expected three."
    said = "fail: 1.000 s, frames 3, 4, 5, 6, 6.4.16: Four in a second, expected three."
    assert failure.text == said


def test_what_cannot_be_decided_is_skipped() -> None:
    it = made()
    it.rules["NTT-12"].passed = 0
    skipped = list(fromstring(junit([it])).iter("skipped"))
    assert len(skipped) == 2


def test_damage_and_unreadable_captures_are_errors() -> None:
    it = made()
    it.damage = "cut off at offset 99"
    root = fromstring(junit([it], [Unreadable("y", "y: is empty")]))
    assert [error.get("message") for error in root.iter("error")] == [
        "cut off at offset 99",
        "y: is empty",
    ]
    assert root.get("errors") == "2"


@given(st.text(st.characters(codec=None)))
def test_any_text_makes_well_formed_xml(text: str) -> None:
    it = report(SHORT, file=text)
    add_finding(it, "TX-01", (3,), text)
    it.limits.append(text)
    fromstring(junit([it], [Unreadable(text, text)], {"TX-01": text}).encode("utf-8"))


SHORT = calm(20)
