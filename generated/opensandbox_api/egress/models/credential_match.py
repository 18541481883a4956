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
    """Which requests are meant. All of these have to fit; a list fits when one of its entries does."""

    hosts: list[str]
    """Host names, exact or with a leading `*.` for one more label."""
    schemes: list[CredentialMatchSchemesItem] | Unset = UNSET
    """Schemes of the address."""
    ports: list[int] | Unset = UNSET
    """Ports. Only 80 and 443 can be given, and they follow from the scheme anyway."""
    methods: list[str] | Unset = UNSET
    """Methods, in capitals."""
    paths: list[str] | Unset = UNSET
    """Paths, where `*` stands for anything."""
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
