"""What every backend offers: ports by name, frames in and out, news of their links.

A backend never waits. Its owner waits, with ``select`` or asyncio, until one of `Backend.filenos`
is readable, and then calls `Backend.read`. Nothing here knows what a frame means.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from lacp.link import Link

#: The most news that one call of `Backend.read` returns: about two milliseconds of work, so that
#: a flood of frames delays a timer by no more than that. What is left keeps it readable.
BATCH = 512


class FrameReceived(NamedTuple):
    """A slow-protocol frame came in, or one of those that the port listens to beside them.

    A tuple, since there are thousands in a second, and making one takes half as long.
    """

    port: str
    #: From the destination address on, VLAN tag included, without the frame check sequence.
    frame: bytes


@dataclass(frozen=True, slots=True)
class LinkNews:
    """An observation of a port's link: the first one after `Backend.add`, then each change."""

    port: str
    link: Link


@dataclass(frozen=True, slots=True)
class FrameLost:
    """A frame came in that the backend itself refuses; its octets are not passed on."""

    port: str
    #: A short constant text, fit to be counted by: ``tagged``, ``oversized``.
    reason: str


@dataclass(frozen=True, slots=True)
class Overrun:
    """The kernel lost messages because they were not read in time.

    Lost link news need no answer, the backend has asked for the state of its ports again; lost
    frames are gone, and LACP sends them again by itself.
    """

    #: What was lost, as one line for a log.
    detail: str


@dataclass(frozen=True, slots=True)
class TipcNews:
    """For a port that listens to TIPC: a link is up or down, those that are up first.

    The links of the whole host are told, whatever interface they use.
    """

    port: str
    #: As TIPC names it: node and interface here, node and interface there.
    link: str
    up: bool


News = FrameReceived | LinkNews | FrameLost | Overrun | TipcNews


class Backend(Protocol):
    """The interfaces of one host, as the driver of an engine sees them.

    Every call returns at once. A port that was not added is a `UsageError`, as is adding one twice.
    Used as a context manager, a backend is closed at the end.
    """

    def add(self, port: str) -> None:
        """Take up the interface of this name; the next `read` says how its link is.

        An interface that does not exist is no error: its link is down until it appears. Raises
        BackendError when the environment refuses, for want of a privilege for instance.
        """

    def remove(self, port: str) -> None:
        """Let go of a port; nothing is reported of it from now on."""

    def listen(
        self, port: str, kinds: frozenset[str], hosts: frozenset[bytes] = frozenset()
    ) -> None:
        """Pass frames of these `lacp.backends.kinds` from now on, beside slow protocols.

        Of `kinds.ARP` and `kinds.ND` only those of `hosts` (octets of addresses): of ARP those that
        have one as the sender, of advertisements those about one; where `hosts` has none of that
        version of IP, all. Holds for any interface that bears the port's name, until the next call.
        Raises BackendError when the environment refuses, for want of TIPC for instance.
        """

    def send(self, port: str, frame: bytes) -> bool:
        """Send a frame, from the destination address on and without the frame check sequence.

        False when the interface did not take it: `failure` says why, the frame is forgotten, and
        whether it is worth another attempt is the engine's business.
        """

    def read(self) -> list[News]:
        """What is new, in the order in which it happened to each port; at most about `BATCH` items.

        Empty when nothing is. The descriptors stay readable while there is more.
        """

    def mute(self, port: str, muted: bool, but: bytes = b"") -> None:
        """Throw away slow-protocol frames of a port, as early and cheaply as can be, or no longer.

        Those that begin with `but`, a multiple of four octets, come all the same; empty: none do.

        For a port that is flooded, so that the frames of the others find room. News of its link
        and what it listens to come all the same, and a frame that waits already may still be read.
        """

    def failure(self, port: str) -> str:
        """Why the interface did not take the last frame that it refused: an errno, ``ENOBUFS``.

        Empty when it has taken every frame since the port was added.
        """

    def filenos(self) -> list[int]:
        """The descriptors to wait on; readable when `read` has something. Always the same ones."""

    def urgent(self) -> list[int]:
        """Those of `filenos` that tell of links and not of frames.

        Who is busy may look at frames now and then; a lost carrier is not put off.
        """

    def close(self) -> None:
        """Give everything back to the system. Closing twice is harmless."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
