"""The small values of the lifecycle API: JSON, times, quantities, labels. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeAlias

JSON: TypeAlias = bool | int | float | str | Sequence["JSON"] | Mapping[str, "JSON"] | None

_QUANTITY = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)(m|[kKMGTP]i?|)")
_FACTORS: dict[str, Decimal] = {
    "m": Decimal("0.001"),
    "": Decimal(1),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTP", 1)},
    **{unit + "i": Decimal(1024) ** power for power, unit in enumerate("KMGTP", 1)},
}
_LABEL_NAME = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_LABEL_PREFIX = re.compile(
    r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)*"
)


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def moment(value: datetime) -> str:
    """A time as the API writes it: UTC, microseconds, ``Z``."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def quantity(text: str) -> Decimal:
    """A number with a unit of Kubernetes: ``500m``, ``2``, ``512Mi``, ``1G``.

    Raises ValueError when it is not one.
    """
    found = _QUANTITY.fullmatch(text.strip())
    if found is None or found[2] not in _FACTORS:
        raise ValueError(f"{text!r} is not a quantity such as '500m', '2' or '512Mi'")
    return Decimal(found[1]) * _FACTORS[found[2]]


def label_problem(key: str, value: str) -> str | None:
    """What is wrong with one pair of metadata; None when nothing is.

    The rules are those of Kubernetes labels: a name of at most 63 characters with an optional
    DNS prefix before a slash, and a value of at most 63.
    """
    prefix, slash, name = key.rpartition("/")
    if slash and (len(prefix) > 253 or not _LABEL_PREFIX.fullmatch(prefix)):
        return f"metadata key {key!r}: what stands before the slash must be a DNS name"
    if not _LABEL_NAME.fullmatch(name):
        return (
            f"metadata key {key!r}: a name has 1 to 63 letters, digits, '-', '_' or '.', "
            "and begins and ends with a letter or digit"
        )
    if value and not _LABEL_NAME.fullmatch(value):
        return (
            f"metadata value {value!r} of {key!r}: a value has at most 63 letters, digits, "
            "'-', '_' or '.', and begins and ends with a letter or digit"
        )
    return None
