"""Group PDU: the format of the LACPDUs that the device sends (6.4.2), by listening to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lacp.address import NO_MAC, Mac
from lacp.conformance.catalogue.case import Script, Source, case
from lacp.conformance.tester.device import Need
from lacp.conformance.tester.seen import Seen
from lacp.conformance.tester.times import BOUND, PROMPT
from lacp.conformance.tester.trial import Trial
from lacp.conformance.tester.waiting import Wait
from lacp.info import PORT_STATES, PortInfo, PortState
from lacp.wire.slow import ETHERTYPE, Subtype
from lacp.wire.tlv import TERMINATOR, walk

#: Where things are in a frame, from the destination address.
_SUBTYPE, _VERSION, _MAX_DELAY, _TLVS = 14, 15, 58, 72


def _listen(t: Trial, count: int) -> Wait[list[Seen]]:
    """Converge, then so many LACPDUs of every link; with all that came before them."""
    yield from t.b2()
    start = t.now
    yield from t.until(
        lambda: all(len(t.pdus(link, start)) >= count for link in range(t.links)),
        2.5 * count,
        f"{count} LACPDUs from a device whose partner has the short timeout",
    )
    return [it for link in range(t.links) for it in t.pdus(link)]


@case(
    "PDU-01",
    "LACPDUs go to the Slow Protocols multicast address",
    clause="57A.3",
    stimulus="converged; listen to 3 LACPDUs",
    expected="destination 01:80:c2:00:00:02, or the Protocol_DA that the profile names",
)
def destination(t: Trial) -> Script:
    for it in (yield from _listen(t, 3)):
        to = Mac(it.octets[:6])
        t.check(to == t.profile.destination, f"a LACPDU to {to}", f"one to {t.profile.destination}")


@case(
    "PDU-02",
    "LACPDUs come from an individual address of the port",
    clause="57A.3",
    stimulus="converged on two links; listen to 3 LACPDUs of each",
    expected="an individual source address, always the same on a link; WARN if two links share it",
    links=2,
)
def source(t: Trial) -> Script:
    yield from _listen(t, 3)
    addresses = []
    for link in range(t.links):
        sources = [Mac(it.octets[6:12]) for it in t.pdus(link)]
        for each in sources:
            t.check(
                not each.group and each != NO_MAC,
                f"source address {each} on link {link}",
                "an individual address",
            )
        t.check(
            len(set(sources)) == 1,
            f"source addresses {', '.join(map(str, sorted(set(sources))))} on link {link}",
            "the port's one address",
        )
        addresses.append(sources[0])
    if len(set(addresses)) < len(addresses):
        t.warn(f"saw source address {addresses[0]} on two links, expected each port to use its own")


@case(
    "PDU-03",
    "LACPDUs are untagged frames of EtherType 0x8809",
    clause="57A.4",
    stimulus="converged; listen to 3 LACPDUs",
    expected="EtherType 0x8809 at offset 12: no VLAN tag, no priority tag",
)
def ethertype(t: Trial) -> Script:
    for it in (yield from _listen(t, 3)):
        found = int.from_bytes(it.octets[12:14], "big")
        t.check(
            found == ETHERTYPE, f"{found:#06x} at offset 12 of a LACPDU", "0x8809 and no tag there"
        )


@case(
    "PDU-04",
    "LACPDUs have subtype 1 and the version that the device is said to have",
    clause="6.4.2.3",
    stimulus="converged; listen to 3 LACPDUs",
    expected="Subtype 1, Version_Number 1 (2 if the profile says so)",
)
def version(t: Trial) -> Script:
    for it in (yield from _listen(t, 3)):
        subtype, number = it.octets[_SUBTYPE], it.octets[_VERSION]
        t.check(subtype == Subtype.LACP, f"subtype {subtype}", "1")
        t.check(number == t.device.version, f"Version_Number {number}", str(t.device.version))


@case(
    "PDU-05",
    "LACPDUs have the TLVs Actor, Partner, Collector and Terminator, with their lengths",
    clause="6.4.2.3",
    stimulus="converged; listen to 3 LACPDUs",
    expected="types 1, 2, 3, 0 at offsets 16, 36, 56, 72 with lengths 20, 20, 16, 0; "
    "version 2: the Terminator after the TLVs of that version",
)
def tlvs(t: Trial) -> Script:
    for it in (yield from _listen(t, 3)):
        for name, at, kind, length in (
            ("Actor", 16, 1, 20),
            ("Partner", 36, 2, 20),
            ("Collector", 56, 3, 16),
            ("Terminator", _terminator(t, it), TERMINATOR, 0),
        ):
            found = tuple(it.octets[at : at + 2])
            t.check(
                found == (kind, length),
                f"type and length {found} at offset {at}",
                f"those of the {name} TLV, {(kind, length)}",
            )


@case(
    "PDU-06",
    "All reserved octets of a LACPDU are zero in every state",
    clause="6.4.2.3",
    stimulus="listen to the device while it is defaulted, converging, converged and expired",
    expected="the 3, 3 and 12 reserved octets of the TLVs and all after the Terminator are zero",
    source=Source.FIELD_BUG,
    expires=True,
)
def reserved(t: Trial) -> Script:
    yield from t.b1()
    yield from _listen(t, 3)
    t.partner().silence()
    yield from t.next_pdu(lambda it: it.expired, within=t.device.timeout + 1.5, what="Expired=1")
    yield from t.wait(1.5)
    for it in t.pdus():
        for start, end in ((33, 36), (53, 56), (60, 72), (_terminator(t, it) + 2, None)):
            octets = it.octets[start:end]
            t.check(
                not any(octets),
                f"{octets.hex()} at offset {start} of {it.summary}",
                "reserved octets to be sent as zeros",
            )


@case(
    "PDU-07",
    "A LACPDU has 110 octets from its subtype on",
    clause="6.4.2.3",
    stimulus="converged; listen to 3 LACPDUs",
    expected="110 octets of payload; version 2: at least 110, and a Terminator in them",
)
def size(t: Trial) -> Script:
    for it in (yield from _listen(t, 3)):
        length = len(it.octets) - _SUBTYPE
        right = length >= 110 if t.device.version > 1 else length == 110
        t.check(right, f"a LACPDU of {length} octets", "110")
        t.check(
            _terminator(t, it) + 2 <= len(it.octets), "no Terminator", "one before the frame ends"
        )


def _terminator(t: Trial, it: Seen) -> int:
    """Where the Terminator has to be: version 2 has TLVs before it."""
    if t.device.version == 1:
        return _TLVS
    _, rest = walk(it.octets[_TLVS:])
    return len(it.octets) - len(rest)


@case(
    "PDU-08",
    "Actor_Port is not zero and unique in the system, Actor_Key is not zero",
    clause="6.4.7",
    stimulus="converged on two links; listen to 3 LACPDUs of each",
    expected="two port numbers other than 0; WARN on key 0",
    source=Source.FIELD_BUG,
    links=2,
)
def port_numbers(t: Trial) -> Script:
    heard = yield from _listen(t, 3)
    ports: dict[int, int] = {}
    for it in heard:
        number = it.actor.port
        t.check(number, f"Actor_Port 0 on link {it.link}", "another number")
        t.check(
            ports.setdefault(number, it.link) == it.link,
            f"Actor_Port {number} on links {ports[number]} and {it.link}",
            "a number that is unique in the system",
        )
    t.check(
        len(ports) == t.links, f"Actor_Ports {sorted(ports)}", f"one for each of {t.links} links"
    )
    if any(it.actor.key == 0 for it in heard):
        t.warn("saw Actor_Key 0, expected another: 0 is no key, and some partners refuse it")


@case(
    "PDU-09",
    "All ports of a system announce the same System Identifier",
    clause="6.4.2.3",
    stimulus="converged on two links; listen to 3 LACPDUs of each",
    expected="one Actor_System, neither zero nor a group address, and one Actor_System_Priority",
    source=Source.FIELD_BUG,
    links=2,
)
def system_identifier(t: Trial) -> Script:
    heard = yield from _listen(t, 3)
    for it in heard:
        system = it.actor.system
        t.check(
            system != NO_MAC and not system.group,
            f"Actor_System {system} on link {it.link}",
            "an individual address",
        )
    found = sorted({it.actor.system_id for it in heard})
    t.check(
        len(found) == 1,
        f"System Identifiers {', '.join(f'{priority:#06x},{mac}' for priority, mac in found)}",
        "the same on all ports of a system",
    )


@case(
    "PDU-10",
    "Ports of one LAG announce one key, ports of different LAGs different ones",
    clause="6.4.14.1",
    stimulus="converged on two links; listen to 3 LACPDUs of each",
    expected="equal Actor_Keys if the profile has the ports in one LAG, else different ones",
    source=Source.FIELD_BUG,
    links=2,
)
def keys(t: Trial) -> Script:
    yield from _listen(t, 3)
    by_lag: dict[int, set[int]] = {}
    for link in range(t.links):
        by_lag.setdefault(link % t.device.lags, set()).update(it.actor.key for it in t.pdus(link))
    for found in by_lag.values():
        t.check(len(found) == 1, f"Actor_Keys {sorted(found)} in one LAG", "one key")
    distinct = set[int]().union(*by_lag.values())
    t.check(
        len(distinct) == len(by_lag),
        f"Actor_Keys {sorted(distinct)} for {len(by_lag)} LAGs",
        "a key of its own for each: the partner would mix their links",
    )


#: State octets that have each bit once set and once clear.
_STATES = (
    PortState.ACTIVITY | PortState.AGGREGATION | PortState.COLLECTING | PortState.DEFAULTED,
    PortState.SHORT_TIMEOUT
    | PortState.AGGREGATION
    | PortState.SYNCHRONIZATION
    | PortState.DISTRIBUTING
    | PortState.EXPIRED
    | PortState.ACTIVITY,
    PortState.ACTIVITY | PortState.DISTRIBUTING | PortState.EXPIRED,
    PortState.SHORT_TIMEOUT | PortState.AGGREGATION | PortState.COLLECTING,
)


@case(
    "PDU-11",
    "The Partner TLV repeats what the partner's Actor TLV said",
    clause="6.4.2.3",
    stimulus="LACPDUs of H with values met nowhere else and an empty Partner TLV",
    expected="the next LACPDU has them in its Partner TLV; Synchronization excepted (RXM-14)",
)
def echo(t: Trial) -> Script:
    yield from t.b2()
    partner = t.partner()
    partner.silence()
    for number, state in enumerate(_STATES, 1):
        if not (t.device.activity or PortState.ACTIVITY in state):
            # Two passive ends say nothing.
            continue
        theirs = PortInfo(
            0x1230 + number,
            Mac(bytes.fromhex("0248c0ffee") + bytes((number,))),
            0x2340 + number,
            0x3450 + number,
            0x4560 + number,
            PORT_STATES[state],
        )
        sent = partner.send(actor=theirs, echo=PortInfo())
        pdu = yield from _repeated(t, theirs)
        t.check_prompt(pdu, sent.time, "the answer")
        yield from t.wait(0.5)


def _repeated(t: Trial, theirs: PortInfo) -> Wait[Seen]:
    """The LACPDU with this in its Partner TLV; Synchronization is for the device to decide."""
    wanted = _without_sync(theirs)
    return (
        yield from t.next_pdu(
            lambda it: _without_sync(it.partner) == wanted,
            within=BOUND,
            what=f"H's Actor TLV ({theirs}) in the Partner TLV, Synchronization apart",
        )
    )


def _without_sync(info: PortInfo) -> PortInfo:
    return replace(info, state=PORT_STATES[info.state & ~PortState.SYNCHRONIZATION])


@case(
    "PDU-12",
    "A port that has heard nobody announces its administrative partner, with the short timeout",
    clause="6.4.12",
    stimulus="a defaulted device's link goes down and up, H silent",
    expected="Partner_State.LACP_Timeout=1 while Expired=1; one partner identity, recorded",
    needs={Need.LINK},
    device={"activity": True},
)
def default_partner(t: Trial) -> Script:
    yield from t.b1()
    up = yield from t.flap()
    yield from t.wait(3.0 + PROMPT)
    expired = [it for it in t.pdus(since=up) if it.expired]
    t.check(expired, "no LACPDU with Expired=1 in 3 s after link up", "some, one each second")
    for it in expired:
        t.check(
            PortState.SHORT_TIMEOUT in it.partner.state,
            f"{it.summary}",
            "Partner_State.LACP_Timeout=1 while Expired=1",
        )
    identities = {it.partner.identity: it.partner for it in expired}
    t.check(
        len(identities) == 1,
        f"partners {', '.join(map(str, identities.values()))}",
        "the administrative one throughout",
    )
    t.note(f"the administrative partner is {expired[0].partner}")


@case(
    "PDU-13",
    "CollectorMaxDelay does not change",
    clause="6.4.2.3",
    stimulus="converged; listen to 10 LACPDUs",
    expected="the same value in all; it is recorded",
)
def max_delay(t: Trial) -> Script:
    heard = yield from _listen(t, 10)
    values = {int.from_bytes(it.octets[_MAX_DELAY : _MAX_DELAY + 2], "big") for it in heard}
    t.check(len(values) == 1, f"CollectorMaxDelay values {sorted(values)}", "one value")
    t.note(f"CollectorMaxDelay is {values.pop()} tens of microseconds")


@case(
    "PDU-14",
    "Actor_State never has a combination that no Mux machine can be in",
    clause="6.4.15",
    stimulus="listen to the device converging, losing H, defaulted and converging again",
    expected="Distributing only with Collecting, Collecting only with Synchronization, and neither "
    "with Expired",
)
def combinations(t: Trial) -> Script:
    yield from t.b2()
    yield from t.b1()
    for it in (yield from _listen(t, 3)):
        for wrong in illegal(it):
            t.fail(f"saw {it.summary}, {wrong}")


def illegal(it: Seen) -> Iterator[str]:
    """What is wrong with the Actor_State of a LACPDU, whatever the Mux machine is."""
    if it.distributing and not it.collecting:
        yield "expected Collecting with Distributing"
    if it.collecting and not it.synchronization:
        yield "expected Synchronization with Collecting"
    if it.expired and (it.collecting or it.distributing):
        yield "expected neither Collecting nor Distributing with Expired"
