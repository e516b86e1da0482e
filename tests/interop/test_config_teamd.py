"""What a real teamd shows of a configuration, and what of one it refuses, beside ours."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from lacp.config.dump import dump, dump_actual, port_dump, text
from lacp.config.model import TeamConfig
from lacp.config.teamd import loads, with_port
from lacp.errors import ConfigError
from tests.interop import guest
from tests.interop.netns import Namespace, namespace
from tests.waiting import until

pytestmark = [pytest.mark.interop, pytest.mark.guest]

#: What is asked of each: p0 and p1 exist and may be configured, p2 and p3 join by hand.
DOCUMENTS: tuple[dict[str, Any], ...] = (
    {},
    {"runner": {"name": "activebackup"}, "ports": {"p0": {}, "missing": {"prio": 1}}},
    {"ports": {"p0": {"link_watch": {"name": "ethtool", "delay_up": 5}}, "p1": {}}},
    {"link_watch": {"name": "ethtool"}, "runner": {"name": "lacp"}, "novel": [1.5, "é\x7f", None]},
    {"link_watch": [], "runner": {"name": "loadbalance", "tx_hash": []}, "notify_peers": {}},
    {"runner": {"name": "random", "active": True}, "ports": {"p0": {"lacp_prio": 1}}},
)
#: What teamd does not start with, and neither do we.
REFUSED: tuple[str, ...] = (
    '{"runner": {"name": "x"}}',
    '{"runner": []}',
    '{"runner": {"name": 1}}',
    '{"runner": {"name": "lacp", "sys_prio": 65536}}',
    '{"runner": {"name": "lacp", "min_ports": 0}}',
    '{"runner": {"name": "lacp", "agg_select_policy": "port_options"}}',
    '{"runner": {"name": "activebackup", "hwaddr_policy": "x"}}',
    '{"hwaddr": "1:2"}',
    '{"hwaddr": "1:0:0:0:0:1"}',
    '{"notify_peers": {"count": -1}}',
    '{"device": 1}',
    '{"a": 1, "a": 2}',
    "[]",
    "{",
)


def watch() -> dict[str, Any]:
    """In a guest: a real teamd with each configuration, and what teamdctl shows of it."""
    with namespace() as there:
        for port in range(4):
            there.ip(f"link add p{port} type veth peer name q{port}")
        shown = [_session(there, json.dumps(document)) for document in DOCUMENTS]
        codes = [_run(there, "teamd", "-t", "team0", "-c", it).returncode for it in REFUSED]
    return {"shown": shown, "codes": codes}


def _session(there: Namespace, config: str) -> list[str]:
    """What each dump of `_ours` is with teamd, in the same order."""
    with _teamd(there, config):
        found = [_show(there, "config", "dump"), _show(there, "config", "dump", "actual")]
        _show(there, "port", "config", "update", "p2", '{"prio": 5}')
        found.append(_show(there, "config", "dump"))
        for port in ("p2", "p3"):
            _show(there, "port", "add", port)
            until(partial(_has, there, port))
        found += [_show(there, "config", "dump"), _show(there, "config", "dump", "actual")]
        return found + [_show(there, "port", "config", "dump", port) for port in ("p2", "p3")]


def _ours(config: TeamConfig) -> list[str]:
    present = [port for port in ("p0", "p1") if port in config.ports]
    found = [dump(config, present), dump_actual(config, present)]
    config = with_port(config, "p2", {"prio": 5}).config
    found.append(dump(config, present))
    present += ["p2", "p3"]
    found += [dump(config, present), dump_actual(config, present)]
    found += [port_dump(config, port) for port in ("p2", "p3")]
    return [text(document) for document in found]


@contextmanager
def _teamd(there: Namespace, config: str) -> Iterator[None]:
    command = there.command("teamd", "-t", "team0", "-c", config)
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: _run(there, "teamdctl", "team0", "state").returncode == 0)
            yield
        finally:
            process.terminate()
            process.wait(10)
    for port in range(4):
        there.ip(f"link set p{port} down")


def _has(there: Namespace, port: str) -> bool:
    return port in _show(there, "config", "dump", "actual")


def _run(there: Namespace, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        there.command(*words), capture_output=True, text=True, timeout=10, check=False
    )


def _show(there: Namespace, *words: str) -> str:
    done = _run(there, "teamdctl", "team0", *words)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout.removesuffix("\n")


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    found = guest.run(watch, {}, modules=guest.TEAM_MODULES).result
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("index", range(len(DOCUMENTS)))
def test_every_dump_is_that_of_teamd_byte_for_byte(seen: dict[str, Any], index: int) -> None:
    config = loads(json.dumps(DOCUMENTS[index]), "f.conf").config
    assert _ours(replace(config, device="team0")) == seen["shown"][index]


def test_what_teamd_does_not_start_with_is_refused(seen: dict[str, Any]) -> None:
    assert seen["codes"] == [1] * len(REFUSED)
    for refused in REFUSED:
        with pytest.raises(ConfigError):
            loads(refused, "f.conf")
