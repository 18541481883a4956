from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset, format_datetime, parse_datetime

if TYPE_CHECKING:
    import datetime

    from ..models.diagnostic_content_response_delivery import (
        DiagnosticContentResponseDelivery,
    )
    from ..models.diagnostic_content_response_kind import (
        DiagnosticContentResponseKind,
    )


@_attrs_define(kw_only=True)
class DiagnosticContentResponse:
    sandbox_id: str
    kind: DiagnosticContentResponseKind
    scope: str
    delivery: DiagnosticContentResponseDelivery
    content_type: str
    truncated: bool
    content: str | Unset = UNSET
    content_url: str | Unset = UNSET
    content_length: int | Unset = UNSET
    expires_at: datetime.datetime | Unset = UNSET
    warnings: list[str] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["sandboxId"] = self.sandbox_id
        fields["kind"] = self.kind
        fields["scope"] = self.scope
        fields["delivery"] = self.delivery
        fields["contentType"] = self.content_type
        fields["truncated"] = self.truncated
        if not isinstance(self.content, Unset):
            fields["content"] = self.content
        if not isinstance(self.content_url, Unset):
            fields["contentUrl"] = self.content_url
        if not isinstance(self.content_length, Unset):
            fields["contentLength"] = self.content_length
        if not isinstance(self.expires_at, Unset):
            fields["expiresAt"] = format_datetime(self.expires_at)
        if not isinstance(self.warnings, Unset):
            fields["warnings"] = self.warnings
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:

        d = dict(src_dict)
        return cls(
            sandbox_id=d.pop("sandboxId"),
            kind=d.pop("kind"),
            scope=d.pop("scope"),
            delivery=d.pop("delivery"),
            content_type=d.pop("contentType"),
            truncated=d.pop("truncated"),
            content=UNSET if (value := d.pop("content", None)) is None else value,
            content_url=UNSET if (value := d.pop("contentUrl", None)) is None else value,
            content_length=UNSET if (value := d.pop("contentLength", None)) is None else value,
            expires_at=UNSET
            if (value := d.pop("expiresAt", None)) is None
            else parse_datetime(value),
            warnings=UNSET if (value := d.pop("warnings", None)) is None else list(value),
            additional_properties=d,
        )
