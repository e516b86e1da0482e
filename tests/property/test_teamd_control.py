"""Whatever a client of teamd asks for is done, or refused with teamd's codes; the team goes on."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from lacp.backends.memory import MemoryBackend, connect
from lacp.daemon.host import Host as Interfaces
from lacp.daemon.teamd import methods
from lacp.daemon.teamd.subject import TeamSubject
from tests.daemons import Host, conf, world

PORTS = ["a1", "a2", "a.1"]
PATHS = st.one_of(
    st.sampled_from(
        [
            *("setup.debug_level", "runner.active_port", "setup.pid", "team_device.ifinfo.ifname"),
            *(f'ports."{port}".runner.aggregator.selected' for port in PORTS),
            *(f"ports.{port}.link.up" for port in PORTS),
        ]
    ),
    st.text('abc."12', max_size=20),
    st.builds("ports.{}".format, st.text('a12."', max_size=12)),
)
INTERFACES = st.one_of(st.sampled_from([*PORTS, "a3", "nobody"]), st.text(max_size=20))
VALUES = st.one_of(st.sampled_from(["0", "-1", "true", "false", *PORTS]), st.text(max_size=10))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
KEYS = st.sampled_from(["prio", "sticky", "lacp_key", "lacp_prio", "queue_id", "link_watch", "x"])
OPTIONS = st.one_of(
    st.dictionaries(KEYS, JSON, max_size=4).map(json.dumps),
    st.dictionaries(KEYS, st.integers(-1, 300), max_size=4).map(json.dumps),
    st.text(max_size=20),
)
CALLS = st.one_of(
    st.tuples(st.sampled_from(["ConfigDump", "ConfigDumpActual", "StateDump"])),
    st.tuples(st.just("StateItemValueGet"), PATHS),
    st.tuples(st.just("StateItemValueSet"), PATHS, VALUES),
    st.tuples(st.sampled_from(["PortAdd", "PortRemove", "PortConfigDump"]), INTERFACES),
    st.tuples(st.just("PortConfigUpdate"), INTERFACES, OPTIONS),
)
CODES = {
    "",
    *("InvalidArgs", "NoSuchDev", "PathDoesNotExist", "OpNotSupp"),
    *(method.failure[0] for method in methods.METHODS.values()),
}


@contextmanager
def team(runner: str) -> Iterator[tuple[Host, TeamSubject]]:
    """A team whose ports have cables to nowhere, and another interface."""
    with (
        tempfile.TemporaryDirectory() as name,
        MemoryBackend() as nowhere,
        world(Path(name)) as there,
    ):
        host = there.host("a")
        indexes = {port: number for number, port in enumerate([*PORTS, "a3", "team0"], 1)}
        host.service.host = Interfaces(ifindex=indexes.get)
        for port in [*PORTS, "a3"]:
            connect(host.backend, port, nowhere, f"far-{port}")
        host.start(conf(ports=PORTS, name=runner))
        there.run(1.0)
        yield host, TeamSubject(host.service, host.team(), "/run/teamd/team0.pid")


def outcome(subject: TeamSubject, name: str, *arguments: str) -> str:
    """The code of an error; empty when there is none."""
    try:
        result = methods.call(subject, name, arguments)
    except methods.MethodError as error:
        return error.code
    assert (result is None) is (methods.METHODS[name].result is None)
    return ""


@given(
    st.sampled_from(["lacp", "activebackup", "loadbalance", "roundrobin"]),
    st.lists(CALLS, max_size=12),
)
def test_everything_is_done_or_refused(runner: str, calls: list[tuple[str, ...]]) -> None:
    with team(runner) as (host, subject):
        for name, *arguments in calls:
            assert outcome(subject, name, *arguments) in CODES
            host.world.run(0.3)
        state = json.loads(methods.call(subject, "StateDump", []) or "")
        actual = json.loads(methods.call(subject, "ConfigDumpActual", []) or "")
        assert {*state.get("ports", {})} == {*actual["ports"]} == {*subject.ports}
        assert {*subject.ports} <= {*PORTS, "a3"}
