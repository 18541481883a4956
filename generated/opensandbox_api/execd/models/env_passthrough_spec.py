from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.env_passthrough_spec_mode import EnvPassthroughSpecMode


@_attrs_define(kw_only=True)
class EnvPassthroughSpec:
    """Which environment variables are passed on."""

    mode: EnvPassthroughSpecMode | Unset = UNSET
    """Whether `keys` are those that are passed (`allow`) or those that are not (`deny`)."""
    keys: list[str] | Unset = UNSET
    """Names of variables."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        if not isinstance(self.mode, Unset):
            fields["mode"] = self.mode
        if not isinstance(self.keys, Unset):
            fields["keys"] = self.keys
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            mode=UNSET if (value := d.pop("mode", None)) is None else value,
            keys=UNSET if (value := d.pop("keys", None)) is None else list(value),
            additional_properties=d,
        )
