"""One bond, as its driver has it: sets what differs."""

from __future__ import annotations

import errno
import logging
from collections.abc import Mapping

from lacp.dataplane.bond import options
from lacp.dataplane.master import Master, Port
from lacp.errors import BackendError
from lacp.netlink import bond
from lacp.netlink.bond import ACTIVE_SLAVE, MODES, words
from lacp.netlink.codec import integer, u32
from lacp.netlink.sockets import KernelRefused

log = logging.getLogger(__name__)

#: What a driver does that has no such setting, where that is not 0.
_WITHOUT = {bond.AD_LACP_ACTIVE: b"\1"}


class Driver:
    """Tells the driver of `master` what to do."""

    def __init__(self, master: Master) -> None:
        self._master = master

    @property
    def mode(self) -> int:
        """The mode of the bond."""
        return integer(self._has()[bond.MODE])

    def _has(self) -> dict[int, bytes]:
        found = self._master.links.driver(self._master.index)
        if bond.MODE not in found:
            raise BackendError(f"{self._master.name}: the device is gone")
        return found

    def set(self, settings: Mapping[int, bytes]) -> None:
        """Set those that differ. Raises BackendError when one is refused.

        One at a time: a message that is refused may have done half of what it says.
        """
        has = self._has()
        for key, value in settings.items():
            if has.get(key, _WITHOUT.get(key, bytes(len(value)))) == value:
                continue
            self._set_one(key, value)
            if key not in has:
                # It ignores what it does not know.
                name, said = self._master.name, words({key: value})
                log.warning("%s: this kernel's bonding driver cannot set %s", name, said)

    def _set_one(self, key: int, value: bytes) -> None:
        master, said = self._master, words({key: value})
        log.info("%s: setting %s", master.name, said)
        try:
            master.links.tell_driver(master.index, bond.KIND, {key: value})
        except KernelRefused as refused:
            if key == bond.XMIT_HASH_POLICY and integer(value) == options.VLAN_SRCMAC:
                log.warning("%s: the kernel has no hash policy vlan+srcmac", master.name)
                self.set(options.without_vlan())
                return
            raise BackendError(f"{master.name}: cannot set {said}: {_why(refused)}") from refused

    def expect_mode(self, mode: int) -> None:
        """Raises BackendError when the bond, which somebody else has made, has another mode."""
        if self.mode != mode:
            raise BackendError(
                f"{self._master.name}: found a bond of mode {MODES[self.mode]}, "
                f"expected {MODES[mode]}: -r makes it anew"
            )

    def set_port(self, port: Port, settings: Mapping[int, bytes]) -> None:
        """Set what differs of a port; what this kernel knows nothing of stays as it is."""
        links = self._master.links
        has = links.driver_above(port.index)
        for key, value in settings.items():
            if has.get(key, value) == value:
                continue
            what = {bond.PORT_QUEUE_ID: "queue_id", bond.PORT_PRIO: "prio"}[key]
            said = f"{what} to {integer(value, signed=key == bond.PORT_PRIO)}"
            log.info("%s: setting %s %s", self._master.name, port.name, said)
            try:
                links.tell_driver_above(port.index, bond.KIND, {key: value})
            except KernelRefused as refused:
                beyond = key == bond.PORT_QUEUE_ID and refused.number == errno.EPERM
                why = "the bond has fewer queues" if beyond else _why(refused)
                text = f"{self._master.name}: cannot set {port.name} {said}: {why}"
                raise BackendError(text) from refused

    def active(self) -> int | None:
        """The index of the active port; None when there is none."""
        found = self._master.links.driver(self._master.index).get(ACTIVE_SLAVE)
        return None if found is None else integer(found)

    def activate(self, port: Port) -> bool:
        """Make a port the active one, unless it is; False while the driver does not take it."""
        if self.active() == port.index:
            return True
        log.info("%s: making %s the active port", self._master.name, port.name)
        value = u32(port.index)
        try:
            self._master.links.tell_driver(self._master.index, bond.KIND, {ACTIVE_SLAVE: value})
        except KernelRefused as refused:
            log.debug("%s: not yet: %s", self._master.name, refused)
        # The driver does not say when it would not.
        return self.active() == port.index


def _why(refused: KernelRefused) -> str:
    match refused.number:
        case errno.EBUSY:
            return "the device has to be down for it"
        case errno.ENOTEMPTY:
            return "there must be no ports for it"
        case errno.EPERM:
            return "it needs CAP_NET_ADMIN"
    return str(refused)
