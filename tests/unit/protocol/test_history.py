"""What a port remembers of its changes: the events themselves, kept small."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lacp.protocol.events import StateChanged
from lacp.protocol.history import History

CHANGES = st.lists(
    st.builds(
        StateChanged,
        st.just("eth0"),
        st.sampled_from(["mux", "receive"]),
        st.sampled_from(["WAITING", "ATTACHED"]),
        st.sampled_from(["WAITING", "ATTACHED"]),
        st.text(max_size=3),
        st.floats(0, 10),
    ),
    max_size=12,
)


@given(changes=CHANGES, limit=st.integers(0, 5))
def test_it_gives_back_the_last_changes_as_they_were_told(
    changes: list[StateChanged], limit: int
) -> None:
    history = History("eth0", limit)
    for change in changes:
        history.note(change)
    last = changes[-limit:] if limit else []
    assert list(history) == last
    assert len(history) == len(last)
    assert history[:2] == last[:2]
    if last:
        assert history[-1] == last[-1]


def test_what_is_cleared_is_gone() -> None:
    history = History("eth0", 3)
    history.note(StateChanged("eth0", "mux", "A", "B", "", 1.0))
    history.clear()
    assert not history
    assert list(history) == []


def test_equal_moves_of_two_ports_are_kept_once() -> None:
    one, other = History("eth0", 3), History("eth1", 3)
    for port, history in (("eth0", one), ("eth1", other)):
        history.note(StateChanged(port, "mux", "A", "B", "because", float(len(port))))
    assert one._moves[0] is other._moves[0]
    assert [change.port for change in (*one, *other)] == ["eth0", "eth1"]
