"""What `teamdctl config dump` and its relatives show of a configuration."""

from __future__ import annotations

import ctypes
import ctypes.util
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacp.config.dump import dump, dump_actual, port_dump, text
from lacp.config.model import TeamConfig
from lacp.config.teamd import loads, with_port
from lacp.config.words import RUNNERS
from tests import reference


def config(document: dict[str, Any], name: str = "team0") -> TeamConfig:
    return replace(loads(json.dumps(document), "f.conf").config, device=name)


@pytest.mark.parametrize("name", RUNNERS)
def test_the_defaults_that_teamd_writes_and_no_others(name: str) -> None:
    expected: dict[str, Any] = {"device": "team7", "runner": {"name": name}}
    if name in ("loadbalance", "lacp"):
        expected["runner"]["tx_hash"] = ["eth", "ipv4", "ipv6"]
    if name == "activebackup":
        expected |= {"notify_peers": {"count": 1}, "mcast_rejoin": {"count": 1}}
    assert dump(config({"runner": {"name": name}}, "team7")) == expected


def test_what_is_written_is_never_replaced() -> None:
    document = {
        "device": "team0",
        "runner": {"name": "activebackup", "x": 1},
        "notify_peers": {"count": 0},
        "mcast_rejoin": {"interval": 5},
        "unknown": [None],
    }
    found = dump(config(document))
    assert found == {**document, "mcast_rejoin": {"count": 1, "interval": 5}}
    assert dump(config({"runner": {"name": "lacp", "tx_hash": []}}))["runner"] == {
        "name": "lacp",
        "tx_hash": [],
    }
    assert dump(config({}))["runner"] == {"name": "roundrobin"}
    # Named on the command line.
    assert dump(config({"device": "a"}, "b"))["device"] == "b"


def test_a_dump_leaves_the_configuration_alone() -> None:
    it = config({"ports": {"a": {}}})
    before = json.dumps(it.document)
    dump(it)
    dump_actual(it, ["a", "b"])
    assert json.dumps(it.document) == before


ETHTOOL = {"link_watch": {"name": "ethtool"}}


def test_ports_without_a_watcher_show_the_one_they_have() -> None:
    tipc = {"link_watch": {"name": "tipc", "tipc_bearer": "a"}}
    it = config({"ports": {"eth0.100": {"prio": 1}, "b": tipc, "c": {"link_watch": []}}})
    assert dump(it)["ports"] == {"eth0.100": {"prio": 1, **ETHTOOL}, "b": tipc, "c": ETHTOOL}
    # teamd writes it when the port joins, also for one that is in no file.
    assert dump(it, ["b", "x"])["ports"] == {
        "eth0.100": {"prio": 1},
        "b": tipc,
        "c": {"link_watch": []},
        "x": ETHTOOL,
    }
    watched = config({"link_watch": {"name": "ethtool"}, "ports": {"a": {}}})
    assert dump(watched, ["a", "x"])["ports"] == {"a": {}}


def test_the_actual_dump_has_the_ports_that_are_there() -> None:
    it = config({"link_watch": {"name": "ethtool"}, "ports": {"a": {"prio": 1}, "b": {}}})
    assert dump_actual(it, ["a", "x.1"])["ports"] == {"a": {"prio": 1}, "x.1": {}}
    assert dump_actual(it, [])["ports"] == {}
    assert "ports" not in dump_actual(config({}), [])
    assert dump_actual(config({}), ["x"])["ports"] == {"x": ETHTOOL}


def test_the_dump_of_one_port() -> None:
    it = config({"link_watch": {"name": "ethtool"}, "ports": {"eth0.100": {"prio": 1}}})
    assert port_dump(it, "eth0.100") == {"prio": 1}
    assert port_dump(it, "other") == {}
    it = with_port(it, "other", {"prio": 2}).config
    assert port_dump(it, "other") == {"prio": 2}
    assert port_dump(config({"ports": {"a": {}}}), "a") == ETHTOOL


@pytest.mark.parametrize("case", ["ab_arp", "ab_ethtool", "bc", "lacp", "lb", "rnd", "rr"])
def test_dumps_are_those_of_teamd_byte_for_byte(case: str) -> None:
    real = reference.golden(f"teamd/{case}.config.json")
    bytes_of_teamd = reference.golden_text(f"teamd/{case}.config.json")
    # As it may have been before teamd wrote into it.
    plain = json.loads(bytes_of_teamd)
    for key in ("tx_hash", "name"):
        if plain["runner"].get(key) in (["eth", "ipv4", "ipv6"], "roundrobin"):
            del plain["runner"][key]
    for port in plain.get("ports", {}).values():
        if "link_watch" not in plain and port.get("link_watch") == {"name": "ethtool"}:
            del port["link_watch"]
    if plain["runner"].get("name") == "activebackup":
        del plain["notify_peers"], plain["mcast_rejoin"]
    for document in (real, plain):
        it = config(document)
        assert text(dump(it)) == bytes_of_teamd.removesuffix("\n")
        assert text(dump_actual(it, it.ports)) == bytes_of_teamd.removesuffix("\n")


def jansson() -> ctypes.CDLL:
    library = ctypes.util.find_library("jansson")
    if library is None:
        pytest.skip("no libjansson on this machine")
    found = ctypes.CDLL(library)
    found.json_loadb.restype = ctypes.c_void_p
    found.json_loadb.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_char_p)
    found.json_dumps.restype = ctypes.c_void_p
    found.json_dumps.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    return found


INDENT_4, ENSURE_ASCII, SORT_KEYS, ALLOW_NUL = 4, 0x40, 0x80, 0x10

keys = st.text(st.characters(min_codepoint=1, exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 63) - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(keys, inner),
    max_leaves=20,
)


@given(st.dictionaries(keys, values))
def test_text_is_what_jansson_writes(document: dict[str, Any]) -> None:
    library = jansson()
    octets = json.dumps(document).encode()
    root = library.json_loadb(octets, len(octets), ALLOW_NUL, None)
    assert root
    written = library.json_dumps(root, INDENT_4 | ENSURE_ASCII | SORT_KEYS)
    try:
        assert text(document).encode() == ctypes.string_at(written)
    finally:
        library.json_delete(ctypes.c_void_p(root))
        ctypes.CDLL(None).free(ctypes.c_void_p(written))


def configurations() -> list[Path]:
    return sorted((reference.SHARED / "golden").glob("redhat-conf/*.json"))


@pytest.mark.parametrize("path", configurations(), ids=lambda path: path.stem)
def test_the_configurations_of_the_administrators_guide_are_read_without_a_word(path: Path) -> None:
    loaded = loads(path.read_text(), path.name)
    assert loaded.warnings == ()
    assert list(loaded.config.ports) == ["em1", "em2"]
