"""Documents of others: none of them fills the memory, and none of their values is believed."""

import json

import pytest

from lacp.address import Mac
from lacp.inspect import values


@pytest.mark.parametrize(
    "text",
    [
        "[" + "[]," * 100_000 + "[]]",
        b"[" + b"{}," * 100_000 + b"{}]",
        "[" * 5_000,
        b"\xff",
        "",
        "nul",
        "9" * 5_000,
    ],
)
def test_what_no_daemon_says_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        values.decoded(text)


def test_what_a_daemon_of_many_ports_says_is_not() -> None:
    port = {"name": "eth1", "actor": {"flags": ["activity"] * 6}, "counters": {"lacpdus_rx": 12345}}
    document = [port] * 20_000
    assert values.decoded(json.dumps(document)) == document
    assert values.decoded(b'{"a": [1]}') == {"a": [1]}


def test_paths_lead_to_what_is_there() -> None:
    document = {"a": {"b": {"c": 5}}, "x": [1]}
    assert values.at(document, "a", "b", "c") == 5
    assert values.at(document, "a", "c", "c") is None
    assert values.at(document, "x", "b") is None
    assert values.members(document, "a", "b") == {"c": 5}
    assert values.members(document, "x") == {}


def test_a_value_of_another_kind_is_none() -> None:
    assert [values.integer(each) for each in (5, True, "5", 1.0, None, 1 << 70)] == [5] + [None] * 5
    assert [values.text(each) for each in ("a", 5, None)] == ["a", None, None]
    assert [values.boolean(each) for each in (True, 1, "true")] == [True, None, None]
    told = ("02:00:00:00:00:01", "02:00", 5, None, ["02"])
    assert [values.mac(each) for each in told] == [Mac.parse("02:00:00:00:00:01")] + [None] * 4
