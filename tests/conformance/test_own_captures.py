"""The project's own captures: they are what their facts say, and tshark reads them alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lacp.address import Mac
from lacp.capture.frame import Frame
from lacp.capture.reader import open_capture
from lacp.wire.lacpdu import Lacpdu
from lacp.wire.slow import Kind, classify, decode
from tests.interop.conversations import CONVERSATIONS
from tests.interop.make_captures import CAPTURES
from tests.tshark import assert_agree, dissected

FILES = sorted([*CAPTURES.glob("*.pcap"), *CAPTURES.glob("*.pcapng")])
#: The implementations that answer a Marker PDU.
ANSWERS = {"lacpd", "bonding"}

each_capture = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)


def facts(file: Path) -> dict[str, Any]:
    """What was done when the capture was made."""
    found = json.loads(file.with_suffix(".json").read_text())
    assert isinstance(found, dict)
    return found


def frames(file: Path) -> list[Frame]:
    with open_capture(file) as capture:
        found = list(capture)
        assert (capture.damage, capture.notes) == (None, [])
    return found


def kinds(file: Path) -> list[Kind]:
    """What each frame is; a cooked one has no destination address, its sender had."""
    return [classify(each.octets, Mac(each.octets[:6])).kind for each in frames(file)]


def test_every_conversation_is_there_and_told() -> None:
    names = {each.name + each.suffix for each in CONVERSATIONS}
    assert {file.name for file in FILES} == names
    page = (CAPTURES / "README.md").read_text()
    assert [name for name in sorted(names) if f"| {name} |" not in page] == []


@each_capture
def test_it_is_small_and_whole(file: Path) -> None:
    assert file.stat().st_size <= 60_000
    found = frames(file)
    assert len(found) == facts(file)["frames"]
    assert not any(each.truncated for each in found)
    assert all(each.octets[12:14] == b"\x88\x09" for each in found)
    assert found[-1].time <= 100


@each_capture
def test_the_actors_are_the_ends_of_its_links(file: Path) -> None:
    told = facts(file)
    actors = set()
    for each in frames(file):
        pdu = decode(each.octets[14:])
        if isinstance(pdu, Lacpdu):
            actors.add((each.octets[6:12], pdu.actor.port))
    ends = 1 if told["right"] is None else 2
    assert len({source for source, _ in actors}) == ends * told["links"]


@each_capture
def test_who_answers_markers_did(file: Path) -> None:
    told = facts(file)
    asked = [what for _, what in told["events"] if "Marker" in what]
    hearers = [told["left" if "right end" in what else "right"]["device"] for what in asked]
    found = kinds(file)
    assert found.count(Kind.MARKER) == len(asked)
    assert found.count(Kind.MARKER_RESPONSE) == sum(each in ANSWERS for each in hearers)


@each_capture
def test_tshark_reads_it_alike(file: Path) -> None:
    for frame, layers in zip(frames(file), dissected(file), strict=True):
        if not frame.cooked:
            assert_agree(frame.octets, layers)
