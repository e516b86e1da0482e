"""Whatever the sockets of others say: a picture, or a complaint, and nothing else."""

import json
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lacp.errors import BackendError
from lacp.inspect import jsonrpc, ovs, ovs_database, ovs_texts, teamd
from lacp.picture.model import LagView, document
from lacp.picture.reading import read_lag

#: JSON, often with the keys that are looked for.
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
TEAMD_KEYS = st.sampled_from(
    [
        *("setup", "runner", "runner_name", "ports", "team_device", "ifinfo", "ifindex", "ifname"),
        *("dev_addr", "link", "up", "speed", "duplex", "link_watches", "list", "link_watch_0"),
        *("aggregator", "id", "selected", "state", "key", "prio", "actor_lacpdu_info", "name"),
        *("partner_lacpdu_info", "system", "min_ports", "lacp", "activebackup", "active_port"),
    ]
)
OVS_KEYS = st.sampled_from(
    [
        *("rows", "name", "ports", "_uuid", "interfaces", "other_config", "link_speed", "duplex"),
        *("set", "map", "uuid", "mac_in_use", "error", "bond_mode", "lacp", "ifindex"),
    ]
)


def trees(keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    words = keys | st.text(max_size=4)
    return st.recursive(
        SCALARS | words,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=6),
        max_leaves=40,
    )


def objects(keys: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(keys | st.text(max_size=4), trees(keys), max_size=6)


def whole(lag: LagView) -> None:
    """It is a picture that JSON can say, and that can be read again."""
    told = json.loads(json.dumps(document(lag), allow_nan=False))
    assert document(read_lag(told)) == told


@given(objects(TEAMD_KEYS), objects(TEAMD_KEYS))
def test_any_documents_of_teamd_are_a_team(config: dict[str, Any], state: dict[str, Any]) -> None:
    whole(teamd.view(teamd.Told(config, state), "team0"))


@given(st.lists(st.binary() | st.text().map(lambda text: b"REPLY_SUCCESS\n" + text.encode())))
def test_any_records_are_an_answer_of_teamd_or_none(records: list[bytes]) -> None:
    with suppress(BackendError):
        teamd.TEAMD.whole(records)


@given(st.lists(st.binary() | st.text().map(lambda text: b'{"id":0' + text.encode())))
def test_any_octets_are_json_rpc_or_none(pieces: list[bytes]) -> None:
    with suppress(BackendError):
        jsonrpc.replies(1)(pieces)


@given(trees(OVS_KEYS))
def test_any_result_is_one_of_the_database(result: Any) -> None:
    for port in ovs_database.ports(result).values():
        assert isinstance(port, ovs_database.Port)


LINES = st.lists(
    st.sampled_from(
        [
            *("---- b ----", "---- b statistics ----", "member e0: enabled", "  active member"),
            *("member: e0: current attached", "member: e1: defaulted detached", "member: e0:"),
            *("  may_enable: true", "bond_mode: balance-slb", "bond_mode: active-backup"),
            *("lacp_status: negotiated", "lacp_status: off", "lacp_status: configured"),
            *("  status: active negotiated", "  actor sys_id: 02:00:00:00:00:01", "  TX PDUs: 1"),
            *("  partner state: activity", "  actor key: 70000", "updelay: 5 ms", "slave e0: "),
            *("  hash 1: 2 kB load", "  updelay expires in -5 ms", "lacp_fallback_ab: true"),
        ]
    )
    | st.text(max_size=20)
).map("\n".join)


@given(LINES, LINES, LINES)
def test_any_texts_are_bonds(bonds: str, lacps: str, counters: str) -> None:
    for lag in ovs.lags([bonds, lacps, counters], {}):
        whole(lag)
    ovs_texts.bonds(bonds)
