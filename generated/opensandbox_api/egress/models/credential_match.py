from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.credential_match_schemes_item import CredentialMatchSchemesItem


@_attrs_define(kw_only=True)
class CredentialMatch:
    hosts: list[str]
    schemes: list[CredentialMatchSchemesItem] | Unset = UNSET
    ports: list[int] | Unset = UNSET
    methods: list[str] | Unset = UNSET
    paths: list[str] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["hosts"] = self.hosts
        if not isinstance(self.schemes, Unset):
            fields["schemes"] = self.schemes
        if not isinstance(self.ports, Unset):
            fields["ports"] = self.ports
        if not isinstance(self.methods, Unset):
            fields["methods"] = self.methods
        if not isinstance(self.paths, Unset):
            fields["paths"] = self.paths
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:

        d = dict(src_dict)
        return cls(
            hosts=list(d.pop("hosts", None) or ()),
            schemes=UNSET if (value := d.pop("schemes", None)) is None else list(value),
            ports=UNSET if (value := d.pop("ports", None)) is None else list(value),
            methods=UNSET if (value := d.pop("methods", None)) is None else list(value),
            paths=UNSET if (value := d.pop("paths", None)) is None else list(value),
            additional_properties=d,
        )
