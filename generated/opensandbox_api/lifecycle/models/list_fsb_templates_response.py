from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models

if TYPE_CHECKING:
    from ..models.fsb_template import FsbTemplate
    from ..models.pagination_info import PaginationInfo


@_attrs_define(kw_only=True)
class ListFsbTemplatesResponse:
    """One page of templates."""

    items: list[FsbTemplate]
    """The templates of this page, newest first."""
    pagination: PaginationInfo
    """Which page of a listing an answer is."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["items"] = [item.to_dict() for item in self.items]
        fields["pagination"] = self.pagination.to_dict()
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            items=[models.FsbTemplate.from_dict(item) for item in d.pop("items", None) or ()],
            pagination=models.PaginationInfo.from_dict(d.pop("pagination")),
            additional_properties=d,
        )
