from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.hardening_layer_state_state import HardeningLayerStateState


@_attrs_define(kw_only=True)
class HardeningLayerState:
    """One means of protection."""

    state: HardeningLayerStateState | Unset = UNSET
    """Whether it works (`active`), was not asked for (`disabled`), was asked for and lacks something
    (`degraded`), or cannot be had here (`unsupported`).
    """
    message: str | Unset = UNSET
    """Why, unless it is active."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        if not isinstance(self.state, Unset):
            fields["state"] = self.state
        if not isinstance(self.message, Unset):
            fields["message"] = self.message
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            state=UNSET if (value := d.pop("state", None)) is None else value,
            message=UNSET if (value := d.pop("message", None)) is None else value,
            additional_properties=d,
        )
