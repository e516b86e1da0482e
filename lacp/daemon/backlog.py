"""What a driver that is behind has yet to do, in the order in which it came."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from lacp.backends.base import News
from lacp.daemon.team.member import Member
from lacp.daemon.team.team import Team


@dataclass(slots=True, eq=False)
class Line:
    """A port as the driver sees it."""

    team: Team
    member: Member
    #: What the backend said of it that nobody has looked at yet; None for nothing.
    waiting: deque[News] | None = None
    #: How often that only said again what it had said just before.
    repeats: int = 0
    #: Whether it stands in the queue of a backlog.
    queued: bool = False


class Backlog:
    """Ports of which there is news, and teams whose timers are due, each of them once.

    The news of one port stay in order. Before a team come all its ports of which there is news: a
    partner must not be given up whose LACPDU is here.
    """

    def __init__(self) -> None:
        self._queue: deque[Line | Team] = deque()
        self._late: dict[Team, None] = {}
        #: The ports of each team of which there is news.
        self._lines: dict[Team, dict[Line, None]] = {}

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, line: Line, item: News, limit: float = inf) -> bool:
        """Let news of a port wait; False when as many as `limit` do so already.

        A frame that says the same as the last one that waits says nothing more: a partner repeats
        its LACPDU each second, and to look at each takes the time that is missing.
        """
        if line.waiting is None:
            line.waiting = deque()
            self._lines.setdefault(line.team, {})[line] = None
            self._enqueue(line)
        elif len(line.waiting) + line.repeats >= limit:
            return False
        elif line.waiting and line.waiting[-1] == item:
            line.repeats += 1
            return True
        line.waiting.append(item)
        return True

    def put_late(self, team: Team) -> None:
        """Let the timers of a team wait."""
        if team not in self._late:
            self._late[team] = None
            self._queue.append(team)

    def is_late(self, team: Team) -> bool:
        """Whether timers of this team wait."""
        return team in self._late

    def take(self, timers: bool) -> Line | Team | None:
        """Whose turn it is; None when nobody's turn can be, or only a team's and no `timers` may.

        Take all that waits of a port with `empty`, or `put_back` what is left.
        """
        queue = self._queue
        for _ in range(len(queue)):
            first = queue.popleft()
            if isinstance(first, Line):
                first.queued = False
                if first.waiting is not None:
                    return first
            elif first in self._late:
                lines = self._lines.get(first)
                if lines is not None:
                    queue.appendleft(first)
                    return next(iter(lines))
                if timers:
                    del self._late[first]
                    return first
                queue.append(first)
        return None

    def _enqueue(self, line: Line) -> None:
        if not line.queued:
            line.queued = True
            self._queue.append(line)

    def put_back(self, line: Line) -> None:
        """Let what is left of a port's news wait for another turn."""
        if line.waiting:
            self._enqueue(line)
        else:
            self.empty(line)

    def empty(self, line: Line) -> Iterator[News]:
        """Take all that waits of a port."""
        waiting, line.waiting, line.repeats = line.waiting, None, 0
        if waiting is None:
            return iter(())
        lines = self._lines[line.team]
        del lines[line]
        if not lines:
            del self._lines[line.team]
        return iter(waiting)

    def forget(self, team: Team) -> None:
        """The team is gone, its ports before."""
        self._late.pop(team, None)
