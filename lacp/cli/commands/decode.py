"""`lacpctl decode`: every field of a frame, and where it deviates from the standard."""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from contextlib import suppress
from errno import ENAMETOOLONG
from itertools import groupby
from typing import TYPE_CHECKING, Any

from lacp.cli.command import Answer, Command, Document, Failure
from lacp.cli.common import BAD, BAD_USAGE, DONE
from lacp.cli.output import Screen
from lacp.text import count
from lacp.wire.flags import BITS

if TYPE_CHECKING:
    from lacp.info import PortInfo
    from lacp.wire.dissect import Field
    from lacp.wire.lacpdu import Lacpdu
    from lacp.wire.marker import Marker

#: Octets of the longest thing worth reading: a thousand dumped frames.
_LIMIT = 1_000_000

#: An Ethernet header to put before a payload that came without one.
_HEADER = bytes.fromhex("0180c2000002 020000000000 8809")

#: EtherTypes by which an Ethernet frame is known: slow protocols, tags, LLDP, IPv4, ARP, IPv6.
_ETHERTYPES = {
    bytes.fromhex(ethertype)
    for ethertype in ("8809", "8100", "88a8", "9100", "88cc", "0800", "0806", "86dd")
}


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "what",
        nargs="*",
        metavar="HEX|FILE|-",
        help="hex digits, a file of hex or octets, or - for standard input (the default)",
    )


def run(args: Namespace) -> Answer:
    """Decode what the arguments say."""
    from lacp.cli import hexdump

    content, source = _content(args.what)
    if kind := hexdump.capture_kind(content):
        raise Failure(
            f"{source} is a {kind} capture: pcap-replay judges it; or pipe its frames in as hex:"
            " tcpdump -xx -r FILE",
            BAD_USAGE,
        )
    try:
        frames = hexdump.frames(content)
    except hexdump.NotHexError as error:
        raise Failure(f"{source}: {error}", BAD_USAGE) from None
    if not frames:
        raise Failure(f"{source}: no octets in it", BAD_USAGE)
    decoded = [document(octets) for octets in frames]
    bad = any(frame["malformed"] for frame in decoded)
    return Answer({"version": 1, "frames": decoded}, BAD if bad else DONE)


def _content(what: list[str]) -> tuple[bytes, str]:
    """What is to be decoded, and what to call it."""
    if what in ([], ["-"]):
        if not what and sys.stdin.isatty():
            raise Failure("decode: give hex digits, a file, or - for standard input", BAD_USAGE)
        return _limited(sys.stdin.buffer.read(_LIMIT + 1), "standard input"), "standard input"
    text = " ".join(what)
    if not text.strip():
        raise Failure("decode: no octets in the argument", BAD_USAGE)
    try:
        with suppress(FileNotFoundError, NotADirectoryError, ValueError), open(text, "rb") as file:
            return _limited(file.read(_LIMIT + 1), text), text
    except OSError as error:
        # A name that is too long for a file is hex.
        if error.errno != ENAMETOOLONG:
            raise Failure(f"{text}: {error.strerror}", BAD_USAGE) from None
    if re.search(r"[^0-9a-fA-FxX\s:,.;|_\\'\"{}()\[\]-]", text):
        raise Failure(f"{_short(text)} is neither hex nor a file", BAD_USAGE)
    return text.encode(), "decode"


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."


def _limited(content: bytes, source: str) -> bytes:
    if len(content) > _LIMIT:
        raise Failure(f"{source}: more than {_LIMIT} octets", BAD_USAGE)
    return content


def begins_with_payload(octets: bytes) -> bool:
    """Whether these octets begin at the subtype, and not at an Ethernet destination address."""
    if octets[:5] == _HEADER[:5]:
        return False
    if octets[:1] == b"\x01" and octets[2:4] == b"\x01\x14":
        return True
    if octets[:1] == b"\x02" and octets[2:4] in (b"\x01\x10", b"\x02\x10"):
        return True
    return octets[0] in range(1, 11) and octets[12:14] not in _ETHERTYPES


def document(octets: bytes) -> Document:
    """Everything there is to say of one frame, as plain data."""
    from lacp.address import SLOW_PROTOCOLS_MULTICAST, Mac
    from lacp.errors import DecodeError
    from lacp.wire import slow
    from lacp.wire.dissect import dissect, fcs
    from lacp.wire.validate import validate

    bare = begins_with_payload(octets)
    frame = _HEADER + octets if bare else octets
    fields = dissect(frame)
    # The 2014 edition lets a port use other group addresses, so the frame's own is taken.
    destination = Mac(frame[:6]) if len(frame) >= 6 else SLOW_PROTOCOLS_MULTICAST
    classified = slow.classify(frame[: len(frame) - len(fcs(frame))], destination)
    pdu: Lacpdu | Marker | None = None
    with suppress(DecodeError):
        pdu = slow.decode(frame[slow.payload_offset(frame) : len(frame) - len(fcs(frame))])
    malformed = "" if classified.kind is slow.Kind.OTHER else classified.reason
    deviations = [] if classified.kind is slow.Kind.OTHER else validate(frame)
    return {
        "kind": _kind(classified.kind, frame),
        "octets": len(octets),
        "begins": "payload" if bare else "ethernet",
        "malformed": malformed or None,
        "unknown": classified.reason if classified.kind is slow.Kind.OTHER else None,
        "pdu": _pdu(pdu),
        "fields": [_field(field) for field in fields if not bare or field.offset >= len(_HEADER)],
        "deviations": [
            {
                "offset": each.offset,
                "clause": each.clause,
                "severity": each.severity,
                "found": each.found,
                "expected": each.expected,
                "message": each.message,
            }
            for each in deviations
            if not bare or each.offset >= len(_HEADER)
        ],
    }


def _kind(kind: Any, frame: bytes) -> str:
    """What to call the frame, even one that is damaged."""
    from lacp.wire.slow import payload_offset

    name = str(kind.name).lower()
    if name in ("illegal", "foreign"):
        start = payload_offset(frame)
        if frame[start - 2 : start] != _HEADER[12:]:
            return "foreign"
        return {b"\x01": "lacp", b"\x02": "marker"}.get(frame[start : start + 1], "illegal")
    return name


def _end(info: PortInfo) -> Document:
    """One end of a link, as `show --json` has it."""
    from lacp.picture.model import End, document

    end = End(
        system_priority=info.system_priority,
        system=info.system,
        key=info.key,
        port_priority=info.port_priority,
        port=info.port,
        state=info.state,
    )
    found: Document = document(end)
    return found


def _pdu(pdu: Lacpdu | Marker | None) -> Document | None:
    from lacp.wire.dissect import parts, tlv_name
    from lacp.wire.lacpdu import Lacpdu

    if pdu is None:
        return None
    if not isinstance(pdu, Lacpdu):
        return {
            "version": pdu.version,
            "response": pdu.response,
            "requester_port": pdu.requester_port,
            "requester_system": str(pdu.requester_system),
            "transaction": pdu.transaction,
        }
    return {
        "version": pdu.version,
        "actor": _end(pdu.actor),
        "partner": _end(pdu.partner),
        "collector_max_delay": pdu.collector_max_delay,
        "tlvs": [
            {
                "type": item.kind,
                "name": tlv_name(item),
                **{name: value for name, value, _ in parts(item)},
            }
            for item in pdu.tlvs
        ],
    }


def _field(field: Field) -> Document:
    return {
        "offset": field.offset,
        "length": len(field.octets),
        "missing": field.missing,
        "section": field.section,
        "name": field.name,
        "value": field.value,
        "meaning": field.meaning,
    }


_KINDS = {
    "lacp": "LACPDU",
    "marker": "Marker PDU",
    "marker_response": "Marker Response PDU",
    "other": "another slow protocol",
    "illegal": "illegal slow protocol",
    "foreign": "no slow protocol",
}

_SECTIONS = {
    "ethernet": "Ethernet",
    "lacpdu": "LACPDU",
    "actor": "Actor: who sent this",
    "partner": "Partner: whom the sender hears",
    "collector": "Collector",
    "terminator": "Terminator",
    "marker": "Marker",
    "marker_response": "Marker Response",
    "slow_protocol": "Slow protocol",
    "payload": "Payload",
}


def text(data: Any, screen: Screen, args: Namespace) -> Iterable[str]:
    """Each frame as a list of fields with its deviations below."""
    for number, frame in enumerate(data["frames"], 1):
        if number > 1:
            yield ""
        which = f"frame {number}: " if len(data["frames"]) > 1 else ""
        yield from _frame_text(which, frame, screen)


def _frame_text(which: str, frame: Document, screen: Screen) -> Iterator[str]:
    title = f"{which}{_KINDS[frame['kind']]}, {count(frame['octets'], 'octet')}"
    if frame["begins"] == "payload":
        title += " of payload"
    yield screen.paint("title", title)
    if frame["begins"] == "payload":
        yield from screen.wrap("Offsets count from where the destination address would be.")
    yield ""
    yield screen.paint("dim", "offset  size  field")
    for section, fields in groupby(frame["fields"], key=lambda field: str(field["section"])):
        title = _SECTIONS.get(section) or section.replace("tlv", "TLV", 1)
        yield screen.paint("bold", f"{'':14}{title}")
        for field in fields:
            yield from _field_text(field, screen)
    yield ""
    yield from _verdict(frame, screen)


def _field_text(field: Document, screen: Screen) -> Iterator[str]:
    name = str(field["name"]).replace("_", " ").replace("tlv ", "TLV ")
    name = "EtherType" if name == "ethertype" else name
    size = str(field["length"])
    if field["missing"]:
        size += f"/{field['length'] + field['missing']}"
    front = f"{field['offset']:6}  {size:>4}    {name:18}"
    value, meaning = str(field["value"]), str(field["meaning"])
    if field["name"] == "state" and not field["missing"]:
        value = f"{field['value']:#04x}"
    if set(value) == {"0"} and len(value) > 2:
        value, meaning = meaning or value, ""
    room = max(16, screen.width - len(front) - 1)
    pieces = [value[at : at + room] for at in range(0, len(value), room)] or [""]
    if len(pieces) == 1 and meaning and len(value) + 2 + len(meaning) <= room:
        style = "bad" if field["missing"] else "dim"
        yield f"{front} {value}  {screen.paint(style, meaning)}"
    else:
        yield f"{front} {pieces[0]}"
        for piece in pieces[1:]:
            yield f"{'':{len(front)}} {piece}"
        if field["missing"]:
            yield f"{'':{len(front)}} {screen.paint('bad', meaning)}"
    if field["name"] == "state" and not field["missing"]:
        for bit in BITS:
            is_set = bool(field["value"] & bit.flag)
            words = f"{'':14}  {int(is_set)} {bit.name:15}  {bit.meaning(field['value'])}"
            yield words if is_set else screen.paint("dim", words)


def _verdict(frame: Document, screen: Screen) -> Iterator[str]:
    if frame["malformed"]:
        yield from _said(screen, "bad", "A receiver refuses it: ", frame["malformed"])
    elif frame["unknown"]:
        yield from _said(screen, "warn", "LACP does not look at it: ", frame["unknown"])
        return
    else:
        yield screen.paint("good", "A receiver takes it.")
    deviations = frame["deviations"]
    if not deviations:
        yield screen.paint("good", "It is as the standard has it sent.")
        return
    yield f"{count(len(deviations), 'deviation')} from what the standard has a station send:"
    for each in deviations:
        style = "bad" if each["severity"] == "fail" else "warn"
        front = f"  {each['severity']}  offset {each['offset']:<3}  {each['clause']:8}  "
        first, *more = screen.wrap(each["message"], front, " " * len(front))
        yield first.replace(each["severity"], screen.paint(style, each["severity"]), 1)
        yield from more


def _said(screen: Screen, style: str, what: str, why: str) -> Iterator[str]:
    first, *more = screen.wrap(what + why, hanging="  ")
    yield first.replace(what.strip(), screen.paint(style, what.strip()), 1)
    yield from more


COMMAND = Command(
    arguments,
    run,
    text,
    notes=(
        "The octets begin at the Ethernet destination address or at the slow-protocol\n"
        "subtype, which is found out. Dumps with offsets are understood: tcpdump -xx,\n"
        "Wireshark, xxd, hexdump -C; several frames in a row too:\n\n"
        "  tcpdump -xx -r capture.pcap | lacpctl decode\n\n"
        "Exit code 1 when a receiver would refuse a frame, 2 when this is no hex."
    ),
    asks=False,
)
