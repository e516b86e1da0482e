"""The times and odds of the judge: what is too early, too late or too unlikely to be innocent."""

from __future__ import annotations

from lacp.protocol.timers import (
    AGGREGATE_WAIT_TIME,
    FAST_PERIODIC_TIME,
    LONG_TIMEOUT_TIME,
    SHORT_TIMEOUT_TIME,
)

# Seconds.

#: What all timers may be off (6.4.4), and what a capture's clock and a busy device may add.
TOLERANCE = 0.25
GRACE = 0.5
#: By which frames of two directions may change places on their way to the capture.
DISORDER = 0.3
#: By which frames of one direction may overtake each other, or be copied; an answer is this prompt.
MOMENT = 0.1
#: By how much an interval may exceed its period, by that period, and leave no room for a hole.
SLACK = {True: 0.15, False: 0.5}

#: In which an answer has to come, with the limit of transmission in between.
ANSWER = FAST_PERIODIC_TIME + TOLERANCE + GRACE
#: A second that is shorter by what a timer may be off.
SECOND = FAST_PERIODIC_TIME - TOLERANCE
#: What Aggregate_Wait may take at least, with what a capture's clock adds.
WAIT = AGGREGATE_WAIT_TIME - TOLERANCE - 0.05
#: In which hardware has done what the Mux machine asks of it.
LINGER = 2.0
#: A flapping link sets Expired again and again, but not in step with the periodic timer for long.
EXPIRED_TOO_LONG = 2 * SHORT_TIMEOUT_TIME + FAST_PERIODIC_TIME
#: Without a sign of loss, which speaks for a link without any.
CLEAN = 30.0
#: In which two who take turns with one name must both be alive: no timeout is longer.
TOGETHER = LONG_TIMEOUT_TIME + 5.0
#: A silence of all ends that is worth a look, and the periods in which two LACPDUs must be missing.
SILENCE = 4.0
MISSED = 2.5

# Odds.

#: What chance may do: a pattern less likely than this is no chance.
CHANCE = 1e-6
#: How unlikely it must be that the capture lost all that a partner said in a silence: when it is
#: known to lose some of that, and when it is not.
CHANCE_OF_SILENCE = {False: 1e-4, True: 2e-2}
