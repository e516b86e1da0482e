"""docs/configuration.md against what is read, and what is read against what the engines take."""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

import pytest

from lacp.config import words
from lacp.config.model import (
    ActivebackupConfig,
    Announce,
    BalancerConfig,
    LacpConfig,
    LoadbalanceConfig,
    TeamConfig,
    TeamPort,
)
from lacp.config.runner import RUNNER_KEYS
from lacp.config.teamd import loads
from lacp.config.watchers import WATCHERS
from lacp.daemon.setting import settable
from lacp.daemon.team import parameters
from lacp.protocol import edition
from lacp.protocol.variables import AggSelectPolicy, Control, Fallback
from lacp.runners import activebackup
from lacp.txhash import FRAGMENTS
from lacp.watch.options import ArpPingOptions, EthtoolOptions, NsnaPingOptions, TipcOptions

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "configuration.md").read_text()
#: By heading: the rows of its tables, key and default.
SECTIONS = {
    title: dict(re.findall(r"^\| `([\w.]+)` ¹? ?\| (.+?) \|", body, re.M))
    for title, body in re.findall(r"^#+ (.+)\n((?:(?!#).*\n)*)", PAGE, re.M)
}
OPTIONS = {
    "ethtool": EthtoolOptions,
    "arp_ping": ArpPingOptions,
    "nsna_ping": NsnaPingOptions,
    "tipc": TipcOptions,
}


def written(field: Field[Any]) -> str:
    """A default as the page has it."""
    value = field.default
    if value is MISSING:
        return "required"
    match value:
        case None | ():
            return "none set"
        case bool():
            return f"`{str(value).lower()}`"
        case float():
            return f"`{value:g}`"
        case tuple():
            return f"`{json.dumps(value)}`"
        case _:
            return f"`{value}`"


@pytest.mark.parametrize(
    ("runner", "section"),
    [
        (ActivebackupConfig, "activebackup"),
        (LoadbalanceConfig, "loadbalance"),
        (LacpConfig, "lacp"),
    ],
)
def test_every_key_of_a_runner_is_on_the_page_with_its_default(runner: Any, section: str) -> None:
    rows = {**SECTIONS["loadbalance"], **SECTIONS["lacp"]} if section == "lacp" else None
    for field in fields(runner):
        assert (rows or SECTIONS[section])[f"runner.{field.name}"] == written(field)
    assert {field.name for field in fields(runner)} == {*RUNNER_KEYS[section]}
    interval = SECTIONS["loadbalance"]["runner.tx_balancer.balancing_interval"]
    assert interval == f"`{BalancerConfig().balancing_interval}`"


def test_every_key_of_a_port_is_on_the_page_with_its_default() -> None:
    for field in fields(TeamPort):
        if field.name not in ("name", "link_watch"):
            assert SECTIONS["Ports"][f"ports.NAME.{field.name}"] == written(field)
    assert SECTIONS["Ports"]["ports.NAME.link_watch"] == "`ethtool`"


@pytest.mark.parametrize("name", WATCHERS)
def test_every_key_of_a_link_watcher_is_on_the_page_with_its_default(name: str) -> None:
    said = {field.name: written(field) for field in fields(OPTIONS[name])}
    assert SECTIONS[name] == said
    assert {*WATCHERS[name]} == {*said}


def test_every_key_of_a_team_is_on_the_page() -> None:
    keys = {field.name for field in fields(TeamConfig)} - {"document", "text", "source"}
    assert {key.partition(".")[0] for key in SECTIONS["The team"]} == keys
    bursts = {f"{key}.{field.name}" for key in ("notify_peers", "mcast_rejoin")
              for field in fields(Announce)}  # fmt: skip
    assert bursts <= {*SECTIONS["The team"]}


def test_the_example_of_the_page_is_read_without_a_word() -> None:
    (example,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.M | re.S)
    assert loads(example, "example").warnings == ()


def test_what_cannot_change_is_on_the_page() -> None:
    said = re.search(r"starts the team\s+anew\. (.*?) keep their value until", PAGE, re.S)
    assert said is not None
    assert {*re.findall(r"`(\w+)`", said[1])} == {*parameters.FIXED_KEYS, "dataplane"}


def test_keys_that_can_be_set_are_keys_of_a_configuration() -> None:
    assert {f"ports.NAME.{key}" for key in settable.PORT_KEYS} == {*SECTIONS["Ports"]}
    top = {key.partition(".")[0] for key in SECTIONS["The team"]}
    assert {*settable.TOP_KEYS} <= top


def test_the_words_of_a_configuration_are_those_of_the_engines() -> None:
    assert tuple(edition.EDITIONS) == words.EDITIONS
    assert {*Control} == {*words.CONTROLS}
    assert {*Fallback} == {*words.FALLBACKS}
    assert {*AggSelectPolicy} == {*words.AGG_SELECT_POLICIES}
    assert activebackup.HWADDR_POLICIES == words.HWADDR_POLICIES
    assert FRAGMENTS == words.FRAGMENTS
    every = (
        words.RUNNERS,
        words.DATAPLANES,
        words.EDITIONS,
        words.CONTROLS,
        words.FALLBACKS,
        words.AGG_SELECT_POLICIES,
        words.HWADDR_POLICIES,
        words.LACP_BY,
        words.LINK_WATCH_POLICIES,
        words.FRAGMENTS,
    )
    assert [word for each in every for word in each if f"`{word}`" not in PAGE] == []
