"""What may be changed in a network of two systems while it runs."""

from __future__ import annotations

from hypothesis import strategies as st

LINKS = 3
NAMES = ("left", "right")

nodes = st.sampled_from(NAMES)
links = st.integers(1, LINKS)
probabilities = st.sampled_from([0.0, 0.1, 0.5, 0.9])
port_changes = st.one_of(
    st.builds(lambda v: {"short_timeout": v}, st.booleans()),
    st.builds(lambda v: {"activity": v}, st.booleans()),
    st.builds(lambda v: {"aggregation": v}, st.booleans()),
    st.builds(lambda v: {"key": v}, st.integers(1, 2)),
    st.builds(lambda v: {"priority": v}, st.integers(0, 3)),
)
system_changes = st.one_of(
    st.builds(lambda v: {"system_priority": v}, st.integers(0, 3)),
    st.builds(lambda v: {"max_ports": v}, st.sampled_from([None, 2, 3])),
    st.builds(lambda v: {"min_ports": v}, st.integers(1, 2)),
    st.builds(lambda v: {"wait_to_restore": v}, st.sampled_from([0.0, 2.0])),
    st.builds(lambda v: {"aggregate_wait": v}, st.sampled_from([0.0, 0.5, 2.0])),
)
