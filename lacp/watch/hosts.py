"""The hosts that a watcher asks: addresses, or names whose addresses others must find."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

#: Seconds after which a name without an address is looked up again; doubled, up to the last.
FIRST_RETRY = 1.0
LAST_RETRY = 60.0


@dataclass(frozen=True, slots=True)
class Host:
    """A name or an address, as the configuration has it."""

    name: str
    #: 4 or 6: the version of IP.
    version: int


def octets(address: str, version: int) -> bytes | None:
    """An address of that version of IP as octets, its scope left out; None when it is none."""
    try:
        return IPv4Address(address).packed if version == 4 else IPv6Address(address).packed
    except ValueError:
        return None


class Hosts:
    """What is known of a few hosts, and when to look for the rest again."""

    def __init__(self, hosts: Iterable[Host]) -> None:
        self._addresses = {host: octets(host.name, host.version) for host in hosts}
        self._texts = {host: host.name for host in self._addresses}
        self._due: float | None = None
        self._patience = FIRST_RETRY

    def __getitem__(self, host: Host) -> bytes:
        """The address of a host that is known."""
        address = self._addresses[host]
        assert address is not None
        return address

    def text(self, host: Host) -> str:
        """The address as it was given, or the name as long as there is none."""
        return self._texts[host]

    @property
    def unknown(self) -> list[Host]:
        """Those without an address."""
        return [host for host, address in self._addresses.items() if address is None]

    def resolved(self, host: Host, address: str | None, now: float) -> None:
        """Take an address, or that there is none for now; of a host that is known already: ignored.

        What is no address of the host's version of IP is none.
        """
        if host not in self.unknown:
            return
        found = octets(address, host.version) if address else None
        if found is not None:
            self._addresses[host] = found
            self._texts[host] = address or ""
        elif self._due is None:
            self._due = now + self._patience
            self._patience = min(2 * self._patience, LAST_RETRY)

    def due(self, now: float) -> list[Host]:
        """Those to be looked up again now."""
        if self._due is None or now < self._due:
            return []
        self._due = None
        return self.unknown

    def next_deadline(self) -> float | None:
        """When `due` has something next."""
        return self._due
