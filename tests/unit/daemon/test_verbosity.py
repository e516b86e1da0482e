"""teamd's debug level: what teams ask to be logged while they run."""

import logging
from collections.abc import Iterator

import pytest

from lacp.daemon.process.verbosity import Verbosity

LOGGER = logging.getLogger("lacp")


@pytest.fixture(autouse=True)
def _a_level() -> Iterator[None]:
    before = LOGGER.level
    LOGGER.setLevel(logging.INFO)
    yield
    LOGGER.setLevel(before)


def test_what_a_team_starts_with_changes_nothing() -> None:
    verbosity = Verbosity()
    verbosity.start("team0", 2)
    assert verbosity.level("team0") == 2
    assert LOGGER.level == logging.INFO


def test_as_much_is_logged_as_any_team_wants() -> None:
    verbosity = Verbosity()
    verbosity.set("team0", 1)
    verbosity.set("team1", 3)
    assert LOGGER.level == logging.DEBUG
    verbosity.set("team0", 0)
    assert LOGGER.level == logging.DEBUG
    verbosity.set("team1", 0)
    assert LOGGER.level == logging.INFO


def test_what_began_loud_becomes_calm() -> None:
    LOGGER.setLevel(logging.DEBUG)
    verbosity = Verbosity()
    verbosity.start("team0", 1)
    verbosity.set("team0", 0)
    assert LOGGER.level == logging.INFO


def test_what_began_quiet_becomes_quiet_again() -> None:
    LOGGER.setLevel(logging.WARNING)
    verbosity = Verbosity()
    verbosity.set("team0", 1)
    assert LOGGER.level == logging.DEBUG
    verbosity.set("team0", 0)
    assert LOGGER.level == logging.WARNING


def test_a_team_that_ends_wants_nothing_any_more() -> None:
    verbosity = Verbosity()
    verbosity.set("team0", 1)
    verbosity.set("team1", 0)
    verbosity.forget("team0")
    assert LOGGER.level == logging.INFO
    assert verbosity.level("team0") == 0
    verbosity.forget("nobody")
