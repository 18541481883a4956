"""When something runs again and again: a cron line, a name for one, or an interval. Pure.

- A cron line has five fields: minute, hour, day, month, weekday. Each is ``*`` or ``?``, a value, a
  range, or several with commas; ``/n`` takes every n-th. Months and weekdays have English names of
  three letters; 7 is Sunday as well. Where both day and weekday are given, one of them is enough.
- ``@every`` takes whole hours, minutes and seconds: ``@every 1h30m``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from time import struct_time
from typing import NoReturn, TypeAlias

_NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_EVERY = re.compile(r"(?:([0-9]{1,6})h)?(?:([0-9]{1,8})m)?(?:([0-9]{1,9})s)?")
_PART = re.compile(r"(\*|\?|[0-9a-z]+)(?:-([0-9a-z]+))?(?:/([0-9]{1,3}))?")


class InvalidSchedule(ValueError):
    """A schedule that cannot be read; the text says why."""


@dataclass(frozen=True)
class Every:
    """At an interval, the first time after one."""

    seconds: int


@dataclass(frozen=True)
class Cron:
    """In the minutes that fit, by the local time of whoever looks."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool
    """Whether a day that fits by its number or by its weekday is enough."""

    def fits(self, moment: struct_time) -> bool:
        """Whether the minute of `moment` is meant."""
        by_number = moment.tm_mday in self.days
        by_weekday = (moment.tm_wday + 1) % 7 in self.weekdays  # Here, Monday is 0.
        day = (by_number or by_weekday) if self.either_day else (by_number and by_weekday)
        return (
            moment.tm_min in self.minutes
            and moment.tm_hour in self.hours
            and moment.tm_mon in self.months
            and day
        )


Schedule: TypeAlias = Every | Cron


def parse(text: str) -> Schedule:
    """The schedule that `text` says. Raises InvalidSchedule."""
    words = text.lower().split()
    if words and words[0] == "@every":
        return _every(text, "".join(words[1:]))
    if len(words) == 1:
        words = _NAMED.get(words[0], "").split()
    if len(words) != 5:
        _refuse(text, "it is neither five fields, nor a name such as @hourly, nor @every 30s")
    minute, hour, day, month, weekday = words
    weekdays = _values(text, weekday, 0, 7, _WEEKDAYS, 0)
    return Cron(
        minutes=_values(text, minute, 0, 59),
        hours=_values(text, hour, 0, 23),
        days=_values(text, day, 1, 31),
        months=_values(text, month, 1, 12, _MONTHS, 1),
        weekdays=frozenset(value % 7 for value in weekdays),
        either_day=day[0] not in "*?" and weekday[0] not in "*?",
    )


def _every(text: str, length: str) -> Every:
    found = _EVERY.fullmatch(length)
    hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    total = hours * 3600 + minutes * 60 + seconds
    if total < 1:
        _refuse(text, "@every takes whole hours, minutes and seconds, as in @every 1h30m")
    return Every(total)


def _values(
    text: str, field: str, least: int, most: int, names: tuple[str, ...] = (), first: int = 0
) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            _refuse(text, f"{part!r} is no part of a field")
        begin, end, step = match.groups()
        if begin in "*?":
            low, high = least, most
        else:
            low = _value(text, begin, names, first)
            # A step without an end goes on to the last one there is.
            high = low if end is None and step is None else most
        if end is not None:
            high = _value(text, end, names, first)
        if not least <= low <= high <= most or step == "0" or (begin in "*?" and end is not None):
            _refuse(text, f"{part!r} is not within {least} and {most}")
        found.update(range(low, high + 1, int(step or 1)))
    return frozenset(found)


def _value(text: str, word: str, names: tuple[str, ...], first: int) -> int:
    if word in names:
        return names.index(word) + first
    if not word.isdecimal() or len(word) > 2:
        _refuse(text, f"{word!r} is no value here")
    return int(word)


def _refuse(text: str, why: str) -> NoReturn:
    raise InvalidSchedule(f"schedule {text[:100]!r}: {why}")
