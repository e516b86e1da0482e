"""teamd.conf: what is accepted, what is warned of, what is refused and in which words."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacp.address import Mac
from lacp.config.document import UnreadableError, parse
from lacp.config.model import LacpConfig, TeamPort
from lacp.config.teamd import edited, loads, read
from lacp.errors import ConfigError
from tests.daemons import conf


def document(**members: Any) -> dict[str, Any]:
    return {"device": "team0", "runner": {"name": "lacp"}, "ports": {"eth1": {}}, **members}


def load(**members: Any) -> Any:
    return loads(json.dumps(document(**members)), "f.conf")


def complaint(**members: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        load(**members)
    return str(caught.value)


# What is accepted.


def test_defaults_are_those_of_teamd() -> None:
    loaded = load()
    assert loaded.warnings == ()
    runner = loaded.config.runner
    assert (runner.active, runner.fast_rate, runner.sys_prio, runner.min_ports) == (
        True,
        False,
        65535,
        1,
    )
    assert loaded.config.ports["eth1"] == TeamPort(name="eth1", lacp_prio=255, lacp_key=0)
    assert loaded.config.dataplane is None


def test_every_key_arrives() -> None:
    runner = {
        "name": "lacp",
        "active": False,
        "fast_rate": True,
        "sys_prio": 7,
        "min_ports": 2,
        "max_ports": 4,
        "control": "coupled",
        "edition": "2020",
        "aggregate_wait": 0.5,
        "fallback": "static",
        "collector_max_delay": 9,
        "wait_to_restore": 3,
        "revertive": False,
        "system": "02-00-00-00-00-0a",
        "agg_select_policy": "lacp_prio_stable",
    }
    ports = {"eth 0.100": {"lacp_prio": 1, "lacp_key": 2, "link_watch": {"name": "ethtool"}}}
    loaded = load(runner=runner, ports=ports, dataplane="memory", debug_level=1)
    assert loaded.warnings == ()
    assert loaded.config.runner == LacpConfig(
        active=False,
        fast_rate=True,
        sys_prio=7,
        system=Mac.parse("02:00:00:00:00:0a"),
        min_ports=2,
        max_ports=4,
        control="coupled",
        edition="2020",
        aggregate_wait=0.5,
        fallback="static",
        collector_max_delay=9,
        wait_to_restore=3.0,
        revertive=False,
    )
    assert loaded.config.ports == {"eth 0.100": TeamPort(name="eth 0.100", lacp_prio=1, lacp_key=2)}
    assert (loaded.config.dataplane, loaded.config.debug_level) == ("memory", 1)


def test_hwaddr_is_the_system_unless_the_runner_has_one() -> None:
    assert load(hwaddr="2:0:0:0:0:1").config.runner.system == Mac.parse("02:00:00:00:00:01")
    both = load(hwaddr="2:0:0:0:0:1", runner={"name": "lacp", "system": "2:0:0:0:0:2"})
    assert both.config.runner.system == Mac.parse("02:00:00:00:00:02")
    assert "$.hwaddr: accepted, but without effect" in both.warnings[0]


def test_the_document_is_kept_as_it_was() -> None:
    text = ' {"device": "team0", "novel": [1, {"x": null}],\n "runner": {"name": "lacp"}} '
    config = loads(text, "f.conf").config
    assert config.text == text
    assert config.document == json.loads(text)


def test_ports_keep_their_order() -> None:
    assert list(load(ports={"b": {}, "a": {}, "c": {}}).config.ports) == ["b", "a", "c"]


# What is warned of: nothing is silently without effect.

WARNED: dict[str, dict[str, Any]] = {
    "$.novel: unknown key": {"novel": 1},
    "$.runner.foo: unknown key, kept and ignored": {"runner": {"name": "lacp", "foo": 1}},
    '$.ports["eth0.5"].bar: unknown key': {"ports": {"eth0.5": {"bar": 1}}},
    "$.notify_peers: accepted, but without effect": {"notify_peers": {"count": 1}},
    "$.mcast_rejoin: accepted, but without effect": {"mcast_rejoin": {"interval": 1}},
    "$.link_watch: accepted": {"link_watch": {"name": "ethtool", "delay_up": 5}},
    "$.ports.eth1.link_watch: accepted": {"ports": {"eth1": {"link_watch": {"name": "tipc"}}}},
    "$.ports.eth1.prio: accepted": {"ports": {"eth1": {"prio": -10}}},
    "$.ports.eth1.sticky: accepted": {"ports": {"eth1": {"sticky": True}}},
    "$.ports.eth1.queue_id: accepted": {"ports": {"eth1": {"queue_id": 1}}},
    "$.runner.tx_hash: accepted": {"runner": {"name": "lacp", "tx_hash": ["eth", "l4"]}},
    "$.runner.tx_balancer: accepted": {
        "runner": {"name": "lacp", "tx_balancer": {"name": "basic", "balancing_interval": 5}}
    },
    "$.runner.agg_select_policy: accepted": {
        "runner": {"name": "lacp", "agg_select_policy": "bandwidth"}
    },
    "$.runner.wait_to_restore: accepted": {"runner": {"name": "lacp", "wait_to_restore": 5}},
    "$.runner.revertive: accepted": {"runner": {"name": "lacp", "revertive": False}},
}


@pytest.mark.parametrize("said", WARNED)
def test_what_is_warned_of(said: str) -> None:
    (warning,) = load(**WARNED[said]).warnings
    assert warning.startswith(f"f.conf: {said}")


# What is refused: FILE: PATH: found X, expected Y.

REFUSED: dict[str, dict[str, Any]] = {
    "$.device: found 5, expected a string": {"device": 5},
    '$.device: found the string "a/b", expected an interface name': {"device": "a/b"},
    '$.device: found the string "..", expected an interface name': {"device": ".."},
    '$.device: found the string "sixteen-octets--", expected': {"device": "sixteen-octets--"},
    "$.debug_level: found true, expected an integer of at least 0": {"debug_level": True},
    '$.hwaddr: found the string "01:00:00:00:00:00", expected the MAC address of one station': {
        "hwaddr": "01:00:00:00:00:00"
    },
    '$.hwaddr: found the string "x", expected the MAC address': {"hwaddr": "x"},
    '$.dataplane: found the string "tap", expected none or memory': {"dataplane": "tap"},
    "$.runner: found an array, expected an object": {"runner": []},
    "$.runner.name: found nothing, which is roundrobin to teamd, expected lacp": {"runner": {}},
    '$.runner.name: found the string "activebackup", expected lacp (this version runs no other)': {
        "runner": {"name": "activebackup"}
    },
    "$.runner.name: found 1, expected a string": {"runner": {"name": 1}},
    "$.runner.active: found 1, expected true or false": {"runner": {"name": "lacp", "active": 1}},
    "$.runner.fast_rate: found null, expected true or false": {
        "runner": {"name": "lacp", "fast_rate": None}
    },
    "$.runner.sys_prio: found 65536, expected an integer 0 to 65535": {
        "runner": {"name": "lacp", "sys_prio": 65536}
    },
    "$.runner.sys_prio: found 5.0, expected an integer": {
        "runner": {"name": "lacp", "sys_prio": 5.0}
    },
    '$.runner.sys_prio: found the string "5", expected an integer': {
        "runner": {"name": "lacp", "sys_prio": "5"}
    },
    "$.runner.min_ports: found 0, expected an integer 1 to 1024": {
        "runner": {"name": "lacp", "min_ports": 0}
    },
    "$.runner.max_ports: found 1, expected at least min_ports, 2": {
        "runner": {"name": "lacp", "min_ports": 2, "max_ports": 1}
    },
    "$.runner.min_ports: found 2, expected 1 with fallback single": {
        "runner": {"name": "lacp", "min_ports": 2, "fallback": "single"}
    },
    '$.runner.edition: found the string "2009", expected one of 2008, 2014, 2014-cor1, 2020': {
        "runner": {"name": "lacp", "edition": "2009"}
    },
    '$.runner.control: found the string "x", expected independent or coupled': {
        "runner": {"name": "lacp", "control": "x"}
    },
    "$.runner.aggregate_wait: found -1, expected a number 0 to 3600": {
        "runner": {"name": "lacp", "aggregate_wait": -1}
    },
    '$.runner.tx_hash: found "l5", expected only eth': {
        "runner": {"name": "lacp", "tx_hash": ["l5"]}
    },
    '$.runner.tx_hash: found the string "eth", expected an array of strings': {
        "runner": {"name": "lacp", "tx_hash": "eth"}
    },
    '$.runner.agg_select_policy: found the string "port_options", expected one of': {
        "runner": {"name": "lacp", "agg_select_policy": "port_options"}
    },
    "$.ports: found an array, expected an object": {"ports": ["eth1"]},
    "$.ports.eth1: found null, expected an object": {"ports": {"eth1": None}},
    '$.ports["eth0.100"].lacp_key: found -1, expected an integer 0 to 65535': {
        "ports": {"eth0.100": {"lacp_key": -1}}
    },
    '$.ports["a/b"]: found this name, expected an interface name': {"ports": {"a/b": {}}},
    '$.link_watch: found the string "ethtool", expected an object or an array': {
        "link_watch": "ethtool"
    },
    "$.link_watch.name: found nothing, expected one of ethtool": {"link_watch": {}},
    '$.link_watch[1].name: found the string "x", expected one of': {
        "link_watch": [{"name": "ethtool"}, {"name": "x"}]
    },
    "$.notify_peers.count: found -1, expected an integer of at least 0": {
        "notify_peers": {"count": -1}
    },
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_is_refused(said: str) -> None:
    found = complaint(**REFUSED[said])
    assert found.startswith(f"f.conf: {said}")
    assert "\n" not in found


def test_all_that_is_wrong_is_said_at_once() -> None:
    found = complaint(device=1, runner={"name": "lacp", "active": 0}, ports=[])
    assert [line.split(": ")[1] for line in found.splitlines()] == [
        "$.device",
        "$.runner.active",
        "$.ports",
    ]


def test_no_runner_is_roundrobin_to_teamd_and_not_taken_for_lacp() -> None:
    with pytest.raises(ConfigError, match="found nothing, which is roundrobin to teamd"):
        loads('{"device": "team0"}', "f.conf")


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
    text = json.dumps(document(runner=value, ports=value, link_watch=value, hwaddr=value))
    try:
        loads(text, "x")
    except ConfigError as error:
        assert all(line.startswith("x: $") for line in str(error).splitlines())  # noqa: PT017


# Files.


def test_files(tmp_path: Path) -> None:
    good = tmp_path / "good.conf"
    good.write_text(conf())
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


# One value changed.


def test_edited() -> None:
    config = load(runner={"name": "lacp", "max_ports": 3}, ports={"eth0.5": {}}).config
    assert edited(config, ("ports", "eth0.5", "lacp_key"), 4).config.ports["eth0.5"].lacp_key == 4
    assert edited(config, ("runner", "max_ports"), None).config.runner.max_ports is None
    assert config.runner.max_ports == 3
    with pytest.raises(ConfigError, match=r"\$\.runner\.active: found 1, expected true or false"):
        edited(config, ("runner", "active"), 1)
