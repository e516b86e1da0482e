"""lacpd and a partner on two cables, with user frames both ways, through all that can happen.

After every step both ends must say the same of each other, use the same links, and lose no frame.
`tell_all` tells many of these stories at a time: most of each is waiting.
"""

from __future__ import annotations

import subprocess
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from lacp.info import PortState
from tests.interop import devices
from tests.interop.cables import Cable, Cables, cables
from tests.interop.daemon import Times, watching
from tests.interop.devices import Device, Lacpd, Wires
from tests.interop.netns import Namespace, namespaces
from tests.interop.traffic import Report, Traffic, addresses, traffic
from tests.lab import need_tool

#: Longer than a partner with the short timeout needs from the last LACPDU to DEFAULTED, 6 s.
SILENCE = 8.0
FLOWS = 6
INTERVAL = 0.2
#: How long no frame may be lost before a step is over.
HOLD = 1.0
#: Between two looks; every look at a partner is a program that is started.
_LOOK = 0.3
#: LACPDUs that a port may send in a second (6.4.16).
_RATE = 3

_NEAR = ("e1", "e2")
_FAR = ("p1", "p2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Who meets lacpd, how both are set up, and what happens to them."""

    name: str
    peer: str
    ours: dict[str, Any] = field(default_factory=dict)
    theirs: dict[str, Any] = field(default_factory=dict)
    story: str = "everything"


@dataclass(frozen=True, slots=True)
class _Held:
    """A time in which no frame may be lost."""

    after: str
    begin: float
    end: float


class _Scene:
    """A meeting that takes place: lacpd on the left."""

    def __init__(
        self,
        left: Lacpd,
        right: Device,
        laid: Cables,
        flows: tuple[Traffic, Traffic],
        heard: Sequence[Times],
    ) -> None:
        self.left = left
        self.right = right
        self.laid = laid
        self._flows = flows
        self._heard = heard
        self._held: list[_Held] = []

    # What both ends say.

    def agree(self, after: str, *links: int, seconds: float = 60.0, hold: float = HOLD) -> None:
        """Wait until both ends use exactly these links, say the same of them, and carry frames."""
        self._until(after, lambda: self._difference(links), seconds)
        for flow in self._flows:
            flow.until_flowing(60.0)
        said = self.left.wires.there.run("ping", "-c", "3", "-i", "0.2", "-W", "5", "10.1.0.1")
        assert " 0% packet loss" in said, f"after {after}: {said}"
        begin = self._flows[0].now()
        self._flows[0].wait(hold)
        self._hold(after, begin)
        self._until(after, lambda: self._difference(links), 5.0)

    def _hold(self, after: str, begin: float) -> None:
        """Since `begin` no frame may have been lost."""
        self._held.append(_Held(after, begin, self._flows[0].now()))
        # Those that were sent last are on their way.
        self._flows[0].wait(0.3)

    def _agree_on_none(self, after: str, seconds: float = 60.0) -> None:
        """Wait until no end uses any link."""

        def difference() -> str:
            ours, theirs = self.left.usable(), self.right.usable()
            return f"we use {ours}, they use {theirs}" if ours or theirs else ""

        self._until(after, difference, seconds)
        assert not self.left.peer.lag()["up"]

    def _difference(self, links: Sequence[int]) -> str:
        """What keeps both ends from being of one mind; "" when nothing does."""
        used = self.left.usable()
        if used != [_NEAR[n - 1] for n in links]:
            return f"we use {used}"
        used = self.right.usable()
        if used != [_FAR[n - 1] for n in links]:
            return f"they use {used}"
        ours, theirs = self.left.views(), self.right.views()
        for number in links:
            near, far = _NEAR[number - 1], _FAR[number - 1]
            mine, other = ours[near], theirs[far]
            if mine.actor != other.partner:
                return f"{near}: we are {mine.actor}, they have {other.partner}"
            if mine.partner != other.actor:
                return f"{far}: they are {other.actor}, we have {mine.partner}"
            if problems := self.left.peer.port(near)["problems"]:
                return f"{near} {problems}"
        return ""

    def _until(self, after: str, difference: Callable[[], str], seconds: float) -> None:
        end = time.monotonic() + seconds
        while found := difference():
            assert time.monotonic() < end, (
                f"after {after}, {seconds} s: {found}\n"
                f"our log: {self.left.peer.said()[-3000:]}\ntheir state: {self.right.state()}"
            )
            time.sleep(_LOOK)

    def _account(self) -> None:
        """No frame was lost while nothing happened."""
        for way, flow in zip(("out", "back"), self._flows, strict=True):
            flow.end()
            lost = {each.after: _lost(flow.report, each) for each in self._held}
            assert not any(lost.values()), f"lost on the way {way}, after what: {lost}"
            assert flow.report.duplicates == 0, way

    # What happens.

    def carrier(self) -> None:
        """A cable is pulled and plugged again."""
        self.laid.each[0].pull()
        self.agree("a carrier lost", 2)
        self.laid.each[0].plug()
        self.agree("a carrier back", 1, 2)

    def silence(self, seconds: float = 60.0) -> None:
        """A cable swallows all frames, and heals."""
        self.laid.each[0].swallow()
        self.agree("a silent loss", 2, seconds=seconds)
        self.laid.each[0].heal()
        self.agree("a loss that has healed", 1, 2)

    def half_silence(self) -> None:
        """We hear no frame any more, the partner hears all."""
        self.laid.each[0].swallow_half()
        self.agree("a loss one way", 2)
        self.laid.each[0].heal_half()
        self.agree("a loss one way that has healed", 1, 2)

    def partner_killed(self, noticed: bool) -> None:
        """The partner dies, is silent for a while, and starts again."""
        self.right.kill()
        begin = time.monotonic()
        if noticed:
            self.left.until_unusable()
            assert not self.left.peer.lag()["up"]
        time.sleep(max(0.0, begin + SILENCE - time.monotonic()))
        self.right.start()
        settle(self.right, "10.1")
        self.agree("a restart of the partner", 1, 2)

    def taken_over(self) -> None:
        """lacpd is killed, and the next one takes over what it left: everybody knows it."""
        identity = {port: view.actor.identity for port, view in self.left.views().items()}
        self.left.kill()
        # What the next one sends is another life.
        self.spoke_no_more_than_it_may()
        self.left.take_over()
        settle(self.left, "10.2")
        # Longer than a partner with the short timeout waits for the next LACPDU.
        self.agree("a take-over", 1, 2, hold=5.0)
        found = {port: view.actor.identity for port, view in self.left.views().items()}
        assert found == identity

    def limits(self) -> None:
        """Other limits under way: below min_ports neither end sends; a link that stands by."""
        begin = self._flows[0].now()
        self.left.configure(min_ports=2)
        self.left.peer.until(lambda: self.left.peer.lag()["min_ports"] == 2)
        self.agree("min_ports", 1, 2)
        self._hold("a reload that concerns no link", begin)
        self.laid.each[0].pull()
        self._agree_on_none("less than min_ports")
        self.laid.each[0].plug()
        self.agree("min_ports again", 1, 2)
        best = self._best()
        self.left.configure(min_ports=None, max_ports=1)
        self.agree("max_ports", best)
        self.laid.each[best - 1].pull()
        self.agree("the loss of the only link", 3 - best)
        self.laid.each[best - 1].plug()
        self.agree("the return of the best link", best)
        self.left.configure(max_ports=None)
        self.agree("all links again", 1, 2)

    def _best(self) -> int:
        """The link that ranks first with the system that ranks first (6.7.1)."""
        ranks = {}
        for number, near in enumerate(_NEAR, 1):
            view = self.left.views()[near]
            ends = sorted((view.actor, view.partner), key=lambda end: end.system_id)
            ranks[ends[0].port_id] = number
        return ranks[min(ranks)]

    def spoke_no_more_than_it_may(self) -> None:
        """Not too many LACPDUs were sent since the last time, but some."""
        for times in self._heard:
            times.read()
            assert 0 < times.most_in_a_second() <= _RATE, sorted(times.sent)
            times.sent.clear()

    def over(self) -> None:
        """lacpd ends in good order: the partner knows at once, however slow it is."""
        self._account()
        self.left.end()
        self.right.until_unusable(20)
        self.spoke_no_more_than_it_may()


# The stories.


def _everything(scene: _Scene) -> None:
    scene.carrier()
    scene.silence()
    scene.half_silence()
    scene.limits()
    scene.partner_killed(noticed=True)
    scene.taken_over()


def _restarts(scene: _Scene) -> None:
    scene.carrier()
    scene.partner_killed(noticed=False)
    scene.taken_over()


def _slow_silence(scene: _Scene) -> None:
    for views in (scene.left.views(), scene.right.views()):
        said = [view.actor.state | view.partner.state for view in views.values()]
        assert not any(PortState.SHORT_TIMEOUT in state for state in said)
    scene.silence(150.0)


STORIES: dict[str, Callable[[_Scene], None]] = {
    "everything": _everything,
    "restarts": _restarts,
    "slow silence": _slow_silence,
}


def tell(meeting: Meeting, plane: str, kind: type[Cable] = Cable) -> str:
    """Tell the story of a meeting; why it could not take place, or ""."""
    with ExitStack() as stack:
        here, there = stack.enter_context(namespaces(2))
        if reason := _lacking(meeting, there):
            return reason
        laid = stack.enter_context(cables(here, _NEAR, there, _FAR, kind))
        laid.plug()
        right = stack.enter_context(_partner(meeting, Wires(here, _NEAR, there, _FAR), plane))
        left = stack.enter_context(
            devices.lacpd(on=Wires(there, _FAR, here, _NEAR), plane=plane, **meeting.ours)
        )
        settle(left, "10.2")
        settle(right, "10.1")
        heard = [stack.enter_context(watching(here, port)) for port in _NEAR]
        with _flows(here, there) as flows:
            scene = _Scene(left, right, laid, flows, heard)
            scene.agree("the start", 1, 2)
            STORIES[meeting.story](scene)
            scene.over()
        return ""


@contextmanager
def _partner(meeting: Meeting, wires: Wires, plane: str) -> Iterator[Device]:
    settings = dict(meeting.theirs)
    if meeting.peer == "lacpd":
        settings["plane"] = plane
    if meeting.peer == "teamd":
        # Its sockets are in one directory, whatever the namespace.
        settings["name"] = meeting.name.replace("-", "")[-15:]
    if meeting.peer == "openvswitch":
        _prepare_switch(wires)
    with devices.DEVICES[meeting.peer](on=wires, **settings) as device:
        yield device


def _prepare_switch(wires: Wires) -> None:
    """Have the interfaces be what a switch in user space takes them for."""
    need_tool("ethtool")
    wires.there.ip_batch([f"link set {port} up" for port in wires.ports])
    # They are no interfaces of the host any more, that would answer for its other addresses.
    wires.there.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/all/arp_ignore")
    for interface in wires.interfaces:
        # A frame on a real cable has its checksum.
        wires.here.run("ethtool", "-K", interface, "tx", "off")


def _lacking(meeting: Meeting, where: Namespace) -> str:
    """What the bonding driver here cannot do."""
    if meeting.peer != "bonding" or "coupled_control" not in meeting.theirs:
        return ""
    line = "ip link add probe type bond mode 802.3ad coupled_control off"
    done = subprocess.run(where.command(*line.split()), capture_output=True, check=False)
    if done.returncode == 0:
        where.ip("link del probe")
        return ""
    return "needs a bonding driver, and an ip, with coupled_control (Linux 6.8)"


def settle(device: Device, net: str) -> None:
    """Give an end its addresses, those that it has not got any more."""
    where, name = device.wires.there, device.device
    lines = [f"addr replace {one}/8 dev {name}" for one in (f"{net}.0.1", *addresses(net, FLOWS))]
    where.ip_batch([f"link set {name} up", *lines])


@contextmanager
def _flows(here: Namespace, there: Namespace) -> Iterator[tuple[Traffic, Traffic]]:
    with (
        traffic(here, there, net="10.1", flows=FLOWS, interval=INTERVAL) as out,
        traffic(there, here, net="10.2", flows=FLOWS, interval=INTERVAL) as back,
    ):
        yield out, back


def _lost(report: Report, held: _Held) -> int:
    return report.lost_since(held.begin) - report.lost_since(held.end)


def tell_all(
    names: Sequence[str], meetings: Sequence[Meeting], plane: str, kind: type[Cable] = Cable
) -> dict[str, dict[str, Any]]:
    """Tell those of these names at the same time: why each failed, or did not take place."""

    def one(meeting: Meeting) -> dict[str, Any]:
        begin = time.monotonic()
        failed = lacking = ""
        try:
            lacking = tell(meeting, plane, kind)
        except BaseException:
            failed = traceback.format_exc()
        return {"failed": failed, "lacking": lacking, "seconds": time.monotonic() - begin}

    chosen = [each for each in meetings if each.name in names]
    with ThreadPoolExecutor(max(1, len(chosen))) as pool:
        return {each.name: found for each, found in zip(chosen, pool.map(one, chosen), strict=True)}
