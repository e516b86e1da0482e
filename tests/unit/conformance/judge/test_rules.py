"""One id means one thing: the rules of the judge against the cases of the catalogue."""

from __future__ import annotations

import pytest

from lacp.conformance.catalogue import CATALOGUE
from lacp.conformance.judge.rules import RULES

#: What the rule and the case of one id are about, in the words of each title.
SUBJECTS = {
    "PDU-01": ("LACPDUs go to", "LACPDUs go to"),
    "PDU-02": ("individual address", "individual address"),
    "PDU-03": ("never tagged", "untagged"),
    "PDU-04": ("version", "version"),
    "PDU-05": ("TLV types", "the TLVs"),
    "PDU-06": ("Reserved octets are zero", "reserved octets of a LACPDU are zero"),
    "PDU-07": ("110 octets", "110 octets"),
    "PDU-08": ("port number is not zero", "Actor_Port is not zero"),
    "PDU-09": ("A system has one", "the same System Identifier"),
    "PDU-11": ("partner block repeats", "Partner TLV repeats"),
    "PDU-13": ("CollectorMaxDelay", "CollectorMaxDelay"),
    "RXV-25": ("hears itself", "hears itself"),
    "RXM-06": ("3 s without a LACPDU", "missed after 3 s"),
    "RXM-07": ("90 s without a LACPDU", "missed after 90 s"),
    "RXM-08": ("asks for fast LACPDUs", "asks the partner for fast LACPDUs"),
    "RXM-09": ("lasts 3 s", "3 s after EXPIRED"),
    "RXM-12": ("own timeout bit", "own Timeout bit"),
    "RXM-14": ("port number is not in sync", "Partner_Port wrong is not in sync"),
    "RXM-15": ("port priority is not in sync", "Partner_Port_Priority wrong is not in sync"),
    "RXM-16": ("system is not in sync", "Partner_System wrong is not in sync"),
    "RXM-17": ("system priority is not in sync", "Partner_System_Priority wrong is not in sync"),
    "RXM-18": ("key is not in sync", "Partner_Key wrong is not in sync"),
    "RXM-19": ("aggregation bit is not in sync", "Aggregation wrong is not in sync"),
    "RXM-24": ("does not say Synchronization", "says that it is not in sync"),
    "RXM-25": ("partner port means detaching", "Actor_Port changes is selected anew"),
    "RXM-26": ("port priority means detaching", "Actor_Port_Priority changes is selected anew"),
    "RXM-27": ("partner system means detaching", "Actor_System changes is selected anew"),
    "RXM-28": ("system priority means detaching", "Actor_System_Priority changes is selected"),
    "RXM-29": ("partner key means detaching", "Actor_Key changes is selected anew"),
    "RXM-30": ("aggregation bit means detaching", "Aggregation changes is selected anew"),
    "NTT-01": ("view of the port number is answered", "Partner_Port wrong is answered"),
    "NTT-02": ("port priority is answered", "Partner_Port_Priority wrong is answered"),
    "NTT-03": ("view of the system is answered", "Partner_System wrong is answered"),
    "NTT-04": ("system priority is answered", "Partner_System_Priority wrong is answered"),
    "NTT-05": ("view of the key is answered", "Partner_Key wrong is answered"),
    "NTT-06": ("activity bit is answered", "LACP_Activity wrong is answered"),
    "NTT-07": ("timeout bit is answered", "LACP_Timeout wrong is answered"),
    "NTT-08": ("Synchronization is answered", "Synchronization wrong is answered"),
    "NTT-09": ("aggregation bit is answered", "Aggregation wrong is answered"),
    "NTT-10": ("other state bits is not answered", "Expired wrong is not answered"),
    "NTT-12": ("right view is not answered", "everything right is not answered"),
    "PER-01": ("fast LACPDUs gets one each second", "gets a LACPDU each second"),
    "PER-02": ("gets one each 30 s", "gets a LACPDU each 30 s"),
    "PER-10": ("Two passive ends", "Two passive ends"),
    "TX-01": ("no more LACPDUs in a second", "No second holds more LACPDUs"),
    "TX-07": ("No slow protocol sends more than 10", "No slow protocol sends more than 10"),
    "MUX-02": ("waits 2 s for others", "waits 2 s for others"),
    "MUX-04": ("only while its partner is in sync", "partner is not in sync"),
    "MUX-05": ("as soon as its partner is in sync", "when its partner is in sync"),
    "MUX-06": ("distributes to collectors", "distributes when its partner collects"),
    "MUX-10": ("Distributing needs Collecting", "announces a state that the figure does not have"),
    "SEL-16": ("key or aggregation bit of its own", "is given another key"),
    "V2-01": ("TLVs of version 2", "version 2 sends its TLVs"),
    "MRK-01": ("A marker is answered", "A marker is answered"),
    "MRK-02": ("repeats all of it", "repeats all octets"),
    "MRK-03": ("response is not answered", "Response is not answered"),
}


def test_an_id_is_a_case_of_the_catalogue_or_has_a_number_that_no_case_has() -> None:
    own = {rule for rule in RULES if rule not in CATALOGUE}
    assert {rule.rpartition("-")[2] for rule in own} == {"00"}
    assert set(RULES) - own == set(SUBJECTS)


@pytest.mark.parametrize("rule", SUBJECTS)
def test_rule_and_case_of_one_id_have_one_clause_and_one_subject(rule: str) -> None:
    assert RULES[rule].clause == CATALOGUE[rule].clause
    ours, theirs = SUBJECTS[rule]
    assert ours in RULES[rule].title
    assert theirs in CATALOGUE[rule].title
