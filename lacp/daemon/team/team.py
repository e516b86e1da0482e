"""One team: its configuration, runner, link watchers and dataplane, and how they move together."""

from __future__ import annotations

import logging
from dataclasses import replace

from lacp.address import Mac
from lacp.config.model import TeamConfig, TeamPort
from lacp.daemon.clock import Clock
from lacp.daemon.files import SavedState
from lacp.daemon.host import NOWHERE, Host
from lacp.daemon.journal import Journal
from lacp.daemon.options import Options
from lacp.daemon.team import parameters
from lacp.daemon.team.addresses import Addresses
from lacp.daemon.team.effects import Effects
from lacp.daemon.team.joining import Joining
from lacp.daemon.team.member import Member
from lacp.daemon.team.reconfiguring import Reconfiguring
from lacp.dataplane.base import Dataplane, DeviceChanged
from lacp.errors import BackendError, LacpError
from lacp.link import DOWN, Link
from lacp.protocol.events import FrameDropped
from lacp.runners.base import PortAddressed, PortEnabled, RunnerNews, TeamAddressed

#: How many refusals of the device are kept for whoever asked for something.
_REFUSALS = 8


class Team:
    """Runs one `TeamConfig`. The driver feeds it news and takes the events of its engines.

    Raises LacpError, nothing being left of it, when the device cannot be made.
    """

    __slots__ = (
        "__weakref__",
        "_effects",
        "_joining",
        "_reconfiguring",
        "_unheard",
        "addresses",
        "beat",
        "clock",
        "config",
        "dataplane",
        "device_up",
        "host",
        "journal",
        "members",
        "name",
        "options",
        "refusals",
        "runner",
        "saved",
        "stirred",
    )

    def __init__(
        self,
        name: str,
        config: TeamConfig,
        dataplane: Dataplane,
        clock: Clock,
        options: Options,
        saved: SavedState | None = None,
        host: Host = NOWHERE,
        beat: float | None = None,
    ) -> None:
        self.name = name
        self.config = config
        self.dataplane = dataplane
        self.clock = clock
        self.options = options
        self.saved = SavedState() if saved is None else saved
        self.host = host
        #: When in each second its LACPDUs leave.
        self.beat = beat
        #: Whether the device is administratively up; None when there is none to be so.
        self.device_up: bool | None = None
        self.journal = Journal(name, clock)
        #: The ports of the runner, in the order in which they came.
        self.members: dict[str, Member] = {}
        #: How many of them nothing has been heard of yet.
        self._unheard = 0
        #: Members whose watchers may have something to say.
        self.stirred: dict[Member, None] = {}
        self.addresses = Addresses(config, self.saved)
        #: What the device refused, a line each; whoever asks for something empties it before.
        self.refusals: list[str] = []
        self._joining = Joining(
            dataplane, self.addresses, self.saved, self.journal, options.take_over, self._refused
        )
        self._effects = Effects(dataplane, self.members, self._refused)

        self._reconfiguring = Reconfiguring(self, self._effects.attempt)

        # What cannot be is said before there is a device.
        self.runner = self._reconfiguring.runner(config)
        self._create(config)
        self.runner = self._reconfiguring.runner(config)

    def _refused(self, why: str, port: str | None = None) -> None:
        """The device does not do what it was told; the team goes on."""
        self.journal.say(logging.ERROR, why, port)
        if len(self.refusals) < _REFUSALS:
            self.refusals.append(f"{port}: {why}" if port else why)

    def _create(self, config: TeamConfig) -> None:
        taken_over = self.options.take_over
        address = config.hwaddr if taken_over else self.addresses.team
        setup = parameters.setup(config, self.name, address, self.options)
        self.dataplane.create(setup)
        if taken_over and self.dataplane.ports():
            self.addresses.take_over(self.dataplane, config)
        elif taken_over and self.addresses.team is not None:
            self.dataplane.set_address(self.addresses.team)

    # Facts.

    @property
    def system_known(self) -> bool:
        """Whether the system has an address; without one the team waits for a port that has one."""
        return self.addresses.system is not None

    @property
    def present(self) -> list[str]:
        """The ports that are below the device, or used without one."""
        return [name for name, member in self.members.items() if member.joined]

    @property
    def missing(self) -> dict[str, str]:
        """Why each port that is not used is not; made anew each time."""
        return {name: m.missing for name, m in self.members.items() if m.missing}

    @property
    def links(self) -> dict[str, Link]:
        """The interfaces as last observed; made anew each time."""
        return {name: m.link for name, m in self.members.items() if m.link is not None}

    # News.

    def link(self, port: str, link: Link, now: float) -> None:
        """Take what the backend says of the interface of a port."""
        member = self.members[port]
        self._unheard -= member.link is None
        member.observe(link)
        self._joining.observed(member, self.host.ifindex(port) if not member.there else None)
        if self.addresses.team is not None:
            self.place(member, now)
        elif not self._unheard:
            self._adopt_address(now)

    def _adopt_address(self, now: float) -> None:
        origin = self.addresses.adopt(self.members.values())
        if origin is None:
            return
        team = self.addresses.team
        self.journal.say(logging.INFO, f"system is {team}, the address of {origin.name}")
        self._readdress(now)
        for member in self.members.values():
            self.place(member, now)

    def place(self, member: Member, now: float) -> None:
        """Put a port below the device or take it from there, and tell who has to know its link."""
        before = member.joined
        self._joining.place(member, now)
        if member.joined and not before:
            # The dataplane knows nothing of a port that is new to it; the watchers may remember.
            self._effects.show_verdict(member)
        usable = member.joined and member.link is not None
        member.watch.link_changed(member.link if usable and member.link else DOWN, now)
        self.stirred[member] = None
        self.tell(member, now)

    def tell(self, member: Member, now: float) -> None:
        """Tell the runner how the watchers let it see the port, if that is news."""
        link = self._shown(member)
        if link != member.told:
            member.told = link
            self.runner.link_changed(member.name, link, now)
        verdict = member.watch.up
        if member.grace is not None:
            if verdict or not member.joined or member.grace <= now:
                member.grace = None
            else:
                verdict = member.verdict
        if verdict is not member.verdict:
            member.verdict = verdict
            self.runner.verdict_changed(member.name, member.verdict, now)
            self._effects.note_verdict(member)

    def _shown(self, member: Member) -> Link:
        if not member.there:
            return DOWN
        # Frames of the port itself bear its own address, whatever the interface bears.
        link = member.watch.link if member.joined else DOWN
        return link if link.address == member.own else replace(link, address=member.own)

    def advance_port(self, member: Member, now: float) -> None:
        """Let the timers of a port's watchers expire, and try again what is to be tried again."""
        member.watch.advance(now)
        if member.retry_at is not None and member.retry_at <= now:
            self.place(member, now)
        self.stirred[member] = None

    def device_changed(self, news: DeviceChanged, now: float) -> None:
        """Take what somebody else did to the device."""
        # What it bears now, not what it bore when that was said: meanwhile it may have been given
        # another one from here.
        address = self.dataplane.address
        if address is not None and self.addresses.team not in (None, address):
            self.addresses.team = address
            self.journal.say(logging.INFO, f"somebody gave the device address {address}")
            self._readdress(now)
        self.device_up = news.up
        self.runner.device_changed(news.up, now)

    def left(self, port: str, gone: bool, now: float) -> None:
        """Take that somebody else took a port from below the device, or that it is `gone`."""
        member = self.members[port]
        if member.joined:
            self._joining.left(member, gone)
            self.place(member, now)

    def orphaned(self, port: str) -> bool:
        """Whether the interface is gone of a port that only others wanted in the team."""
        member = self.members[port]
        return member.adopted and not member.there

    # Decisions.

    def carry_out(self, event: RunnerNews, now: float) -> None:
        """Do what the runner has decided."""
        match event:
            case PortAddressed(port, team):
                member = self.members[port]
                member.bears_team = team
                if self.addresses.team is not None:
                    self._joining.address(member)
            case TeamAddressed(port):
                self.addresses.team = self.members[port].own
                self._readdress(now)
            case PortEnabled(port):
                self.members[port].changed_at = event.time
                self._effects.carry_out(event)
            case _:
                self._effects.carry_out(event)

    def _readdress(self, now: float) -> None:
        """Have the device, the ports and the system bear what they are to bear now."""
        address = self.addresses.team
        if address is not None and self.dataplane.address != address:
            self._effects.attempt(lambda: self.dataplane.set_address(address))
        for member in self.members.values():
            if member.bears_team:
                self._joining.address(member)
        self._reconfiguring.tell_runner(self.config, self.addresses.system, now)

    def follow_up(self, now: float) -> None:
        """Show the dataplane what the link watchers say, and tell those who carries traffic.

        Both if it is news, and behind what the runner has decided: there the haste is.
        """
        for member in self._effects.follow_up(now):
            self.stirred[member] = None

    # Ports.

    def add_port(self, port: TeamPort, now: float, adopted: bool = False) -> None:
        """Take up a port. Raises LacpError when that cannot be."""
        name = port.name
        try:
            number = self.saved.number(name)
        except ValueError as error:
            raise BackendError(f"{self.name}: {name}: {error}") from None
        watch = parameters.port_watch(self.config, port)
        its = parameters.runner_port(self.config, port, number)
        self.runner.add_port(name, its, now)
        member = self.members[name] = Member(self, port, watch, adopted)
        self._unheard += 1
        self._watch_with(member, now)

    def _watch_with(self, member: Member, now: float) -> None:
        self.stirred[member] = None
        self._effects.ask(member, now)

    def remove_port(self, name: str, now: float) -> None:
        """Let go of a port that was withdrawn; `release_port` when the runner has said its last."""
        self.runner.remove_port(name, now)
        self._effects.silence(name)
        self.stirred.pop(self.members[name], None)

    def release_port(self, name: str) -> None:
        """Take a port that the runner has removed from below the device."""
        member = self.members.pop(name)
        self._unheard -= member.link is None
        self._effects.leaves(member)
        self._joining.leave(member)

    def refuse(self, port: str, reason: str, now: float) -> None:
        """Count and tell a frame that the backend did not pass up."""
        self.members[port].refuse(reason)
        self.journal.record(FrameDropped(port, reason, now))

    def quiet(self, ports: list[str]) -> bool:
        """Whether none of these ports holds back a LACPDU."""
        return self.runner.quiet(ports)

    # Configuration.

    def configure(self, config: TeamConfig, now: float) -> None:
        """Change the parameters of the team and of the ports that stay; nothing else flaps.

        Raises LacpError, changing nothing, when they contradict each other, or what the device can.
        """
        old = self.config
        reconfiguring = self._reconfiguring
        reconfiguring.check(config)
        reconfiguring.tell_runner(config, self.addresses.system_under(config), now, said=True)
        self.config = config
        reconfiguring.tell_device(old, now)
        address = self.addresses.configure(config)
        if address is not None:
            self.journal.say(logging.INFO, f"changing hwaddr to {address}")
            self._readdress(now)
            for member in self.members.values():
                self.place(member, now)
        was = {name: member.config for name, member in self.members.items()}
        for name, member in self.members.items():
            member.config = config.port(name)
        reconfiguring.tell_runner_of_ports(was, old, now)
        for name, member in self.members.items():
            self._configure_port(member, was[name], old, now)

    def revert(self, config: TeamConfig, address: Mac | None, now: float) -> None:
        """Go back to a configuration that was in force, and the address of that time."""
        self.addresses.team = address
        self.configure(config, now)
        self._readdress(now)

    def _configure_port(self, member: Member, was: TeamPort, old: TeamConfig, now: float) -> None:
        """Do what follows from another configuration of a port, for its device and watchers."""
        port = member.config
        setup = parameters.port_setup(port)
        if setup != parameters.port_setup(was) and member.joined:
            if port.queue_id != was.queue_id:
                self._reconfiguring.say(member.name, {"queue_id": port.queue_id})
            self._effects.attempt(lambda: self.dataplane.configure_port(member.name, setup))
        policies = (old.link_watch_policy, self.config.link_watch_policy)
        if port.link_watch != was.link_watch or policies[0] != policies[1]:
            self.journal.say(logging.INFO, "changing its link watchers", member.name)
            self._rewatch(member, now)

    def _rewatch(self, member: Member, now: float) -> None:
        """Watch a port with other watchers; until they can know, what the old ones said holds."""
        member.watch = parameters.port_watch(self.config, member.config)
        takes = parameters.watching_takes(member.config)
        member.grace = None if takes is None else now + takes
        self._watch_with(member, now)
        self.place(member, now)

    def let_go(self) -> None:
        """From now on leave the device and its ports as they are."""
        self._effects.let_go = True
        for member in self.members.values():
            member.joined = False

    def close(self) -> None:
        """Give the device back, if it was not let go of."""
        try:
            self.dataplane.destroy(keep=self._effects.let_go)
        except LacpError as error:
            self.journal.say(logging.ERROR, str(error))
