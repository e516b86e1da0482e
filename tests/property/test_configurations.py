"""Whatever a configuration says: read, dumped, read again and changed it stays the same team."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lacp.config.dump import dump, dump_actual, port_dump, text
from lacp.config.model import TeamConfig
from lacp.config.teamd import edited, loads, with_port
from lacp.config.words import AGG_SELECT_POLICIES, FRAGMENTS, HWADDR_POLICIES, LINK_WATCH_POLICIES
from lacp.errors import ConfigError

NAMES = st.text(st.sampled_from("ab0.- [\"'é\\"), min_size=1, max_size=6).filter(
    lambda name: name not in (".", "..")
)
MILLISECONDS = st.integers(0, 100_000)
UNSIGNED = st.integers(0, 0xFFFF)
HOSTS = st.sampled_from(["192.0.2.1", "gateway.example.net"])


def an_object(required: dict[str, Any] | None = None, **optional: Any) -> Any:
    return st.fixed_dictionaries(required or {}, optional=optional)


def named(name: str, required: dict[str, Any] | None = None, **optional: Any) -> Any:
    return an_object({"name": st.just(name), **(required or {})}, **optional)


_PROBES = {
    "interval": st.integers(1, 100_000),
    "init_wait": MILLISECONDS,
    "missed_max": st.integers(0, 9),
}
WATCHERS = st.one_of(
    named("ethtool", delay_up=MILLISECONDS, delay_down=MILLISECONDS),
    named(
        "arp_ping",
        {"target_host": HOSTS},
        source_host=HOSTS,
        validate_active=st.booleans(),
        validate_inactive=st.booleans(),
        send_always=st.booleans(),
        vlanid=st.integers(0, 4095),
        **_PROBES,
    ),
    named("nsna_ping", {"target_host": st.just("2001:db8::1")}, **_PROBES),
    named("tipc", {"tipc_bearer": st.just("eth1")}),
)
LINK_WATCH = WATCHERS | st.lists(WATCHERS, max_size=3)
BURST = an_object(count=st.integers(0, 9), interval=MILLISECONDS)
SPREADING = {
    "tx_hash": st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=4),
    "tx_balancer": named("basic", balancing_interval=st.integers(1, 600)),
}
RUNNERS = st.one_of(
    an_object(),
    named("broadcast"),
    named("random"),
    named("activebackup", hwaddr_policy=st.sampled_from(HWADDR_POLICIES)),
    named("loadbalance", **SPREADING),
    named(
        "lacp",
        active=st.booleans(),
        fast_rate=st.booleans(),
        sys_prio=UNSIGNED,
        min_ports=st.integers(1, 1024),
        agg_select_policy=st.sampled_from(AGG_SELECT_POLICIES),
        aggregate_wait=st.floats(0, 3600),
        **SPREADING,
    ),
)
PORTS = st.dictionaries(
    NAMES,
    an_object(
        prio=st.integers(-(1 << 31), (1 << 31) - 1),
        sticky=st.booleans(),
        lacp_prio=UNSIGNED,
        lacp_key=UNSIGNED,
        queue_id=UNSIGNED,
        link_watch=LINK_WATCH,
        unknown=st.integers(),
    ),
    max_size=4,
)
DOCUMENTS = an_object(
    {"device": NAMES},
    runner=RUNNERS,
    ports=PORTS,
    link_watch=LINK_WATCH,
    link_watch_policy=st.sampled_from(LINK_WATCH_POLICIES),
    notify_peers=BURST,
    mcast_rejoin=BURST,
    hwaddr=st.just("2: 0:0 :0:0:1"),
    debug_level=st.integers(0, 3),
    unknown=st.lists(st.none() | st.text(max_size=3), max_size=2),
)


def load(document: Any) -> TeamConfig:
    return loads(json.dumps(document), "f.conf").config


@given(DOCUMENTS)
def test_what_is_dumped_is_the_same_team(document: dict[str, Any]) -> None:
    config = load(document)
    dumped = dump(config)
    again = loads(text(dumped), "f.conf").config
    assert again == config
    assert dump(again) == dumped
    assert _holds(dumped, document)


def _holds(whole: Any, part: Any) -> bool:
    """Whether all that `part` says is in `whole`; no watchers become the one that there is."""
    if isinstance(part, dict):
        return all(key in whole and _holds(whole[key], part[key]) for key in part)
    return part in (whole, [])


@given(DOCUMENTS, st.sets(NAMES, max_size=3))
def test_the_actual_dump_has_exactly_the_ports_that_are_there(
    document: dict[str, Any], others: set[str]
) -> None:
    config = load(document)
    for present in (others, {*others, *config.ports}):
        found = dump_actual(config, present).get("ports", {})
        assert isinstance(found, dict)
        assert found.keys() == present
        for name in present:
            assert port_dump(config, name) == found[name]
            # What is dumped of a port is what holds for it.
            again = with_port(config, name, found[name]).config
            assert again.port(name) == config.port(name)


@given(DOCUMENTS, NAMES, st.data())
def test_one_port_is_changed_and_nothing_else(
    document: dict[str, Any], name: str, data: st.DataObject
) -> None:
    config = load(document)
    options = data.draw(PORTS)
    said = options.get(name, {"prio": 1})
    changed = with_port(config, name, said).config
    expected = copy.deepcopy(document)
    expected.setdefault("ports", {})[name] = said
    assert changed == load(expected)
    assert changed.document == expected
    assert {n: p for n, p in changed.ports.items() if n != name} == {
        n: p for n, p in config.ports.items() if n != name
    }
    back = edited(changed, ("ports", name), None).config
    assert name not in back.ports


NONSENSE = st.sampled_from([None, True, -1, 1.5, "nonsense/", [], [1], {"x": 1}, 1 << 40])


@given(DOCUMENTS, NONSENSE, st.data())
def test_a_value_that_is_wrong_is_named_with_its_path(
    document: dict[str, Any], value: Any, data: st.DataObject
) -> None:
    """Either the path is in the complaint, or it is one that takes the value."""
    at, path = document, "$"
    while True:
        known = [key for key in at if key not in ("unknown", "name")]
        if not known:
            return
        key = data.draw(st.sampled_from(known))
        plain = key.replace("_", "").replace("-", "").isalnum()
        path += f".{key}" if plain else f"[{json.dumps(key, ensure_ascii=False)}]"
        if isinstance(at[key], dict) and at[key] and data.draw(st.booleans()):
            at = at[key]
            continue
        before, at[key] = at[key], value
        break
    try:
        changed = loads(json.dumps(document), "f.conf")
    except ConfigError as error:
        lines = str(error).splitlines()
        assert all(": found " in line and ", expected " in line for line in lines)
        assert any(f": {path}" in line for line in lines)
    else:
        kinds = {type(before), type(value)}
        taken = len(kinds) == 1 or kinds in ({int, float}, {list, dict})
        warned = any(f": {path}" in line for line in changed.warnings)
        assert taken or warned, (path, before, value)
