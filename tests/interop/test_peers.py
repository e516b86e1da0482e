"""lacpd and its partners: both ends agree, and frames pass, after all that happens to them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.interop import cables, guest
from tests.interop.devices import MODULES
from tests.interop.peers import Meeting, tell_all
from tests.lab import need_ovs

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.timeout(400)]

_COUPLED = {"control": "coupled"}
_SLOW = {"fast": False}

#: On the kernel's drivers, in a guest.
IN_GUEST = (
    Meeting(name="bonding", peer="bonding"),
    Meeting(name="bonding-independent", peer="bonding", theirs={"coupled_control": "off"}),
    Meeting(name="bonding-slow", peer="bonding", ours=_SLOW, theirs=_SLOW, story="restarts"),
    Meeting(
        name="bonding-passive",
        peer="bonding",
        ours={"active": False, **_COUPLED},
        story="restarts",
    ),
    Meeting(name="teamd", peer="teamd"),
    Meeting(
        name="teamd-slow",
        peer="teamd",
        ours={"active": False, **_SLOW, **_COUPLED},
        theirs=_SLOW,
        story="restarts",
    ),
    Meeting(name="lacpd", peer="lacpd", ours=_COUPLED),
)

#: On any machine, with the dataplane `tap`.
NATIVE = (
    Meeting(name="openvswitch", peer="openvswitch"),
    Meeting(
        name="openvswitch-slow",
        peer="openvswitch",
        ours={**_SLOW, **_COUPLED},
        theirs=_SLOW,
        story="restarts",
    ),
    Meeting(
        name="openvswitch-slow-silence",
        peer="openvswitch",
        ours=_SLOW,
        theirs=_SLOW,
        story="slow silence",
    ),
    Meeting(name="lacpd", peer="lacpd", ours=_COUPLED),
)

_MODULES = (*MODULES["bonding"], *MODULES["teamd"], *cables.MODULES)


def on_the_kernels_drivers(names: list[str]) -> dict[str, dict[str, Any]]:
    """In a guest."""
    return tell_all(names, IN_GUEST, "team")


@pytest.fixture(scope="module")
def guest_stories(request: pytest.FixtureRequest) -> Any:
    names = _wanted(request, test_on_the_kernels_drivers.__name__)
    program, arguments = on_the_kernels_drivers, {"names": names}
    return guest.run(program, arguments, modules=_MODULES, timeout=280).result


@pytest.fixture(scope="module")
def native_stories(request: pytest.FixtureRequest) -> dict[str, dict[str, Any]]:
    need_ovs()
    names = _wanted(request, test_in_user_space.__name__)
    return tell_all(names, NATIVE, "tap", cables.BridgedCable)


def _wanted(request: pytest.FixtureRequest, test: str) -> list[str]:
    """The meetings that a test is asked for: they take place at the same time."""
    return [
        str(item.callspec.params["name"])
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.path == request.path
        and item.originalname == test
    ]


@pytest.mark.parametrize("name", [each.name for each in NATIVE])
def test_in_user_space(name: str, native_stories: Any) -> None:
    _judge(native_stories[name])


@pytest.mark.guest
@pytest.mark.parametrize("name", [each.name for each in IN_GUEST])
def test_on_the_kernels_drivers(name: str, guest_stories: Any) -> None:
    _judge(guest_stories[name])


def _judge(found: dict[str, Any]) -> None:
    if found["lacking"]:
        pytest.skip(found["lacking"])
    assert not found["failed"], found["failed"]
