"""`lacpctl decode`: every way to hand it octets, and everything it says of them."""

import io
import json
import sys
import zlib
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacp.cli import hexdump
from lacp.cli.commands import decode
from lacp.cli.lacpctl import main
from lacp.cli.output import Screen
from lacp.wire.dissect import dissect
from lacp.wire.lacpdu import Lacpdu
from tests.golden import Golden
from tests.unit.cli.frames import MARKER, PLAIN, SOURCE, VERSION_2, ethernet, hex_dump

FRAME = ethernet(PLAIN.encode())
PAYLOAD = FRAME[14:]


class Stdin:
    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)

    def isatty(self) -> bool:
        return False


def decoded(octets: bytes) -> dict[str, Any]:
    return decode.document(octets)


def words(octets: bytes, width: int = 80) -> str:
    screen = Screen(io.StringIO(), {}, width=width)
    answer = {"version": 1, "frames": [decoded(octets)]}
    return "\n".join(decode.text(answer, screen, Namespace())) + "\n"


# What it says.

SHOWN = {
    "lacpdu": FRAME,
    "payload": PAYLOAD,
    "version_2": ethernet(VERSION_2.encode()),
    "marker": ethernet(MARKER.encode()),
    "marker_response": ethernet(MARKER.respond().encode()),
    "truncated_in_partner": FRAME[:50],
    "truncated_in_header": FRAME[:9],
    "wrong_length": FRAME[:17] + b"\x15" + FRAME[18:],
    "reserved_octets": FRAME[:33] + b"\x01\x02\x03" + FRAME[36:],
    "fcs": FRAME + zlib.crc32(FRAME).to_bytes(4, "little"),
    "trailing": FRAME + b"more",
    "tagged": FRAME[:12] + bytes.fromhex("81000001") + FRAME[12:],
    "ossp": ethernet(b"\x0a" + bytes.fromhex("0019a7") + bytes(48)),
    "illegal_subtype": ethernet(b"\x0b" + bytes(109)),
    "ipv4": SOURCE + SOURCE + b"\x08\x00" + b"\x45" + bytes(45),
    "nearest_customer_bridge": bytes.fromhex("0180c2000000") + FRAME[6:],
}


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_shown(name: str, golden: Golden) -> None:
    shown = words(SHOWN[name])
    assert max(len(line) for line in shown.splitlines()) <= 80
    golden.check(shown)


@pytest.mark.parametrize("name", SHOWN)
def test_document(name: str, golden: Golden) -> None:
    golden.check(json.dumps(decoded(SHOWN[name]), indent=1) + "\n", ".json")


MALFORMED = {"truncated_in_partner", "truncated_in_header", "wrong_length", "tagged", "ipv4"}


@pytest.mark.parametrize("name", SHOWN)
def test_exit_code_is_1_for_what_a_receiver_refuses(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = 1 if name in MALFORMED | {"illegal_subtype"} else 0
    assert main(["decode", SHOWN[name].hex()]) == expected
    out, err = capsys.readouterr()
    assert (bool(out), err) == (True, "")


@given(st.integers(0, len(FRAME)), st.binary(max_size=40))
def test_fields_cover_every_octet_once(cut: int, more: bytes) -> None:
    frame = FRAME[:cut] + more
    at = 0
    for field in dissect(frame):
        assert field.offset == at
        assert field.octets == frame[at : at + len(field.octets)]
        at += len(field.octets)
    assert at == len(frame)


@given(st.binary(min_size=1, max_size=300), st.booleans())
def test_any_octets_are_shown_within_the_width(octets: bytes, slow: bool) -> None:
    frame = ethernet(octets) if slow else octets
    for width in (72, 80, 200):
        assert all(len(line) <= width for line in words(frame, width).splitlines())
    json.dumps(decoded(frame))


@given(st.binary(min_size=110, max_size=110))
def test_fields_agree_with_the_codec(octets: bytes) -> None:
    payload = bytearray(PAYLOAD[:58] + octets[58:])
    for at in (1, *range(4, 19), *range(24, 39), 44, 45):
        payload[at] = octets[at]
    pdu = Lacpdu.decode(bytes(payload))
    values = {(f.section, f.name): f.value for f in dissect(ethernet(bytes(payload)))}
    for section, info in (("actor", pdu.actor), ("partner", pdu.partner)):
        for name in ("system_priority", "key", "port_priority", "port", "state"):
            assert values[section, name] == getattr(info, name)
        assert values[section, "system"] == str(info.system)
    assert values["lacpdu", "version"] == pdu.version
    assert values["collector", "max_delay"] == pdu.collector_max_delay


# How octets come in.

FORMS = {
    "digits": FRAME.hex(),
    "colons": FRAME.hex(":"),
    "blanks": FRAME.hex(" "),
    "dots": FRAME.hex(".", 2),
    "dashes": FRAME.hex("-"),
    "0x in front": "0x" + FRAME.hex(),
    "C": "{" + ", ".join(f"0x{octet:02x}" for octet in FRAME) + "};",
    "C escapes": '"' + "".join(f"\\x{octet:02x}" for octet in FRAME) + '"',
    "Python": "b'" + "".join(f"\\x{octet:02x}" for octet in FRAME) + "'",
    "upper case": FRAME.hex().upper(),
    "lines": "\n".join(FRAME[at : at + 30].hex() for at in range(0, len(FRAME), 30)),
    "no leading zeros": ":".join(f"{octet:x}" for octet in FRAME),
    "tcpdump -xx": "10:00:00.000000 LACPv1, length 110\n" + hex_dump(FRAME, "\t0x{:04x}:  "),
    "tcpdump -XX": hex_dump(FRAME, "\t0x{:04x}:  ", text=True),
    "Wireshark": hex_dump(FRAME, "{:04x}  ", group=1, text=True),
    "tshark": hex_dump(FRAME, "{:04x}  ", group=1),
    "xxd": hex_dump(FRAME, "{:08x}: ", text=True),
    "od -Ax": hex_dump(FRAME, "{:06x} ", group=1) + "00007c\n",
    "hexdump -C": hex_dump(FRAME[:80], "{:08x}  ", group=1, text=True)
    + "*\n"
    + hex_dump(FRAME[112:], "{:08x}  ", group=1, text=True).replace("00000000", "00000070")
    + "0000007c\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_hex(form: str) -> None:
    assert hexdump.parse(FORMS[form]) == [FRAME]


def test_text_beside_a_short_last_line_is_not_hex() -> None:
    frame = bytes(16) + b"\xab\xcd\xef\xab"
    shown = hex_dump(frame, "0x{:04x}:  ", text=True).replace("....\n", "abcd\n")
    assert shown.endswith("abcd\n")
    assert hexdump.parse(shown) == [frame]


def test_a_dump_of_several_frames() -> None:
    text = "one\n" + hex_dump(FRAME) + "two\n" + hex_dump(PAYLOAD)
    assert hexdump.parse(text) == [FRAME, PAYLOAD]


@pytest.mark.parametrize("frame", [b"00", b"ab cd", b"01234567", b"a" * 18])
def test_text_that_looks_like_octets_is_not_taken_for_them(frame: bytes) -> None:
    assert hexdump.parse(hex_dump(frame, "{:08x}: ", text=True)) == [frame]


@given(st.binary(min_size=1, max_size=200))
def test_every_dump_gives_its_octets(frame: bytes) -> None:
    assert hexdump.parse(frame.hex()) == [frame]
    assert hexdump.parse(hex_dump(frame)) == [frame]
    assert hexdump.parse(hex_dump(frame, "{:08x}: ", text=True)) == [frame]


def test_where_the_octets_begin() -> None:
    begins = {
        "ethernet": (FRAME, FRAME[:20], SOURCE + FRAME[6:], SHOWN["tagged"], SHOWN["ipv4"]),
        "payload": (PAYLOAD, PAYLOAD[:5], MARKER.encode(), b"\x0a" + bytes(60)),
    }
    for where, examples in begins.items():
        assert [decoded(octets)["begins"] for octets in examples] == [where] * len(examples)


@pytest.mark.parametrize("content", [FRAME, FRAME.hex().encode(), hex_dump(FRAME).encode()])
def test_a_file(content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a frame"
    file.write_bytes(content)
    assert main(["--json", "decode", str(file)]) == 0
    assert json.loads(capsys.readouterr().out) == {"version": 1, "frames": [decoded(FRAME)]}


@pytest.mark.parametrize("argument", [[], ["-"]])
def test_standard_input(
    argument: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(FRAME.hex().encode()))
    assert main(["decode", *argument]) == 0
    assert capsys.readouterr().out == words(FRAME)


def test_hex_may_be_several_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", *FRAME.hex(" ").split()]) == 0
    assert capsys.readouterr().out == words(FRAME)


UNREADABLE = {
    "": "decode: no octets in the argument",
    "018": "decode: 3 hex digits, expected an even number",
    "01 80 c2 0g": "01 80 c2 0g is neither hex nor a file",
    "no such file": "no such file is neither hex nor a file",
    "a\x1b[2Jb": "a?[2Jb is neither hex nor a file",
    "z" * 300: "z" * 40 + "... is neither hex nor a file",
    ".": ".: Is a directory",
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_unreadable_input(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", what]) == 2
    assert capsys.readouterr() == ("", f"lacpctl: {UNREADABLE[what]}\n")


UNREADABLE_CONTENT = {
    b"": "no octets in it",
    b"# a comment\n": "'#' in line 1 is no hex digit",
    b"0180\nc2 xy\n": "'x' in line 2 is no hex digit",
    b"0" * 1_000_001: "more than 1000000 octets",
}


@pytest.mark.parametrize("content", UNREADABLE_CONTENT, ids=range(len(UNREADABLE_CONTENT)))
def test_unreadable_content(
    content: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(content))
    assert main(["decode", "-"]) == 2
    expected = f"lacpctl: standard input: {UNREADABLE_CONTENT[content]}\n"
    assert capsys.readouterr() == ("", expected)


@pytest.mark.parametrize(("magic", "kind"), [("d4c3b2a1", "pcap"), ("0a0d0d0a", "pcapng")])
def test_a_capture_is_named_and_the_way_round_shown(
    magic: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.pcap"
    file.write_bytes(bytes.fromhex(magic) + bytes(20))
    assert main(["decode", str(file)]) == 2
    assert capsys.readouterr().err == (
        f"lacpctl: {file} is a {kind} capture: pcap-replay judges it; or pipe its frames in as hex:"
        " tcpdump -xx -r FILE\n"
    )
