from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.fsb_template_status_phase import FsbTemplateStatusPhase


@_attrs_define(kw_only=True)
class FsbTemplateStatus:
    """How far the preparing is."""

    phase: FsbTemplateStatusPhase
    """Pending, then Building, then Succeeded or Failed."""
    manifest_ref: str | Unset = UNSET
    """The reference of the prepared image, once there is one."""
    message: str | Unset = UNSET
    """What went wrong, or what is going on."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["phase"] = self.phase
        if not isinstance(self.manifest_ref, Unset):
            fields["manifestRef"] = self.manifest_ref
        if not isinstance(self.message, Unset):
            fields["message"] = self.message
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            phase=d.pop("phase"),
            manifest_ref=UNSET if (value := d.pop("manifestRef", None)) is None else value,
            message=UNSET if (value := d.pop("message", None)) is None else value,
            additional_properties=d,
        )
