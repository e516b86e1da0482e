"""What a runner decides, in effect: on the device, and for the watchers that ask neighbours."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from lacp.daemon.team.member import Member
from lacp.dataplane.base import Dataplane
from lacp.errors import BackendError
from lacp.runners.base import (
    ActivePortChanged,
    CarrierChanged,
    HashMapped,
    PortEnabled,
    RunnerNews,
)


class Effects:
    """Carries decisions of one team's runner out on its device."""

    __slots__ = (
        "_asking",
        "_carrying",
        "_members",
        "_news",
        "_plane",
        "_refused",
        "_verdicts",
        "let_go",
    )

    def __init__(
        self, plane: Dataplane, members: Mapping[str, Member], refused: Callable[[str], None]
    ) -> None:
        """`refused` is told what the device does not do, in a line."""
        self._plane = plane
        self._refused = refused
        self._members = members
        #: Members whose verdict is news to the device.
        self._verdicts: dict[Member, None] = {}
        #: Members whose watchers ask neighbours, by name.
        self._asking: dict[str, Member] = {}
        #: How many ports carry traffic.
        self._carrying = 0
        #: Members of those that ask to whom the use of their port is news.
        self._news: dict[str, Member] = {}
        #: The device is left as it is, whatever the runner decides from now on.
        self.let_go = False

    def carry_out(self, event: RunnerNews) -> None:
        """Do on the device what this event is about, if it is about that."""
        plane = self._plane
        match event:
            case PortEnabled(port, collecting, distributing):
                self._note_use(self._members[port], collecting or distributing)
                if self._joined(port):
                    self.attempt(lambda: plane.enable_port(port, collecting, distributing))
            case CarrierChanged(up):
                self.attempt(lambda: plane.set_carrier(up))
            case ActivePortChanged(active):
                usable = active if active is not None and self._joined(active) else None
                self.attempt(lambda: plane.activate(usable))
            case HashMapped(hash, port):
                if self._joined(port):
                    self.attempt(lambda: plane.map_hash(hash, port))

    def note_verdict(self, member: Member) -> None:
        """Note that the link watchers of a port have changed their mind."""
        self._verdicts[member] = None

    def follow_up(self, now: float) -> Collection[Member]:
        """Show the verdicts that were noted, and tell the watchers that ask who carries traffic.

        Returns the members whose watchers were told.
        """
        if self._verdicts:
            verdicts, self._verdicts = self._verdicts, {}
            for member in verdicts:
                if member.joined:
                    self.show_verdict(member)
        if not self._news:
            return ()
        news, self._news = self._news, {}
        for member in news.values():
            self._tell_use(member, now)
        return news.values()

    def show_verdict(self, member: Member) -> None:
        """Show what the link watchers of a port amount to."""
        self.attempt(lambda: self._plane.set_verdict(member.name, member.verdict))

    def attempt(self, step: Callable[[], None]) -> bool:
        """Do something to the device; what it refuses is told, and the team goes on.

        Returns whether it is done.
        """
        if self.let_go:
            return False
        try:
            step()
        except BackendError as error:
            self._refused(str(error))
            return False
        return True

    def _joined(self, port: str) -> bool:
        member = self._members.get(port)
        return member is not None and member.joined

    # Who carries traffic, for those that ask.

    def ask(self, member: Member, now: float) -> None:
        """Note that the watchers of a port are other ones."""
        self._asking.pop(member.name, None)
        if member.watch.hears:
            self._asking[member.name] = member
            self._tell_use(member, now)

    def silence(self, name: str) -> None:
        """Forget the watchers of a port."""
        self._asking.pop(name, None)
        self._news.pop(name, None)

    def leaves(self, member: Member) -> None:
        """The port carries nothing any more."""
        self._note_use(member, False)

    def _tell_use(self, member: Member, now: float) -> None:
        member.watch.use_changed(member.carries, self._carrying == member.carries, now)

    def _note_use(self, member: Member, carries: bool) -> None:
        if carries is member.carries:
            return
        member.carries = carries
        before, self._carrying = self._carrying, self._carrying + (1 if carries else -1)
        if min(before, self._carrying) < 2:
            # Some port was, or is, the only one.
            self._news.update(self._asking)
        elif member.name in self._asking:
            self._news[member.name] = member
