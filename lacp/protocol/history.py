"""What moved on a port, kept small: there may be ten thousand ports that keep 32 changes each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, overload

from lacp.protocol.events import StateChanged


class _Move(NamedTuple):
    """A change without the port and the time: most ports make the same."""

    machine: str
    old: str
    new: str
    reason: str


#: Equal moves are kept once. Reasons may name a partner, so that there is no end of different ones.
_move = lru_cache(maxsize=512)(_Move)


class History(Sequence[StateChanged]):
    """The last changes of a port, oldest first; at most `limit` of them."""

    __slots__ = ("_limit", "_moves", "_port", "_times")

    def __init__(self, port: str, limit: int) -> None:
        self._port = port
        self._limit = limit
        self._moves: list[_Move] = []
        self._times: list[float] = []

    def note(self, change: StateChanged) -> None:
        """Keep one more, and forget the oldest if it is one too many."""
        self._moves.append(_move(change.machine, change.old, change.new, change.reason))
        self._times.append(change.time)
        if len(self._moves) > self._limit:
            del self._moves[0]
            del self._times[0]

    def clear(self) -> None:
        """Forget all."""
        self._moves.clear()
        self._times.clear()

    def __len__(self) -> int:
        return len(self._moves)

    @overload
    def __getitem__(self, index: int) -> StateChanged: ...

    @overload
    def __getitem__(self, index: slice) -> list[StateChanged]: ...

    def __getitem__(self, index: int | slice) -> StateChanged | list[StateChanged]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        return StateChanged(self._port, *self._moves[index], self._times[index])
