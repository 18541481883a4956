from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.platform_spec_arch import PlatformSpecArch
    from ..models.platform_spec_os import PlatformSpecOs


@_attrs_define(kw_only=True)
class PlatformSpec:
    """An operating system and a processor."""

    os: PlatformSpecOs
    """The operating system."""
    arch: PlatformSpecArch
    """The processor."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["os"] = self.os
        fields["arch"] = self.arch
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            os=d.pop("os"),
            arch=d.pop("arch"),
            additional_properties=d,
        )
