"""The watcher of TIPC's links."""

from __future__ import annotations

import pytest

from lacp.watch.options import TipcOptions
from lacp.watch.tipc import bearer_of
from tests.watched import Watched

ONE, OTHER = "1.1.1:e0-1.1.2:d0", "1.1.1:e0-1.1.3:d0"


@pytest.mark.parametrize(
    ("link", "bearer"),
    [
        ("1.1.1:eth0-1.1.2:eth5", "eth0"),
        ("1001001:e0-1001002:d0", "e0"),
        ("7a5c00010203:e0-7a5c00010204:d-0", "e0"),
        ("1.1.1:e0-uplink-1.1.2:d0", "e0-uplink"),
        ("1.1.1:e0-1.1.2:unknown", "e0"),
        ("broadcast-link", None),
        ("", None),
    ],
)
def test_the_bearer_of_a_link(link: str, bearer: str | None) -> None:
    assert bearer_of(link) == bearer


def test_up_while_any_link_over_the_bearer_is() -> None:
    port = Watched(TipcOptions(tipc_bearer="e0"))
    port.carrier(True)
    assert not port.up
    for at, (link, up) in enumerate([(ONE, True), (OTHER, True), (ONE, False), (OTHER, False)]):
        port.now = float(at)
        port.tipc(link, up)
    assert port.changes == [
        (0, True, f"TIPC has the link {ONE}"),
        (3, False, "TIPC has no link over e0"),
    ]


@pytest.mark.parametrize(
    "link", ["1.1.1:e01-1.1.2:e0", "1.1.1:d0-1.1.2:e0", "1.1.1:e0-1-1.1.2:d0", "nonsense"]
)
def test_links_of_other_bearers_are_of_no_interest(link: str) -> None:
    port = Watched(TipcOptions(tipc_bearer="e0"))
    port.carrier(True)
    port.tipc(link, True)
    assert not port.up


def test_a_link_that_is_told_twice_is_one_link() -> None:
    port = Watched(TipcOptions(tipc_bearer="e0"))
    port.carrier(True)
    port.tipc(ONE, False)
    port.tipc(ONE, True)
    port.tipc(ONE, True)
    port.tipc(ONE, False)
    assert [up for _, up, _ in port.changes] == [True, False]


def test_tipc_may_speak_before_the_interface_is_seen() -> None:
    port = Watched(TipcOptions(tipc_bearer="e0"))
    port.tipc(ONE, True)
    assert not port.up
    port.carrier(True)
    assert port.up


def test_without_an_interface_there_is_no_link_over_it_whatever_tipc_says() -> None:
    port = Watched(TipcOptions(tipc_bearer="e0"))
    port.carrier(True)
    port.tipc(ONE, True)
    port.gone()
    port.tipc(OTHER, True)
    assert port.changes[1:] == [(0, False, "there is no interface")]
    port.carrier(True)
    assert port.up


def test_it_asks_for_news_of_tipc_once() -> None:
    port = Watched(TipcOptions(tipc_bearer="e0"))
    port.carrier(True)
    port.tipc(ONE, True)
    port.carrier(False)
    assert [it.kinds for it in port.listens] == [frozenset({"tipc"})]
