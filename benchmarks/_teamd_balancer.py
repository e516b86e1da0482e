"""The `basic` balancer of teamd 1.31 together with the kernel below it, to be compared with."""

from __future__ import annotations

from collections.abc import Mapping

HASHES = 256


class TeamdBalancer:
    """Takes the hashes by what they carried since the last event, the largest first, each to the
    port with least so far. What carried nothing stays where it is; the first time it goes to the
    port that is least loaded then. Speeds are not looked at."""

    def __init__(self) -> None:
        #: As the kernel has it: that of a port that was disabled is gone.
        self.mapping: dict[int, str] = {}
        self._ports: list[str] = []
        self._octets = dict.fromkeys(range(HASHES), 0)

    def distribute(self, ports: Mapping[str, int | None]) -> dict[int, str]:
        """An event that changes `enabled` of ports, and no counter."""
        if list(ports) == self._ports:
            return {}
        self._ports = list(ports)
        self.mapping = {hash: port for hash, port in self.mapping.items() if port in ports}
        return self._rebalance(dict.fromkeys(range(HASHES), 0))

    def loads(self, octets: Mapping[int, int]) -> dict[int, str]:
        """An event that changes counters."""
        deltas = {hash: octets.get(hash, 0) - self._octets[hash] for hash in range(HASHES)}
        self._octets.update(octets)
        return self._rebalance(deltas)

    def _rebalance(self, deltas: Mapping[int, int]) -> dict[int, str]:
        # The most recently added port is looked at first, and only one with less is taken instead.
        sums = dict.fromkeys(reversed(self._ports), 0)
        moved = {}
        for hash in sorted(range(HASHES), key=lambda hash: -deltas[hash]):
            if not sums or (hash in self.mapping and not deltas[hash]):
                continue
            port = min(sums, key=sums.__getitem__)
            if self.mapping.get(hash) != port:
                moved[hash] = self.mapping[hash] = port
            sums[port] += deltas[hash]
        return moved
