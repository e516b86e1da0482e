"""One frame of a capture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    """A captured frame, as an Ethernet frame from its destination address whatever the capture's
    link layer was."""

    #: Its place in the file, from 1, counting every frame as Wireshark does.
    number: int
    #: Seconds since the first frame of the capture; negative when its clock went back.
    time: float
    #: What was captured, without FCS. A cooked capture has no destination address: `cooked`.
    octets: bytes
    #: Octets on the wire; more than were captured when the frame is cut off.
    length: int
    #: The interface of a pcapng file it was captured on; 0 in a pcap file.
    interface: int = 0
    #: The destination address is not known: the capture has a cooked link layer.
    cooked: bool = False
    #: True when it was sent, False when it was received by the capturing host; None where unknown.
    outgoing: bool | None = None

    @property
    def truncated(self) -> bool:
        """Whether the capture kept less than the wire carried."""
        return len(self.octets) < self.length
