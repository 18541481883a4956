from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.create_fsb_template_request_env import CreateFsbTemplateRequestEnv
    from ..models.create_fsb_template_request_format import (
        CreateFsbTemplateRequestFormat,
    )
    from ..models.create_fsb_template_request_metadata import CreateFsbTemplateRequestMetadata
    from ..models.create_fsb_template_request_resource_limits import (
        CreateFsbTemplateRequestResourceLimits,
    )
    from ..models.fsb_template_readiness import FsbTemplateReadiness


@_attrs_define(kw_only=True)
class CreateFsbTemplateRequest:
    image: str
    publish: str
    resource_limits: CreateFsbTemplateRequestResourceLimits | Unset = UNSET
    entrypoint: list[str] | Unset = UNSET
    env: CreateFsbTemplateRequestEnv | Unset = UNSET
    metadata: CreateFsbTemplateRequestMetadata | Unset = UNSET
    readiness: FsbTemplateReadiness | Unset = UNSET
    format_: CreateFsbTemplateRequestFormat | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["image"] = self.image
        fields["publish"] = self.publish
        if not isinstance(self.resource_limits, Unset):
            fields["resourceLimits"] = self.resource_limits
        if not isinstance(self.entrypoint, Unset):
            fields["entrypoint"] = self.entrypoint
        if not isinstance(self.env, Unset):
            fields["env"] = self.env
        if not isinstance(self.metadata, Unset):
            fields["metadata"] = self.metadata
        if not isinstance(self.readiness, Unset):
            fields["readiness"] = self.readiness.to_dict()
        if not isinstance(self.format_, Unset):
            fields["format"] = self.format_
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.fsb_template_readiness import FsbTemplateReadiness

        d = dict(src_dict)
        return cls(
            image=d.pop("image"),
            publish=d.pop("publish"),
            resource_limits=UNSET
            if (value := d.pop("resourceLimits", None)) is None
            else dict(value),
            entrypoint=UNSET if (value := d.pop("entrypoint", None)) is None else list(value),
            env=UNSET if (value := d.pop("env", None)) is None else dict(value),
            metadata=UNSET if (value := d.pop("metadata", None)) is None else dict(value),
            readiness=UNSET
            if (value := d.pop("readiness", None)) is None
            else FsbTemplateReadiness.from_dict(value),
            format_=UNSET if (value := d.pop("format", None)) is None else value,
            additional_properties=d,
        )
