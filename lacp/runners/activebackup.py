"""The `activebackup` runner: one port at a time carries all traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lacp.address import NO_MAC, Mac
from lacp.errors import UsageError
from lacp.link import Duplex, Link, speed
from lacp.runners.base import ActivePortChanged, PortAddressed, TeamAddressed
from lacp.runners.watched import WatchedPort, WatchedRunner

#: Every port bears the team's address; the team bears that of the active port; the active port
#: alone bears the team's.
HWADDR_POLICIES = ("same_all", "by_active", "only_active")


class ActivebackupRunner(WatchedRunner):
    """Has the best port active among those that can be used.

    Better is, in this order: higher `prio`, higher speed, not half duplex, active already, came
    earlier. No other port takes over from an active one that is `sticky`, or was asked for with
    `activate`, as long as it can be used; what was asked for is forgotten when `prio` or `sticky`
    of any port changes.

    When another port takes over, the addresses come first, then it is made active, then enabled,
    and then the old one is disabled: at no moment is there none. Enabling is what makes the kernel
    announce the team to its peers, and the announcement has to leave through the new port, under
    the new address.
    """

    name = "activebackup"

    def __init__(self, hwaddr_policy: str = "same_all") -> None:
        """A runner with one of `HWADDR_POLICIES`. Raises UsageError for another."""
        super().__init__()
        self._policy = _policy(hwaddr_policy)
        self._active: WatchedPort | None = None
        #: The port that was asked for.
        self._asked: WatchedPort | None = None
        #: The address that the team was told to take.
        self._team_address: Mac | None = None
        #: Who was told to bear the team's address.
        self._addressed: set[str] = set()

    @property
    def active_port(self) -> str | None:
        """The port that carries the traffic; None when there is none."""
        return None if self._active is None else self._active.name

    @property
    def hwaddr_policy(self) -> str:
        """The policy in force."""
        return self._policy

    def link_changed(self, port: str, link: Link, now: float) -> None:
        """Take a new observation of the link below `port`; an equal one changes nothing."""
        super().link_changed(port, link, now)
        # A new own address of the port that is active already.
        self._readdress(self._active)

    def remove_port(self, name: str, now: float) -> None:
        """Remove a port. Who takes over from it does so before."""
        super().remove_port(name, now)
        self._addressed.discard(name)

    def configure(self, now: float, **changes: Any) -> None:
        """Change `hwaddr_policy`. Raises UsageError for anything else."""
        policy = _policy(changes.pop("hwaddr_policy", self._policy))
        super().configure(now, **changes)
        if policy != self._policy:
            self._policy = policy
            self._team_address = None
            self._readdress(self._active)

    def activate(self, port: str, now: float) -> None:
        """Make this port the active one. Raises UsageError when it cannot be used."""
        found = self._at(port, now)
        if not found.usable:
            raise UsageError(f"port {port} cannot be made active: it cannot be used now")
        self._asked = found
        self._settle(found)

    # Below: the decisions.

    def _added(self, port: WatchedPort) -> None:
        self._readdress(self._active)

    def _configured(self, port: WatchedPort) -> None:
        self._asked = None
        super()._configured(port)

    def _settle(self, port: WatchedPort) -> None:
        if self._asked is not None and not self._asked.usable:
            self._asked = None
        old, new = self._active, self._best()
        if new is old:
            return
        reason = self._why(old, new)
        self._readdress(new)
        was, self._active = self.active_port, new
        self._say(ActivePortChanged(self.active_port, was, reason, self._now))
        if new is not None:
            self._enable(new, True)
        if old is not None:
            self._enable(old, False)

    def _best(self) -> WatchedPort | None:
        active = self._active
        if self._asked is not None:
            return self._asked
        if active is not None and active.usable and active.settings.sticky:
            return active
        usable = [port for port in self._ports.values() if port.usable]
        return max(usable, key=lambda port: (*_rank(port), port is active), default=None)

    def _why(self, old: WatchedPort | None, new: WatchedPort | None) -> str:
        if old is None:
            return "no port was active"
        if old.withdrawn:
            return f"{old.name} is withdrawn"
        if not old.usable or new is None:
            return f"the link watchers of {old.name} say down"
        if new is self._asked:
            return "it was asked for"
        if new.settings.prio != old.settings.prio:
            return f"prio {new.settings.prio} is higher than {old.settings.prio} of {old.name}"
        if new.speed != old.speed:
            slower = speed(old.speed) or "the unknown speed"
            return f"{speed(new.speed)} is faster than {slower} of {old.name}"
        return f"{old.name} is half duplex"

    def _readdress(self, active: WatchedPort | None) -> None:
        """Have the addresses as the policy wants them when `active` is active.

        An address is given back before another port takes it: there are devices with several ports
        that cannot bear one address on two of them.
        """
        bearers = self._bearers(active)
        for name in self._ports:
            if name in self._addressed and name not in bearers:
                self._addressed.remove(name)
                self._say(PortAddressed(name, False, self._now))
        for name in self._ports:
            if name in bearers and name not in self._addressed:
                self._addressed.add(name)
                self._say(PortAddressed(name, True, self._now))
        if self._policy == "by_active" and active is not None:
            own = active.link.address
            if own not in (NO_MAC, self._team_address):
                self._team_address = own
                self._say(TeamAddressed(active.name, self._now))

    def _bearers(self, active: WatchedPort | None) -> set[str]:
        """Who is to bear the team's address when `active` is active."""
        if self._policy == "same_all":
            return set(self._ports)
        if self._policy == "only_active" and active is not None:
            return {active.name}
        return set()


def _rank(port: WatchedPort) -> tuple[int, int, bool]:
    """What makes a port better than others; virtual interfaces know no duplex."""
    return port.settings.prio, port.speed or 0, port.duplex is not Duplex.HALF


def _policy(name: Any) -> str:
    if name not in HWADDR_POLICIES:
        wanted = ", ".join(HWADDR_POLICIES)
        raise UsageError(f"hwaddr_policy is {name!r}, expected one of {wanted}")
    return str(name)


if TYPE_CHECKING:
    from lacp.runners.base import Runner

    _: Runner = ActivebackupRunner()
