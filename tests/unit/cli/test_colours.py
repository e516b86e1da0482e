"""Colours: only on a terminal that has them and does not decline them."""

import io

import pytest

from lacp.cli.output import Screen


class Terminal(io.StringIO):
    """A stream that calls itself a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environ", "colour", "live"),
    [
        (Terminal(), {}, True, True),
        (Terminal(), {"TERM": "xterm"}, True, True),
        (Terminal(), {"TERM": "dumb"}, False, False),
        (Terminal(), {"NO_COLOR": "1"}, False, True),
        (Terminal(), {"NO_COLOR": ""}, True, True),
        (io.StringIO(), {"TERM": "xterm"}, False, False),
        # What goes into a file or a pipe has none, whatever other programs make of these.
        (io.StringIO(), {"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1"}, False, False),
    ],
)
def test_when_there_are_colours(
    stream: io.StringIO, environ: dict[str, str], colour: bool, live: bool
) -> None:
    screen = Screen(stream, environ)
    assert (screen.colour, screen.live) == (colour, live)
