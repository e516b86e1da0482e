"""What differs between the editions of the standard, as values that the machines read."""

from __future__ import annotations

from dataclasses import dataclass

from lacp.protocol.mux import CoupledMux, IndependentMux, MuxMachine, RestoreMux
from lacp.protocol.periodic import Periodic, PeriodicMachine, PeriodicTransmit
from lacp.protocol.variables import Control


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition of IEEE 802.1AX."""

    name: str
    #: LACPDUs that a port may send in any Fast_Periodic_Time (6.4.16).
    transmit_limit: int
    #: EXPIRED asks for a LACPDU (Cor 1 only, 6.4.12).
    expired_sets_ntt: bool
    #: recordDefault puts the absent partner in sync and collecting (2014, 6.4.7 and 6.4.9);
    #: elsewhere its administrative state counts.
    default_in_sync: bool
    periodic: type[PeriodicMachine]
    independent: type[MuxMachine]
    coupled: type[MuxMachine]

    def mux(self, control: Control) -> type[MuxMachine]:
        """The figure for `control`."""
        return self.coupled if control is Control.COUPLED else self.independent


EDITION_2008 = Edition("2008", 3, False, False, Periodic, IndependentMux, CoupledMux)
EDITION_2014 = Edition("2014", 3, False, True, Periodic, IndependentMux, CoupledMux)
EDITION_2014_COR1 = Edition("2014-cor1", 3, True, True, Periodic, IndependentMux, CoupledMux)
EDITION_2020 = Edition("2020", 10, False, False, PeriodicTransmit, RestoreMux, RestoreMux)

#: All editions by the name that a configuration gives them.
EDITIONS = {e.name: e for e in (EDITION_2008, EDITION_2014, EDITION_2014_COR1, EDITION_2020)}
