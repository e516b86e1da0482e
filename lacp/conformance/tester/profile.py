"""A profile: what is known of a kind of device before it is tested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from lacp.address import SLOW_PROTOCOLS_MULTICAST, Mac
from lacp.conformance.tester.device import Device, Need

#: Seconds that a real wire and a real clock add to each tolerance.
WIRE_SLACK = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A kind of device and the bench it stands on."""

    name: str
    description: str = ""
    device: Device = field(default_factory=Device)
    #: What the bench can do with this device.
    offers: frozenset[Need] = frozenset()
    #: Where it sends and expects slow-protocol frames.
    destination: Mac = SLOW_PROTOCOLS_MULTICAST
    #: LACPDUs in any second; None is what its edition says.
    transmit_limit: int | None = None
    #: Seconds added to each tolerance.
    slack: float = WIRE_SLACK
    #: Why a case is known to fail with this device, by its id.
    waivers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def limit(self) -> int:
        """LACPDUs that the device may send in any second (6.4.16)."""
        return self.transmit_limit or self.device.rules.transmit_limit

    def lacks(self, needs: frozenset[Need], features: Mapping[str, object]) -> str:
        """Why a case with these demands does not fit; empty when it does."""
        missing = sorted(needs - self.offers)
        if missing:
            return f"needs {', '.join(missing)}, which this bench does not offer"
        for name, wanted in features.items():
            found = getattr(self.device, name)
            if found != wanted and not (name == "control" and found is None):
                return f"needs a device with {name} {_said(wanted)}, this one has {_said(found)}"
        return ""


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "unlimited" if value is None else str(value)
