from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    pass


@_attrs_define(kw_only=True)
class CredentialProxyConfig:
    """Whether requests that leave the sandbox are given credentials."""

    enabled: bool | Unset = UNSET
    """With true the egress sidecar puts in what its credential vault holds, and programs inside see
    placeholders only. It needs a network policy.
    """
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        if not isinstance(self.enabled, Unset):
            fields["enabled"] = self.enabled
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            enabled=UNSET if (value := d.pop("enabled", None)) is None else value,
            additional_properties=d,
        )
