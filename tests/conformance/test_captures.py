"""Captures of real equipment: what they hold, and whether tshark reads them as we do."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from lacp.capture.reader import open_capture
from lacp.wire.slow import Kind, classify
from tests.lab import need_tool
from tests.reference import captures
from tests.tshark import assert_agree, dissected


@dataclass(frozen=True)
class Kinds:
    """How many frames of a capture are what."""

    lacp: int
    other: int
    foreign: int


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("packetlife-cisco-renegotiation.pcap", Kinds(20, 0, 0)),
        ("cisco-alcatel-two-links.pcap", Kinds(452, 0, 0)),
        ("extreme-summit-loop-detect.pcap", Kinds(10, 0, 0)),
        ("cisco-iol-vlan-tagged.pcap", Kinds(0, 0, 14)),
        ("ossp-esmc.pcap", Kinds(0, 1, 0)),
        ("esmc-synce.pcapng", Kinds(0, 15, 0)),
    ],
)
def test_a_capture_holds_what_is_known_of_it(name: str, kinds: Kinds) -> None:
    found = [path for path in captures() if path.name == name]
    if not found:
        pytest.skip(f"no capture {name} beside the repository")
    with open_capture(found[0], everything=True) as capture:
        verdicts = [classify(frame.octets) for frame in capture]
    counted = {kind: sum(verdict.kind is kind for verdict in verdicts) for kind in Kind}
    assert Kinds(counted[Kind.LACP], counted[Kind.OTHER], counted[Kind.FOREIGN]) == kinds
    assert len(verdicts) == kinds.lacp + kinds.other + kinds.foreign


@pytest.mark.parametrize("path", captures(), ids=lambda path: path.name)
def test_tshark_reads_the_captures_as_we_do(path: Path) -> None:
    with open_capture(path, everything=True) as capture:
        for frame, layers in zip(capture, dissected(path), strict=True):
            assert_agree(frame.octets, layers)
            theirs = layers["frame"]
            assert frame.number == int(theirs["frame.number"])
            assert f"{frame.time:.9f}" == theirs["frame.time_relative"]
            assert frame.length == int(theirs["frame.len"])
            assert len(frame.octets) == int(theirs["frame.cap_len"])


@pytest.mark.parametrize("path", captures(), ids=lambda path: path.name)
def test_the_frames_of_interest_are_those_that_tshark_filters(path: Path) -> None:
    need_tool("tshark")
    command = ["tshark", "-r", str(path), "-Y", "slow || eth.dst == 01:80:c2:00:00:02"]
    asked = ["-T", "fields", "-e", "frame.number"]
    done = subprocess.run([*command, *asked], capture_output=True, text=True, check=True)
    with open_capture(path) as capture:
        assert [frame.number for frame in capture] == [int(n) for n in done.stdout.split()]
    assert capture.damage is None
