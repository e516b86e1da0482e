"""Transmit procedure (6.4.16): when a LACPDU leaves, at most so many in any Fast_Periodic_Time."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from lacp.protocol.timers import FAST_PERIODIC_TIME, Timer

if TYPE_CHECKING:
    from lacp.protocol.port import Port

#: A held-back LACPDU leaves this many seconds after its window opens, so that the jitter of clocks
#: and queues does not put a fourth one into somebody else's idea of the same second.
_MARGIN = 0.005


def opportunity(port: Port) -> bool:
    """Whether a LACPDU may leave now. One that is held back leaves when its timer says so."""
    held_back = port.timers.deadline(Timer.TRANSMIT) is not None
    return not held_back and port.now >= max(_opens(port), port.retry_at)


def _opens(port: Port) -> float:
    """When the window opens: it slides, so that no second holds more than the limit."""
    sent = port.sent
    return sent[0] + FAST_PERIODIC_TIME if len(sent) == port.edition.transmit_limit else -inf


def transmit(port: Port) -> bool:
    """Decide for a settled port whether a LACPDU leaves now; arm the timer if it must wait."""
    timers = port.timers
    if port.transmit_due:
        port.transmit_due = False
    elif not port.periodic.may_transmit:
        # Nothing is sent in NO_PERIODIC, and nothing remembered.
        port.ntt = False
        timers.stop(Timer.TRANSMIT)
        return False
    elif not port.periodic.transmit_wanted:
        timers.stop(Timer.TRANSMIT)
        return False
    elif not opportunity(port):
        if timers.deadline(Timer.TRANSMIT) is None:
            timers.start(Timer.TRANSMIT, max(_opens(port) + _MARGIN, port.retry_at))
        return False
    port.ntt = False
    timers.stop(Timer.TRANSMIT)
    port.sent.append(port.now)
    return True
