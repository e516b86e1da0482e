"""A descriptor that can be read at a chosen moment."""

from __future__ import annotations

import contextlib
import ctypes
import os
import time

from lacp.errors import BackendError

# linux/timerfd.h
_NONBLOCK_CLOEXEC = os.O_NONBLOCK | os.O_CLOEXEC


class _Moment(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Setting(ctypes.Structure):
    _fields_ = (("interval", _Moment), ("value", _Moment))


class Alarm:
    """Wakes who waits on `fileno`, once, at the earliest moment that was asked for."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._libc.timerfd_create(time.CLOCK_MONOTONIC, _NONBLOCK_CLOEXEC)
        if self._fd < 0:
            raise BackendError(f"cannot make a timer: {os.strerror(ctypes.get_errno())}")
        #: On the scale of `time.monotonic`; None while nothing is to come.
        self._at: float | None = None

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return int(self._fd)

    def close(self) -> None:
        """Close it."""
        os.close(self._fd)

    def at(self, moment: float) -> None:
        """Wake at this moment of `time.monotonic`, unless something is to come before."""
        if self._at is not None and self._at <= moment:
            return
        self._at = moment
        # A value of 0 would switch it off.
        left = max(1, round((moment - time.monotonic()) * 1e9))
        value = _Moment(left // 1_000_000_000, left % 1_000_000_000)
        setting = _Setting(_Moment(0, 0), value)
        self._libc.timerfd_settime(self._fd, 0, ctypes.byref(setting), None)

    def read(self) -> None:
        """Be quiet again until the next moment that is asked for."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._fd, 8)
            self._at = None
