"""Writes a value out as mappings, lists and what they hold.

Rules:

* Fields go by their Python names, or by their names in the API.
* What is left out is left out of the values inside as well, but never out of a mapping or a list.
* For JSON, times become text (ISO 8601, with Z for UTC) and durations seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import attrs

from ..exceptions import InvalidArgumentException

#: Whether a field with this value is left out.
LeftOut = Callable[["attrs.Attribute[Any]", Any], bool]


def name(attribute: attrs.Attribute[Any], by_alias: bool) -> str:
    """What a field is called."""
    return (by_alias and attribute.metadata.get("wire")) or attribute.name


def nothing(attribute: attrs.Attribute[Any], value: Any) -> bool:
    """Leaves nothing out."""
    return False


def leave_out(*, none: bool, defaults: bool) -> LeftOut:
    """Leaves out what is None, or what is as nobody has set it."""

    def left_out(attribute: attrs.Attribute[Any], value: Any) -> bool:
        return (none and value is None) or (defaults and value == default_of(attribute))

    return left_out


def default_of(attribute: attrs.Attribute[Any]) -> Any:
    """What a field is when nobody sets it; `attrs.NOTHING` when it has to be set."""
    default: Any = attribute.default
    return default.factory() if hasattr(default, "factory") else default


def written(value: Any, by_alias: bool, left_out: LeftOut = nothing) -> Any:
    """A value of ours as a mapping of its fields, whatever it is inside of; others as they are."""
    if attrs.has(type(value)):
        return {
            name(field, by_alias): written(inside, by_alias, left_out)
            for field in attrs.fields(type(value))
            if field.init and not left_out(field, inside := getattr(value, field.name))
        }
    if isinstance(value, list):
        return [written(item, by_alias, left_out) for item in value]
    if isinstance(value, dict):
        return {key: written(item, by_alias, left_out) for key, item in value.items()}
    return value


def as_json(value: Any) -> Any:
    """What was written out, made of what JSON has. Raises `InvalidArgumentException` otherwise."""
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return value.total_seconds()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise InvalidArgumentException(f"{type(value).__name__} cannot be written as JSON")
