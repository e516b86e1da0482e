"""The kernel's bonding driver as dataplane: real frames, and others who interfere."""

from __future__ import annotations

import pytest

from lacp.dataplane.base import (
    Setup,
)
from lacp.dataplane.bond.plane import BondDataplane
from tests.interop import checks, guest
from tests.interop.bond_driver import SUITE
from tests.interop.netns import namespace

pytestmark = [pytest.mark.interop, pytest.mark.guest]

_MODULES = (
    *guest.BONDING_MODULES,
    *("sch_multiq", "sch_ingress", "cls_u32", "cls_bpf", "act_skbedit"),
)


def run_checks(names: list[str]) -> dict[str, str]:
    """What went wrong with each; nothing is empty."""
    return SUITE.outcomes(names)


@pytest.fixture(scope="module")
def found(request: pytest.FixtureRequest) -> dict[str, str]:
    """What became of those that were selected, in one guest."""
    names = checks.selected(request)
    done = guest.run(run_checks, {"names": names}, modules=_MODULES, timeout=280)
    assert isinstance(done.result, dict)
    return done.result


@pytest.mark.parametrize("name", SUITE.names)
def test_in_the_guest(name: str, found: dict[str, str]) -> None:
    assert not found[name], found[name]


def test_a_kernel_without_the_driver_is_refused() -> None:
    with namespace() as here, here.entered():
        said = BondDataplane().refusal(Setup(device="bond9", runner="roundrobin"))
    if said is None:
        pytest.skip("this kernel has the bonding driver")
    assert said == "the kernel has no bonding driver (CONFIG_BONDING)"
