"""How late timers come up: what an operator asks who suspects that the process is overloaded."""

from __future__ import annotations

from collections import deque

#: Seconds that are remembered, and in pieces of how many.
_SPAN = 60
_PIECE = 10


class Lateness:
    """The worst of the last minute, ten seconds more or less."""

    def __init__(self) -> None:
        #: Each piece of time in which there was something, and the worst of it in seconds.
        self._pieces: deque[tuple[int, float]] = deque(maxlen=_SPAN // _PIECE + 1)

    def note(self, late: float, now: float) -> None:
        """A timer came up so many seconds late."""
        piece = int(now // _PIECE)
        if self._pieces and self._pieces[-1][0] == piece:
            late = max(late, self._pieces.pop()[1])
        self._pieces.append((piece, late))

    def worst(self, now: float) -> float:
        """The worst, in seconds; 0 when no timer came up."""
        since = int(now // _PIECE) - _SPAN // _PIECE
        return max((late for piece, late in self._pieces if piece >= since), default=0.0)
