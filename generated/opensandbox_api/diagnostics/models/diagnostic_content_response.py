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
    """A text, or where it is. With `delivery` `inline` there is `content`; with `url` there are
    `contentUrl` and `expiresAt` instead.
    """

    sandbox_id: str
    """The sandbox it is about."""
    kind: DiagnosticContentResponseKind
    """What it is."""
    scope: str
    """The scope that was asked for."""
    delivery: DiagnosticContentResponseDelivery
    """How it is handed over."""
    content_type: str
    """The media type of the text, with its charset."""
    truncated: bool
    """Whether the server left out a part because the text was too long; the newest part is kept."""
    content: str | Unset = UNSET
    """The text."""
    content_url: str | Unset = UNSET
    """Where the text is fetched, without the API key."""
    content_length: int | Unset = UNSET
    """The length of the text in bytes, when that is known."""
    expires_at: datetime.datetime | Unset = UNSET
    """Until when `contentUrl` works."""
    warnings: list[str] | Unset = UNSET
    """What may be missing and why, for people."""
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
