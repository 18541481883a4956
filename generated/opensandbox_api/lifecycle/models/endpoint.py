from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.endpoint_headers import EndpointHeaders


@_attrs_define(kw_only=True)
class Endpoint:
    """Where a port is reached."""

    endpoint: str
    """Host and port, with a path where there is one (`127.0.0.1:51619/proxy/44772`), without a scheme."""
    headers: EndpointHeaders | Unset = _attrs_field(default=UNSET, repr=False)
    """Headers that go with every request there, such as `X-EXECD-ACCESS-TOKEN`, `OpenSandbox-Secure-
    Access` or `OPENSANDBOX-EGRESS-AUTH`. They are secrets.
    """
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["endpoint"] = self.endpoint
        if not isinstance(self.headers, Unset):
            fields["headers"] = self.headers
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            endpoint=d.pop("endpoint"),
            headers=UNSET if (value := d.pop("headers", None)) is None else dict(value),
            additional_properties=d,
        )
