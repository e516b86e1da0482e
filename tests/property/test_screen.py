"""What a screen does in a short way is what the long way does."""

from __future__ import annotations

import io
import textwrap
from dataclasses import MISSING, fields
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacp.cli import output
from lacp.cli.output import Screen, printable
from lacp.picture import model

WORDS = st.text(st.sampled_from("ab ,-()\t\n\x1b\u00a0\u3000é漢"), max_size=30)


@given(WORDS, st.sampled_from(["", "  ", "  ! "]), st.sampled_from([None, "    "]))
def test_a_line_that_has_room_is_what_textwrap_makes_of_it(
    text: str, indent: str, hanging: str | None
) -> None:
    screen = Screen(io.StringIO(), {}, width=24, terminal=False)
    short = screen.wrap(text, indent, hanging)
    with mock.patch.object(output, "_is_plain", return_value=False):
        assert short == screen.wrap(text, indent, hanging)


@given(st.text())
def test_what_is_plain_textwrap_leaves_alone(text: str) -> None:
    if output._is_plain(text):
        assert textwrap.wrap(text, len(text) + 1) == [text]


@pytest.mark.parametrize(
    "kind",
    [
        *(model.SystemId, model.End, model.LinkView, model.Machines, model.WatcherView),
        *(model.Change, model.PortView, model.LagView),
    ],
)
def test_no_text_of_a_lag_gets_by_unseen(kind: Any) -> None:
    needed: dict[str, Any] = {
        each.name: "x" for each in fields(kind) if each.default is each.default_factory is MISSING
    }
    for each in fields(kind):
        for evil, safe in (("\x1b[2J", "?[2J"), (("\n",), ("?",)), ({"\x9b": "\r"}, {"?": "?"})):
            told = str(each.type)
            holds = ("str" in told) if isinstance(evil, str) else "str" in told and "[" in told
            if not holds:
                continue
            seen = printable(kind(**{**needed, each.name: evil}))
            assert getattr(seen, each.name) == safe, each.name
