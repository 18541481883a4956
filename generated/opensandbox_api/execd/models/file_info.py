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
    """A file, directory or link."""

    path: str
    """Its absolute path."""
    size: int
    """Its length in bytes; of a link, that of its target's name."""
    modified_at: datetime.datetime
    """When its content last changed."""
    created_at: datetime.datetime
    """When it was made, or its inode last changed where the file system does not know."""
    owner: str
    """The name of its owner, or the number of one without a name."""
    group: str
    """The name of its group, or the number of one without a name."""
    mode: int
    """Its mode as decimal digits, `755`; a fourth digit is for set-id and sticky bits."""
    type_: FileInfoType | Unset = UNSET
    """What it is. Absent from old daemons."""
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
