"""Real captures: what a careful expert would say of each, and nothing more."""

from __future__ import annotations

from pathlib import Path

import pytest

from lacp.capture.reader import open_capture
from lacp.conformance.judge.judge import Judge
from lacp.conformance.judge.report import CaptureReport
from tests.reference import captures

OWN = sorted((Path(__file__).parent / "captures").glob("*.pcap*"))

#: By the README there: lacpd keeps all rules; what the others do is theirs, and known.
PECULIAR = {
    # In sync and distributing while Expired, without the partner's Synchronization.
    "openvswitch": {"MUX-04", "MUX-10"},
    # Defaulted at once when the carrier is back, without the time of Expired.
    "bonding": {"RXM-09"},
    # Bursts at each start.
    "teamd": {"TX-01"},
}
#: Findings that each capture has for sure.
CERTAIN = {
    "lacpd-openvswitch": {"MUX-04", "MUX-10"},
    "lacpd-openvswitch-slow": {"MUX-04", "MUX-10"},
    "lacpd-openvswitch-passive": {"MUX-04", "MUX-10"},
    "bonding-openvswitch": {"MUX-04", "MUX-10"},
    "openvswitch-alone": {"MUX-10"},
    "lacpd-bonding": {"RXM-09"},
}
#: What stands in the way of certainty, by how it begins; nothing in the others.
LIMITS = {
    # Bonding gave the link up and took its carrier.
    "lacpd-passive-bonding": ["no LACPDU from 21.0 to 27.6 s, though "],
}


def judged(path: Path) -> CaptureReport:
    judge = Judge(path.name)
    with open_capture(path) as capture:
        for frame in capture:
            judge.frame(frame)
        return judge.report(capture.total)


@pytest.mark.parametrize("path", captures(), ids=lambda path: path.stem)
def test_a_capture_of_somebody_else(path: Path) -> None:
    found = {(finding.rule, finding.actor) for finding in judged(path).findings}
    if path.stem == "cisco-iol-vlan-tagged":
        assert found == {("PDU-03", "aa:bb:cc:80:08:00#2"), ("PDU-03", "aa:bb:cc:80:09:00#2")}
    else:
        assert not found


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_a_capture_of_our_own(path: Path) -> None:
    report = judged(path)
    devices = path.stem.split("-")
    rules = {finding.rule for finding in report.findings}
    assert rules <= set().union(*(PECULIAR.get(device, set()) for device in devices))
    assert rules >= CERTAIN.get(path.stem, set())
    assert [limit[:38] for limit in report.limits] == LIMITS.get(path.stem, [])
    if devices[0] == "lacpd":
        ours = {
            finding for finding in report.findings if finding.actor.startswith("02:00:00:00:0a:")
        }
        assert not ours


def test_the_hole_of_a_capture_is_told() -> None:
    paths = [path for path in captures() if path.stem == "cisco-alcatel-two-links"]
    if not paths:
        pytest.skip("no captures beside the repository")
    report = judged(paths[0])
    assert [limit[:40] for limit in report.limits] == ["no LACPDU from 150.0 to 201.4 s, though "]
    assert len(report.links) == 2


def test_a_port_that_fell_back_to_traffic_without_a_partner_is_told() -> None:
    paths = [path for path in captures() if path.stem == "packetlife-cisco-renegotiation"]
    if not paths:
        pytest.skip("no captures beside the repository")
    (link,) = judged(paths[0]).links
    assert link.summary == (
        "Both ends distribute at the end. 00:13:c4:12:0f:00#22 carried traffic without a partner"
        " (Defaulted) from 8.4 to 85.0 s. Nothing violated."
    )
