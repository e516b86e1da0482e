"""Whatever the kernel says of a bond, nothing raises."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from lacp.inspect.bond_view import lag_view
from lacp.inspect.devices import PortFacts, read_device
from lacp.netlink import bond_proc
from lacp.netlink.codec import HEADER
from lacp.picture.model import LinkView, document
from tests.bonds import bond_link, port_link
from tests.unit.inspect.proc_bonding import text

octets = st.binary(max_size=24)
numbers = st.dictionaries(st.integers(0, 40), octets, max_size=12)


@given(numbers, numbers, octets, st.integers(0, 8))
def test_no_octets_of_the_kernel_raise(
    about_bond: dict[int, bytes], about_port: dict[int, bytes], counted: bytes, mode: int
) -> None:
    device = read_device(bond_link(more=about_bond, mode=mode))
    port = read_device(port_link(1, about_port))
    assert device is not None
    assert port is not None
    seen = lag_view(device, [PortFacts(port, LinkView(), {2: counted})], None, 1)
    assert json.dumps(document(seen))


@given(st.binary(max_size=120))
def test_no_message_of_the_kernel_raises(octets: bytes) -> None:
    read_device(HEADER.pack(16 + len(octets), 16, 0, 0, 0) + octets)


LINES = text().splitlines()


@given(
    st.lists(st.one_of(st.sampled_from(LINES), st.text(max_size=30)), max_size=30).map("\n".join)
)
def test_no_text_raises(said: str) -> None:
    shown = bond_proc.parse(said)
    device, port = read_device(bond_link()), read_device(port_link(1))
    assert device is not None
    assert port is not None
    assert json.dumps(document(lag_view(device, [PortFacts(port, LinkView())], shown, 1)))
