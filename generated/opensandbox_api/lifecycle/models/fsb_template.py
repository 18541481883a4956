from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset, format_datetime, parse_datetime

if TYPE_CHECKING:
    import datetime

    from ..models.fsb_template_env import FsbTemplateEnv
    from ..models.fsb_template_format import FsbTemplateFormat
    from ..models.fsb_template_metadata import FsbTemplateMetadata
    from ..models.fsb_template_readiness import FsbTemplateReadiness
    from ..models.fsb_template_resource_limits import FsbTemplateResourceLimits
    from ..models.fsb_template_status import FsbTemplateStatus


@_attrs_define(kw_only=True)
class FsbTemplate:
    template_id: str
    image: str
    publish: str
    format_: FsbTemplateFormat
    status: FsbTemplateStatus
    created_at: datetime.datetime
    updated_at: datetime.datetime
    resource_limits: FsbTemplateResourceLimits | Unset = UNSET
    entrypoint: list[str] | Unset = UNSET
    env: FsbTemplateEnv | Unset = UNSET
    metadata: FsbTemplateMetadata | Unset = UNSET
    readiness: FsbTemplateReadiness | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["templateId"] = self.template_id
        fields["image"] = self.image
        fields["publish"] = self.publish
        fields["format"] = self.format_
        fields["status"] = self.status.to_dict()
        fields["createdAt"] = format_datetime(self.created_at)
        fields["updatedAt"] = format_datetime(self.updated_at)
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
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.fsb_template_readiness import FsbTemplateReadiness
        from ..models.fsb_template_status import FsbTemplateStatus

        d = dict(src_dict)
        return cls(
            template_id=d.pop("templateId"),
            image=d.pop("image"),
            publish=d.pop("publish"),
            format_=d.pop("format"),
            status=FsbTemplateStatus.from_dict(d.pop("status")),
            created_at=parse_datetime(d.pop("createdAt")),
            updated_at=parse_datetime(d.pop("updatedAt")),
            resource_limits=UNSET
            if (value := d.pop("resourceLimits", None)) is None
            else dict(value),
            entrypoint=UNSET if (value := d.pop("entrypoint", None)) is None else list(value),
            env=UNSET if (value := d.pop("env", None)) is None else dict(value),
            metadata=UNSET if (value := d.pop("metadata", None)) is None else dict(value),
            readiness=UNSET
            if (value := d.pop("readiness", None)) is None
            else FsbTemplateReadiness.from_dict(value),
            additional_properties=d,
        )
