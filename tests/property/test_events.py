"""Lines that anybody may send: each is an event or none, has words, and breaks no picture."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lacp.picture.differences import applied
from lacp.picture.events import EVENTS, phrase, read_event, style
from lacp.picture.model import LagView, PortView

LAG = LagView(name="team0", source="lacpd", ports=(PortView(name="eth1"),))
NAMES = st.sampled_from(
    (
        *("link", "old", "new", "up", "machine", "end", "member", "set", "cleared"),
        *("aggregator", "collecting", "distributing", "reason", "detail", "mode", "resync"),
    )
)
WORDS = st.sampled_from(("eth1", "team0", "mux", "actor", "partner", "mode", "address", "name"))
ANY: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("up", "speed", "duplex", "system", "key", "port", "state"))
            | st.text(),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
FRONT = st.fixed_dictionaries(
    {},
    optional={
        "event": st.sampled_from(EVENTS) | ANY,
        "lag": st.just("team0") | ANY,
        "port": st.just("eth1") | ANY,
        "time": st.text() | ANY,
    },
)


@given(FRONT, st.dictionaries(NAMES, ANY))
def test_no_line_breaks_anything(front: dict[str, Any], facts: dict[str, Any]) -> None:
    line = {**facts, **front}
    assert isinstance(phrase(line), str)
    assert style(line) in ("", "good", "warn", "bad")
    event = read_event(line, "lacpd")
    if event is not None:
        assert event.document() == {"port": None, "time": None, **line, "source": "lacpd"}
        after = applied(LAG, event)
        assert after.name == "team0"
        assert all(isinstance(port, PortView) for port in after.ports)
        assert applied(after, event) == after
