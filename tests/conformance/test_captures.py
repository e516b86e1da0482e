"""Captures of real equipment: what they hold, and whether tshark reads them as we do."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from lacp.wire.slow import Kind, classify
from tests.reference import captures, frames
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
    verdicts = [classify(frame) for frame in frames(found[0])]
    counted = {kind: sum(verdict.kind is kind for verdict in verdicts) for kind in Kind}
    assert Kinds(counted[Kind.LACP], counted[Kind.OTHER], counted[Kind.FOREIGN]) == kinds
    assert len(verdicts) == kinds.lacp + kinds.other + kinds.foreign


@pytest.mark.parametrize("path", captures(), ids=lambda path: path.name)
def test_tshark_reads_the_captures_as_we_do(path: Path) -> None:
    for frame, layers in zip(frames(path), dissected(path), strict=True):
        assert_agree(frame, layers)
