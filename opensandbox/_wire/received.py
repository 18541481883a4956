"""Turns what the generated clients parsed into public values field by field, checking nothing.

Rules:

* A field of the value is the attribute of the same name (with a `_` after it where Python has a
  name like that itself); what is absent or null keeps its default.
* What only the server knows passes through; a value without a default that is missing is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import attrs

from opensandbox_api.types import Unset

from ..exceptions import SandboxInternalException
from ..models._model import Model

M = TypeVar("M", bound=Model)
T = TypeVar("T")

#: Which fields hold values of their own, and of which kind.
Nested = Mapping[str, type[Model]]


def optional(value: T | Unset | None) -> T | None:
    """`value`, with what was left out as None."""
    return None if isinstance(value, Unset) else value


def received(kind: type[M], answer: object, nested: Nested | None = None) -> M:
    """A `kind` with the attributes of `answer`; those named in `nested` are values likewise."""
    kinds = nested or {}
    values: dict[str, Any] = {}
    for attribute in attrs.fields(kind):
        value = getattr(answer, attribute.name, getattr(answer, f"{attribute.name}_", None))
        if value is None or isinstance(value, Unset):
            if attribute.default is attrs.NOTHING:
                raise SandboxInternalException(
                    f"the answer does not say {attribute.name} of a {kind.__name__}"
                )
            continue
        inner = kinds.get(attribute.name)
        values[attribute.name] = _plain(value) if inner is None else _inner(inner, value, kinds)
    return kind._as_received(values)


def _inner(kind: type[Model], value: object, nested: Nested) -> object:
    if isinstance(value, list):
        return [received(kind, item, nested) for item in value]
    return received(kind, value, nested)


def _plain(value: object) -> object:
    """Mappings and lists as they are built in; the generated models derive from them."""
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, list) else value
