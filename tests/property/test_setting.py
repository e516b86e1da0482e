"""Whatever is asked to be set is done, or refused with everything as it was; the team goes on."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lacp.daemon.setting import setting
from lacp.daemon.setting.meanings import _PORT, _RUNNER, _TOP
from lacp.errors import LacpError
from tests.daemons import Host, conf, world

PORTS = ["a1", "a.2"]
KEYS = [
    *(f"runner.{key}" for key in [*_RUNNER, "edition", "name", "lacp_by"]),
    *_TOP,
    *(f"ports.{port}.{key}" for port in [*PORTS, "a9"] for key in _PORT),
]
PATHS = st.one_of(
    st.sampled_from(KEYS),
    st.sampled_from(KEYS).map("team0.{}".format),
    st.text('abcports.runner12."_', max_size=20),
    st.builds("{}.{}".format, st.sampled_from(["runner", "ports", "ports.a1"]), st.text()),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
PLAUSIBLE: Any = st.one_of(
    st.integers(0, 3),
    st.booleans(),
    st.sampled_from(
        [
            *("02:00:00:00:00:77", "none", "single", "static", "count", "port_config", "any"),
            *("by_active", "only_active", *PORTS, ["l3"], [], {"name": "basic"}, {"count": 1}),
            {"name": "ethtool"},
            [{"name": "arp_ping", "target_host": "192.0.2.1"}],
        ]
    ),
)


def state(host: Host) -> str:
    """What is configured, and what can be seen of it."""
    team = host.team()
    listed = {each.path: each.value for each in setting.listed(team)}
    settings = {port["name"]: port["actor"] for port in host.show()["ports"]}
    return json.dumps([team.config.text, listed, settings, str(team.addresses.team)], default=str)


@given(
    st.sampled_from(["lacp", "activebackup", "loadbalance", "roundrobin"]),
    st.lists(st.tuples(PATHS, JSON | PLAUSIBLE | PLAUSIBLE), max_size=8),
)
def test_done_or_refused(runner: str, asked: list[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as name, world(Path(name)) as there:
        left, right = there.host("a"), there.host("b")
        for number, port in enumerate(PORTS):
            there.cable(left, port, right, f"b{number}")
        left.start(conf(ports=PORTS, name=runner))
        right.start(conf(ports=["b0", "b1"], name=runner))
        there.run(3.0)
        for path, value in asked:
            before = state(left)
            try:
                outcome = left.service.set(left.team(), path, value, there.now)
            except LacpError as error:
                refusal = str(error)
                assert state(left) == before
                assert refusal.isprintable()
            else:
                told = {each.path: each.value for each in setting.listed(left.team())}
                assert told[outcome.path] == outcome.new
                assert outcome.effect
            there.run(0.7)
