"""What a case is, and how one is written: a generator function under the decorator `case`.

    @case(
        "RXM-06",
        "A partner that falls silent is missed after 3 s",
        clause="6.4.12",
        stimulus="converged, then H falls silent",
        expected="Expired set 3 s (±0.25 s) after H's last LACPDU",
        device={"short_timeout": True},
    )
    def expires(t: Trial) -> Script:
        yield from t.b2()
        last = t.partner().send()
        t.partner().silence()
        pdu = yield from t.next_pdu(within=5, where=lambda p: p.expired, what="Expired set")
        t.check_at(pdu.time - last.time, 3.0, "Expired after H's last LACPDU")

The name is then a `Case`; the catalogue collects every Case, and every tuple of Cases, that it
finds in a module of its package. How a script speaks to the device is in `tester.trial`.

`links`, `needs` and `device` say what a case cannot do without: wires, what the bench can do
(`Need`), and values of `Device`. Where they are not there, the case is skipped and says why; in
virtual time a device is made that has them. A case that does not ask must do with any: active or
with long timeout, with either control.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from lacp.conformance.tester.device import FEATURES, Device, Need
from lacp.protocol.edition import EDITIONS

if TYPE_CHECKING:
    from lacp.conformance.tester.profile import Profile
    from lacp.conformance.tester.trial import Trial

#: Yields when it wants to go on at the latest; a frame of the device lets it go on before.
Script = Generator[float, None, None]


class Wall(StrEnum):
    """How long a case takes on a real wire."""

    #: Below 10 s.
    QUICK = "quick"
    #: Below 60 s.
    MIDDLE = "middle"
    LONG = "long"


class Source(StrEnum):
    """Where a case comes from."""

    STANDARD = "the standard"
    FIELD_BUG = "a bug that was met in the field"
    #: The text of the standard was not at hand when the case was written.
    WEAK = "weak memory of the standard: check the clause before you accuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case of the catalogue."""

    #: GROUP-NUMBER.
    id: str
    #: What a conforming device does, as one sentence.
    title: str
    #: Of 802.1AX-2014, or of 802.3 Annex 57A for what all slow protocols share.
    clause: str
    stimulus: str
    #: With tolerances.
    expected: str
    script: Callable[[Trial], Script]
    #: Of the standard, by name.
    editions: frozenset[str]
    links: int
    needs: frozenset[Need]
    #: Values of `Device` that the device must have.
    device: Mapping[str, object]
    wall: Wall
    #: It waits until the device misses a silent partner: 90 s more with the long timeout.
    expires: bool
    source: Source
    #: False: the case ends with a device that cannot be expected to converge.
    recovers: bool

    def __post_init__(self) -> None:
        unknown = set(self.device) - FEATURES | set(self.editions) - EDITIONS.keys()
        assert not unknown, f"{self.id} asks for {unknown}"
        assert self.number, self.id

    @property
    def group(self) -> str:
        """PDU, RXV, ..."""
        return group_of(self.id)

    @property
    def number(self) -> int:
        """Its place in its group."""
        return int(self.id.partition("-")[2])

    def wall_on(self, device: Device) -> Wall:
        """How long it takes on a real wire with that device."""
        return Wall.LONG if self.expires and not device.short_timeout else self.wall

    def unfit(self, profile: Profile, links: int) -> str:
        """Why it cannot be run with that device on that many links; empty when it can."""
        if profile.device.edition not in self.editions:
            editions = ", ".join(sorted(self.editions))
            return f"is of edition {editions}, the device is of {profile.device.edition}"
        if self.links > links:
            return f"needs {self.links} links, there are {links}"
        return profile.lacks(self.needs, self.device)


def group_of(id: str) -> str:
    """The group of the case that is called so: RXM of RXM-06."""
    return id.partition("-")[0]


def case(
    id: str,
    title: str,
    *,
    clause: str,
    stimulus: str,
    expected: str,
    editions: Collection[str] = tuple(EDITIONS),
    links: int = 1,
    needs: Collection[Need] = (),
    device: Mapping[str, object] = MappingProxyType({}),
    wall: Wall = Wall.QUICK,
    expires: bool = False,
    source: Source = Source.STANDARD,
    recovers: bool = True,
) -> Callable[[Callable[[Trial], Script]], Case]:
    """Make a Case of the script that this decorates."""

    def make(script: Callable[[Trial], Script]) -> Case:
        return Case(
            id=id,
            title=title,
            clause=clause,
            stimulus=stimulus,
            expected=expected,
            script=script,
            editions=frozenset(editions),
            links=links,
            needs=frozenset(needs),
            device=MappingProxyType(dict(device)),
            wall=wall,
            expires=expires,
            source=source,
            recovers=recovers,
        )

    return make
