"""Checks of the team driver's dataplane, for a guest with the driver."""

from tests.interop.team_driver import adopting, carrying, options, others
from tests.interop.team_driver.bench import SUITE

__all__ = ["SUITE", "adopting", "carrying", "options", "others"]
