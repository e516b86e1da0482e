"""Every configuration of Red Hat's chapter on teaming, started from its text, on the team driver.

A cable is pulled and returned under traffic both ways, and each frame is accounted for.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.interop import configurations, guest
from tests.reference import SHARED

pytestmark = [
    pytest.mark.interop,
    pytest.mark.guest,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]

#: Seconds: what is on its way when the cable goes is lost, and what is sent until the kernel has
#: been told, in a guest whose one CPU does all of it. A gap without a loss is a guest that waited.
_TOLD = 0.5
#: Frames in a second.
_RATE = configurations.FLOWS / configurations.INTERVAL


def _texts() -> dict[str, str]:
    found = sorted((SHARED / "golden" / "redhat-conf").glob("*.json"))
    return {path.stem: path.read_text() for path in found} or _own()


def _own() -> dict[str, str]:
    """The same runners, for who does not have the chapter."""
    ports: dict[str, Any] = {"em1": {}, "em2": {}}
    prefer: dict[str, Any] = {"em1": {"prio": -10, "sticky": True}, "em2": {"prio": 100}}
    delays = {"name": "ethtool", "delay_up": 2500, "delay_down": 1000}
    hashed = {"tx_hash": ["eth", "ipv4", "ipv6"]}
    balanced = {**hashed, "tx_balancer": {"name": "basic"}}
    documents: dict[str, dict[str, Any]] = {
        "broadcast": {"runner": {"name": "broadcast"}, "ports": ports},
        "random": {"runner": {"name": "random"}, "ports": ports},
        "roundrobin": {"runner": {"name": "roundrobin"}, "ports": ports},
        "activebackup-sticky": {"runner": {"name": "activebackup"}, "ports": prefer},
        "activebackup-delays": {
            "runner": {"name": "activebackup"},
            "link_watch": delays,
            "ports": prefer,
        },
        "loadbalance-passive": {"runner": {"name": "loadbalance", **hashed}, "ports": ports},
        "loadbalance-active": {"runner": {"name": "loadbalance", **balanced}, "ports": ports},
        "lacp": {"runner": {"name": "lacp", "fast_rate": True, **hashed}, "ports": ports},
    }
    return {name: json.dumps({"device": "team0", **each}) for name, each in documents.items()}


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """All stories, from one guest."""
    texts = _texts()
    done = guest.run(
        configurations.stories,
        {"implementation": "lacpd", "texts": texts},
        modules=configurations.MODULES,
        timeout=60 + 40 * len(texts),
    )
    assert isinstance(done.result, dict)
    return done.result


@pytest.mark.parametrize("name", _texts())
def test_a_configuration_carries_traffic_while_a_cable_is_pulled(
    name: str, told: dict[str, Any]
) -> None:
    story = told[name]
    delayed = 1.0 if "delays" in name else 0.0
    assert story["ping"]
    for way in ("out", "back"):
        assert story[way]["pulled"]["lost"] < (delayed + _TOLD) * _RATE, story
        assert story[way]["plugged"]["lost"] < _TOLD * _RATE, story
        assert (story[way]["pulled"]["duplicates"] > 0) is (name == "broadcast"), story
    # A cable that returns is used when both ends are ready, not before. A partner without LACP
    # cannot say so, and takes no frames until it has looked at its carrier.
    if json.loads(_texts()[name])["runner"]["name"] in ("lacp", "activebackup"):
        assert story["out"]["plugged"]["lost"] == 0, story


@pytest.mark.parametrize("name", _texts())
def test_the_active_port_is_the_documented_one(name: str, told: dict[str, Any]) -> None:
    document = json.loads(_texts()[name])
    # em1 is sticky and came first; once it was lost, em2 has the higher prio.
    expected = ["em1", "em2", "em2"] if document["runner"]["name"] == "activebackup" else [None] * 3
    assert told[name]["active"] == expected


def test_the_chapter_is_complete() -> None:
    directory = SHARED / "golden" / "redhat-conf"
    if not Path(directory).is_dir():
        pytest.skip(f"no {directory.name} beside the repository")
    assert len(_texts()) == 10
