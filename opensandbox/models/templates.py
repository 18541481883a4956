"""Templates: images that a server prepared for a fast start. Not every server has them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from ..exceptions import InvalidArgumentException
from ._checks import at_least, command, metadata_problem, not_empty
from ._model import Model, field, model
from ._states import Names
from .sandboxes import PaginationInfo


class TemplatePhase(Names):
    """How far a template is, as `TemplateStatus.phase` spells it."""

    PENDING = "Pending"
    BUILDING = "Building"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


@model
class TemplateReadiness(Model):
    """When a sandbox of the template counts as ready."""

    probe: str | None = None
    warmup_seconds: int | None = field(default=None, wire="warmupSeconds", check=at_least(0))


@model
class CreateTemplateRequest(Model):
    """What a template is to be."""

    image: str = field(check=not_empty)
    #: The name under which the prepared image is kept.
    publish: str = field(check=not_empty)
    #: None leaves it to the server.
    resource_limits: dict[str, str] | None = field(default=None, wire="resourceLimits")
    entrypoint: list[str] | None = field(default=None, check=command)
    env: dict[str, str] | None = field(default=None, secret=True)
    metadata: dict[str, str] | None = None
    readiness: TemplateReadiness | None = None
    #: None leaves it to the server.
    format: Literal["native", "overlaybd"] | None = None

    def __attrs_post_init__(self) -> None:
        if problem := metadata_problem(self.metadata or {}):
            raise InvalidArgumentException(problem)


@model(received=True)
class TemplateStatus(Model):
    """How far a template is."""

    #: One of `TemplatePhase`, or a name that only the server knows.
    phase: str
    manifest_ref: str | None = field(default=None, wire="manifestRef")
    message: str | None = None


@model(received=True)
class TemplateInfo(Model):
    """Everything the server tells about a template."""

    template_id: str = field(wire="templateId")
    image: str
    publish: str
    format: str
    status: TemplateStatus
    created_at: datetime = field(read_as="createdAt")
    updated_at: datetime = field(read_as="updatedAt")
    resource_limits: dict[str, str] | None = field(default=None, wire="resourceLimits")
    entrypoint: list[str] | None = None
    env: dict[str, str] | None = field(default=None, secret=True)
    metadata: dict[str, str] | None = None
    readiness: TemplateReadiness | None = None


@model
class TemplateFilter(Model):
    """Which templates are listed: those that fit everything that is given."""

    #: All of these. None for any.
    metadata: dict[str, str] | None = None
    #: How many on a page, from 1. None leaves it to the server.
    page_size: int | None = field(default=None, wire="pageSize", check=at_least(1))
    #: Which page, from 1. None for the first.
    page: int | None = field(default=None, check=at_least(1))


@model(received=True)
class PagedTemplateInfos(Model):
    """One page of a list of templates."""

    template_infos: list[TemplateInfo] = field(read_as="items")
    pagination: PaginationInfo

    @property
    def items(self) -> list[TemplateInfo]:
        """The same as `template_infos`."""
        return self.template_infos

    def __iter__(self) -> Iterator[TemplateInfo]:
        return iter(self.template_infos)

    def __len__(self) -> int:
        return len(self.template_infos)


__all__ = [
    "CreateTemplateRequest",
    "PagedTemplateInfos",
    "TemplateFilter",
    "TemplateInfo",
    "TemplatePhase",
    "TemplateReadiness",
    "TemplateStatus",
]
