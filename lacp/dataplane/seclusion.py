"""Keeps the host's own network stack off a port, and gives the port back as it was.

A port of this dataplane has no master in the kernel, so the host's stack hears all that arrives
there as well as the team device does. Without this, an IPv4 packet to the team would be delivered
twice. The frames of packet sockets are copied before; link watchers' ARP and ICMPv6, and LACP, go
on as before.
"""

from __future__ import annotations

import errno
import logging
import socket
import struct
from dataclasses import dataclass, field
from pathlib import Path

from lacp.address import Mac
from lacp.dataplane import ioctls
from lacp.errors import BackendError
from lacp.netlink.codec import attribute
from lacp.netlink.sockets import KernelRefused, Requests
from lacp.txhash.bpf import RET_K, Instruction, octets

log = logging.getLogger(__name__)

#: The stack is told to do without the port: no IPv6, and no answers to ARP.
_SETTINGS = {"ipv6/conf/{}/disable_ipv6": "1", "ipv4/conf/{}/arp_ignore": "8"}
_PROC = Path("/proc/sys/net")

# linux/rtnetlink.h, linux/pkt_sched.h, linux/pkt_cls.h
_RTM_NEWQDISC, _RTM_DELQDISC = 36, 37
_RTM_NEWTFILTER, _RTM_DELTFILTER = 44, 45
_NLM_F_CREATE = 0x400
_NLM_F_EXCL = 0x200
_CLSACT = 0xFFFFFFF1
_CLSACT_HANDLE = 0xFFFF0000
_INGRESS = 0xFFFFFFF2
_TC_ACT_SHOT = 2
_TCA_KIND, _TCA_OPTIONS = 1, 2
_TCA_BPF_OPS_LEN, _TCA_BPF_OPS, _TCA_BPF_FLAGS = 4, 5, 8
_ETH_P_IP = 0x0800
#: Before filters of others; the number tells ours from theirs of the same preference.
_PREFERENCE = 1
_HANDLE = 0x1ACB
_TCMSG = struct.Struct("=BxHiIII")


@dataclass(slots=True)
class Seclusion:
    """What was changed at a port, and has to be undone."""

    port: str
    index: int
    #: Files below /proc/sys/net, and what they held.
    settings: dict[str, str] = field(default_factory=dict)
    #: A filter was put in, and the place for filters.
    filter: bool = False
    place: bool = False
    #: It was down before.
    down: bool = False
    #: What the port had before it was changed; None while it was not.
    mtu: int | None = None
    address: str | None = None


def seclude(port: str, index: int, down: bool) -> tuple[Seclusion, str | None]:
    """Keep the host's stack off a port, which is `down`; with what could not be done, and why."""
    done = Seclusion(port, index, down=down)
    _warn_of_address(port)
    log.info("%s: switching IPv6 and answers to ARP off, it is a port now", port)
    refusals = [_change(done, name.format(port), value) for name, value in _SETTINGS.items()]
    log.info("%s: filtering IPv4 away from the host's own stack (tc ingress)", port)
    try:
        _filter(done)
    except BackendError as refused:
        refusals.append(f"the kernel takes no tc filter ({refused})")
    said = ", ".join(filter(None, refusals))
    if said:
        return done, f"{port}: {said}: this host may hear twice, or answer twice, what is for it"
    return done, None


def left_behind(port: str, index: int, down: bool) -> Seclusion | None:
    """What a process that was killed has left of keeping the stack off a port, to be undone.

    None when the port does not look like that. What its settings were before nobody knows: they
    become the kernel's defaults.
    """
    paths = {name.format(port): value for name, value in _SETTINGS.items()}
    try:
        changed = all((_PROC / path).read_text().strip() == value for path, value in paths.items())
    except OSError:
        return None
    if not changed:
        return None
    settings = dict.fromkeys(paths, "0")
    return Seclusion(port, index, settings=settings, filter=True, place=True, down=down)


def _change(done: Seclusion, path: str, value: str) -> str:
    """Change a setting of the port; why not, or empty."""
    try:
        before = (_PROC / path).read_text().strip()
        if before != value:
            (_PROC / path).write_text(value)
            done.settings[path] = before
    except FileNotFoundError:
        # A kernel without IPv6 has nothing to switch off.
        return ""
    except OSError as error:
        return f"cannot set /proc/sys/net/{path} to {value} ({error.strerror})"
    return ""


def reveal(done: Seclusion) -> list[str]:
    """Undo it, as far as it is still there; what could not be undone."""
    try:
        port = socket.if_indextoname(done.index)
    except OSError:
        return []
    log.info("%s: giving it back to the host's own stack", port)
    failed = []
    for path, value in done.settings.items():
        try:
            (_PROC / path).write_text(value)
        except OSError as error:
            failed.append(f"{port}: /proc/sys/net/{path} stays changed: {error.strerror}")
    try:
        _unfilter(done)
    except BackendError as refused:
        failed.append(f"{port}: the tc filter stays: {refused}")
    try:
        if done.mtu is not None:
            ioctls.set_mtu(port, done.mtu)
        if done.address is not None:
            ioctls.set_address(port, Mac.parse(done.address))
        if done.down:
            log.info("%s: setting it down, as it was", port)
            ioctls.set_down(port)
    except OSError as error:
        failed.append(f"{port}: MTU, address or state stay changed: {error.strerror}")
    return failed


def _warn_of_address(port: str) -> None:
    try:
        found = ioctls.ipv4(port)
    except OSError:
        return
    log.warning("%s: has IPv4 address %s, which cannot be reached while it is a port", port, found)


def _filter(done: Seclusion) -> None:
    requests = Requests(socket.NETLINK_ROUTE)
    try:
        body = _TCMSG.pack(0, 0, done.index, _CLSACT_HANDLE, _CLSACT, 0)
        try:
            requests.ask(_RTM_NEWQDISC, body + _kind(b"clsact"), _NLM_F_CREATE | _NLM_F_EXCL)
            done.place = True
        except KernelRefused as refused:
            # Somebody has filters of his own there.
            if refused.number != errno.EEXIST:
                raise
        drop = octets([Instruction(RET_K, 0, 0, _TC_ACT_SHOT)])
        options = (
            attribute(_TCA_BPF_OPS_LEN, struct.pack("=H", 1))
            + attribute(_TCA_BPF_OPS, drop)
            + attribute(_TCA_BPF_FLAGS, struct.pack("=I", 1))
        )
        message = _filter_message(done.index) + attribute(_TCA_OPTIONS, options)
        # Not exclusively: one that a crash has left is replaced.
        requests.ask(_RTM_NEWTFILTER, message, _NLM_F_CREATE)
        done.filter = True
    finally:
        requests.close()


def _unfilter(done: Seclusion) -> None:
    requests = Requests(socket.NETLINK_ROUTE)
    try:
        if done.filter:
            requests.ask(_RTM_DELTFILTER, _filter_message(done.index))
        if done.place:
            body = _TCMSG.pack(0, 0, done.index, _CLSACT_HANDLE, _CLSACT, 0)
            requests.ask(_RTM_DELQDISC, body)
    except KernelRefused as refused:
        # Somebody was faster.
        if refused.number not in (errno.ENOENT, errno.EINVAL):
            raise
    finally:
        requests.close()


def _filter_message(index: int) -> bytes:
    info = _PREFERENCE << 16 | socket.htons(_ETH_P_IP)
    return _TCMSG.pack(0, 0, index, _HANDLE, _INGRESS, info) + _kind(b"bpf")


def _kind(name: bytes) -> bytes:
    return attribute(_TCA_KIND, name + b"\0")
