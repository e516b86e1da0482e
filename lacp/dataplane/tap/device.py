"""A TAP device: a network interface whose other side is a file (linux/if_tun.h, tun(4))."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import struct

from lacp.address import Mac
from lacp.errors import BackendError

log = logging.getLogger(__name__)

_PATH = "/dev/net/tun"

_TUNSETIFF = 0x400454CA
_TUNSETPERSIST = 0x400454CB
_TUNSETOFFLOAD = 0x400454D0
_TUNSETCARRIER = 0x400454E2
_SIOCSIFHWADDR = 0x8924
_IFF_TAP = 0x0002
_IFF_NO_PI = 0x1000
_IFF_VNET_HDR = 0x4000
_ARPHRD_ETHER = 1

#: What may come out of the device: frames without their last checksum, and TCP in pieces of up to
#: 64 KiB, which the interface that sends them, or the kernel for it, completes and cuts.
_TCP_OFFLOADS = 0x01 | 0x02 | 0x04 | 0x08
#: The same for UDP, since Linux 6.2.
_UDP_OFFLOADS = 0x20 | 0x40

_IFREQ_FLAGS = struct.Struct("16sH22x")
_IFREQ_ADDRESS = struct.Struct("16sH14s8x")


def missing() -> str | None:
    """Why there can be no TAP device here; None when there can."""
    try:
        descriptor = os.open(_PATH, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        return f"{_PATH}: {error.strerror} (the kernel's module tun)"
    os.close(descriptor)
    return None


class Tap:
    """One TAP device, held open. Each frame has a `struct virtio_net_hdr` in front."""

    def __init__(self, name: str) -> None:
        """Make the device, or take up one of this name that nobody holds. Raises BackendError."""
        self.name = name
        self._carrier = True
        try:
            self._fd = os.open(_PATH, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise BackendError(f"{name}: cannot open {_PATH}: {error.strerror}") from error
        flags = _IFF_TAP | _IFF_NO_PI | _IFF_VNET_HDR
        try:
            self._tell(_TUNSETIFF, _IFREQ_FLAGS.pack(os.fsencode(name), flags), "be made")
            try:
                fcntl.ioctl(self._fd, _TUNSETOFFLOAD, _TCP_OFFLOADS | _UDP_OFFLOADS)
            except OSError:
                self._tell(_TUNSETOFFLOAD, _TCP_OFFLOADS, "hand over large frames")
        except BackendError:
            os.close(self._fd)
            raise

    def fileno(self) -> int:
        """The file of frames."""
        return self._fd

    def set_carrier(self, up: bool) -> None:
        """Show carrier or none to the users of the device (Linux 5.0)."""
        if up is not self._carrier:
            log.debug("%s: switching carrier %s", self.name, "on" if up else "off")
            self._tell(_TUNSETCARRIER, struct.pack("=I", up), "have its carrier set")
            self._carrier = up

    def set_address(self, address: Mac) -> None:
        """Give the device its address."""
        request = _IFREQ_ADDRESS.pack(os.fsencode(self.name), _ARPHRD_ETHER, address)
        self._tell(_SIOCSIFHWADDR, request, f"have address {address}")

    def keep(self, kept: bool) -> None:
        """Have the device outlive this process, or no longer."""
        self._tell(_TUNSETPERSIST, int(kept), "be kept")

    def close(self) -> None:
        """Let go of the device, which is removed unless it is to be kept."""
        os.close(self._fd)

    def _tell(self, request: int, argument: bytes | int, what: str) -> None:
        try:
            fcntl.ioctl(self._fd, request, argument)
        except OSError as error:
            raise BackendError(f"{self.name}: cannot {what}: {_reason(error)}") from error


def _reason(error: OSError) -> str:
    match error.errno:
        case errno.EBUSY:
            return "another process holds the device"
        case errno.EINVAL:
            exists = "a device of this name exists that is no TAP device of ours"
            return f"{exists}, or the kernel takes no such name"
        case errno.EPERM:
            return "not permitted; lacpd needs CAP_NET_ADMIN (run it as root)"
        case _:
            return error.strerror or str(error)
