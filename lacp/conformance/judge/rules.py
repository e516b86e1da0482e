"""The rules of the judge: what each asks of an actor, and where it is written.

Ids are those of the conformance catalogue where a case has the same subject, with its clause. A
number 00 belongs to no case: a rule of that group that the catalogue does not have.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule that a capture can show to be kept or broken."""

    id: str
    #: Of 802.1AX-2014, or of 802.3 Annex 57A for what all slow protocols share.
    clause: str
    #: What a conforming actor does, in one sentence.
    title: str


# fmt: off
_ALL = (
    Rule("PDU-01", "57A.3",    "LACPDUs go to 01:80:c2:00:00:02"),
    Rule("PDU-02", "57A.3",    "The source is the port's own individual address, and stays"),
    Rule("PDU-03", "57A.4",    "Slow-protocol frames are never tagged"),
    Rule("PDU-04", "6.4.2.3",  "The version is 1, or 2"),
    Rule("PDU-05", "6.4.2.3",  "TLV types are 1, 2, 3 and 0, of 20, 20, 16 and 0 octets"),
    Rule("PDU-06", "6.4.2.3",  "Reserved octets are zero"),
    Rule("PDU-07", "6.4.2.3",  "A LACPDU is 110 octets, ended by a Terminator and zeros"),
    Rule("PDU-08", "6.4.7",    "A port number is not zero and belongs to one port of its system"),
    Rule("PDU-09", "6.4.2.3",  "A system has one individual address and one priority"),
    Rule("PDU-13", "6.4.2.3",  "CollectorMaxDelay is a constant of the port"),
    Rule("PDU-00", "6.4.2.3",  "What a port is told to be does not change to and fro by itself"),
    Rule("PDU-11", "6.4.2.3",  "The partner block repeats what the partner last said of itself"),
    Rule("RXM-06", "6.4.12",   "With the short timeout, 3 s without a LACPDU set Expired"),
    Rule("RXM-07", "6.4.12",   "With the long timeout, 90 s without a LACPDU set Expired"),
    Rule("RXM-08", "6.4.12",   "Expired asks for fast LACPDUs, with the partner out of sync"),
    Rule("RXM-09", "6.4.12",   "Expired lasts 3 s, and Defaulted comes after it"),
    Rule("RXM-12", "6.4.12",   "The time to expire follows the port's own timeout bit"),
    Rule("RXM-14", "6.4.9",    "A partner that echoes another port number is not in sync"),
    Rule("RXM-15", "6.4.9",    "A partner that echoes another port priority is not in sync"),
    Rule("RXM-16", "6.4.9",    "A partner that echoes another system is not in sync"),
    Rule("RXM-17", "6.4.9",    "A partner that echoes another system priority is not in sync"),
    Rule("RXM-18", "6.4.9",    "A partner that echoes another key is not in sync"),
    Rule("RXM-19", "6.4.9",    "A partner that echoes another aggregation bit is not in sync"),
    Rule("RXM-00", "6.4.9",    "A partner that says Synchronization and echoes right is in sync"),
    Rule("RXM-24", "6.4.9",    "A partner that does not say Synchronization is not in sync"),
    Rule("RXM-25", "6.4.9",    "Another partner port means detaching first"),
    Rule("RXM-26", "6.4.9",    "Another partner port priority means detaching first"),
    Rule("RXM-27", "6.4.9",    "Another partner system means detaching first"),
    Rule("RXM-28", "6.4.9",    "Another partner system priority means detaching first"),
    Rule("RXM-29", "6.4.9",    "Another partner key means detaching first"),
    Rule("RXM-30", "6.4.9",    "Another partner aggregation bit means detaching first"),
    Rule("RXV-25", "6.4.14.1", "A port that hears itself carries no traffic"),
    Rule("NTT-01", "6.4.9",    "A wrong view of the port number is answered within a second"),
    Rule("NTT-02", "6.4.9",    "A wrong view of the port priority is answered within a second"),
    Rule("NTT-03", "6.4.9",    "A wrong view of the system is answered within a second"),
    Rule("NTT-04", "6.4.9",    "A wrong view of the system priority is answered within a second"),
    Rule("NTT-05", "6.4.9",    "A wrong view of the key is answered within a second"),
    Rule("NTT-06", "6.4.9",    "A wrong view of the activity bit is answered within a second"),
    Rule("NTT-07", "6.4.9",    "A wrong view of the timeout bit is answered within a second"),
    Rule("NTT-08", "6.4.9",    "A wrong view of Synchronization is answered within a second"),
    Rule("NTT-09", "6.4.9",    "A wrong view of the aggregation bit is answered within a second"),
    Rule("NTT-10", "6.4.9",    "A wrong view of the other state bits is not answered"),
    Rule("NTT-12", "6.4.9",    "A right view is not answered"),
    Rule("PER-01", "6.4.13",   "A partner that asks for fast LACPDUs gets one each second"),
    Rule("PER-02", "6.4.13",   "A partner that asks for slow LACPDUs gets one each 30 s"),
    Rule("PER-10", "6.4.13",   "Two passive ends are silent"),
    Rule("TX-01",  "6.4.16",   "A port sends no more LACPDUs in a second than its edition allows"),
    Rule("TX-07",  "57A.2",    "No slow protocol sends more than 10 frames in a second"),
    Rule("MUX-02", "6.4.15",   "A port waits 2 s for others before it is in sync"),
    Rule("MUX-04", "6.4.15",   "A port collects only while its partner is in sync"),
    Rule("MUX-05", "6.4.15",   "A port in sync collects as soon as its partner is in sync"),
    Rule("MUX-06", "6.4.15",   "With independent control, a port distributes to collectors, only"),
    Rule("MUX-10", "6.4.15",   "Distributing needs Collecting, that needs Synchronization,"
                               " and neither goes with Expired"),
    Rule("SEL-16", "6.4.14.1", "Another key or aggregation bit of its own means detaching first"),
    Rule("V2-01",  "6.4.2.4",  "The TLVs of version 2 are well formed, before the Terminator"),
    Rule("MRK-00", "6.5.3.3",  "Marker PDUs are formed as the standard has them"),
    Rule("MRK-01", "6.5.4",    "A marker is answered within a second, on its own link"),
    Rule("MRK-02", "6.5.3.3",  "The answer to a marker repeats all of it but the TLV type"),
    Rule("MRK-03", "6.5.4",    "A marker response is not answered"),
)
# fmt: on

RULES: dict[str, Rule] = {rule.id: rule for rule in _ALL}
