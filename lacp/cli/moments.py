"""Moments in documents, as local time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date, datetime


def time_of_day(time: Any) -> str:
    """The local time of day, to the millisecond; what is no moment as it is."""
    moment = _moment(time)
    if moment is None:
        return str(time)
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"


def day(time: Any) -> date | None:
    """The local day."""
    moment = _moment(time)
    return None if moment is None else moment.date()


def _moment(time: Any) -> datetime | None:
    from datetime import datetime

    try:
        return datetime.fromisoformat(time).astimezone()
    except (TypeError, ValueError, OverflowError, OSError):
        return None
