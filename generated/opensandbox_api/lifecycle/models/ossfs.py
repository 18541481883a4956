from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.ossfs_version import OSSFSVersion


@_attrs_define(kw_only=True)
class OSSFS:
    """A bucket of an object store, mounted as files."""

    bucket: str
    """The bucket's name."""
    endpoint: str
    """The store's address."""
    access_key_id: str
    """The key's id. Never sent back."""
    access_key_secret: str = _attrs_field(repr=False)
    """The key. Never sent back."""
    version: OSSFSVersion | Unset = UNSET
    """The version of ossfs to mount with."""
    options: list[str] | Unset = UNSET
    """Options of ossfs, without leading dashes."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["bucket"] = self.bucket
        fields["endpoint"] = self.endpoint
        fields["accessKeyId"] = self.access_key_id
        fields["accessKeySecret"] = self.access_key_secret
        if not isinstance(self.version, Unset):
            fields["version"] = self.version
        if not isinstance(self.options, Unset):
            fields["options"] = self.options
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            bucket=d.pop("bucket"),
            endpoint=d.pop("endpoint"),
            access_key_id=d.pop("accessKeyId"),
            access_key_secret=d.pop("accessKeySecret"),
            version=UNSET if (value := d.pop("version", None)) is None else value,
            options=UNSET if (value := d.pop("options", None)) is None else list(value),
            additional_properties=d,
        )
