"""What the script of a case speaks to: partners, time, what the device sent, and judgement.

A script is a generator. It waits by `yield from`, and everything between two waits happens at one
instant, `t.now`. Nothing the device does can be missed: a wait looks at each frame that arrives
after it began, in order, and the script goes on with the frame that it waited for.

Times are seconds; `within` and every tolerance grow by the profile's slack by themselves.
Judgement: `fail` and every `check` end the case with FAIL; `warn` and `info` set the verdict and go
on; `note` only adds a sentence to the report.

A trial is a conversation that is judged and waited in: a class for each of these, in modules named
after them. Here are the base conditions that cases begin from.
"""

from __future__ import annotations

from collections.abc import Iterable

from lacp.conformance.tester.device import Need
from lacp.conformance.tester.partner import Partner
from lacp.conformance.tester.times import CONVERGENCE, SILENCE, TOLERANCE
from lacp.conformance.tester.waiting import Wait, Waiting


class Trial(Waiting):
    """One run of one case, from the script's side: what all have, and the base conditions."""

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
