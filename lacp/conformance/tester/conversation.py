"""Both ends of a trial, and every frame that went between them."""

from __future__ import annotations

from lacp.conformance.tester.bench import Bench, Dataplane, Management
from lacp.conformance.tester.device import Device, Need
from lacp.conformance.tester.partner import Partner
from lacp.conformance.tester.profile import Profile
from lacp.conformance.tester.results import Remark
from lacp.conformance.tester.seen import Seen, read
from lacp.conformance.tester.times import BOUND, PROMPT
from lacp.link import Duplex
from lacp.protocol.edition import Edition


class Conversation:
    """What the device and its partners say, and who they are."""

    def __init__(self, links: int, profile: Profile, bench: Bench, now: float) -> None:
        self.profile = profile
        #: How many links the case uses, from link 0 on.
        self.links = links
        self.now = now
        #: When the case began.
        self.began = now
        #: Every frame, in the order of time.
        self.trace: list[Seen] = []
        #: What the script has said of it.
        self.remarks: list[Remark] = []
        self._bench = bench
        self._partners = [Partner(link, self._send, profile.destination) for link in range(links)]
        self._down: set[int] = set()

    # What there is.

    @property
    def device(self) -> Device:
        """What the profile says of the device."""
        return self.profile.device

    @property
    def edition(self) -> Edition:
        """The edition that the device claims, as values."""
        return self.profile.device.rules

    @property
    def slack(self) -> float:
        return self.profile.slack

    @property
    def prompt(self) -> float:
        """Seconds in which a prompt answer comes, with slack."""
        return PROMPT + self.slack

    @property
    def bound(self) -> float:
        """Seconds in which any LACPDU that is due has left, with slack."""
        return BOUND + self.slack

    def offers(self, need: Need) -> bool:
        """Whether the bench can do this: for what a case makes use of without needing it."""
        return need in self.profile.offers

    @property
    def management(self) -> Management:
        """The device's management; ask for Need.MANAGEMENT or look at `offers` first."""
        assert self._bench.management is not None
        return self._bench.management

    @property
    def dataplane(self) -> Dataplane:
        """The device's aggregate interface; ask for Need.DATAPLANE or look at `offers` first."""
        assert self._bench.dataplane is not None
        return self._bench.dataplane

    def partner(self, link: int = 0) -> Partner:
        """The emulated port on `link`."""
        return self._partners[link]

    @property
    def partners(self) -> list[Partner]:
        """The emulated ports of all links of the case."""
        return list(self._partners)

    def set_link(self, link: int, up: bool, duplex: Duplex = Duplex.FULL) -> float:
        """Pull or plug a wire; the time it happened."""
        (self._down.discard if up else self._down.add)(link)
        self._bench.set_link(link, up, duplex)
        return self.now

    # What the device sent.

    def frames(self, link: int = 0, since: float | None = None) -> list[Seen]:
        """Everything the device sent on `link` from `since` (the beginning of the case) on."""
        start = self.began if since is None else since
        return [it for it in self.trace if not it.ours and it.link == link and it.time >= start]

    def pdus(self, link: int = 0, since: float | None = None) -> list[Seen]:
        """The LACPDUs among them."""
        return [it for it in self.frames(link, since) if it.is_lacpdu]

    def last(self, link: int = 0) -> Seen | None:
        """The device's latest LACPDU on `link`."""
        for it in reversed(self.trace):
            if not it.ours and it.link == link and it.is_lacpdu:
                return it
        return None

    def _state(self, link: int | None = None) -> str:
        """What the device said last, to end a sentence with."""
        said = []
        for each in range(self.links) if link is None else (link,):
            it = self.last(each)
            if it is None:
                said.append(f"; on link {each} the device has sent no LACPDU yet")
            else:
                ago = self.now - it.time
                said.append(f"; on link {each} the last was {it.summary}, {ago:.3f} s before")
        return "".join(said)

    # What the driver calls.

    def _send(self, link: int, octets: bytes) -> Seen:
        it = Seen(self.now, link, True, octets, read(octets))
        self.trace.append(it)
        self._bench.send(link, octets)
        return it

    def take(self, link: int, octets: bytes, now: float) -> Seen:
        """A frame of the device has arrived."""
        it = Seen(now, link, False, octets, read(octets))
        self.trace.append(it)
        if link < self.links and it.is_lacpdu:
            self._partners[link].heard(it)
        return it
