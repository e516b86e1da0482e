"""Which ports are below the device: put there when they can be, tried again when they cannot."""

from __future__ import annotations

import logging
from collections.abc import Callable

from lacp.address import Mac
from lacp.daemon.files import SavedState
from lacp.daemon.journal import Journal
from lacp.daemon.team.addresses import Addresses
from lacp.daemon.team.member import Member
from lacp.daemon.team.parameters import port_setup
from lacp.dataplane.base import Dataplane
from lacp.errors import BackendError
from lacp.link import Link

#: Seconds between two attempts to put an interface below the device: the first, and the most.
_PATIENCE = 1.0
_MOST_PATIENCE = 60.0

_ABSENT = "no such interface"
_WAITS = "the port waits for one"


class Joining:
    """Puts the ports of one team below its device, and takes them away."""

    __slots__ = ("_addresses", "_journal", "_plane", "_refused", "_saved", "_taken_over")

    def __init__(
        self,
        plane: Dataplane,
        addresses: Addresses,
        saved: SavedState,
        journal: Journal,
        taken_over: bool,
        refused: Callable[[str, str], None],
    ) -> None:
        """`refused` is told what the device does not do for which port, in a line."""
        self._plane = plane
        self._addresses = addresses
        self._saved = saved
        self._journal = journal
        self._refused = refused
        #: Whether there may be ports below the device of which nobody here knows.
        self._taken_over = taken_over

    def observed(self, member: Member, ifindex: int | None) -> None:
        """Note what the last observation of its interface says of a port."""
        assert member.link is not None
        if not member.there:
            member.released = False
            unfit = ifindex is not None
            is_now = "this interface cannot be a port" if unfit else _ABSENT
            self._lacks(member, f"{is_now}: {_WAITS}")
            return
        # Below a device that has an address the interface may bear that one.
        if not member.joined or self._plane.address is None:
            member.own = self._own(member, member.link)
        elif member.bears_team and member.link.address != self._addresses.team:
            self.address(member)

    def _own(self, member: Member, link: Link) -> Mac:
        if member.adopted or self._taken_over:
            member.taken_over = member.name in self._plane.ports()
            if member.taken_over:
                return self._saved.addresses.get(member.name, link.address)
        return link.address

    def place(self, member: Member, now: float) -> None:
        """Put a port that is there below the device, take one that is not from there."""
        if member.there and not member.joined and not member.released:
            # To try moves the link, which is heard of next: that is no reason to try again.
            if member.retry_at is None or now >= member.retry_at - member.patience + _PATIENCE:
                self._join(member, now)
        elif not member.there:
            self.leave(member)

    def _join(self, member: Member, now: float) -> None:
        member.retry_at = None
        try:
            self._plane.add_port(member.name, port_setup(member.config))
        except BackendError as error:
            member.patience = min(2 * member.patience or _PATIENCE, _MOST_PATIENCE)
            member.retry_at = now + member.patience
            self._lacks(member, _said(error, member))
            return
        member.joined, member.patience = True, 0.0
        self._saved.addresses[member.name] = member.own
        if member.missing:
            member.missing = ""
            self._journal.say(logging.INFO, "the interface is there", member.name)
        if member.bears_team:
            self.address(member)

    def leave(self, member: Member) -> None:
        """Take a port from below the device, if it is there."""
        member.retry_at, member.patience = None, 0.0
        if not member.joined:
            return
        member.joined = False
        try:
            self._plane.remove_port(member.name)
        except BackendError as error:
            self._refused(_said(error, member), member.name)

    def left(self, member: Member, gone: bool) -> None:
        """Note that somebody else took a port from below the device, or that it is `gone`."""
        member.joined, member.released = False, True
        out = "somebody took the port out of the team: SIGHUP or teamdctl port add puts it back"
        self._lacks(member, f"{_ABSENT}: {_WAITS}" if gone else out)

    def address(self, member: Member) -> None:
        """Give a port that is below the device the address that it is to bear."""
        if not member.joined:
            return
        address = self._addresses.team if member.bears_team else None
        if address is None and member.taken_over:
            address = member.own
        try:
            self._plane.set_port_address(member.name, address)
        except BackendError as error:
            self._refused(_said(error, member), member.name)

    def _lacks(self, member: Member, why: str) -> None:
        if why != member.missing:
            member.missing = why
            self._journal.say(logging.WARNING, why, member.name)


def _said(error: BackendError, member: Member) -> str:
    """What a dataplane says of a port, without the name that the journal puts in front."""
    return str(error).removeprefix(f"{member.name}: ")
