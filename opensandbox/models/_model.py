"""How the public values are made: frozen attrs classes that check what they are given.

Rules:

* `@model` on a subclass of `Model` makes its annotated fields keyword arguments. `field()` says
  more about one: its default, its name on the wire, what else must hold, whether it is secret.
* Arguments are checked against the annotations, and mappings become the models they stand for;
  what does not fit raises `InvalidArgumentException` naming the field and what was given.
* `@model(received=True)` is for what the server tells us: the constructor trusts its caller, so
  that unknown values pass through; `from_dict` checks all the same.
* The wire's name of a field is taken wherever its Python name is. Other names are refused.
* A secret never shows in `repr` or in an error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Literal,
    Self,
    TypeVar,
    dataclass_transform,
    get_type_hints,
    overload,
)

import attrs

from ..exceptions import InvalidArgumentException
from ._dump import as_json, default_of, leave_out, written
from ._dump import name as name_of
from ._fit import Misfit, fitter

_M = TypeVar("_M", bound="Model")

#: Says what is wrong with a value of the right type, or None when nothing is.
Check = Callable[[Any], str | None]


def field(
    *,
    default: Any = attrs.NOTHING,
    factory: Callable[[], Any] | None = None,
    kw_only: bool = True,
    init: bool = True,
    wire: str | None = None,
    read_as: str | None = None,
    check: Check | None = None,
    secret: bool = False,
) -> Any:
    """One field of a model.

    `wire` is its name in the API where that differs, and in `model_dump(by_alias=True)`; `read_as`
    is one that it is taken under, and not written. `check` says what is wrong with a value, as
    the end of the sentence "Model.field ...", or None. A `secret` shows neither in `repr` nor in
    errors.
    """
    return attrs.field(
        default=default,
        factory=factory,
        kw_only=kw_only,
        init=init,
        repr=init and not secret,
        eq=init,
        metadata={"wire": wire, "read_as": read_as, "check": check, "secret": secret},
    )


@overload
def model(cls: type[_M], /) -> type[_M]: ...
@overload
def model(*, received: bool) -> Callable[[type[_M]], type[_M]]: ...
@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
def model(
    cls: type[_M] | None = None, /, *, received: bool = False
) -> type[_M] | Callable[[type[_M]], type[_M]]:
    """Make a subclass of `Model` a frozen value; see the rules of this module."""
    if cls is None:
        return partial(_define, received=received)
    return _define(cls, received=received)


def _define(cls: type[_M], *, received: bool) -> type[_M]:
    # Without an __init__ of its own it gets `__attrs_init__`, and keeps the one of Model. How it is
    # compared and shown is Model's too: attrs compiles those for each class, and of the time that
    # importing the package took, a third went there.
    made = attrs.define(frozen=True, kw_only=True, init=False, eq=False, repr=False)(cls)
    made._received = received
    return made


class _Signature:
    """Tells `inspect.signature`, and with it `help()`, what the constructor takes."""

    def __get__(self, instance: object, owner: type[Model]) -> object:
        from inspect import Parameter, Signature

        return Signature(
            [
                Parameter(
                    attribute.name,
                    Parameter.KEYWORD_ONLY
                    if attribute.kw_only
                    else Parameter.POSITIONAL_OR_KEYWORD,
                    default=_shown_default(attribute),
                    annotation=attribute.type,
                )
                for attribute in attrs.fields(owner)
                if attribute.init
            ]
        )


def _shown_default(attribute: attrs.Attribute[Any]) -> object:
    from inspect import Parameter

    default = default_of(attribute)
    return Parameter.empty if default is attrs.NOTHING else default


class _Serializer:
    """Tells pydantic how to write a value that stands where it expects anything."""

    def __get__(self, instance: object, owner: type[Model]) -> Any:
        try:
            from ._pydantic import serializer
        except ImportError as error:  # whoever looks at all attributes does not mean pydantic
            raise AttributeError(f"there is no pydantic: {error}") from error
        return serializer(owner)


class Model:
    """What every public value can do."""

    __slots__ = ()
    __signature__ = _Signature()
    __pydantic_serializer__ = _Serializer()
    __attrs_attrs__: ClassVar[tuple[Any, ...]] = ()
    _received: ClassVar[bool] = False

    if TYPE_CHECKING:

        def __attrs_init__(self, **values: Any) -> None:
            """What attrs makes: assigns the fields, and checks nothing.

            On a new object it costs a quarter of what the constructor does, which only passes its
            keywords on: for what comes by the thousand.
            """

    def __init__(self, *args: Any, **values: Any) -> None:
        if not self._received or args:
            values = _accepted(type(self), args, values)
        try:
            self.__attrs_init__(**values)
        except TypeError:
            # A wire name, a misspelt one or a missing one.
            self.__attrs_init__(**_accepted(type(self), (), values))

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return _compared(self) == _compared(other)

    def __hash__(self) -> int:
        return hash((type(self), _compared(self)))

    def __repr__(self) -> str:
        shown = (
            f"{attribute.name}={getattr(self, attribute.name)!r}"
            for attribute in attrs.fields(type(self))
            if attribute.repr
        )
        return f"{type(self).__qualname__.rpartition('>.')[2]}({', '.join(shown)})"

    def to_dict(self, *, by_alias: bool = False) -> dict[str, Any]:
        """The fields by their Python names, nested models likewise.

        With `by_alias`, by their names in the API, as client 1.1.1 wrote them.
        """
        fields: dict[str, Any] = written(self, by_alias)
        return fields

    @classmethod
    def _as_received(cls, values: Mapping[str, Any]) -> Self:
        """What the server says, in a value that callers build too: nothing is checked, so that
        what only the server knows passes through.
        """
        made = cls.__new__(cls)
        made.__attrs_init__(**values)
        return made

    @classmethod
    def from_dict(cls, values: Mapping[str, Any] | Self) -> Self:
        """A model from a mapping with Python names or the API's; the reverse of `to_dict`.

        Raises `InvalidArgumentException` for what does not fit.
        """
        if isinstance(values, cls):
            return values
        if not isinstance(values, Mapping):
            raise InvalidArgumentException(
                f"{cls.__name__} is made from a mapping, got {type(values).__name__}"
            )
        # What is checked when built is checked there, once.
        return cls(**(_accepted(cls, (), dict(values)) if cls._received else values))

    def model_dump(
        self,
        *,
        mode: Literal["python", "json"] = "python",
        include: Collection[str] | None = None,
        exclude: Collection[str] | None = None,
        by_alias: bool = False,
        exclude_unset: bool = False,
        exclude_defaults: bool = False,
        exclude_none: bool = False,
    ) -> dict[str, Any]:
        """`to_dict` with a choice: of fields of this value by name, without what is None, without
        what is as nobody has set it (`exclude_unset` and `exclude_defaults` are the same here).

        Mode "json" writes times as text.
        """
        left_out = leave_out(none=exclude_none, defaults=exclude_unset or exclude_defaults)
        dumped: dict[str, Any] = written(self, by_alias, left_out)
        for field in attrs.fields(type(self)):
            if field.name in (exclude or ()) or (include is not None and field.name not in include):
                dumped.pop(name_of(field, by_alias), None)
        return as_json(dumped) if mode == "json" else dumped

    def model_dump_json(
        self,
        *,
        indent: int | None = None,
        include: Collection[str] | None = None,
        exclude: Collection[str] | None = None,
        by_alias: bool = False,
        exclude_unset: bool = False,
        exclude_defaults: bool = False,
        exclude_none: bool = False,
    ) -> str:
        """`model_dump` as JSON."""
        dumped = self.model_dump(
            mode="json",
            include=include,
            exclude=exclude,
            by_alias=by_alias,
            exclude_unset=exclude_unset,
            exclude_defaults=exclude_defaults,
            exclude_none=exclude_none,
        )
        separators = (",", ":") if indent is None else None
        return json.dumps(dumped, indent=indent, separators=separators, ensure_ascii=False)

    @classmethod
    def model_validate(cls, obj: Mapping[str, Any] | Self) -> Self:
        """`from_dict`, which takes a finished model as well."""
        return cls.from_dict(obj)

    @classmethod
    def model_validate_json(cls, json_data: str | bytes) -> Self:
        """`from_dict` of a JSON object. Raises `InvalidArgumentException` for anything else."""
        try:
            values = json.loads(json_data)
        except ValueError as error:
            raise InvalidArgumentException(
                f"{cls.__name__} cannot be read from what is not JSON: {error}", cause=error
            ) from error
        return cls.from_dict(values)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """For pydantic, which asks for it where a value is a field of a model of its own."""
        from ._pydantic import value_schema

        return value_schema(cls, handler)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        from ._pydantic import json_schema

        return json_schema(cls, schema, handler)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with some fields changed; `deep` copies what they hold as well."""
        values = {a.name: getattr(self, a.name) for a in attrs.fields(type(self)) if a.init}
        if deep:
            from copy import deepcopy

            values = deepcopy(values)
        return type(self)(**{**values, **(update or {})})


def _compared(value: Any) -> tuple[Any, ...]:
    """What makes one value the same as another."""
    return tuple(getattr(value, field.name) for field in attrs.fields(type(value)) if field.eq)


_Fields = dict[str, tuple["attrs.Attribute[Any]", Callable[[Any], Any]]]
_known_fields: dict[type[Model], _Fields] = {}


def _fields(cls: type[Model]) -> _Fields:
    """By Python name: each field and what makes a fitting value of what was given."""
    fields = _known_fields.get(cls)
    if fields is None:
        fields = _known_fields[cls] = _read_fields(cls)
    return fields


def _read_fields(cls: type[Model]) -> _Fields:
    hints = get_type_hints(cls)
    return {
        attribute.name: (attribute, fitter(hints[attribute.name], from_mapping=_from_mapping))
        for attribute in attrs.fields(cls)
        if attribute.init
    }


def _from_mapping(cls: type) -> Callable[[Mapping[str, Any]], object] | None:
    """How a mapping becomes a `cls`, for those classes where it can."""
    return cls.from_dict if isinstance(cls, type) and issubclass(cls, Model) else None


def _accepted(cls: type[Model], args: tuple[Any, ...], values: dict[str, Any]) -> dict[str, Any]:
    """What was given, checked and by Python names."""
    fields = _fields(cls)
    wires = {
        other: name
        for name, (attribute, _) in fields.items()
        for other in (attribute.metadata.get("wire"), attribute.metadata.get("read_as"))
        if other
    }
    found: dict[str, Any] = _positional(cls, args)
    for given, value in values.items():
        name = given if given in fields else wires.get(given)
        if name is None:
            raise _unknown(cls, given, [*fields, *wires])
        if name in found:
            raise InvalidArgumentException(f"{cls.__name__}.{name} was given twice")
        found[name] = value
    for name, (attribute, _) in fields.items():
        if name not in found and attribute.default is attrs.NOTHING:
            raise InvalidArgumentException(f"{cls.__name__}.{name} is required")
    return {name: _fitted(cls, *fields[name], value) for name, value in found.items()}


def _positional(cls: type[Model], args: tuple[Any, ...]) -> dict[str, Any]:
    names = [a.name for a in attrs.fields(cls) if a.init and not a.kw_only]
    if len(args) > len(names):
        raise InvalidArgumentException(
            f"{cls.__name__} takes keyword arguments, got {len(args)} without a keyword"
        )
    return dict(zip(names, args, strict=False))


def _unknown(cls: type[Model], given: str, names: list[str]) -> InvalidArgumentException:
    from difflib import get_close_matches

    near = get_close_matches(str(given), names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(_fields(cls))}"
    return InvalidArgumentException(f"{cls.__name__} has no field {given!r}; {hint}")


def _fitted(
    cls: type[Model], attribute: attrs.Attribute[Any], fit: Callable[[Any], Any], value: Any
) -> Any:
    secret = attribute.metadata.get("secret")
    try:
        value = fit(value)
    except Misfit as misfit:
        got = f"{type(misfit.value).__name__}" if secret else _shown(misfit.value)
        raise InvalidArgumentException(
            f"{cls.__name__}.{attribute.name}{misfit.where} must be {misfit.wanted}, got {got}"
        ) from None
    check = attribute.metadata.get("check")
    wrong = check(value) if check is not None and value is not None else None
    if wrong is not None:
        got = "" if secret else f", got {_shown(value)}"
        raise InvalidArgumentException(f"{cls.__name__}.{attribute.name} {wrong}{got}")
    return value


def _shown(value: object) -> str:
    """A value in an error: short, and never what a mapping holds, which may be secret."""
    if isinstance(value, str | bytes | int | float | bool | None):
        text = repr(value)
        return text if len(text) <= 100 else f"{text[:100]}…"
    if isinstance(value, Model):
        return repr(value)
    return f"{type(value).__name__}" if not isinstance(value, list) or value else "[]"
