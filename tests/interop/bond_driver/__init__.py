"""Checks of the bonding driver's dataplane, for a guest with the driver."""

from tests.interop.bond_driver import modes, others, watched
from tests.interop.bond_driver.bench import SUITE

__all__ = ["SUITE", "modes", "others", "watched"]
