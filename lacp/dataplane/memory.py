"""The dataplane that remembers: for tests, and for programs that move frames by themselves."""

from __future__ import annotations

from dataclasses import dataclass

from lacp.address import Mac
from lacp.dataplane.base import PlaneNews, PortSetup, Setup
from lacp.errors import UsageError


@dataclass(slots=True)
class PortUse:
    """What is to be done at a port."""

    setup: PortSetup
    collecting: bool = False
    distributing: bool = False
    #: What it was given; None while it bears its own.
    address: Mac | None = None
    #: The verdict of its link watchers, once there was one.
    verdict: bool | None = None


class MemoryDataplane:
    """Keeps every decision where it can be looked at."""

    name = "memory"

    def __init__(self) -> None:
        #: None before `create` and after `destroy`.
        self.setup: Setup | None = None
        self.carrier = False
        self.uses: dict[str, PortUse] = {}
        self.active: str | None = None
        #: Ports by hash.
        self.mapped: dict[int, str] = {}
        #: What the next `read` is to return; whoever plays the environment puts it here.
        self.news: list[PlaneNews] = []
        self._address: Mac | None = None

    @property
    def device(self) -> str | None:
        """The device's name; None when there is none."""
        return self.setup.device if self.setup is not None else None

    @property
    def address(self) -> Mac | None:
        """The device's address, once it has one."""
        return self._address

    def refusal(self, setup: Setup) -> str | None:
        """Nothing is refused."""
        return None

    def create(self, setup: Setup) -> None:
        """Remember the device. Raises UsageError when there is one already."""
        if self.setup is not None:
            raise UsageError(f"device {self.setup.device} exists already")
        self.setup, self._address, self.carrier = setup, setup.address, False

    def configure(self, setup: Setup) -> None:
        """Remember what the device is made for from now on."""
        self.setup = setup
        if setup.balancing is None:
            self.mapped.clear()

    def ports(self) -> list[str]:
        """The ports, in the order in which they came."""
        return list(self.uses)

    def set_address(self, address: Mac) -> None:
        """Remember the address."""
        self._address = address

    def add_port(self, port: str, setup: PortSetup) -> None:
        """Remember the port. Raises UsageError when it is there already."""
        if port in self.uses:
            raise UsageError(f"port {port} was added already")
        self.uses[port] = PortUse(setup)

    def remove_port(self, port: str) -> None:
        """Forget the port. Raises UsageError when it is not there."""
        self._use(port)
        del self.uses[port]
        if self.active == port:
            self.active = None
        self.mapped = {hash: to for hash, to in self.mapped.items() if to != port}

    def configure_port(self, port: str, setup: PortSetup) -> None:
        """Remember what the port is made for."""
        self._use(port).setup = setup

    def set_port_address(self, port: str, address: Mac | None) -> None:
        """Remember the address that the port was given."""
        self._use(port).address = address

    def enable_port(self, port: str, collecting: bool, distributing: bool) -> None:
        """Remember what the port does. Raises UsageError when it is not there."""
        use = self._use(port)
        use.collecting, use.distributing = collecting, distributing

    def activate(self, port: str | None) -> None:
        """Remember the active port."""
        if port is not None:
            self._use(port)
        self.active = port

    def set_verdict(self, port: str, up: bool) -> None:
        """Remember the verdict."""
        self._use(port).verdict = up

    def map_hash(self, hash: int, port: str) -> None:
        """Remember the way of the hash."""
        self._use(port)
        self.mapped[hash] = port

    def set_carrier(self, up: bool) -> None:
        """Remember the carrier."""
        self.carrier = up

    def filenos(self) -> list[int]:
        """There is nothing to wait for."""
        return []

    def read(self) -> list[PlaneNews]:
        """What was put into `news`."""
        news, self.news = self.news, []
        return news

    def destroy(self, keep: bool = False) -> None:
        """Forget the device, kept or not."""
        self.setup, self.carrier = None, False
        self.uses.clear()

    def _use(self, port: str) -> PortUse:
        if port not in self.uses:
            raise UsageError(f"no port {port}, there are {', '.join(self.uses) or 'none'}")
        return self.uses[port]
