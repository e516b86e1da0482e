"""Waiting for time to pass, or for what the device sends."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

from lacp.conformance.tester.judgement import Judgement
from lacp.conformance.tester.seen import Seen

T = TypeVar("T")

#: What a wait is to the driver: when to go on at the latest. A frame ends it earlier.
Wait = Generator[float, None, T]
Test = Callable[[Seen], object]


def any_pdu(_seen: Seen) -> bool:
    """The test that every frame passes."""
    return True


class Waiting(Judgement):
    """A conversation that is waited in; what does not come in time fails."""

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
