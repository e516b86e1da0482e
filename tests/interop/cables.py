"""Cables between two namespaces that can be pulled at both ends at once, or swallow in silence.

A cable runs through a namespace in the middle, where a filter passes every frame on, the link-local
ones too. It needs the kernel's mirred action; a guest has it (`MODULES`). Where there is none, a
cable can be a bridge of its own, which passes on LACPDUs, but not pause frames and BPDUs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.interop.netns import Namespace, namespaces

#: What a guest must load for a cable.
MODULES = ("sch_ingress", "cls_matchall", "act_mirred", "act_gact")


class Cable:
    """One cable; both ends exist, down, with nothing plugged in."""

    def __init__(self, middle: Namespace, number: int) -> None:
        self._middle = middle
        #: The two ends in the middle: towards the left namespace, and towards the right one.
        self.ends = (f"l{number}", f"r{number}")
        self._pass_on(*self.ends)
        self._pass_on(*reversed(self.ends))

    def plug(self) -> None:
        """Carrier at both ends."""
        self._set("up")

    def pull(self) -> None:
        """No carrier at either end."""
        self._set("down")

    def swallow(self) -> None:
        """Keep the carrier and lose every frame, both ways."""
        self._stop(*self.ends)
        self._stop(*reversed(self.ends))

    def heal(self) -> None:
        """Pass frames on again."""
        self._pass_on(*self.ends)
        self._pass_on(*reversed(self.ends))

    def swallow_half(self) -> None:
        """Lose every frame that the right end sends, as when one of two fibres breaks."""
        self._stop(*reversed(self.ends))

    def heal_half(self) -> None:
        """Pass them on again."""
        self._pass_on(*reversed(self.ends))

    def mute(self) -> None:
        """Lose the LACPDUs that the right end sends, and nothing else."""
        self._middle.run(
            *("tc", "filter", "add", "dev", self.ends[1], "ingress", "pref", "1"),
            *("protocol", "0x8809", "matchall", "action", "drop"),
        )

    def unmute(self) -> None:
        """Pass them on again."""
        self._middle.run("tc", "filter", "del", "dev", self.ends[1], "ingress", "pref", "1")

    def _set(self, state: str) -> None:
        self._middle.ip_batch([f"link set {end} {state}" for end in self.ends])

    def _pass_on(self, here: str, there: str) -> None:
        self._middle.run("tc", "qdisc", "add", "dev", here, "ingress")
        self._middle.run(
            *("tc", "filter", "add", "dev", here, "ingress", "pref", "9", "matchall"),
            *("action", "mirred", "egress", "redirect", "dev", there),
        )

    def _stop(self, here: str, there: str) -> None:
        self._middle.run("tc", "qdisc", "del", "dev", here, "ingress")


class BridgedCable(Cable):
    """The same through a bridge; it loses all frames or none."""

    def __init__(self, middle: Namespace, number: int) -> None:
        middle.ip(f"link add br{number} type bridge mcast_snooping 0")
        for end in (f"l{number}", f"r{number}"):
            middle.ip(f"link set {end} master br{number}")
            # To the address of slow protocols, too; and who knows nobody sends to the other end.
            middle.ip(f"link set {end} type bridge_slave group_fwd_mask 4 learning off")
        middle.ip(f"link set br{number} up")
        super().__init__(middle, number)

    def _pass_on(self, here: str, there: str) -> None:
        self._flood(there, "on")

    def _stop(self, here: str, there: str) -> None:
        self._flood(there, "off")

    def _flood(self, end: str, on: str) -> None:
        flags = f"flood {on} mcast_flood {on} bcast_flood {on}"
        self._middle.ip(f"link set {end} type bridge_slave {flags}")


@dataclass(frozen=True, slots=True)
class Cables:
    """All of them, and where they run through."""

    middle: Namespace
    each: tuple[Cable, ...]

    def plug(self) -> None:
        """Carrier everywhere, all at once."""
        self._set("up")

    def pull(self) -> None:
        """No carrier anywhere."""
        self._set("down")

    def _set(self, state: str) -> None:
        self.middle.ip_batch([f"link set {end} {state}" for one in self.each for end in one.ends])


@contextmanager
def cables(
    left: Namespace,
    left_ports: Sequence[str],
    right: Namespace,
    right_ports: Sequence[str],
    kind: type[Cable] = Cable,
) -> Iterator[Cables]:
    """A cable between each port of the left and the one of the right in its place."""
    with namespaces(1) as (middle,):
        made: list[Cable] = []
        for number, (one, other) in enumerate(zip(left_ports, right_ports, strict=True), 1):
            middle.ip(f"link add l{number} type veth peer name {one} netns {left.path}")
            middle.ip(f"link add r{number} type veth peer name {other} netns {right.path}")
            made.append(kind(middle, number))
        yield Cables(middle, tuple(made))
