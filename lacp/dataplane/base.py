"""What every dataplane offers: a device with ports below it, and the runner's decisions in effect.

No call waits longer than the kernel takes to answer. What the environment refuses is a
BackendError of one line, and nothing is half done by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from lacp.address import Mac
from lacp.info import PortInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """Repeated announcements of the device after a port was enabled."""

    count: int = 0
    #: Milliseconds between two.
    interval: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverLacp:
    """LACP as the driver of the device is to speak it, because nobody else does."""

    activity: bool = True
    short_timeout: bool = False
    min_ports: int = 1
    system_priority: int = 65535
    #: None for the device's address.
    system: Mac | None = None
    #: The keys of the ports.
    keys: frozenset[int] = frozenset({0})
    #: One of teamd.conf's names.
    agg_select_policy: str = "lacp_prio"
    #: Keys of the configuration that ask for what no driver can do.
    beyond: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a device is made for."""

    #: The name of the network device.
    device: str
    #: The runner, as teamd.conf names it.
    runner: str
    #: The device's address; None leaves it to the first port.
    address: Mac | None = None
    #: Fragments that select the port of a frame, for `loadbalance` and `lacp`.
    tx_hash: tuple[str, ...] = ("eth", "ipv4", "ipv6")
    #: Seconds between two `Loads`; None wants none, and the hash alone selects the port.
    balancing: float | None = None
    notify_peers: Burst | None = None
    mcast_rejoin: Burst | None = None
    #: How many ports carry traffic at most; None knows no limit.
    max_ports: int | None = None
    #: Runner `lacp` only follows the driver, which speaks LACP; None has the runner speak it.
    driver_lacp: DriverLacp | None = None
    #: Use a device of this name that exists, with the ports it has.
    take_over: bool = False
    #: Remove a device of this name that exists, first.
    recreate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PortSetup:
    """What a port is made for."""

    #: Higher is preferred among ports with the same queue (kernel option `priority`).
    prio: int = 0
    #: The transmit queue that leads to this port.
    queue_id: int | None = None
    #: Whether the verdict of link watchers, not the carrier, says if it can be used.
    watched: bool = False
    #: Seconds that the link watchers need, after a loss of carrier, to know again.
    settling: float = 0.0


@dataclass(frozen=True, slots=True)
class PortJoined:
    """Somebody else put this interface below the device."""

    port: str


@dataclass(frozen=True, slots=True)
class PortLeft:
    """Somebody else took this port away from the device, or its interface is gone."""

    port: str
    #: There is no interface of this name any more.
    gone: bool = False


@dataclass(frozen=True, slots=True)
class DeviceChanged:
    """The device as it is seen by its users changed."""

    #: Administratively up.
    up: bool
    address: Mac


@dataclass(frozen=True, slots=True)
class DeviceGone:
    """Somebody removed the device."""


@dataclass(frozen=True, slots=True)
class Loads:
    """Octets sent with each hash (0..255) since the device was made; those of no traffic absent."""

    octets: dict[int, int]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that no call could report, as one line for a log."""

    text: str


PlaneNews = PortJoined | PortLeft | DeviceChanged | DeviceGone | Loads | Trouble


class Dataplane(Protocol):
    """One team device."""

    #: As a configuration names it.
    name: str

    def refusal(self, setup: Setup) -> str | None:
        """Why this dataplane, on this machine, cannot carry that; None when it can."""

    def create(self, setup: Setup) -> None:
        """Make or take over the device, without carrier."""

    @property
    def address(self) -> Mac | None:
        """The device's address now; None when it has none, or there is no device to have one."""

    def ports(self) -> list[str]:
        """The interfaces below the device: after a take-over, those that were left there."""

    def set_address(self, address: Mac) -> None:
        """Give the device its address."""

    def add_port(self, port: str, setup: PortSetup) -> None:
        """Put an interface below the device, which may be there already; it carries nothing yet."""

    def remove_port(self, port: str) -> None:
        """Take a port away from the device; one whose interface is gone is forgotten."""

    def configure_port(self, port: str, setup: PortSetup) -> None:
        """Change what a port is made for."""

    def set_port_address(self, port: str, address: Mac | None) -> None:
        """Give a port an address; None gives it its own again."""

    def enable_port(self, port: str, collecting: bool, distributing: bool) -> None:
        """Take user frames from the port, give user frames to it, from now on or no longer."""

    def activate(self, port: str | None) -> None:
        """Make this port the only one that is used, or none (runner `activebackup`)."""

    def set_verdict(self, port: str, up: bool) -> None:
        """Show the verdict of the port's link watchers."""

    def map_hash(self, hash: int, port: str) -> None:
        """Send frames with this hash through this port."""

    def set_carrier(self, up: bool) -> None:
        """Show to the users of the device whether it can be used."""

    def filenos(self) -> list[int]:
        """The descriptors to wait on, always the same from `create` on."""

    def read(self) -> list[PlaneNews]:
        """What others did to the device since the last call; never what was done through here.

        The first call after `create` tells what the device is like, where there is one.
        """

    def destroy(self, keep: bool = False) -> None:
        """Remove the device, ports and all; or let go of it and leave it as it is."""


@dataclass(frozen=True, slots=True)
class LacpPortState:
    """A port as the driver's LACP has it; None is what the driver does not say."""

    aggregator: int | None
    actor: PortInfo | None
    partner: PortInfo | None


@dataclass(frozen=True, slots=True)
class LacpState:
    """LACP as the driver of a device has it."""

    #: The one in use.
    aggregator: int | None
    ports: dict[str, LacpPortState]


@runtime_checkable
class SpeaksLacp(Protocol):
    """A dataplane whose driver may speak LACP by itself."""

    def lacp_state(self) -> LacpState | None:
        """What the driver's LACP has come to; None when it speaks none, or nobody knows."""


@runtime_checkable
class Limited(Protocol):
    """A dataplane whose device cannot be everything that a configuration may ask for."""

    def inability(self, setup: Setup) -> str | None:
        """Why no device of its kind can be that, on whatever host; None when one can."""


@runtime_checkable
class Adjustable(Protocol):
    """A dataplane whose device may change while there are ports below it."""

    def configure(self, setup: Setup) -> None:
        """Take other fragments of `tx_hash`, or other bursts; all else is as it was at `create`."""
