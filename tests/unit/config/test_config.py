"""teamd.conf: what is a document, and how files are read."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacp.config.document import UnreadableError, parse
from lacp.config.teamd import loads, read
from lacp.errors import ConfigError


def documents(value: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Configurations that say this in many places."""
    runner = {"name": "lacp", "tx_hash": value, "tx_balancer": value, "system": value}
    inner = {"runner": runner, "ports": {"eth1": {"link_watch": value, "prio": value}}}
    outer = dict.fromkeys(("runner", "ports", "link_watch", "hwaddr", "notify_peers"), value)
    return {**outer, **inner}, outer


# What is no document.

UNREADABLE = {
    "": "found the end of the text, expected a JSON object",
    "[]": "$: found an array, expected an object",
    "{": "line 1, column 2: found the end of the text, expected a key",
    '{"a": 1,}': "line 1, column 9: found '}', expected a key",
    '{"a" 1}': "line 1, column 6: found '1', expected ':'",
    '{"a": 1\n "b": 2}': "line 2, column 2: found '\"', expected ',' or '}'",
    '{"a": tru}': "line 1, column 7: found 'tru', expected a value",
    '{"a": 01}': "line 1, column 7: found '01', expected a value",
    '{"a": NaN}': "found 'NaN', expected a value",
    '{"a": -Infinity}': "expected a value",
    '{"a": 1} x': "line 1, column 10: found 'x', expected the end",
    '{"a": "x\n"}': "line 1, column 9: invalid control character",
    '{"a": "x': "unterminated string",
    '{"a": [1 2]}': "found '2', expected ',' or ']'",
    '{"a": {"b": 1,\n  "c": {"d": 1, "d": 2}}}': 'line 2, column 17: found the key "d" again',
    '{"a": 1, "\\u0061": 2}': 'line 1, column 10: found the key "a" again',
    '{"a": ' + "[" * 100: "more than 64 levels",
    '{"a": ' + "9" * 5000 + "}": "found a number of 5000 digits",
    "{'a': 1}": "expected a key",
}


@pytest.mark.parametrize("text", UNREADABLE, ids=range(len(UNREADABLE)))
def test_what_is_no_document(text: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        loads(text, "f.conf")
    assert str(caught.value).startswith("f.conf: ")
    assert UNREADABLE[text] in str(caught.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)  # fmt: skip


@given(st.dictionaries(st.text(), json_values), st.sampled_from([None, 1]))
def test_what_json_writes_is_read_as_json_reads_it(
    value: dict[str, Any], indent: int | None
) -> None:
    text = json.dumps(value, indent=indent)
    assert parse(text, "x") == json.loads(text)


@given(st.text(alphabet='{}[]",:0123eE.-+truefalsn \n\\u'))
def test_whatever_the_text_json_agrees_on_whether_it_is_one(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(UnreadableError):
            parse(text, "x")
        return
    try:
        assert parse(text, "x") == expected
    except UnreadableError as error:
        assert not isinstance(expected, dict) or "again" in str(error)  # noqa: PT017


@given(json_values)
def test_no_value_of_a_key_makes_it_fall_over(value: Any) -> None:
    for each in documents(value):
        try:
            loads(json.dumps(each), "x")
        except ConfigError as error:
            assert all(line.startswith("x: $") for line in str(error).splitlines())  # noqa: PT017


# Files.


def test_files(tmp_path: Path) -> None:
    good = tmp_path / "good.conf"
    good.write_text('{"device": "team0"}')
    assert read(good).config.source == str(good)
    bad = tmp_path / "latin.conf"
    bad.write_bytes(b'{"device": "\xe9"}')
    big = tmp_path / "big.conf"
    big.write_bytes(b" " * (1 << 20) + b"{}")
    for path, said in (
        (tmp_path / "none.conf", "No such file or directory"),
        (tmp_path, "Is a directory"),
        (bad, "offset 12: found octet 0xe9, expected UTF-8"),
        (big, "found more than 1048576 octets"),
    ):
        with pytest.raises(UnreadableError) as caught:
            read(path)
        assert str(caught.value).startswith(f"{path}: {said}")
