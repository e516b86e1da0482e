"""Transmit procedure (6.4.16): when a LACPDU leaves, at most so many in any Fast_Periodic_Time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lacp.protocol.timers import FAST_PERIODIC_TIME, Timer

if TYPE_CHECKING:
    from lacp.protocol.port import Port

#: A held-back LACPDU leaves this many seconds after its window opens, so that the jitter of clocks
#: and queues does not put a fourth one into somebody else's idea of the same second.
_MARGIN = 0.005


def opportunity(port: Port) -> bool:
    """Whether the window is open: it slides, so that no second holds more than the limit."""
    sent = port.sent
    return port.now >= port.retry_at and (
        len(sent) < port.edition.transmit_limit or port.now - sent[0] >= FAST_PERIODIC_TIME
    )


def transmit(port: Port) -> bool:
    """Decide for a settled port whether a LACPDU leaves now; arm the timer if it must wait."""
    if port.transmit_due:
        port.transmit_due = False
    elif not port.periodic.may_transmit:
        # Nothing is sent in NO_PERIODIC, and nothing remembered.
        port.ntt = False
        return False
    elif not port.periodic.transmit_wanted:
        return False
    elif not opportunity(port):
        opens = port.sent[0] + FAST_PERIODIC_TIME + _MARGIN if port.sent else port.now
        port.timers.start(Timer.TRANSMIT, max(opens, port.retry_at))
        return False
    port.ntt = False
    port.timers.stop(Timer.TRANSMIT)
    port.sent.append(port.now)
    return True
