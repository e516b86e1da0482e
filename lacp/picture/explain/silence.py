"""Nothing is heard of a partner: never, not any more, or too seldom."""

from __future__ import annotations

from collections.abc import Iterator

from lacp.info import PortState
from lacp.picture.explain import remedy
from lacp.picture.explain.seen import Seen, counted, hears, left
from lacp.picture.explain.words import lasted, listed, octet, weight
from lacp.picture.findings import Finding, Gravity, Where
from lacp.picture.model import PortView

_ACTIVITY = PortState.ACTIVITY
_SHORT = PortState.SHORT_TIMEOUT
_EXPIRED = PortState.EXPIRED
_DEFAULTED = PortState.DEFAULTED
_BOTH = _DEFAULTED | _EXPIRED

#: Seconds between two LACPDUs, and until a partner is given up, by the timeout that is asked for
#: (6.4.4).
_PERIOD = {True: 1.0, False: 30.0}
_TIMEOUT = {True: 3.0, False: 90.0}
#: So many periods without a LACPDU are more than jitter.
_LATE = 2.2


def nobody_speaks(port: PortView, seen: Seen) -> Finding | None:
    """No LACPDU comes in, and this end is passive: perhaps so is the other."""
    if hears(port) is not False or _is(port, "EXPIRED", _EXPIRED):
        return None
    if port.actor is None or port.actor.says(_ACTIVITY) is not False:
        return None
    quiet = "no LACPDU was ever received" if _never(port) else _for_so_long(port)
    return Finding(
        code="nobody_speaks",
        port=port.name,
        gravity=weight(port),
        said=f"{quiet}, and we are passive: nobody may be the first to speak",
        evidence=(
            *_counts(port),
            (
                f"our state {octet(port.actor.state)} lacks A, activity (6.4.1): "
                "a passive port sends only to a partner that it hears"
            ),
        ),
        remedy=("make one end active, best both", *remedy.speak_first(seen.lag)),
        where=Where.EITHER,
    )


def never_heard(port: PortView, seen: Seen) -> Finding | None:
    """No LACPDU ever came in."""
    if not _never(port):
        return None
    return Finding(
        code="never_heard",
        port=port.name,
        # For just that there is fallback.
        gravity=Gravity.NOTE if _by_fallback(port, seen) else weight(port),
        said="no LACPDU was ever received",
        evidence=(*_counts(port), *_state(port), *_company(port, seen)),
        remedy=(
            "see that the port at the other end is in a LAG with LACP, active or passive",
            "see that nothing between eats LACPDUs: a bridge, a media converter, a filter",
            remedy.listen(port),
        ),
        where=Where.PARTNER,
    )


def no_partner_recorded(port: PortView, seen: Seen) -> Finding | None:
    """LACPDUs came in, and none made a partner: the bonding driver ignores those of this host."""
    if not hears_own(port, seen):
        return None
    return Finding(
        code="no_partner_recorded",
        port=port.name,
        gravity=weight(port),
        said="LACPDUs come in but make no partner: the port may hear this host itself",
        evidence=(
            *_counts(port),
            *_state(port),
            "bonding drops LACPDUs of its own system, with a line in the kernel's log",
        ),
        remedy=(
            "look for a cable or a bridge that leads back to this host",
            "dmesg | grep -i 'illegal loopback'",
            remedy.listen(port),
        ),
        where=Where.LINK,
    )


def partner_silent(port: PortView, seen: Seen) -> Finding | None:
    """The partner was heard and is not heard any more; it is not given up yet."""
    if not _silent(port) or not _is(port, "EXPIRED", _EXPIRED):
        return None
    given_up = left(port, "current_while")
    return _gone(
        "partner_silent",
        port,
        seen,
        *(() if given_up is None else (f"it is given up in {lasted(given_up)} (current_while)",)),
    )


def partner_lost(port: PortView, seen: Seen) -> Finding | None:
    """The partner was heard once and has been given up."""
    if not _silent(port):
        return None
    given_up = "what was known of the partner was given up (6.4.12)"
    known = port.last_rx_age is not None
    return _gone("partner_lost", port, seen, *((given_up,) if known else ()))


def fallback_used(port: PortView, seen: Seen) -> Finding | None:
    """The port carries traffic without a partner because `fallback` says so."""
    if not _by_fallback(port, seen):
        return None
    fallback = seen.lag.fallback
    return Finding(
        code="fallback_used",
        port=port.name,
        gravity=Gravity.NOTE,
        said=f"runs without a partner: fallback {fallback}",
        evidence=(f"fallback is {fallback} and the receive machine is DEFAULTED",),
        remedy=("nothing, if the other end has no LACP yet",),
    )


def _by_fallback(port: PortView, seen: Seen) -> bool:
    asked = seen.lag.fallback not in (None, "none")
    return asked and hears(port) is False and bool(port.distributing)


def lacpdus_late(port: PortView, seen: Seen) -> Finding | None:
    """The partner is heard less often than we ask it to speak."""
    state = None if port.actor is None else port.actor.state
    age = port.last_rx_age
    if state is None or age is None or not hears(port):
        return None
    short = _SHORT in state
    if age <= _LATE * _PERIOD[short]:
        return None
    return Finding(
        code="lacpdus_late",
        port=port.name,
        gravity=Gravity.ODDITY,
        said=f"no LACPDU for {lasted(age)}, one each {_PERIOD[short]:g} s is due",
        evidence=(
            (
                f"our state {octet(state)} asks for the {'short' if short else 'long'} timeout: "
                f"one each {_PERIOD[short]:g} s, and {_TIMEOUT[short]:g} s without end it (6.4.4)"
            ),
        ),
        remedy=(
            "see whether LACPDUs are lost on the way or the partner is overloaded",
            remedy.listen(port),
        ),
        where=Where.PARTNER,
    )


def timeouts_differ(seen: Seen) -> Finding | None:
    """One end asks for a LACPDU each second, the other for one each 30 s."""
    apart: dict[bool, list[PortView]] = {True: [], False: []}
    for port in seen.hearing:
        ours = None if port.actor is None else port.actor.says(_SHORT)
        theirs = None if port.partner is None else port.partner.says(_SHORT)
        if ours is not None and theirs is not None and ours is not theirs:
            apart[ours].append(port)
    fast = len(apart[True]) >= len(apart[False])
    ports = apart[fast]
    if not ports:
        return None
    soon, late = f"{_TIMEOUT[True]:g} s", f"{_TIMEOUT[False]:g} s"
    one = ports[0]
    mine, its = (None if end is None else end.state for end in (one.actor, one.partner))
    return Finding(
        code="timeouts_differ",
        gravity=Gravity.NOTE,
        said=f"we notice silence after {soon}, the partner only after {late}"
        if fast
        else f"the partner notices silence after {soon}, we only after {late}",
        evidence=(
            f"on {listed([port.name for port in ports])}",
            (
                f"{one.name}: our state {octet(mine)} asks the partner for one LACPDU each "
                f"{_PERIOD[fast]:g} s, its state {octet(its)} asks us for one each "
                f"{_PERIOD[not fast]:g} s (T, 6.4.2.3)"
            ),
            "what is lost one way only goes on being used for so long by the slower end",
        ),
        remedy=(
            "set the same rate at both ends, fast where seconds count",
            *(() if fast else remedy.ask_fast(seen.lag)),
        ),
        where=Where.PARTNER if fast else Where.HERE,
    )


def hears_own(port: PortView, seen: Seen) -> bool:
    """Whether a port of a bond hears nothing but what this host says."""
    if hears(port) is not False or not seen.bonding or not counted(port, "lacpdus_rx"):
        return False
    state = None if port.actor is None else port.actor.state
    # Who was heard once and was lost has F alone: the driver waits for ever to hear somebody else.
    return state is not None and state & _BOTH == _BOTH


def _never(port: PortView) -> bool:
    """Whether it is certain that no LACPDU came."""
    if hears(port) is not False or port.last_rx_age is not None:
        return False
    return port.counters is not None and port.counters.get("lacpdus_rx") == 0


def _silent(port: PortView) -> bool:
    """Whether a partner is not heard, now at least."""
    return hears(port) is False


def _is(port: PortView, receive: str, bit: PortState) -> bool:
    """Whether the Receive machine is in this box, by itself or by what it makes us say."""
    if port.machines is not None and port.machines.receive is not None:
        return port.machines.receive == receive
    state = None if port.actor is None else port.actor.state
    return state is not None and bit in state and _DEFAULTED not in state


def _gone(code: str, port: PortView, seen: Seen, *more: str) -> Finding:
    return Finding(
        code=code,
        port=port.name,
        gravity=weight(port),
        said=_for_so_long(port),
        evidence=(*_state(port), *_limit(port), *_counts(port), *more, *_company(port, seen)),
        remedy=(
            "see at the other end whether its port still speaks LACP and sends on this link",
            "see that nothing between eats frames in this direction: one fibre, a filter, a bridge",
            remedy.listen(port),
        ),
        where=Where.PARTNER,
    )


def _for_so_long(port: PortView) -> str:
    age = port.last_rx_age
    return f"no LACPDU received {'at present' if age is None else f'for {lasted(age)}'}"


def _state(port: PortView) -> Iterator[str]:
    actor = port.actor
    machine = None if port.machines is None else port.machines.receive
    if actor is None or actor.state is None:
        if machine is not None:
            yield f"the receive machine is {machine}"
        elif port.partner is not None:
            yield "no system is recorded of the partner"
        return
    said = f"our state is {octet(actor.state)}"
    told = [
        word
        for bit, word in ((_DEFAULTED, "F: no partner is heard"), (_EXPIRED, "E: it fell silent"))
        if bit in actor.state
    ]
    said = f"{said} ({', '.join(told)})" if told else said
    yield said if machine is None else f"the receive machine is {machine}, {said}"


def _limit(port: PortView) -> Iterator[str]:
    state = None if port.actor is None else port.actor.state
    if state is not None:
        short = _SHORT in state
        yield (
            f"we ask for one LACPDU each {_PERIOD[short]:g} s; "
            f"{_TIMEOUT[short]:g} s without are the {'short' if short else 'long'} timeout (6.4.4)"
        )


def _counts(port: PortView) -> Iterator[str]:
    """What did come in."""
    counters = port.counters or {}
    told = [
        f"{name} is {counters[name]}"
        for name in ("lacpdus_rx", "lacpdus_tx", "unknown_rx", "illegal_rx", "dropped_rx")
        if counters.get(name) or (name in ("lacpdus_rx", "lacpdus_tx") and name in counters)
    ]
    if told:
        yield ", ".join(told)


def _company(port: PortView, seen: Seen) -> Iterator[str]:
    """Whether the other ports hear somebody, which says much about where to look."""
    others = seen.hearing_names
    if others:
        yield f"{listed(others)} {'hears' if len(others) == 1 else 'hear'} a partner"
    elif len(seen.up) > 1:
        yield (
            f"none of the {len(seen.up)} ports with a link hears a partner: "
            "rather its LACP than one link"
        )
