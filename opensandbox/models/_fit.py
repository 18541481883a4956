"""Makes a value fit an annotation, or says why it does not.

Rules:

* Nothing is guessed: a number is no text, a bool no number, a text no list. Only a whole number
  may stand for a float, ISO 8601 text for a time, and a mapping for the model it describes.
* Lists and mappings are copied, so that a frozen value does not change with its maker's list.
* A time without a zone is taken for UTC.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, Union, get_args, get_origin

Fit = Callable[[Any], Any]
#: How a mapping becomes an instance of a class; None for classes that no mapping describes.
FromMapping = Callable[[type], Callable[[Mapping[str, Any]], object] | None]


class Misfit(Exception):
    """A value that does not fit: `value`, at `where` inside what was given, where `wanted` was."""

    def __init__(self, wanted: str, value: object, where: str = "") -> None:
        super().__init__(wanted)
        self.wanted, self.value, self.where = wanted, value, where


def fitter(annotation: Any, *, from_mapping: FromMapping) -> Fit:
    """The function that makes values fit `annotation`. It raises `Misfit` for those that do not."""
    origin, args = get_origin(annotation), get_args(annotation)
    if annotation is Any or annotation is object:
        return _anything
    if origin is Literal:
        return _one_of(args)
    if origin in (Union, types.UnionType):
        return _first_of([fitter(arg, from_mapping=from_mapping) for arg in args])
    if origin is list:
        return _list_of(fitter(args[0], from_mapping=from_mapping))
    if origin is dict:
        return _dict_of(fitter(args[1], from_mapping=from_mapping))
    if origin is Callable:
        return _callable
    return _PLAIN.get(annotation) or _instance_of(origin or annotation, from_mapping)


def _anything(value: Any) -> Any:
    return value


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        raise Misfit("a string", value)
    return value


def _whole_number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Misfit("a whole number", value)
    return value


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Misfit("a number", value)
    return float(value)


def _truth(value: Any) -> Any:
    if not isinstance(value, bool):
        raise Misfit("True or False", value)
    return value


def _nothing(value: Any) -> Any:
    if value is not None:
        raise Misfit("None", value)
    return value


def _callable(value: Any) -> Any:
    if not callable(value):
        raise Misfit("a function", value)
    return value


def _time(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise Misfit("a time", value) from None
    if not isinstance(value, datetime):
        raise Misfit("a time", value)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


_PLAIN: dict[Any, Fit] = {
    str: _text,
    int: _whole_number,
    float: _number,
    bool: _truth,
    type(None): _nothing,
    datetime: _time,
}


def _one_of(choices: tuple[Any, ...]) -> Fit:
    def fit(value: Any) -> Any:
        for choice in choices:
            if value == choice and isinstance(value, type(choice)):
                return choice
        raise Misfit(" or ".join(repr(choice) for choice in choices), value)

    return fit


def _first_of(fits: list[Fit]) -> Fit:
    def fit(value: Any) -> Any:
        misfits = []
        for candidate in fits:
            try:
                return candidate(value)
            except Misfit as misfit:
                misfits.append(misfit)
        # What is wrong further inside says more than what else would have done outside.
        inside = [misfit for misfit in misfits if misfit.where]
        if inside:
            raise inside[0]
        raise Misfit(" or ".join(misfit.wanted for misfit in misfits), value)

    return fit


def _list_of(item: Fit) -> Fit:
    def fit(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise Misfit("a list", value)
        return [_inside(item, entry, f"[{index}]") for index, entry in enumerate(value)]

    return fit


def _dict_of(item: Fit) -> Fit:
    def fit(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise Misfit("a mapping", value)
        for key in value:
            if not isinstance(key, str):
                raise Misfit("a mapping with strings for keys", key)
        return {key: _inside(item, entry, f"[{key!r}]") for key, entry in value.items()}

    return fit


def _inside(item: Fit, value: Any, where: str) -> Any:
    try:
        return item(value)
    except Misfit as misfit:
        raise Misfit(misfit.wanted, misfit.value, where + misfit.where) from None


def _instance_of(cls: type, from_mapping: FromMapping) -> Fit:
    build = from_mapping(cls)

    def fit(value: Any) -> Any:
        if isinstance(value, cls):
            return value
        if build is not None and isinstance(value, Mapping):
            return build(value)
        raise Misfit(f"{cls.__name__}", value)

    return fit
