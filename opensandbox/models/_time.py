"""Durations as people give them: seconds as a number, or a timedelta.

Everything in this package counts in seconds; milliseconds exist on the wire only.
"""

from __future__ import annotations

import math
from datetime import timedelta

from ..exceptions import InvalidArgumentException

#: A duration: a number of seconds, or a timedelta.
Seconds = float | timedelta


def seconds(value: Seconds, name: str, *, at_least: float | None = None) -> float:
    """The duration `value` as a number of seconds, checked.

    `name` is what the error calls it. Without `at_least` the duration must be more than 0;
    with it, that many seconds or more. Raises `InvalidArgumentException` for anything else.
    """
    if isinstance(value, timedelta):
        number = value.total_seconds()
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
    else:
        raise InvalidArgumentException(
            f"{name} must be a number of seconds or a timedelta, got {value!r}"
        )
    if math.isnan(number) or math.isinf(number):
        raise InvalidArgumentException(f"{name} must be a finite number of seconds, got {value!r}")
    if at_least is None and number <= 0:
        raise InvalidArgumentException(f"{name} must be more than 0 seconds, got {number:g}")
    if at_least is not None and number < at_least:
        raise InvalidArgumentException(
            f"{name} must be at least {at_least:g} seconds, got {number:g}"
        )
    return number


def optional_seconds(
    value: Seconds | None, name: str, *, at_least: float | None = None
) -> float | None:
    """As `seconds`, where None stays None."""
    return None if value is None else seconds(value, name, at_least=at_least)
