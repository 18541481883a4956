"""Reading a JSON body field by field, collecting everything that is wrong with it. Pure.

- The names of problems (``missing``, ``int_parsing``, ...) are those the OpenSandbox server answers
  with, because programs read them.
- A field that is absent or null reads as None; unknown fields are left alone.
- A credential is not repeated in a problem.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from .faults import Malformed, Problem
from .values import JSON

_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,18}\s*")
_SECRET_FIELDS = frozenset({"auth", "password", "accessKeySecret", "accessKeyId"})
_TRUE = frozenset({"true", "1", "yes", "on", "t", "y"})
_FALSE = frozenset({"false", "0", "no", "off", "f", "n"})


def shown(value: JSON) -> JSON:
    """`value` without what must not be repeated."""
    if isinstance(value, Mapping):
        return {k: "***" if k in _SECRET_FIELDS else shown(v) for k, v in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [shown(item) for item in value]
    return value


class Fields:
    """The fields of one JSON object, and the problems found so far."""

    def __init__(
        self, value: Mapping[str, JSON], loc: tuple[str | int, ...], problems: list[Problem]
    ) -> None:
        self.value = value
        self.loc = loc
        self.problems = problems

    def problem(
        self,
        type: str,
        name: str | int | None,
        msg: str,
        value: JSON,
        ctx: Mapping[str, JSON] | None = None,
    ) -> None:
        """Adds a problem with the field `name`; None: with the object itself."""
        loc = self.loc if name is None else (*self.loc, name)
        self.problems.append(Problem(type, loc, msg, shown(value), ctx))

    def finish(self) -> None:
        """Raises Malformed when anything was wrong."""
        if self.problems:
            raise Malformed(self.problems)

    def _get(self, name: str, required: bool) -> JSON:
        value = self.value.get(name)
        if required and value is None and name not in self.value:
            self.problem("missing", name, "Field required", self.value)
        return value

    def text(
        self,
        name: str,
        *,
        required: bool = False,
        least: int = 0,
        most: int | None = None,
        pattern: str | None = None,
    ) -> str | None:
        """A string, its length and form checked."""
        value = self._get(name, required)
        if value is None:
            if required and name in self.value:
                self.problem("string_type", name, "Input should be a valid string", value)
            return None
        if not isinstance(value, str):
            self.problem("string_type", name, "Input should be a valid string", value)
            return None
        if len(value) < least:
            message = f"String should have at least {least} character{'s' if least != 1 else ''}"
            self.problem("string_too_short", name, message, value, {"min_length": least})
            return None
        if most is not None and len(value) > most:
            message = f"String should have at most {most} characters"
            self.problem("string_too_long", name, message, value, {"max_length": most})
            return None
        if pattern is not None and not re.search(pattern, value):
            message = f"String should match pattern '{pattern}'"
            self.problem("string_pattern_mismatch", name, message, value, {"pattern": pattern})
            return None
        return value

    def integer(
        self, name: str, *, least: int | None = None, most: int | None = None
    ) -> int | None:
        """A whole number, also written as a string or as a float without a fraction."""
        value = self._get(name, False)
        if value is None:
            return None
        number = self._whole(name, value)
        if number is None:
            return None
        if least is not None and number < least:
            message = f"Input should be greater than or equal to {least}"
            self.problem("greater_than_equal", name, message, value, {"ge": least})
            return None
        if most is not None and number > most:
            message = f"Input should be less than or equal to {most}"
            self.problem("less_than_equal", name, message, value, {"le": most})
            return None
        return number

    def _whole(self, name: str, value: JSON) -> int | None:
        if isinstance(value, int):
            return int(value)
        if isinstance(value, float):
            if value.is_integer():
                return int(value)
            message = "Input should be a valid integer, got a number with a fractional part"
            self.problem("int_from_float", name, message, value)
        elif isinstance(value, str):
            if _INTEGER.fullmatch(value):
                return int(value)
            message = "Input should be a valid integer, unable to parse string as an integer"
            self.problem("int_parsing", name, message, value)
        else:
            self.problem("int_type", name, "Input should be a valid integer", value)
        return None

    def flag(self, name: str) -> bool | None:
        """True or false, also in the words a query uses."""
        value = self._get(name, False)
        if value is None or isinstance(value, bool):
            return value
        word = str(value).lower() if isinstance(value, str | int) else ""
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
        message = "Input should be a valid boolean, unable to interpret input"
        self.problem("bool_parsing", name, message, value)
        return None

    def choice(self, name: str, choices: Sequence[str], *, required: bool = False) -> str | None:
        """One of `choices`."""
        value = self._get(name, required)
        if value is None and not (required and name in self.value):
            return None
        if isinstance(value, str) and value in choices:
            return value
        expected = " or ".join(repr(choice) for choice in choices)
        message = f"Input should be {expected}"
        self.problem("enum", name, message, value, {"expected": expected})
        return None

    def texts(self, name: str, *, required: bool = False, least: int = 0) -> tuple[str, ...] | None:
        """A list of strings."""
        value = self._list(name, required, least)
        if value is None:
            return None
        for position, item in enumerate(value):
            if not isinstance(item, str):
                inner = Fields({}, (*self.loc, name), self.problems)
                inner.problem("string_type", position, "Input should be a valid string", item)
        return tuple(item for item in value if isinstance(item, str))

    def _list(self, name: str, required: bool, least: int) -> Sequence[JSON] | None:
        value = self._get(name, required)
        if value is None and not (required and name in self.value):
            return None
        if isinstance(value, str) or not isinstance(value, Sequence):
            self.problem("list_type", name, "Input should be a valid list", value)
            return None
        if len(value) < least:
            message = (
                f"List should have at least {least} item{'s' if least != 1 else ''} "
                f"after validation, not {len(value)}"
            )
            context: dict[str, JSON] = {
                "field_type": "List",
                "min_length": least,
                "actual_length": len(value),
            }
            self.problem("too_short", name, message, value, context)
            return None
        return value

    def pairs(self, name: str) -> dict[str, str] | None:
        """An object whose values are strings."""
        value = self._get(name, False)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            self.problem("dict_type", name, "Input should be a valid dictionary", value)
            return None
        inner = Fields(value, (*self.loc, name), self.problems)
        for key, item in value.items():
            if not isinstance(item, str):
                inner.problem("string_type", key, "Input should be a valid string", item)
        return {key: item for key, item in value.items() if isinstance(item, str)}

    def object(self, name: str, *, required: bool = False) -> Fields | None:
        """An object within this one."""
        value = self._get(name, required)
        if value is None and not (required and name in self.value):
            return None
        return self._object(name, value, (*self.loc, name))

    def objects(self, name: str) -> tuple[Fields, ...]:
        """A list of objects; empty when absent."""
        value = self._list(name, False, 0)
        found = (
            self._object(None, item, (*self.loc, name, position))
            for position, item in enumerate(value or ())
        )
        return tuple(item for item in found if item is not None)

    def _object(self, name: str | None, value: JSON, loc: tuple[str | int, ...]) -> Fields | None:
        inner = Fields(value if isinstance(value, Mapping) else {}, loc, self.problems)
        if isinstance(value, Mapping):
            return inner
        message = "Input should be a valid dictionary or object to extract fields from"
        inner.problem("model_attributes_type", None, message, value)
        return None

    def time(self, name: str) -> datetime | None:
        """A required point in time; without a zone it is UTC."""
        value = self._get(name, True)
        if name not in self.value:
            return None
        if isinstance(value, str):
            try:
                parsed = datetime.fromisoformat(value.strip())
                parsed = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
                return parsed.astimezone(UTC)
            except (ValueError, OverflowError):
                message = "Input should be a valid datetime, invalid character or range"
                context: dict[str, JSON] = {"error": "invalid datetime"}
                self.problem("datetime_from_date_parsing", name, message, value, context)
                return None
        self.problem("datetime_type", name, "Input should be a valid datetime", value)
        return None


def body_fields(value: JSON) -> Fields:
    """The fields of a whole body; raises Malformed when it is no object."""
    fields = Fields(value if isinstance(value, Mapping) else {}, ("body",), [])
    if not isinstance(value, Mapping):
        if value is None:
            fields.problem("missing", None, "Field required", value)
        else:
            message = "Input should be a valid dictionary or object to extract fields from"
            fields.problem("model_attributes_type", None, message, value)
        fields.finish()
    return fields
