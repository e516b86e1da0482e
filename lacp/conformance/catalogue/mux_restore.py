"""Group MUX, fourth part: wait-to-restore of 2020, for links that come back."""

from __future__ import annotations

from lacp.conformance.catalogue.case import Script, Wall, case
from lacp.conformance.catalogue.steps import TOGETHER
from lacp.conformance.tester.device import Need
from lacp.conformance.tester.times import BOUND, TOLERANCE
from lacp.conformance.tester.trial import Trial
from lacp.protocol.timers import AGGREGATE_WAIT_TIME

_TIME = 10.0
#: From the end of wait-to-restore to Distributing=1: each step is told within this.
_HANDSHAKE = 2 * BOUND + 1.0


def _bounce(t: Trial, link: int = 0) -> Script:
    """A link down for 2 s, then up with the same partner at once."""
    t.partner(link).silence()
    t.set_link(link, False)
    yield from t.wait(2.0)
    t.set_link(link, True)
    t.partner(link).mirror()


@case(
    "MUX-16",
    "A link that comes back is used again without a new selection",
    clause="6.4.13 of 2020",
    stimulus="converged without wait-to-restore; link down for 2 s, then up with the same H",
    expected="Distributing=1 again before Aggregate_Wait could be over, Synchronization=0 at most "
    "before that; where management shows it, SELECTED and attached while the link is down",
    editions={"2020"},
    needs={Need.LINK},
    device={"wait_to_restore": 0},
)
def restored_at_once(t: Trial) -> Script:
    yield from t.b2()
    t.partner().silence()
    t.set_link(0, False)
    yield from t.wait(2.0)
    if t.offers(Need.MANAGEMENT):
        view = t.management.port(0)
        t.check(
            view.selected in ("SELECTED", None),
            f"Selected={view.selected} while the link is down",
            "SELECTED: ATTACHED_WTR keeps the selection",
        )
    up = t.set_link(0, True)
    t.partner().mirror()
    yield from t.converge(t.partners)
    took = t.now - up
    t.check(
        took < AGGREGATE_WAIT_TIME - TOLERANCE + t.slack,
        f"Distributing=1 {took:.3f} s after link up",
        f"it earlier than the {AGGREGATE_WAIT_TIME:g} s that a new selection takes",
    )
    heard = [it.synchronization for it in t.pdus(since=up)]
    t.check(
        heard == sorted(heard),
        "Synchronization=1 and then 0 again after link up",
        "Synchronization=0 only before the port is restored",
    )


@case(
    "MUX-17",
    "A link that comes back is not used before its wait-to-restore is over",
    clause="6.4.13 of 2020",
    stimulus="converged with 10 s of wait-to-restore; link down for 2 s, then up with the same H",
    expected="Collecting=0 and Distributing=0 up to 10 s (-0.25 s) after link up, then both set "
    "within the handshake",
    editions={"2020"},
    needs={Need.LINK},
    device={"wait_to_restore": _TIME},
    wall=Wall.MIDDLE,
)
def restored_in_time(t: Trial) -> Script:
    yield from t.b2()
    yield from _bounce(t)
    up = t.now
    yield from t.wait(_TIME - TOLERANCE - t.slack)
    for it in t.pdus(since=up):
        t.check(
            not it.collecting and not it.distributing,
            f"{it.summary} {it.time - up:.3f} s after link up",
            f"no traffic during the {_TIME:g} s of wait-to-restore",
        )
    left = 2 * TOLERANCE + t.slack + _HANDSHAKE
    yield from t.converge(t.partners, within=left)


@case(
    "MUX-18",
    "A link that is not reverted to is used only when the others are gone",
    clause="6.4.13 of 2020",
    stimulus="two links converged, non-revertive; link 0 down for 2 s and up again; 10 s later "
    "link 1 goes down",
    expected="link 0 without Collecting and Distributing while link 1 is active, which stays "
    "undisturbed; link 0 converges when link 1 is down",
    editions={"2020"},
    links=2,
    needs={Need.LINK},
    device={**TOGETHER, "revertive": False},
    wall=Wall.MIDDLE,
)
def not_reverted(t: Trial) -> Script:
    yield from t.flap()
    yield from t.b2()
    yield from _bounce(t)
    up = t.now
    yield from t.wait(_TIME + t.device.wait_to_restore)
    for it in t.pdus(0, up):
        t.check(
            not it.collecting and not it.distributing,
            f"{it.summary} {it.time - up:.3f} s after link up",
            "no traffic on a link that is not reverted to while another is active",
        )
    for it in t.pdus(1, up):
        t.check(it.distributing, it.summary, "link 1 undisturbed by the return of link 0")
    t.partner(1).silence()
    t.set_link(1, False)
    yield from t.converge([t.partner(0)], within=_HANDSHAKE)
