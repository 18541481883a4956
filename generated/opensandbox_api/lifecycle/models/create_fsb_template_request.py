from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models
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
    """An image to be prepared for a fast start."""

    image: str
    """The image to start from, as a registry knows it."""
    publish: str
    """Where the prepared image is put, as an address of an object store (`s3://bucket/path`)."""
    resource_limits: CreateFsbTemplateRequestResourceLimits | Unset = UNSET
    """What the build may use, keys and values as in `CreateSandboxRequest`."""
    entrypoint: list[str] | Unset = UNSET
    """The command that runs while it is prepared, and in sandboxes made from it."""
    env: CreateFsbTemplateRequestEnv | Unset = UNSET
    """Environment variables of that command."""
    metadata: CreateFsbTemplateRequestMetadata | Unset = UNSET
    """Labels of the template, to be listed by."""
    readiness: FsbTemplateReadiness | Unset = UNSET
    """When an image that is being prepared counts as warm."""
    format_: CreateFsbTemplateRequestFormat | Unset = UNSET
    """The layout of the prepared image, `overlaybd` (fetched block by block) or `native`."""
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
            else models.FsbTemplateReadiness.from_dict(value),
            format_=UNSET if (value := d.pop("format", None)) is None else value,
            additional_properties=d,
        )
