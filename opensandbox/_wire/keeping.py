"""Snapshots, templates and pools of a server without I/O: what is asked for, and what is said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opensandbox_api.lifecycle import models as api
from opensandbox_api.types import UNSET, Unset

from ..exceptions import InvalidArgumentException
from ..models.sandboxes import (
    CreateSnapshotRequest,
    NetworkPolicy,
    PagedSnapshotInfos,
    PaginationInfo,
    SnapshotFilter,
    SnapshotInfo,
    SnapshotStatus,
)
from ..models.server_pools import ServerPool, ServerPoolCapacity, ServerPoolStatus
from ..models.templates import (
    CreateTemplateRequest,
    PagedTemplateInfos,
    TemplateFilter,
    TemplateInfo,
    TemplateReadiness,
    TemplateStatus,
)
from .egress import policy
from .lifecycle import labels, texts, whole_seconds
from .received import received
from .requests import instance, text
from .urls import metadata_query

# --- requests ---------------------------------------------------------------------------------


def from_template(
    template_id: str,
    timeout: Any,
    metadata: Mapping[str, str] | None,
    network_policy: NetworkPolicy | None,
    extensions: Mapping[str, str] | None,
) -> api.CreateSandboxRequest:
    """The body of `POST /sandboxes` for a sandbox that is made from a template."""
    body: dict[str, Any] = {
        "templateId": text(template_id, "template_id"),
        "timeout": whole_seconds(timeout),
        "metadata": labels(metadata),
        "networkPolicy": None if network_policy is None else policy(network_policy),
        "extensions": texts(extensions, "extensions"),
    }
    return api.CreateSandboxRequest.from_dict(
        {name: value for name, value in body.items() if value is not None}
    )


def new_snapshot(request: CreateSnapshotRequest | None) -> api.CreateSnapshotRequest | Unset:
    """The body of `POST /sandboxes/{id}/snapshots`; none when there is nothing to say."""
    if request is None:
        return UNSET
    instance(request, CreateSnapshotRequest, "request")
    return UNSET if request.name is None else api.CreateSnapshotRequest(name=request.name)


def snapshot_query(filter: SnapshotFilter) -> dict[str, Any]:
    """The query of `GET /snapshots`."""
    instance(filter, SnapshotFilter, "filter")
    return {
        "sandbox_id": _given(filter.sandbox_id),
        "name": _given(filter.name),
        "state": filter.states or UNSET,
        "page": _given(filter.page),
        "page_size": _given(filter.page_size),
    }


def new_template(request: CreateTemplateRequest) -> api.CreateFsbTemplateRequest:
    """The body of `POST /templates`."""
    instance(request, CreateTemplateRequest, "request")
    return api.CreateFsbTemplateRequest.from_dict(
        request.model_dump(by_alias=True, exclude_none=True)
    )


def template_query(filter: TemplateFilter) -> dict[str, Any]:
    """The query of `GET /templates`."""
    instance(filter, TemplateFilter, "filter")
    return {
        "metadata": metadata_query(filter.metadata) if filter.metadata else UNSET,
        "page": _given(filter.page),
        "page_size": _given(filter.page_size),
    }


def new_pool(
    name: str, template: Mapping[str, Any], capacity: ServerPoolCapacity
) -> api.CreatePoolRequest:
    """The body of `POST /pools`."""
    if not isinstance(template, Mapping):
        raise InvalidArgumentException(
            f"template must be a mapping, a pod template, got {type(template).__name__}"
        )
    return api.CreatePoolRequest(
        name=text(name, "name"),
        template=dict(template),
        capacity_spec=pool_capacity(capacity),
    )


def pool_capacity(capacity: ServerPoolCapacity) -> api.PoolCapacitySpec:
    """How many sandboxes a pool is to keep."""
    instance(capacity, ServerPoolCapacity, "capacity")
    return api.PoolCapacitySpec.from_dict(capacity.model_dump(by_alias=True))


def _given(value: Any) -> Any:
    return UNSET if value is None else value


# --- answers ----------------------------------------------------------------------------------


def snapshot(answer: api.Snapshot) -> SnapshotInfo:
    """A snapshot."""
    return received(SnapshotInfo, answer, {"status": SnapshotStatus})


def snapshot_page(answer: api.ListSnapshotsResponse) -> PagedSnapshotInfos:
    """One page of a list of snapshots."""
    return PagedSnapshotInfos(
        snapshot_infos=[snapshot(item) for item in answer.items],
        pagination=received(PaginationInfo, answer.pagination),
    )


def template(answer: api.FsbTemplate) -> TemplateInfo:
    """A template."""
    return received(
        TemplateInfo, answer, {"status": TemplateStatus, "readiness": TemplateReadiness}
    )


def template_page(answer: api.ListFsbTemplatesResponse) -> PagedTemplateInfos:
    """One page of a list of templates."""
    return PagedTemplateInfos(
        template_infos=[template(item) for item in answer.items],
        pagination=received(PaginationInfo, answer.pagination),
    )


def pool(answer: api.PoolResponse) -> ServerPool:
    """A pool of a server."""
    return ServerPool._as_received(
        {
            "name": answer.name,
            "capacity": received(ServerPoolCapacity, answer.capacity_spec),
            "status": None
            if isinstance(answer.status, Unset)
            else received(ServerPoolStatus, answer.status),
            "created_at": None if isinstance(answer.created_at, Unset) else answer.created_at,
        }
    )
