"""Lets pydantic hold our values: as fields of its models, in a `TypeAdapter`, in FastAPI's answers.

Rules:

* Loaded when pydantic asks for it, and by nobody else: this package does not need pydantic.
* What comes in is checked by the value itself. What goes out is written by pydantic, field by
  field, so that all of its options count; the JSON schema tells of the same fields.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

import attrs
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter
from pydantic.errors import PydanticSchemaGenerationError
from pydantic_core import CoreSchema, SchemaSerializer, core_schema

from ._dump import name


def value_schema(cls: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
    """How pydantic reads and writes a model of ours."""
    hints = get_type_hints(cls)
    fields = {
        field.name: _field(field, _inside(hints[field.name], handler))
        for field in attrs.fields(cls)
        if field.init
    }
    shape = core_schema.typed_dict_schema(fields)
    return core_schema.no_info_wrap_validator_function(
        lambda value, _: cls.model_validate(value),
        shape,
        ref=f"{cls.__module__}.{cls.__qualname__}:{id(cls)}",
        serialization=core_schema.wrap_serializer_function_ser_schema(
            lambda value, write: write({field: getattr(value, field) for field in fields}),
            schema=shape,
        ),
    )


_serializers: dict[type[Any], SchemaSerializer] = {}


def serializer(cls: type[Any]) -> SchemaSerializer:
    """What writes a model of ours."""
    made = _serializers.get(cls)
    if made is None:
        adapter: TypeAdapter[Any] = TypeAdapter(cls)
        made = _serializers[cls] = adapter.serializer
    return made


def json_schema(
    cls: type[Any], schema: CoreSchema, handler: GetJsonSchemaHandler
) -> dict[str, Any]:
    """The JSON schema of a model of ours, with its name and its docstring."""
    told = handler(schema)
    handler.resolve_ref_schema(told).update(
        {"title": cls.__name__, "description": inspect.cleandoc(cls.__doc__ or "")}
    )
    return told


def _inside(hint: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
    try:
        return handler.generate_schema(hint)
    except PydanticSchemaGenerationError:  # an open file, a function
        return core_schema.any_schema()


def _field(field: attrs.Attribute[Any], schema: CoreSchema) -> core_schema.TypedDictField:
    required = field.default is attrs.NOTHING
    if not required:
        schema = core_schema.with_default_schema(schema, **_default(field.default))
    alias = name(field, by_alias=True)
    return core_schema.typed_dict_field(
        schema, required=required, validation_alias=alias, serialization_alias=alias
    )


def _default(default: Any) -> dict[str, Any]:
    factory = getattr(default, "factory", None)
    return {"default": default} if factory is None else {"default_factory": factory}


def config_schema(
    read: Callable[[Any], Any], written: Callable[[Any], dict[str, Any]]
) -> CoreSchema:
    """How pydantic reads and writes what has functions of its own for both."""
    return core_schema.no_info_plain_validator_function(
        read, serialization=core_schema.plain_serializer_function_ser_schema(written)
    )
