"""The devices under test: each comes up against lacpd at the tester's ends, and is understood."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.interop import devices, guest
from tests.interop.devices import DEVICES, MODULES, NATIVE, Device

pytestmark = pytest.mark.interop

IN_GUEST = [name for name in DEVICES if name not in NATIVE]


@contextmanager
def against_lacpd(name: str, links: int, **settings: Any) -> Iterator[tuple[Device, Device]]:
    """A device, and lacpd at the tester's ends."""
    with (
        DEVICES[name](links, **settings) as device,
        devices.lacpd(on=device.wires.turned()) as tester,
    ):
        yield device, tester


def life(name: str) -> str:
    """All that a device can be asked to do; returns its version."""
    for links, settings in ((4, {"active": False}), (1, {"fast": False})):
        with against_lacpd(name, links, **settings) as (device, tester):
            tester.until_usable()
            device.until_usable()
            assert device.name == name
            assert device.ports == tuple(f"d{n}" for n in range(1, links + 1))
            assert device.state()
            for port in tester.state()["ports"]:
                flags = set(port["partner"]["flags"])
                assert ("activity" in flags) == settings.get("active", True)
                assert ("short_timeout" in flags) == settings.get("fast", True)
    with against_lacpd(name, 2) as (device, tester):
        tester.until_usable()
        device.until_usable()
        device.link(1, up=False)
        device.until_usable("d2")
        device.link(1, up=True)
        device.until_usable()
        device.kill()
        tester.until_unusable()
        device.start()
        tester.until_usable()
        device.until_usable()
        device.end()
        tester.until_unusable()
    return device.version


@pytest.mark.parametrize("name", NATIVE)
def test_a_device_here(name: str) -> None:
    assert re.fullmatch(r"(lacpd|Open vSwitch) \d+\.\d+\.\d+", life(name))


@pytest.mark.parametrize("name", IN_GUEST)
def test_a_device_in_a_guest(name: str) -> None:
    found = guest.run(life, {"name": name}, modules=MODULES[name], timeout=240).result
    assert re.fullmatch(r"(Linux bonding 6\.\S+|teamd 1\.\d+, Linux 6\.\S+)", found)
