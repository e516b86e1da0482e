"""What the start of lacpctl does for speed, and what it must not do."""

import gc
from argparse import Namespace
from collections.abc import Iterator

import pytest

from lacp.cli.command import Answer
from lacp.cli.commands import show
from lacp.cli.lacpctl import run
from lacp.cli.output import Screen


def test_a_command_that_goes_on_collects_its_garbage(capsys: pytest.CaptureFixture[str]) -> None:
    row = show.COMMAND
    args = Namespace(json=True, host=None, netns=None)
    seen = []

    def events() -> Iterator[dict[str, int]]:
        seen.append(gc.isenabled())
        yield {}

    args.row = type(row)(row.name, row.help, row.arguments, lambda _: Answer(events()), row.text)
    gc.disable()
    try:
        assert run(args, Screen()) == 0
    finally:
        gc.enable()
    assert seen == [True]
