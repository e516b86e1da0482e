"""Paths into a document: every leaf is found, under its own name and no other."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacp.daemon.teamd import items
from lacp.errors import UsageError

#: Interface names: no slash, no space, no quotes; dots as they like.
NAMES = st.text("ab.10", min_size=1, max_size=5).filter(lambda name: not name.endswith("."))
LEAF = {"link": {"up": True, "speed": 3, "duplex": "full"}}


def document(ports: list[str]) -> dict[str, Any]:
    return {"setup": {"pid": 1}, "ports": {port: {**LEAF, "me": port} for port in ports}}


@given(st.lists(NAMES, unique=True, min_size=1, max_size=6))
def test_every_port_is_found_in_quotes(ports: list[str]) -> None:
    for port in ports:
        found = items.find(document(ports), f'ports."{port}".me')
        assert found == items.Item(("ports", port, "me"), port)


@given(st.lists(NAMES, unique=True, min_size=1, max_size=6), NAMES)
def test_without_quotes_the_longest_name_is_meant(ports: list[str], asked: str) -> None:
    fit = [port for port in ports if f"{asked}.me".startswith(f"{port}.")]
    found = items.find(document(ports), f"ports.{asked}.me")
    if asked in ports:
        assert found is not None
        assert found.value == asked
    else:
        assert found is None
        assert asked not in fit


def test_a_prefix_of_a_name_is_no_name() -> None:
    for path in ("ports.e.link.up", "ports.eth.link.up", 'ports."eth".link.up'):
        assert items.find(document(["eth1", "eth10"]), path) is None


def test_only_leaves_are_items() -> None:
    for path in ("", "setup", "ports.eth1.link", "setup.pid.more", "setup.pid.", ".setup.pid"):
        assert items.find(document(["eth1"]), path) is None


def test_nothing_behind_the_port() -> None:
    for path in ("ports.eth1", "ports.eth9", 'ports."eth1"'):
        with pytest.raises(UsageError, match="nothing is named behind the port"):
            items.find(document(["eth1"]), path)


def test_values_as_text() -> None:
    assert [items.text(value) for value in (True, False, 0, -1, "", "full")] == [
        *("true", "false", "0", "-1", "", "full")
    ]
