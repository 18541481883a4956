from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset, format_datetime, parse_datetime

if TYPE_CHECKING:
    import datetime

    from ..models.file_info_type import FileInfoType


@_attrs_define(kw_only=True)
class FileInfo:
    path: str
    size: int
    modified_at: datetime.datetime
    created_at: datetime.datetime
    owner: str
    group: str
    mode: int
    type_: FileInfoType | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["path"] = self.path
        fields["size"] = self.size
        fields["modified_at"] = format_datetime(self.modified_at)
        fields["created_at"] = format_datetime(self.created_at)
        fields["owner"] = self.owner
        fields["group"] = self.group
        fields["mode"] = self.mode
        if not isinstance(self.type_, Unset):
            fields["type"] = self.type_
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:

        d = dict(src_dict)
        return cls(
            path=d.pop("path"),
            size=d.pop("size"),
            modified_at=parse_datetime(d.pop("modified_at")),
            created_at=parse_datetime(d.pop("created_at")),
            owner=d.pop("owner"),
            group=d.pop("group"),
            mode=d.pop("mode"),
            type_=UNSET if (value := d.pop("type", None)) is None else value,
            additional_properties=d,
        )
