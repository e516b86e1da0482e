"""Conversations between two real implementations, told as a story and recorded.

Each is one `Conversation`; `record` plays it and leaves a capture and, beside it, the same facts as
JSON: who spoke, and what was done to them when.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lacp.address import SLOW_PROTOCOLS_MULTICAST, Mac
from lacp.capture.reader import open_capture
from lacp.wire.lacpdu import Lacpdu
from lacp.wire.marker import Marker
from lacp.wire.slow import ethernet
from tests.interop.devices import DEVICES, MODULES, NATIVE, Device, Wires, wires
from tests.interop.recording import Tap, command, program, tap

#: Longer than a partner with the short timeout needs from the last LACPDU to DEFAULTED, 6 s.
SILENCE = 8.0
_LACP = 1


@dataclass(frozen=True)
class Conversation:
    """Two implementations on cables, the left one at the ends t1, t2, ..."""

    name: str
    left: str
    #: None: nobody is there.
    right: str | None
    links: int = 1
    #: Settings of each end, as its device takes them.
    left_settings: dict[str, Any] = field(default_factory=dict)
    right_settings: dict[str, Any] = field(default_factory=dict)
    story: str = "everything"
    #: ``socket``, or a program of `recording`.
    how: str = "socket"
    #: Which end is recorded.
    where: str = "left"

    @property
    def modules(self) -> tuple[str, ...]:
        """What a guest must load."""
        return tuple(sorted({*MODULES[self.left], *MODULES.get(self.right or "", ())}))

    @property
    def native(self) -> bool:
        """Whether it needs no guest."""
        return {self.left, self.right} <= {*NATIVE, None}

    @property
    def suffix(self) -> str:
        """What such a capture file is called."""
        return ".pcapng" if self.how == "dumpcap" else ".pcap"


class _Teller:
    """Plays a conversation on wires, and keeps when what was done."""

    def __init__(self, conversation: Conversation, cables: Wires, ears: Tap) -> None:
        self._conversation = conversation
        self._cables = cables
        self._ears = ears
        self._stack = ExitStack()
        self.left: Device | None = None
        self.right: Device | None = None
        self.events: list[tuple[float, str]] = []

    def __enter__(self) -> _Teller:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _note(self, what: str) -> None:
        self.events.append((time.time(), what))

    def begin_left(self) -> Device:
        talk = self._conversation
        self._note(f"{talk.left} (left) is started")
        make = DEVICES[talk.left](on=self._cables.turned(), **talk.left_settings)
        self.left = self._stack.enter_context(make)
        return self.left

    def begin_right(self) -> Device:
        talk = self._conversation
        assert talk.right is not None
        self._note(f"{talk.right} (right) is started")
        make = DEVICES[talk.right](on=self._cables, **talk.right_settings)
        self.right = self._stack.enter_context(make)
        return self.right

    def until_up(self) -> None:
        """Wait until both ends use every link."""
        for device in (self.left, self.right):
            assert device is not None
            device.until_usable(seconds=45)
        self._note("both ends use every link")

    def flap(self, number: int = 1, seconds: float = 1.5) -> None:
        """Take the carrier of a cable away for a moment."""
        assert self.right is not None
        self._note(f"the carrier of link {number} is lost")
        self.right.link(number, up=False)
        time.sleep(seconds)
        self._note(f"the carrier of link {number} is back")
        self.right.link(number, up=True)

    def restart_right(self, silence: float = SILENCE) -> None:
        assert self.right is not None
        self._note(f"{self.right.name} (right) is killed")
        self.right.kill()
        time.sleep(silence)
        self._note(f"{self.right.name} (right) is started again")
        self.right.start()

    def end_right(self) -> None:
        """An orderly end, and time for the left one to notice."""
        assert self.right is not None
        self._note(f"{self.right.name} (right) ends in good order")
        self.right.end()
        time.sleep(2)

    def marker(self, at: str) -> None:
        """Send a Marker PDU from the port of an end, in its name."""
        here, interfaces = (
            (self._cables.here, self._cables.interfaces)
            if at == "left"
            else (self._cables.there, self._cables.ports)
        )
        outgoing = self._conversation.where == at
        spoken = [
            each.frame
            for each in self._ears.seen()
            if each.interface in (self._cables.interfaces[0], self._cables.ports[0])
            and each.outgoing == outgoing
            and each.frame[14] == _LACP
        ]
        actor = Lacpdu.decode(spoken[-1][14:]).actor
        marker = Marker(actor.port, actor.system, transaction=0x10203040)
        self._note(f"a Marker PDU in the name of the {at} end of link 1")
        with here.wire(interfaces[0]) as wire:
            source = Mac(spoken[-1][6:12])
            wire.send(ethernet(SLOW_PROTOCOLS_MULTICAST, source, marker.encode()))


def _everything(teller: _Teller) -> None:
    """One end starts, then the other; fast steady state, markers, a flap, a restart, an end."""
    teller.begin_left()
    time.sleep(2.5)
    teller.begin_right()
    teller.until_up()
    time.sleep(5)
    teller.marker("left")
    time.sleep(1.5)
    teller.marker("right")
    time.sleep(2.5)
    teller.flap()
    time.sleep(0.5)
    teller.until_up()
    time.sleep(3)
    teller.restart_right()
    teller.until_up()
    time.sleep(4)
    teller.end_right()


def _slow(teller: _Teller) -> None:
    """Both ends at once; a steady state in which little is said; a flap, a marker, an end."""
    teller.begin_left()
    teller.begin_right()
    teller.until_up()
    time.sleep(33)
    teller.flap()
    time.sleep(0.5)
    teller.until_up()
    teller.marker("left")
    time.sleep(4)
    teller.end_right()


def _alone(teller: _Teller) -> None:
    """Nobody is at the other end."""
    teller.begin_left()
    time.sleep(36)


STORIES = {"everything": _everything, "slow": _slow, "alone": _alone}


def record(name: str, directory: str) -> dict[str, Any]:
    """Play the conversation of that name and leave its two files in `directory`."""
    talk = next(each for each in CONVERSATIONS if each.name == name)
    file = Path(directory) / f"{talk.name}{talk.suffix}"
    with wires(talk.links) as cables:
        here, interfaces = (
            (cables.here, cables.interfaces)
            if talk.where == "left"
            else (cables.there, cables.ports)
        )
        line = None if talk.how == "socket" else command(talk.how, interfaces, str(file))
        with tap(here, interfaces) as ears:
            recording = nullcontext() if line is None else program(here, line)
            with recording, _Teller(talk, cables, ears) as teller:
                STORIES[talk.story](teller)
                devices = [each for each in (teller.left, teller.right) if each is not None]
            first = ears.seen()[0].time
            if line is None:
                ears.write(file)
    # dumpcap lets nobody else read.
    file.chmod(0o644)
    with open_capture(file) as capture:
        frames = sum(1 for _ in capture)
    facts = {
        "left": {"device": talk.left, "version": devices[0].version, **talk.left_settings},
        "right": talk.right
        and {"device": talk.right, "version": devices[1].version, **talk.right_settings},
        "kernel": os.uname().release.partition("-")[0],
        "links": talk.links,
        "story": (STORIES[talk.story].__doc__ or "").strip(),
        "recorded": command(talk.how, interfaces, file.name) if line else f"socket: {interfaces}",
        "frames": frames,
        # Seconds from the first frame.
        "events": [[round(at - first, 3), what] for at, what in teller.events],
    }
    file.with_suffix(".json").write_text(json.dumps(facts, indent=1) + "\n")
    return facts


_SLOW = {"fast": False}

CONVERSATIONS = [
    Conversation("lacpd-lacpd", "lacpd", "lacpd"),
    Conversation(
        "lacpd-lacpd-slow",
        *("lacpd", "lacpd", 2, _SLOW, _SLOW),
        story="slow",
    ),
    Conversation("lacpd-openvswitch", "lacpd", "openvswitch", 2),
    Conversation(
        "lacpd-openvswitch-slow",
        *("lacpd", "openvswitch", 1, _SLOW, _SLOW),
        story="slow",
        how="tcpdump",
    ),
    Conversation(
        "lacpd-openvswitch-passive",
        *("lacpd", "openvswitch", 1, {}, {"active": False}),
        how="tcpdump",
    ),
    Conversation("lacpd-bonding", "lacpd", "bonding"),
    Conversation(
        "lacpd-bonding-cooked",
        *("lacpd", "bonding", 2),
        how="cooked",
        where="right",
    ),
    Conversation(
        "lacpd-bonding-slow",
        *("lacpd", "bonding", 2, _SLOW, _SLOW),
        story="slow",
    ),
    Conversation(
        "lacpd-passive-bonding",
        *("lacpd", "bonding", 1, {"active": False}, {}),
        how="tcpdump",
        where="right",
    ),
    Conversation("lacpd-teamd", "lacpd", "teamd"),
    Conversation(
        "lacpd-teamd-slow",
        *("lacpd", "teamd", 2, _SLOW, _SLOW),
        story="slow",
        how="dumpcap",
    ),
    Conversation("bonding-teamd", "bonding", "teamd", 2),
    Conversation(
        "bonding-teamd-rates",
        *("bonding", "teamd", 1, {"fast": True}, _SLOW),
        story="slow",
        how="tcpdump",
    ),
    Conversation("bonding-openvswitch", "bonding", "openvswitch", 2, how="dumpcap"),
    Conversation("lacpd-alone", "lacpd", None, story="alone"),
    Conversation("openvswitch-alone", "openvswitch", None, 2, story="alone"),
    Conversation("bonding-alone", "bonding", None, 2, story="alone"),
    Conversation("teamd-alone", "teamd", None, story="alone"),
]
