"""docs/configuration.md against what is read, and what is read against what the engine takes."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from lacp.config.model import CONTROLS, DATAPLANES, EDITIONS, FALLBACKS, LacpConfig, TeamPort
from lacp.protocol import edition
from lacp.protocol.variables import Control, Fallback

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
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


@pytest.mark.parametrize("name", ["lacp_prio", "lacp_key"])
def test_every_key_of_a_port_is_on_the_page_with_its_default(name: str) -> None:
    assert ROWS[f"ports.NAME.{name}"] == written(getattr(TeamPort(name="eth1"), name))


def test_the_words_of_a_configuration_are_those_of_the_engine() -> None:
    assert tuple(edition.EDITIONS) == EDITIONS
    assert {*Control} == {*CONTROLS}
    assert {*Fallback} == {*FALLBACKS}
    assert all(f"`{name}`" in PAGE for name in (*DATAPLANES, *EDITIONS, *CONTROLS, *FALLBACKS))
