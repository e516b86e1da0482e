"""The judge's JSON: its shape is what others rely on, and says the same as the report."""

import json

from lacp.conformance.judge.report import CaptureReport
from lacp.conformance.report.documents import Unreadable, document, failed
from lacp.conformance.verdict import Verdict
from tests.unit.conformance.report.conversations import add_finding, calm, report


def wrong() -> CaptureReport:
    made = report(calm(20))
    add_finding(made, "TX-01", (3, 4, 5, 6), "Four in a second, expected three.")
    return made


def test_shape_is_that_of_the_interface() -> None:
    said = json.loads(json.dumps(document([wrong()])))
    assert list(said) == ["version", "captures"]
    assert said["version"] == 1
    (capture,) = said["captures"]
    assert capture.keys() >= {"file", "frames", "actors", "findings", "rules"}
    assert capture["frames"] == {
        "total": 48,
        "lacpdu": 48,
        "marker": 0,
        "marker_response": 0,
        "other_slow": 0,
        "malformed": 0,
        "truncated": 0,
    }
    actor = capture["actors"][0]
    assert {key: actor[key] for key in actor if key != "timeline"} == {
        "actor": "02:00:00:01:00:00#1",
        "system_priority": 32768,
        "key": 1,
        "port_priority": 32768,
        "source_mac": "02:00:00:01:00:01",
        "pdus": 24,
        "first": 0.0,
        "last": 20.0,
        "peer": "02:00:00:02:00:00#1",
    }
    assert actor["timeline"][0] == {
        "time": 0.0,
        "frame": 1,
        "actor_state": 0xC7,
        "partner_state": 0x12,
        "receive": "EXPIRED",
        "mux": "DETACHED",
    }
    assert capture["findings"] == [
        {
            "rule": "TX-01",
            "clause": "6.4.16",
            "verdict": "fail",
            "actor": "02:00:00:02:00:00#1",
            "frames": [3, 4, 5, 6],
            "time": 1.0,
            "message": "Four in a second, expected three.",
        }
    ]
    assert capture["rules"]["NTT-12"] == {"pass": 12, "fail": 0, "warn": 0, "inconclusive": 3}


def test_links_damage_and_limits_are_added() -> None:
    made = wrong()
    made.damage = "cut off at offset 4711"
    made.limits.append("one direction only")
    (capture,) = document([made])["captures"]
    assert capture["damage"] == "cut off at offset 4711"
    assert capture["limits"] == ["one direction only"]
    ends = ["02:00:00:01:00:00#1", "02:00:00:02:00:00#1"]
    assert [link["ends"] for link in capture["links"]] == [ends]


def test_findings_are_told_as_they_happened() -> None:
    made = report(calm(20))
    add_finding(made, "B-2", (30,), "later")
    add_finding(made, "A-1", (8,), "sooner")
    (capture,) = document([made])["captures"]
    assert [finding["message"] for finding in capture["findings"]] == ["sooner", "later"]


def test_a_warning_is_no_violation() -> None:
    made = report(calm(20))
    assert not failed([made])
    add_finding(made, "A-1", (8,), "odd", Verdict.WARN)
    assert not failed([made])
    add_finding(made, "A-1", (9,), "wrong")
    assert failed([made])


def test_captures_that_could_not_be_read_are_named() -> None:
    said = document([], [Unreadable("x.pcap", "x.pcap: is empty, expected a capture")])
    assert said["captures"] == []
    reason = "x.pcap: is empty, expected a capture"
    assert said["unreadable"] == [{"file": "x.pcap", "reason": reason}]
