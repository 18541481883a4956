from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models
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
    """A prepared image."""

    template_id: str
    """What it is called. Opaque."""
    image: str
    """What it was made from."""
    publish: str
    """The name of the prepared image."""
    format_: FsbTemplateFormat
    """Its layout."""
    status: FsbTemplateStatus
    """How far the preparing is."""
    created_at: datetime.datetime
    """When it was asked for."""
    updated_at: datetime.datetime
    """When the status last changed."""
    resource_limits: FsbTemplateResourceLimits | Unset = UNSET
    """What the build may use."""
    entrypoint: list[str] | Unset = UNSET
    """The command that runs in it."""
    env: FsbTemplateEnv | Unset = UNSET
    """Environment variables of that command."""
    metadata: FsbTemplateMetadata | Unset = UNSET
    """Its labels."""
    readiness: FsbTemplateReadiness | Unset = UNSET
    """When an image that is being prepared counts as warm."""
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
        d = dict(src_dict)
        return cls(
            template_id=d.pop("templateId"),
            image=d.pop("image"),
            publish=d.pop("publish"),
            format_=d.pop("format"),
            status=models.FsbTemplateStatus.from_dict(d.pop("status")),
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
            else models.FsbTemplateReadiness.from_dict(value),
            additional_properties=d,
        )
