"""Bonds of the kernel, as its announcements tell of them and /proc/net/bonding adds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from lacp.inspect.bond_view import lag_view
from lacp.inspect.devices import Devices
from lacp.inspect.monitor.kinds import Lag
from lacp.netlink import bond, bond_proc
from lacp.netlink.bond_proc import ProcBond
from lacp.netlink.codec import number
from lacp.picture.model import LagView


@dataclass(slots=True)
class Bonds:
    """The bonding driver."""

    #: The number of the network namespace.
    netns: int | None = None
    name: str = bond.KIND
    #: What the text of each said when it was read last: who the partners are.
    _texts: dict[int, ProcBond] = field(default_factory=dict)

    def refresh(self, lag: Lag) -> None:
        """Read the text."""
        if _mode(lag) == bond.LACP:
            text = bond_proc.read(lag.device.name)
            shown = None if text is None else bond_proc.parse(text)
            if shown is not None and shown.whole:
                self._texts[lag.device.index] = shown
                return
        self._texts.pop(lag.device.index, None)

    def fit(self, lag: Lag, devices: Devices) -> None:
        """Ask which aggregator is in use: the driver announces that neither with a port's move
        from one to another nor later."""
        if _mode(lag) == bond.LACP:
            asked = devices.at(lag.device.index)
            if asked is not None:
                lag.device = replace(lag.device, driver=asked.driver)

    def hides(self, lag: Lag) -> bool:
        """LACP: no bit of a port's state is announced."""
        return _mode(lag) == bond.LACP

    def changed(self, lags: Mapping[int, Lag]) -> Iterator[Lag]:
        """None: all that the driver announces is of interfaces."""
        return iter(())

    def forget(self) -> None:
        """Nothing that is not read again anyway."""

    def gone(self, lag: Lag) -> None:
        """Forget its text."""
        self._texts.pop(lag.device.index, None)

    def close(self) -> None:
        """Nothing is open."""

    def view(self, lag: Lag) -> LagView:
        """As `lacp.inspect.bond` has it, without what is only counted."""
        shown = self._texts.get(lag.device.index)
        return lag_view(lag.device, list(lag.ports.values()), shown, self.netns)


def _mode(lag: Lag) -> int | None:
    return number(lag.device.driver.get(bond.MODE))
