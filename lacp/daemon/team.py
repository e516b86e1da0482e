"""One team: its configuration, its runner, its dataplane, and how they change together."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable

from lacp.address import NO_MAC, Mac
from lacp.config.model import LacpConfig, TeamConfig
from lacp.daemon.clock import Clock
from lacp.daemon.files import SavedState
from lacp.daemon.journal import Journal
from lacp.daemon.parameters import (
    FIXED_KEYS,
    fixed_parameters,
    port_config,
    port_parameters,
    system_parameters,
)
from lacp.dataplane.base import Dataplane, PortSetup, Setup
from lacp.errors import BackendError, LacpError
from lacp.link import Link
from lacp.protocol.config import SystemConfig
from lacp.protocol.events import FrameDropped
from lacp.runners.base import CarrierChanged, PortEnabled, RunnerNews
from lacp.runners.lacp import LacpRunner

#: The system's address as long as none is known; no frame is sent under it.
_NOBODY = Mac(bytes.fromhex("020000000000"))


def nothing(_: str) -> None:
    """The ifindex of a port when nobody knows one."""


class Team:
    """Runs one `TeamConfig`. The driver feeds it news and takes the events of its runner."""

    def __init__(
        self,
        name: str,
        config: TeamConfig,
        dataplane: Dataplane,
        clock: Clock,
        saved: SavedState | None = None,
        ifindex: Callable[[str], int | None] = nothing,
    ) -> None:
        self.name = name
        self.config = config
        self.dataplane = dataplane
        self.clock = clock
        self.saved = SavedState() if saved is None else saved
        self.ifindex = ifindex
        self.journal = Journal(name, clock)
        #: Ports that cannot be used for want of an interface, each with what is wrong.
        self.missing: dict[str, str] = {}
        #: Frames of each port that came too fast for the engine.
        self.flooded: dict[str, int] = {}
        #: Frames that the backend refused, by port and reason.
        self.refused: dict[str, Counter[str]] = {}
        #: Why the interface of a port refused the last of our frames that it refused.
        self.refusals: dict[str, str] = {}
        #: What was said of links before the system had an address; None afterwards.
        self._awaited: dict[str, Link] | None = None
        #: When the driver looks at the team next.
        self.scheduled: float | None = None

        system = self._configured_system(config)
        if system is None:
            self._awaited = {}
        assert isinstance(config.runner, LacpConfig)
        parameters = system_parameters(config.runner, system or _NOBODY)
        self.runner = LacpRunner(SystemConfig(**parameters, **fixed_parameters(config.runner)))
        dataplane.create(Setup(device=name, runner=config.runner.name, address=system))

    @property
    def system_known(self) -> bool:
        """Whether the system has an address; without one the team waits for a port that has one."""
        return self._awaited is None

    def _configured_system(self, config: TeamConfig) -> Mac | None:
        assert isinstance(config.runner, LacpConfig)
        configured = config.runner.system or config.hwaddr
        if configured is not None:
            return configured
        # What was taken from a port holds as long as the port is in the team, else two teams
        # could have the same address.
        return self.saved.system if self.saved.system_from in config.ports else None

    # News.

    def link(self, port: str, link: Link, now: float) -> None:
        """Take what the backend says of the link of a port."""
        self._note_missing(port, link)
        if self._awaited is None:
            self.runner.link_changed(port, link, now)
            return
        self._awaited[port] = link
        self._adopt(self._awaited, now)

    def _note_missing(self, port: str, link: Link) -> None:
        """An interface without an address is none; a port that has none waits for it."""
        was = self.missing.pop(port, None)
        if link.address != NO_MAC:
            if was is not None:
                self.journal.say(logging.INFO, "the interface is there", port)
            return
        unfit = self.ifindex(port) is not None
        is_now = "this interface cannot be a port" if unfit else "no such interface"
        self.missing[port] = f"{is_now}: the port waits for one"
        if was != self.missing[port]:
            self.journal.say(logging.WARNING, self.missing[port], port)

    def _adopt(self, links: dict[str, Link], now: float) -> None:
        """Take the address of the first port that has one, once every port has been heard of."""
        if len(links) < len(self.runner.ports):
            return
        origin = next((n for n in self.runner.ports if links[n].address != NO_MAC), None)
        if origin is None:
            return
        system = links[origin].address
        self.saved.system, self.saved.system_from = system, origin
        self.journal.say(logging.INFO, f"system is {system}, the address of {origin}")
        self._awaited = None
        self.runner.configure(now, system=system)
        self.dataplane.set_address(system)
        for port, link in links.items():
            self.runner.link_changed(port, link, now)

    def carry_out(self, event: RunnerNews) -> None:
        """Do what the runner has decided, and note what happened."""
        self.journal.record(event)
        try:
            match event:
                case PortEnabled(port, collecting, distributing):
                    self.dataplane.enable_port(port, collecting, distributing)
                case CarrierChanged(up):
                    self.dataplane.set_carrier(up)
        except BackendError as error:
            self.journal.say(logging.ERROR, str(error))

    # Ports.

    def add_port(self, name: str, now: float) -> None:
        """Take up a port of the configuration. Raises LacpError when that cannot be."""
        try:
            number = self.saved.number(name)
        except ValueError as error:
            raise BackendError(f"{self.name}: {name}: {error}") from None
        config = self.config
        assert isinstance(config.runner, LacpConfig)
        self.dataplane.add_port(name, PortSetup())
        self.runner.add_port(name, port_config(config.runner, config.ports[name], number), now)

    def refuse(self, port: str, reason: str, now: float) -> None:
        """Count and tell a frame that the backend did not pass up."""
        self.refused.setdefault(port, Counter())[reason] += 1
        self.journal.record(FrameDropped(port, reason, now))

    def remove_port(self, name: str, now: float) -> None:
        """Let go of a port that was withdrawn."""
        self.runner.remove_port(name, now)
        self.missing.pop(name, None)
        self.flooded.pop(name, None)
        self.refused.pop(name, None)
        self.refusals.pop(name, None)
        if self._awaited is not None:
            self._awaited.pop(name, None)

    def release_port(self, name: str) -> None:
        """Take a port that the runner has removed out of the dataplane."""
        try:
            self.dataplane.remove_port(name)
        except BackendError as error:
            self.journal.say(logging.ERROR, str(error), name)

    def quiet(self, ports: list[str]) -> bool:
        """Whether none of these ports holds back a LACPDU."""
        return self.runner.quiet(ports)

    # Configuration.

    def configure(self, config: TeamConfig, now: float) -> None:
        """Change the parameters of the system and of the ports that stay; nothing else flaps.

        Raises LacpError, changing nothing, when they contradict each other.
        """
        old, runner = self.config, config.runner
        assert isinstance(runner, LacpConfig)
        for what in FIXED_KEYS:
            was, new = getattr(old.runner, what), getattr(runner, what)
            if was != new:
                said = f"{what} stays {was} until the next start: it cannot change under way"
                self.journal.say(logging.WARNING, said)
        system = self._configured_system(config)
        if system is None:
            # An address that was taken from a port stays, whatever becomes of the port.
            system = self.runner.config.system
        elif self._awaited is not None:
            links, self._awaited = self._awaited, None
            for name, link in links.items():
                self.runner.link_changed(name, link, now)
        wanted = system_parameters(runner, system)
        changes = {k: v for k, v in wanted.items() if v != getattr(self.runner.config, k)}
        if changes:
            self._say_changes(None, changes)
            self.runner.configure(now, **changes)
            if "system" in changes:
                self.dataplane.set_address(system)
        self.config = config
        for name, port in self.runner.ports.items():
            if name in config.ports:
                parameters = port_parameters(runner, config.ports[name])
                changes = {k: v for k, v in parameters.items() if v != getattr(port.config, k)}
                if changes:
                    self._say_changes(name, changes)
                    self.runner.configure_port(name, now, **changes)

    def _say_changes(self, port: str | None, changes: dict[str, object]) -> None:
        said = ", ".join(f"{name} to {value}" for name, value in changes.items())
        self.journal.say(logging.INFO, f"changing {said}", port)

    def close(self) -> None:
        """Give the device back."""
        try:
            self.dataplane.destroy()
        except LacpError as error:
            self.journal.say(logging.ERROR, str(error))
