"""Transmit procedure (6.4.16): when a LACPDU leaves, at most so many in any Fast_Periodic_Time."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from lacp.protocol.events import Transmit
from lacp.protocol.timers import FAST_PERIODIC_TIME, TRANSMIT

if TYPE_CHECKING:
    from lacp.protocol.port import Port

#: A window opens this many seconds late, so that the jitter of clocks and queues does not put a
#: fourth LACPDU into somebody else's idea of the same second.
_MARGIN = 0.005

#: Seconds before the same is said again. An answer to a partner that had not heard the last LACPDU
#: yet says nothing new; and in a handshake, where news follow at once, it would use up what the
#: limit leaves for them, and put off Distributing by a second.
_REPEAT = 0.05


def opportunity(port: Port) -> bool:
    """Whether a LACPDU may leave now. One that is held back leaves when its timer says so."""
    return not _held_back(port) and port.now >= max(_opens(port), port.retry_at)


def _held_back(port: Port) -> bool:
    """Whether the limit, or a failure, holds back a LACPDU: not only that it repeats the last."""
    return port.timers.deadline(TRANSMIT) is not None and not port.repeats


def _opens(port: Port) -> float:
    """When the window opens: it slides, so that no second holds more than the limit."""
    sent = port.sent
    limit = port.common.config.edition.transmit_limit
    return sent[0] + FAST_PERIODIC_TIME + _MARGIN if len(sent) >= limit else -inf


def _repeats(port: Port) -> float:
    """When the port may say what it has just said; long past when it has something else to say."""
    sent = port.sent
    if not sent or port.now >= sent[-1] + _REPEAT or port.frame() != port.sent_frame:
        return -inf
    return sent[-1] + _REPEAT


def unhindered(port: Port) -> bool:
    """Whether a LACPDU may leave now, whatever it says, as that of nearly every tick may.

    It may when none is held back, no second is full, and the last one is long enough ago not to be
    repeated: then there is an `opportunity` and `_repeats` has no say.
    """
    sent, now = port.sent, port.common.now
    return (
        (not sent or now >= sent[-1] + _REPEAT)
        and now >= _opens(port)
        and now >= port.retry_at
        and port.timers.stopped(TRANSMIT)
    )


def transmit(port: Port) -> None:
    """Let the LACPDU leave that a settled port has to send, or arm the timer if it must wait."""
    if port.transmit_due:
        port.transmit_due = False
        port.timers.stop(TRANSMIT)
    elif not port.periodic.may_transmit:
        # Nothing is sent in NO_PERIODIC, and nothing remembered.
        port.ntt = False
        port.timers.stop(TRANSMIT)
        return
    elif not port.periodic.transmit_wanted:
        port.timers.stop(TRANSMIT)
        return
    elif not unhindered(port):
        if _waits(port):
            return
        port.timers.stop(TRANSMIT)
    leave(port)


def leave(port: Port) -> None:
    """Let a LACPDU leave now, and with it all that was to be said."""
    port.ntt = port.repeats = False
    common, sent = port.common, port.sent
    now = common.now
    sent.append(now)
    if len(sent) > common.config.edition.transmit_limit:
        del sent[0]
    port.sent_frame = frame = port.frame()
    port.counters.lacpdus_tx += 1
    common.tell(Transmit(port.name, frame, now))


def _waits(port: Port) -> bool:
    """Whether the LACPDU must wait; if so, its timer runs."""
    timers = port.timers
    if not opportunity(port):
        if not _held_back(port):
            port.repeats = False
            timers.start(TRANSMIT, max(_opens(port), port.retry_at))
        return True
    if (again := _repeats(port)) > port.now:
        port.repeats = True
        timers.start(TRANSMIT, again)
        return True
    return False
