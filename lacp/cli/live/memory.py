"""What watching adds to a look: rates, what changed last and when, and who has come and gone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from lacp.picture.model import LagView, PortView

#: Seconds that a rate is the mean of.
_WINDOW = 10.0
#: Seconds that a LAG which is gone, and the news of it, are told.
_GONE, _NEWS = 300.0, 30.0

#: Source and name of a LAG, and of a port with it.
LagKey = tuple[str, str]
PortKey = tuple[str, str, str]


@dataclass(slots=True)
class Life:
    """What was seen of a port."""

    #: What there is to compare, in words.
    facts: tuple[str, ...] = ()
    #: When it changed (seconds of the caller's clock), and to what; None when it never did.
    changed: float | None = None
    change: str = ""
    #: Time, LACPDUs received and sent.
    counts: deque[tuple[float, int, int]] = field(default_factory=deque)

    @property
    def rates(self) -> tuple[float, float] | None:
        """LACPDUs in and out per second; None before there are two looks with counters."""
        if len(self.counts) < 2:
            return None
        (since, rx, tx), (now, last_rx, last_tx) = self.counts[0], self.counts[-1]
        if now <= since:
            return None
        return (last_rx - rx) / (now - since), (last_tx - tx) / (now - since)


class Memory:
    """All looks so far. Times are seconds of a clock that does not go back."""

    def __init__(self) -> None:
        self.lags: dict[LagKey, LagView] = {}
        #: LAGs that were there, and since when they are not.
        self.gone: dict[LagKey, float] = {}
        self.news: deque[tuple[float, str]] = deque(maxlen=20)
        self.complaints: tuple[str, ...] = ()
        self.now = 0.0
        self._lives: dict[PortKey, Life] = {}
        self._looks = 0

    def look(self, lags: Iterable[LagView], complaints: Iterable[str], now: float) -> None:
        """Take what was seen at `now`."""
        before, self.lags = self.lags, {(lag.source, lag.name): lag for lag in lags}
        self.complaints = tuple(complaints)
        self.now = now
        for key in before.keys() - self.lags.keys():
            self.gone[key] = now
            self.news.append((now, f"{key[1]} is gone"))
        for key in self.lags.keys() - before.keys():
            if self.gone.pop(key, None) is not None:
                self.news.append((now, f"{key[1]} is back"))
            elif self._looks:
                self.news.append((now, f"{key[1]} is new"))
        self.gone = {key: at for key, at in self.gone.items() if now - at < _GONE}
        lives: dict[PortKey, Life] = {}
        for key, lag in self.lags.items():
            for port in lag.ports:
                life = lives[*key, port.name] = self._lives.get((*key, port.name)) or Life()
                self._lived(life, port)
        self._lives = lives
        self._looks += 1

    def _lived(self, life: Life, port: PortView) -> None:
        facts = _facts(port)
        if life.facts and facts != life.facts:
            pairs = zip(life.facts, facts, strict=True)
            life.changed = self.now
            life.change = next(after for before, after in pairs if before != after)
        life.facts = facts
        counters = port.counters or {}
        rx, tx = counters.get("lacpdus_rx"), counters.get("lacpdus_tx")
        if rx is None or tx is None:
            life.counts.clear()
            return
        if life.counts and (rx < life.counts[-1][1] or tx < life.counts[-1][2]):
            # They were reset, or belong to another daemon.
            life.counts.clear()
        life.counts.append((self.now, rx, tx))
        while len(life.counts) > 2 and life.counts[1][0] <= self.now - _WINDOW:
            life.counts.popleft()

    def life(self, lag: LagView, port: PortView) -> Life:
        """What was seen of a port of the last look."""
        return self._lives.get((lag.source, lag.name, port.name)) or Life()

    def last_change(self, lag: LagView, port: PortView) -> tuple[float | None, str]:
        """Seconds since the last change that is known, and what it was if it was seen."""
        life = self.life(lag, port)
        if life.changed is not None:
            return self.now - life.changed, life.change
        return port.changed_age, ""

    def recent_news(self) -> list[str]:
        """What came and went lately, the latest first."""
        return [said for at, said in reversed(self.news) if self.now - at < _NEWS]


def _facts(port: PortView) -> tuple[str, ...]:
    """What is worth telling when it changes, the nearest cause first."""
    machines = port.machines
    link = {None: "link unknown", True: "link up", False: "link down"}[port.link.up]
    usable = {None: "", True: "usable", False: "not usable"}[port.usable]
    traffic = {None: "", True: "in use", False: "not in use"}[port.distributing]
    receive = mux = ""
    if machines is not None:
        receive = (machines.receive or "").lower().replace("_", " ")
        mux = (machines.mux or "").lower().replace("_", " ")
    selected = (port.selected or "").lower()
    aggregator = "" if port.aggregator is None else f"aggregator {port.aggregator}"
    return link, usable, receive, selected, aggregator, mux, traffic
