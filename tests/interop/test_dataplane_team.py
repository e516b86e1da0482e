"""The kernel's team driver as dataplane: real frames, real options, and others who interfere."""

from __future__ import annotations

import pytest

from lacp.dataplane.base import (
    Setup,
)
from lacp.dataplane.choose import choose
from lacp.dataplane.team.plane import TeamDataplane
from lacp.errors import BackendError
from lacp.netlink.links import Links
from tests.interop import checks, guest
from tests.interop.bench import refused
from tests.interop.netns import namespace, namespaces, need_link
from tests.interop.team_driver import SUITE, options

pytestmark = [pytest.mark.interop, pytest.mark.guest]

_MODULES = (*guest.TEAM_MODULES, "sch_multiq", "cls_u32", "act_skbedit", "dummy")


def run_checks(names: list[str]) -> dict[str, str]:
    """What went wrong with each; nothing is empty."""
    return SUITE.outcomes(names)


#: As many as one guest checks in a minute or two.
_GROUP = 20


class Guests:
    """Runs the checks that were selected, some in each guest, when the first of them is wanted."""

    def __init__(self, selected: list[str]) -> None:
        self._groups = [selected[at : at + _GROUP] for at in range(0, len(selected), _GROUP)]
        self._found: dict[str, str] = {}

    def result(self, name: str) -> str:
        if name not in self._found:
            (names,) = (group for group in self._groups if name in group)
            found = guest.run(run_checks, {"names": names}, modules=_MODULES, timeout=280).result
            self._found.update(found)
        return self._found[name]


@pytest.fixture(scope="module")
def guests(request: pytest.FixtureRequest) -> Guests:
    return Guests(checks.selected(request, "check"))


@pytest.mark.parametrize("check", SUITE.names)
def test_in_the_guest(check: str, guests: Guests) -> None:
    if check == options.options_are_those_of_teamd.__name__ and not options.GOLDEN.is_dir():
        pytest.skip("no golden data of teamd beside the repository")
    failure = guests.result(check)
    assert not failure, failure


def without_a_mode() -> list[str | None]:
    """What is said in a guest that has the driver, but none of its modes."""
    with namespace() as here, here.entered():
        need_link(here, "team", "the kernel's team driver")
        said = [TeamDataplane().refusal(Setup(device="team0", runner="random"))]
        said.append(refused(lambda: TeamDataplane().create(Setup(device="team0", runner="random"))))
        links = Links()
        assert links.named("team0") is None
        links.close()
        assert len(here.ip("-o link").splitlines()) == 1
        return said


def test_a_driver_without_the_mode_is_refused_and_nothing_is_left() -> None:
    refusal, failure = guest.run(without_a_mode, modules=["team"]).result
    assert refusal == "the kernel's team driver has no mode random (module team_mode_random)"
    assert failure.startswith("team0: cannot set mode to random: ")


def test_a_kernel_without_the_driver_is_refused() -> None:
    with namespaces(1) as (here,), here.entered():
        if TeamDataplane().refusal(Setup(device="team0", runner="lacp")) is None:
            pytest.skip("this kernel has the team driver")
        with pytest.raises(BackendError) as error:
            choose("team", Setup(device="team0", runner="lacp"))
    assert str(error.value).startswith(
        "team0: dataplane team cannot be used: the kernel has no team driver (CONFIG_NET_TEAM)"
    )
