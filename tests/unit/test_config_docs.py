"""docs/configuration.md against what is read, and what is read against what the engine takes."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from lacp.config.model import (
    CONTROLS,
    DATAPLANES,
    EDITIONS,
    FALLBACKS,
    ActivebackupConfig,
    LacpConfig,
    TeamConfig,
    TeamPort,
)
from lacp.daemon.parameters import FIXED_KEYS, FIXED_TOP_KEYS
from lacp.daemon.settable import PORT_KEYS, TOP_KEYS, runner_keys
from lacp.protocol import edition
from lacp.protocol.variables import Control, Fallback

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "configuration.md").read_text()
CONTROL = (DOCS / "control.md").read_text()
ROWS = dict(re.findall(r"^\| `([\w.]+)` \| `?([^`|]+?)`? \|", PAGE, re.M))


def written(value: object) -> str:
    """A default as the page has it."""
    if value is None:
        return "none set"
    return (
        str(value).lower()
        if isinstance(value, bool)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


@pytest.mark.parametrize("field", fields(LacpConfig), ids=lambda field: field.name)
def test_every_key_of_the_runner_is_on_the_page_with_its_default(field: object) -> None:
    name = field.name  # type: ignore[attr-defined]
    assert ROWS[f"runner.{name}"] == written(getattr(LacpConfig(), name))


@pytest.mark.parametrize("name", PORT_KEYS)
def test_every_key_of_a_port_is_on_the_page_with_its_default(name: str) -> None:
    assert ROWS[f"ports.NAME.{name}"] == written(getattr(TeamPort(name="eth1"), name))


def test_every_key_that_can_be_set_is_on_the_page_of_the_control_socket() -> None:
    said = re.search(
        r"Keys of `runner`: (.*?); of a port: (.*?); beside these: (.*?)\.", CONTROL, re.S
    )
    assert said is not None
    keys = [set(re.findall(r"`(\w+)`", words)) for words in said.groups()]
    runners = (LacpConfig(), ActivebackupConfig())
    wanted = {
        key for runner in runners for key in runner_keys(TeamConfig(device=None, runner=runner))
    }
    assert keys == [wanted | {"active_port"}, set(PORT_KEYS), set(TOP_KEYS)]


def test_what_cannot_be_set_is_on_the_page_of_the_configuration() -> None:
    said = re.search(r"daemon restarts.*?\. (.*?) keep their value while the team runs", PAGE, re.S)
    assert said is not None
    assert {*FIXED_KEYS, *FIXED_TOP_KEYS, "dataplane", "debug_level"} == {
        *re.findall(r"`(\w+)`", said[1])
    }


def test_the_words_of_a_configuration_are_those_of_the_engine() -> None:
    assert tuple(edition.EDITIONS) == EDITIONS
    assert {*Control} == {*CONTROLS}
    assert {*Fallback} == {*FALLBACKS}
    assert all(f"`{name}`" in PAGE for name in (*DATAPLANES, *EDITIONS, *CONTROLS, *FALLBACKS))
