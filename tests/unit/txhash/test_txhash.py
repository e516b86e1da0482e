"""tx_hash: teamd's values, its defects repaired, and what a program for the kernel looks like."""

import itertools

import pytest

from lacp.txhash import FRAGMENTS, Instruction, fold, octets, program, teamd_hash, tx_hash
from lacp.txhash.bpf import JEQ_K, LD_K, RET_A, Assembler
from tests.bpf import interpret, unpack
from tests.frames import ETH, PORTS, ipv4, ipv6, tagged
from tests.reference import golden

_ALL = ("eth", "vlan", "ipv4", "ipv6", "tcp", "udp", "sctp")
#: Instructions that the kernel takes (linux/bpf_common.h).
MOST = 4096
# Every set of fragments that differs from the others.
SETS = [list(chosen) for n in range(8) for chosen in itertools.combinations(_ALL, n)]


def test_teamd_hash_has_the_values_of_teamds_own_programs() -> None:
    vectors = golden("txhash.json")["vectors"]
    assert vectors
    for vector in vectors:
        frame, tci = bytes.fromhex(vector["frame"]), vector["offloaded_vlan_tci"]
        assert teamd_hash(vector["tx_hash"], frame, tci) == vector["hash32"], vector
        assert fold(vector["hash32"]) == vector["hash8"], vector


def test_teamd_program_has_the_values_of_teamds_own_programs() -> None:
    for vector in golden("txhash.json")["vectors"]:
        ours = program(vector["tx_hash"], teamd=True)
        frame, tci = bytes.fromhex(vector["frame"]), vector["offloaded_vlan_tci"]
        assert interpret(ours, frame, tci) == vector["hash32"], vector


@pytest.mark.parametrize("teamd", [False, True])
def test_every_program_can_be_written_and_ends_with_return(teamd: bool) -> None:
    for chosen in SETS:
        made = program(chosen, teamd)
        assert made[-1].code & 0x07 == 0x06
        assert len(made) < MOST


def test_octets_are_an_array_of_sock_filter() -> None:
    made = program(["eth", "l3", "l4"])
    assert len(octets(made)) == 8 * len(made)
    assert unpack(octets(made)) == [tuple(one) for one in made]


def test_a_condition_that_reaches_too_far_is_refused() -> None:
    it = Assembler()
    it.test(JEQ_K, 1, then="end")
    for _ in range(256):
        it.do(LD_K)
    it.mark("end")
    it.do(RET_A)
    with pytest.raises(ValueError, match="instruction 0 of 258 jumps 256 ahead"):
        it.program()


def test_no_fragments_and_unknown_ones_hash_nothing() -> None:
    for fragments in ([], ["foo"]):
        for teamd, hash in ((False, tx_hash), (True, teamd_hash)):
            assert program(fragments, teamd) == (Instruction(0x06, 0, 0, 0),)
            assert hash(fragments, ipv4(), None) == 0


def test_names_for_several_fragments_are_those_fragments() -> None:
    for frame in (ipv4(), ipv6(), tagged(5, ipv4()), ipv4(protocol=132)):
        for hash in (tx_hash, teamd_hash):
            for name in ("ip", "l3"):
                assert hash([name], frame, None) == hash(["ipv4", "ipv6"], frame, None)
            assert hash(["l4"], frame, None) == hash(["tcp", "udp", "sctp"], frame, None)
            assert hash(list(FRAGMENTS), frame, 9) == hash(["l4", "eth", "vlan", "l3"], frame, 9)


def test_fold_is_the_xor_of_the_four_octets() -> None:
    assert fold(0x01020408) == 0x0F
    assert fold(0xFF00FF00) == 0


# What a hash looks at, and what it does not.


@pytest.mark.parametrize("make", [ipv4, ipv6])
@pytest.mark.parametrize("name", ["tcp", "udp", "sctp"])
def test_both_ports_count(make: object, name: str) -> None:
    assert callable(make)
    protocol = {"tcp": 6, "udp": 17, "sctp": 132}[name]
    seen = {
        tx_hash([name], make(protocol=protocol, ports=ports), None)
        for ports in ((1, 2), (1, 3), (4, 2), (1, 1))
    }
    assert len(seen) == 4
    other = {tx_hash([name], make(protocol=p, ports=(5, 6)), None) for p in (6, 17, 132)}
    assert len(other) == 2


def test_teamd_overlooks_the_source_port_of_ipv6_and_we_do_not() -> None:
    one, two = ipv6(ports=(1000, 80)), ipv6(ports=(1001, 80))
    assert teamd_hash(["l4"], one, None) == teamd_hash(["l4"], two, None)
    assert tx_hash(["l4"], one, None) != tx_hash(["l4"], two, None)


def test_all_fragments_of_a_packet_have_one_hash() -> None:
    first, last = ipv4(fragment=0x2000), ipv4(fragment=0x00B9)
    later = last[:34] + bytes.fromhex("deadbeef") + last[38:]
    assert teamd_hash(["l3", "l4"], first, None) != teamd_hash(["l3", "l4"], later, None)
    assert tx_hash(["l3", "l4"], first, None) == tx_hash(["l3", "l4"], later, None)
    assert tx_hash(["l3", "l4"], first, None) == tx_hash(["l3"], first, None)


def test_do_not_fragment_is_no_fragment() -> None:
    assert tx_hash(["l4"], ipv4(fragment=0x4000), None) == tx_hash(["l4"], ipv4(), None) != 0


def test_the_priority_of_a_tag_does_not_count() -> None:
    frame = ipv4()
    assert teamd_hash(["vlan"], frame, 0xE005) != teamd_hash(["vlan"], frame, 5)
    assert tx_hash(["vlan"], frame, 0xE005) == tx_hash(["vlan"], frame, 5)
    assert tx_hash(["vlan"], tagged(0xE005, frame), None) == tx_hash(["vlan"], frame, 5)


def test_a_tag_that_is_only_a_priority_is_no_vlan() -> None:
    assert tx_hash(list(FRAGMENTS), ipv4(), 0xE000) == tx_hash(list(FRAGMENTS), ipv4(), None)


@pytest.mark.parametrize("outer", [0x8100, 0x88A8])
def test_two_tags_are_seen_through(outer: int) -> None:
    stacked = tagged(7, tagged(8, ipv4()), outer)
    assert tx_hash(["l3", "l4"], stacked, None) == tx_hash(["l3", "l4"], ipv4(), None)
    others = [tagged(7, tagged(9, ipv4()), outer), tagged(6, tagged(8, ipv4()), outer)]
    assert len({tx_hash(["vlan"], frame, None) for frame in [stacked, *others]}) == 3


def test_behind_a_third_tag_nothing_is_looked_for() -> None:
    assert tx_hash(["l3"], tagged(7, tagged(8, tagged(9, ipv4()))), None) == 0


def test_options_move_the_ports() -> None:
    assert tx_hash(["l4"], ipv4(options=bytes(8)), None) == tx_hash(["l4"], ipv4(), None)


def test_a_frame_that_ends_early_is_hashed_as_far_as_its_headers_go() -> None:
    frame, every = ipv4(), list(FRAGMENTS)
    no_ports, no_packet = frame[: ETH + 20 + PORTS - 1], frame[: ETH + 19]
    assert teamd_hash(every, no_ports, None) == 0
    assert tx_hash(every, no_ports, None) == tx_hash(["eth", "l3"], frame, None)
    assert tx_hash(every, no_packet, None) == tx_hash(["eth"], frame, None)
    assert tx_hash(every, frame[: ETH - 1], None) == 0


def test_addresses_that_rise_together_cancel_in_teamd_and_not_here() -> None:
    pairs = [ipv4(source=f"10.0.0.{n}", target=f"10.0.1.{n}") for n in range(200)]
    against = [ipv4(source=f"10.0.0.{n}", target=f"10.0.0.{200 - n}") for n in range(100)]
    assert len({teamd_hash(["l3"], frame, None) for frame in pairs}) == 1
    assert len({tx_hash(["l3"], frame, None) for frame in pairs}) == 200
    assert len({tx_hash(["l3"], frame, None) for frame in against}) == 100
