"""lacpd and its partners: both ends agree, and frames pass, after all that happens to them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
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


def _in_guest(names: list[str]) -> Any:
    program, arguments = on_the_kernels_drivers, {"names": names}
    return guest.run(program, arguments, modules=_MODULES, timeout=280).result


def _native(names: list[str]) -> Any:
    need_ovs()
    return tell_all(names, NATIVE, "tap", cables.BridgedCable)


@pytest.fixture(scope="module")
def told(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[Any]]]:
    """The stories that are asked for, by where they are told; all at the same time."""
    names: dict[str, list[str]] = {"guest": [], "native": []}
    for item in request.session.items:
        if isinstance(item, pytest.Function) and item.path == request.path:
            where, name = map(str, (item.callspec.params["where"], item.callspec.params["name"]))
            names[where].append(name)
    with ThreadPoolExecutor(2) as pool:
        places = {"guest": _in_guest, "native": _native}
        yield {
            where: pool.submit(tell, names[where]) for where, tell in places.items() if names[where]
        }


@pytest.mark.parametrize(
    ("where", "name"),
    [
        *(("native", each.name) for each in NATIVE),
        *(("guest", each.name) for each in IN_GUEST),
    ],
)
def test_both_ends_agree_and_carry(where: str, name: str, told: dict[str, Future[Any]]) -> None:
    found = told[where].result()[name]
    if found["lacking"]:
        pytest.skip(found["lacking"])
    assert not found["failed"], found["failed"]
