"""Pictures of LAGs, as odd as the model lets them be."""

from __future__ import annotations

from hypothesis import strategies as st

from lacp.address import Mac
from lacp.info import PORT_STATES
from lacp.picture.model import Change, End, LagView, LinkView, Machines, PortView, SystemId

NUMBERS = st.none() | st.integers(-1, 2**33)
TRUTHS = st.none() | st.booleans()
MACS = st.none() | st.binary(min_size=6, max_size=6).map(Mac)
NAMES = st.sampled_from(["eth0", "eth1", "team0", "team1"])
SYSTEMS = st.none() | st.builds(SystemId, system_priority=NUMBERS, system=MACS, key=NUMBERS)
ENDS = st.none() | st.builds(
    End,
    system_priority=NUMBERS,
    system=MACS,
    key=NUMBERS,
    port_priority=NUMBERS,
    port=NUMBERS,
    state=st.none() | st.sampled_from(PORT_STATES),
)
RECEIVE = st.none() | st.sampled_from(["CURRENT", "EXPIRED", "DEFAULTED", "PORT_DISABLED"])
CHANGES = st.builds(
    Change,
    time=st.none() | st.text(max_size=5) | st.just("2026-01-01T00:00:00.000Z"),
    machine=st.just("receive"),
    old=RECEIVE,
    new=RECEIVE,
)
SETTINGS = st.dictionaries(
    st.sampled_from(["lacp_key", "wait_to_restore", "revertive", "collector_max_delay"]),
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
)
COUNTERS = st.none() | st.dictionaries(
    st.sampled_from(["lacpdus_rx", "illegal_rx", "tx_errors"]),
    st.none() | st.integers(-1, 2**64),
)
PORTS = st.builds(
    PortView,
    name=NAMES,
    ifindex=NUMBERS,
    link=st.builds(LinkView, up=TRUTHS, admin_up=TRUTHS, speed=NUMBERS),
    aggregator=st.none() | st.integers(0, 2),
    distributing=TRUTHS,
    actor=ENDS,
    partner=ENDS,
    machines=st.none() | st.builds(Machines, mux=st.sampled_from(["ATTACHED", "ATTACHED_WTR"])),
    counters=COUNTERS,
    history=st.none() | st.lists(CHANGES, max_size=3).map(tuple),
    address=MACS,
    mtu=NUMBERS,
    settings=SETTINGS,
)
LAGS = st.builds(
    LagView,
    name=NAMES,
    source=st.sampled_from(["lacpd", "bond", "ovs"]),
    lacp=TRUTHS,
    up=TRUTHS,
    admin_up=TRUTHS,
    ifindex=NUMBERS,
    address=MACS,
    mtu=NUMBERS,
    actor=SYSTEMS,
    partner=SYSTEMS,
    aggregator=st.none() | st.integers(0, 2),
    min_ports=NUMBERS,
    edition=st.sampled_from([None, "2014", "2020"]),
    fallback=st.sampled_from([None, "none", "single"]),
    settings=SETTINGS,
    ports=st.lists(PORTS, max_size=3, unique_by=lambda port: port.name).map(tuple),
)
