"""lacpd and its partners: both ends agree, and frames pass, after all that happens to them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from tests.interop import cables, guest, peers
from tests.interop.devices import MODULES
from tests.lab import need_ovs

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.timeout(400)]

_MODULES = (*MODULES["bonding"], *MODULES["teamd"], *cables.MODULES)


def _in_guest(names: list[str]) -> Any:
    return guest.run(peers.in_guest, {"names": names}, modules=_MODULES, timeout=280).result


def _native(names: list[str]) -> Any:
    need_ovs()
    return peers.native(names)


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
        *(("native", each.name) for each in peers.NATIVE),
        *(("guest", each.name) for each in peers.IN_GUEST),
    ],
)
def test_both_ends_agree_and_carry(where: str, name: str, told: dict[str, Future[Any]]) -> None:
    found = told[where].result()[name]
    if found["lacking"]:
        pytest.skip(found["lacking"])
    assert not found["failed"], found["failed"]
