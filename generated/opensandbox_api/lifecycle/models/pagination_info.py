from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    pass


@_attrs_define(kw_only=True)
class PaginationInfo:
    """Which page of a listing an answer is."""

    page: int
    """The page, counted from 1."""
    page_size: int
    """How many items a page has."""
    total_items: int
    """How many items there are on all pages."""
    total_pages: int
    """How many pages there are, 0 without items."""
    has_next_page: bool
    """Whether there is a page after this one."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["page"] = self.page
        fields["pageSize"] = self.page_size
        fields["totalItems"] = self.total_items
        fields["totalPages"] = self.total_pages
        fields["hasNextPage"] = self.has_next_page
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            page=d.pop("page"),
            page_size=d.pop("pageSize"),
            total_items=d.pop("totalItems"),
            total_pages=d.pop("totalPages"),
            has_next_page=d.pop("hasNextPage"),
            additional_properties=d,
        )
