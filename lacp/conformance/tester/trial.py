"""What the script of a case speaks to: partners, time, what the device sent, and judgement.

A script is a generator. It waits by `yield from`, and everything between two waits happens at one
instant, `t.now`. Nothing the device does can be missed: a wait looks at each frame that arrives
after it began, in order, and the script goes on with the frame that it waited for.

Times are seconds; `within` and every tolerance grow by the profile's slack by themselves.
Judgement: `fail` and every `check` end the case with FAIL; `warn` and `info` set the verdict and go
on; `note` only adds a sentence to the report.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import NoReturn, TypeVar

from lacp.conformance.tester.bench import Bench, Dataplane, Management
from lacp.conformance.tester.device import Device, Need
from lacp.conformance.tester.partner import Partner
from lacp.conformance.tester.profile import Profile
from lacp.conformance.tester.results import Remark
from lacp.conformance.tester.seen import Seen, read
from lacp.conformance.verdict import Verdict
from lacp.link import Duplex
from lacp.protocol.edition import Edition

T = TypeVar("T")

#: What a wait is to the driver: when to go on at the latest. A frame ends it earlier.
Wait = Generator[float, None, T]
Test = Callable[[Seen], object]

#: Allowed around each nominal time (6.4.4).
TOLERANCE = 0.25
#: An answer that is not held back by the transmit limit comes within this; it allows for devices
#: that send in slots of a third of a second.
PROMPT = 0.35
#: Any LACPDU that is due has left within this: the limit lets one go each second.
BOUND = 1.0 + TOLERANCE
#: Base condition B1: this long without a word from the partners.
SILENCE = 5.0
#: Base condition B2 is reached within this, whatever the device was doing before: a new Linux bond
#: takes 8 s to settle on an aggregator.
#: A device that was sending slowly may finish its 30 s before it heeds a new Timeout bit.
CONVERGENCE = 15.0 + 31.0


class Failed(Exception):
    """The case ends with FAIL; the sentence says why."""


def any_pdu(_seen: Seen) -> bool:
    """The test that every frame passes."""
    return True


class Trial:
    """One run of one case, from the script's side."""

    def __init__(self, links: int, profile: Profile, bench: Bench, now: float) -> None:
        self.profile = profile
        #: How many links the case uses, from link 0 on.
        self.links = links
        self.now = now
        #: When the case began.
        self.began = now
        #: Every frame, in the order of time.
        self.trace: list[Seen] = []
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

    # Waiting.

    def wait(self, seconds: float) -> Wait[None]:
        """Let so much time pass; slack is not added."""
        yield from self.wait_until(self.now + seconds)

    def wait_until(self, time: float) -> Wait[None]:
        """Let time pass until then."""
        while self.now < time:
            yield time

    def until(self, condition: Callable[[], object], within: float, what: str) -> Wait[None]:
        """Wait until the condition holds, asked at each frame; fail when it does not in time."""
        deadline = self.now + within + self.slack
        while not condition():
            if self.now >= deadline:
                self.fail(f"expected {what} within {within:g} s, it did not happen{self._state()}")
            yield deadline

    def try_frame(
        self, where: Test = any_pdu, *, link: int | None = 0, within: float
    ) -> Wait[Seen | None]:
        """The next frame of the device that passes the test, on any link if `link` is None; or
        None when none comes in time."""
        deadline = self.now + within + self.slack
        at = len(self.trace)
        while True:
            while at < len(self.trace):
                it = self.trace[at]
                at += 1
                if not it.ours and link in (None, it.link) and where(it):
                    return it
            if self.now >= deadline:
                return None
            yield deadline

    def next_frame(
        self, where: Test = any_pdu, *, link: int | None = 0, within: float, what: str
    ) -> Wait[Seen]:
        """The next frame that passes the test; fail, naming `what`, when none comes in time."""
        it = yield from self.try_frame(where, link=link, within=within)
        if it is None:
            self.fail(f"expected {what} within {within:g} s, none came{self._state(link)}")
        return it

    def try_pdu(
        self, where: Test = any_pdu, *, link: int | None = 0, within: float
    ) -> Wait[Seen | None]:
        """As `try_frame`, LACPDUs only."""
        return (
            yield from self.try_frame(
                lambda it: it.is_lacpdu and where(it), link=link, within=within
            )
        )

    def next_pdu(
        self,
        where: Test = any_pdu,
        *,
        link: int | None = 0,
        within: float,
        what: str = "a LACPDU",
    ) -> Wait[Seen]:
        """As `next_frame`, LACPDUs only."""
        return (
            yield from self.next_frame(
                lambda it: it.is_lacpdu and where(it), link=link, within=within, what=what
            )
        )

    def quiet(
        self, seconds: float, what: str, where: Test = any_pdu, *, link: int | None = 0
    ) -> Wait[None]:
        """Let so much time pass without a LACPDU that passes the test; fail, naming `what` was
        to be seen, when one comes. Slack is not added."""
        end = self.now + seconds
        start = len(self.trace)
        yield from self.wait_until(end)
        for it in self.trace[start:]:
            if not it.ours and link in (None, it.link) and it.is_lacpdu and where(it):
                after = it.time - (end - seconds)
                self.fail(f"expected {what}, saw {it.summary} after {after:.3f} s")

    # Base conditions.

    def b1(self) -> Wait[None]:
        """Base condition B1 on all links: link up, partners silent for 5 s, device defaulted."""
        for partner in self._partners:
            partner.silence()
        if self.offers(Need.LINK):
            yield from self.flap()
            yield from self.wait(SILENCE)
            return
        began, patience = self.now, self.device.timeout + 3.0 + 2 * TOLERANCE + self.slack
        for link in range(self.links):
            yield from self.try_pdu(
                lambda it: it.defaulted and not it.expired,
                link=link,
                within=max(0.0, began + patience - self.now),
            )
        yield from self.wait_until(began + SILENCE)

    def flap(self, down: float = 0.5) -> Wait[float]:
        """All links down for that long, then up; the time they came up."""
        for link in range(self.links):
            self.set_link(link, False)
        yield from self.wait(down)
        for link in range(self.links):
            self.set_link(link, True)
        return self.now

    def b2(self, *links: int) -> Wait[None]:
        """Base condition B2: mirrors on these links (all, if none is named), and the device sends
        S, C and D on as many of them as it can use; then a second and a half of rest, so that no
        transmit limit is in the way.

        The partners are who they are: set `actor` before to converge with another one.
        """
        chosen = [self._partners[link] for link in links or range(self.links)]
        for partner in chosen:
            partner.mirror()
        yield from self._used(chosen, len(chosen))
        yield from self.wait(1.5)

    def _used(self, partners: list[Partner], most: int) -> Wait[None]:
        at_least = min(most, self.device.usable(it.link for it in partners))
        yield from self.converge(partners, at_least=at_least)

    def converge(
        self, partners: Iterable[Partner], within: float | None = None, at_least: int | None = None
    ) -> Wait[None]:
        """Wait until the device uses these links (so many of them, if given) with who is there."""
        if within is None:
            within = CONVERGENCE + self.device.wait_to_restore
        chosen = list(partners)
        wanted = len(chosen) if at_least is None else at_least
        start = len(self.trace)
        yield from self.until(
            lambda: sum(self._converged(it, start) for it in chosen) >= wanted,
            within,
            f"Synchronization, Collecting and Distributing on {wanted} of the "
            f"links {', '.join(str(it.link) for it in chosen)}",
        )

    def _converged(self, partner: Partner, start: int) -> bool:
        for it in reversed(self.trace[start:]):
            if not it.ours and it.link == partner.link and it.is_lacpdu:
                return (
                    it.distributing
                    and it.collecting
                    and it.synchronization
                    and not it.expired
                    and not it.defaulted
                    and it.partner.identity == partner.actor.identity
                )
        return False

    def recover(self) -> Wait[None]:
        """Prove that nothing got stuck: links up, partners as at the beginning, and B2 again."""
        if self._bench.management is not None:
            self._bench.management.restore()
        for link in sorted(self._down):
            self.set_link(link, True)
        for partner in self._partners:
            partner.reset()
            partner.mirror()
        # One that does not revert leaves a link that was down unused while it uses another.
        most = self.links if self.device.revertive else 1
        yield from self._used(self._partners, most)

    # Judgement.

    def fail(self, text: str) -> NoReturn:
        """End the case with FAIL."""
        raise Failed(text)

    def warn(self, text: str) -> None:
        """Against a recommendation, or against what all but everybody does."""
        self._remark(Verdict.WARN, text)

    def info(self, text: str) -> None:
        """Record a behaviour about which the case does not judge."""
        self._remark(Verdict.INFO, text)

    def note(self, text: str) -> None:
        """Add to the report something that does not touch the verdict."""
        self._remark(Verdict.PASS, text)

    def check(self, condition: object, seen: str, expected: str) -> None:
        """Fail unless the condition holds: "saw `seen`, expected `expected`"."""
        if not condition:
            self.fail(f"saw {seen}, expected {expected}")

    def check_at(
        self,
        elapsed: float,
        nominal: float,
        what: str,
        *,
        tolerance: float = TOLERANCE,
        late: float = 0.0,
    ) -> None:
        """Fail unless `elapsed` seconds are the nominal ones, within tolerance and slack; `late`
        more are allowed for a LACPDU that has to tell it (PROMPT, or BOUND)."""
        earliest = nominal - tolerance - self.slack
        latest = nominal + tolerance + self.slack + late
        self.check(
            earliest <= elapsed <= latest,
            f"{what} {elapsed:.3f} s",
            f"{nominal:g} s, that is {earliest:g} to {latest:g} s with all tolerances",
        )

    def check_prompt(self, pdu: Seen, since: float, what: str) -> None:
        """An answer within the bound of the transmit limit, or fail; warn when it is not prompt."""
        took = pdu.time - since
        self.check(
            took <= self.bound, f"{what} after {took:.3f} s", f"it within {self.bound:g} s (6.4.16)"
        )
        if took > self.prompt:
            self.warn(f"saw {what} after {took:.3f} s, prompt is within {self.prompt:g} s")

    def check_rate(self, pdus: Iterable[Seen], limit: int | None = None) -> None:
        """Fail when any second holds more LACPDUs than the transmit limit (6.4.16)."""
        most = limit or self.profile.limit
        window = 1.0 - min(self.slack, 0.05)
        times = [it.time for it in pdus]
        for first, over in zip(times, times[most:], strict=False):
            self.check(
                over - first >= window - 1e-9,
                f"{most + 1} LACPDUs in {over - first:.3f} s, from {first - self.began:.3f} s on",
                f"at most {most} in any second (6.4.16)",
            )

    def _remark(self, verdict: Verdict, text: str) -> None:
        self.remarks.append(Remark(verdict, self.now - self.began, text))

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
