"""One frame of a case, sent or received, and what it says."""

from __future__ import annotations

from dataclasses import dataclass

from lacp.errors import DecodeError
from lacp.info import PortInfo, PortState
from lacp.wire import lacpdu, slow
from lacp.wire.flags import letters
from lacp.wire.lacpdu import Lacpdu
from lacp.wire.marker import Marker
from lacp.wire.slow import Subtype


@dataclass(frozen=True, slots=True)
class Seen:
    """A frame on a link. The properties of LACPDUs are only asked of LACPDUs."""

    #: Seconds on the clock of the run.
    time: float
    link: int
    #: The tester sent it; False: the device did.
    ours: bool
    #: From the destination address, without FCS.
    octets: bytes
    pdu: Lacpdu | Marker | None

    @property
    def lacpdu(self) -> Lacpdu:
        """The LACPDU that it is."""
        assert isinstance(self.pdu, Lacpdu)
        return self.pdu

    @property
    def is_lacpdu(self) -> bool:
        return isinstance(self.pdu, Lacpdu)

    @property
    def is_marker(self) -> bool:
        """Marker PDU or response."""
        return isinstance(self.pdu, Marker)

    @property
    def is_slow(self) -> bool:
        """A frame of EtherType 0x8809, tagged or not."""
        return _payload(self.octets) is not None

    @property
    def actor(self) -> PortInfo:
        """Who the sender is."""
        return self.lacpdu.actor

    @property
    def partner(self) -> PortInfo:
        """Whom the sender has recorded at the other end."""
        return self.lacpdu.partner

    @property
    def synchronization(self) -> bool:
        """Actor_State.Synchronization, as the next ones are bits of Actor_State."""
        return PortState.SYNCHRONIZATION in self.actor.state

    @property
    def collecting(self) -> bool:
        return PortState.COLLECTING in self.actor.state

    @property
    def distributing(self) -> bool:
        return PortState.DISTRIBUTING in self.actor.state

    @property
    def defaulted(self) -> bool:
        return PortState.DEFAULTED in self.actor.state

    @property
    def expired(self) -> bool:
        return PortState.EXPIRED in self.actor.state

    @property
    def partner_sync(self) -> bool:
        """Partner_State.Synchronization: the sender takes the other end to be in sync."""
        return PortState.SYNCHRONIZATION in self.partner.state

    @property
    def summary(self) -> str:
        """What it is, in a line."""
        if isinstance(self.pdu, Lacpdu):
            actor, partner = self.pdu.actor, self.pdu.partner
            return (
                f"LACPDU {actor.system}#{actor.port} {letters(actor.state)} "
                f"to {partner.system}#{partner.port} {letters(partner.state)}"
            )
        if isinstance(self.pdu, Marker):
            what = "Marker Response" if self.pdu.response else "Marker"
            return f"{what} {self.pdu.transaction}"
        kind = self.octets[12:14].hex() or "nothing"
        return f"frame of {len(self.octets)} octets, EtherType 0x{kind}"


def read(octets: bytes) -> Lacpdu | Marker | None:
    """The PDU of a frame from the device, leniently: its oddities are what some cases are about.

    To another destination, with a tag, with wrong length octets or too short by padding it is
    still the LACPDU that it was meant to be. None: not a LACPDU or Marker at all.
    """
    payload = _payload(octets)
    if not payload:
        return None
    try:
        if payload[0] == Subtype.MARKER:
            return Marker.decode(payload)
        if payload[0] == Subtype.LACP and len(payload) >= lacpdu.FIXED:
            whole = bytearray(payload.ljust(lacpdu.SIZE, b"\0"))
            for _, offset, length in lacpdu.LENGTHS:
                whole[offset] = length
            return Lacpdu.decode(bytes(whole))
    except DecodeError:
        pass
    return None


def _payload(octets: bytes) -> bytes | None:
    """What follows the slow protocols' EtherType; None when there is none."""
    start = slow.payload_offset(octets)
    ethertype = int.from_bytes(octets[start - 2 : start], "big")
    return octets[start:] if ethertype == slow.ETHERTYPE else None
