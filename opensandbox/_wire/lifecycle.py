"""Turns what a sandbox is to be into a request, and what the server says about it into values.

Rules:

* What is wrong is found here, before anything is sent: each check names its argument.
* What the API calls optional may be absent or null: both become None. Unknown states, platforms
  and extensions pass through.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from opensandbox_api.lifecycle import models as api
from opensandbox_api.types import UNSET, Unset

from ..exceptions import InvalidArgumentException
from ..models._checks import metadata_problem
from ..models._time import Seconds, seconds
from ..models.sandboxes import (
    CredentialProxyConfig,
    NetworkPolicy,
    PagedSandboxInfos,
    PaginationInfo,
    PlatformSpec,
    SandboxAllocation,
    SandboxCreateResponse,
    SandboxEndpoint,
    SandboxFilter,
    SandboxImageAuth,
    SandboxImageSpec,
    SandboxInfo,
    SandboxLifecycle,
    SandboxStatus,
    Volume,
)
from .received import optional
from .urls import metadata_query

T = TypeVar("T")

#: The shortest life of a sandbox, in seconds.
SHORTEST_TIMEOUT = 60


# --- requests ---------------------------------------------------------------------------------


def create_sandbox(
    spec: SandboxImageSpec | str | None,
    *,
    snapshot_id: str | None,
    entrypoint: Sequence[str] | None,
    env: Mapping[str, str] | None,
    metadata: Mapping[str, str] | None,
    timeout: Seconds | None,
    resource: Mapping[str, str] | None,
    resource_requests: Mapping[str, str] | None,
    network_policy: NetworkPolicy | None,
    credential_proxy: CredentialProxyConfig | None,
    extensions: Mapping[str, str] | None,
    volumes: Sequence[Volume] | None,
    platform: PlatformSpec | None,
    secure_access: bool,
    lifecycle: SandboxLifecycle | None,
) -> api.CreateSandboxRequest:
    """The body of `POST /sandboxes`."""
    body: dict[str, Any] = _source(spec, snapshot_id)
    body["timeout"] = None if timeout is None else whole_seconds(timeout)
    body["metadata"] = labels(metadata)
    body["env"] = texts(env, "env")
    body["resourceLimits"] = texts(resource, "resource")
    body["resourceRequests"] = texts(resource_requests, "resource_requests")
    body["extensions"] = texts(extensions, "extensions")
    body["entrypoint"] = None if entrypoint is None else words(entrypoint, "entrypoint")
    body["secureAccess"] = True if _flag(secure_access, "secure_access") else None
    body["networkPolicy"] = _model(network_policy, NetworkPolicy, "network_policy")
    body["credentialProxy"] = _model(credential_proxy, CredentialProxyConfig, "credential_proxy")
    body["platform"] = _model(platform, PlatformSpec, "platform")
    body["lifecycle"] = _model(lifecycle, SandboxLifecycle, "lifecycle")
    body["volumes"] = None if volumes is None else _volumes(volumes)
    request = api.CreateSandboxRequest.from_dict(
        {name: value for name, value in body.items() if value is not None}
    )
    if timeout is None:
        # Left out, the server's own default would count; null means that it never expires.
        request.timeout = None
    return request


def _source(spec: SandboxImageSpec | str | None, snapshot_id: str | None) -> dict[str, Any]:
    if (spec is None) == (snapshot_id is None):
        given = "neither" if spec is None else "both"
        raise InvalidArgumentException(
            f"a sandbox is made from exactly one of image and snapshot_id, got {given}:"
            ' Sandbox.create("python:3.11")'
        )
    if snapshot_id is not None:
        return {"snapshotId": _text(snapshot_id, "snapshot_id")}
    if isinstance(spec, str):
        return {"image": {"uri": _text(spec, "image")}}
    if not isinstance(spec, SandboxImageSpec):
        raise InvalidArgumentException(
            f"image must be a name or a SandboxImageSpec, got {type(spec).__name__}"
        )
    image: dict[str, Any] = {"uri": spec.image}
    if spec.auth is not None:
        image["auth"] = {"username": spec.auth.username, "password": spec.auth.password}
    return {"image": image}


def whole_seconds(timeout: Seconds) -> int:
    """The life of a sandbox as the API counts it: whole seconds, rounded up."""
    return math.ceil(seconds(timeout, "timeout", at_least=SHORTEST_TIMEOUT))


def labels(metadata: Mapping[str, str] | None) -> dict[str, str] | None:
    """Metadata that the API will take."""
    values = texts(metadata, "metadata")
    if values is not None and (problem := metadata_problem(values)) is not None:
        raise InvalidArgumentException(problem)
    return values


def metadata_patch(patch: Mapping[str, str | None]) -> api.MetadataPatch:
    """The body of `PATCH /sandboxes/{id}/metadata`: None removes a key."""
    if not isinstance(patch, Mapping):
        raise InvalidArgumentException(f"patch must be a mapping, got {type(patch).__name__}")
    texts(dict.fromkeys(patch, ""), "patch")
    kept = texts({key: value for key, value in patch.items() if value is not None}, "patch")
    if (problem := metadata_problem({**dict.fromkeys(patch), **(kept or {})}, "patch")) is not None:
        raise InvalidArgumentException(problem)
    return dict(patch)


def texts(values: Mapping[str, str] | None, name: str) -> dict[str, str] | None:
    """A mapping of text to text, copied; None for an empty one. It may be secret: never shown."""
    if values is None:
        return None
    if not isinstance(values, Mapping):
        raise InvalidArgumentException(f"{name} must be a mapping, got {type(values).__name__}")
    for key, value in values.items():
        if not isinstance(key, str) or not key:
            raise InvalidArgumentException(f"{name} must have text for keys, got {key!r}")
        if not isinstance(value, str):
            raise InvalidArgumentException(
                f"{name}[{key!r}] must be a string, got {type(value).__name__}"
            )
    return dict(values) or None


def words(values: Sequence[str], name: str) -> list[str]:
    """A command as a list of arguments, of which there is at least one."""
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise InvalidArgumentException(
            f"{name} must be a list of strings, got {type(values).__name__}"
        )
    if not values or not all(isinstance(value, str) for value in values):
        raise InvalidArgumentException(f"{name} must be a list of at least one string")
    return list(values)


def _text(value: str, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidArgumentException(f"{name} must be a string that is not empty, got {value!r}")
    return value


def _flag(value: bool, name: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidArgumentException(f"{name} must be True or False, got {value!r}")
    return value


_Modelled = NetworkPolicy | CredentialProxyConfig | PlatformSpec | SandboxLifecycle | Volume


def _model(value: object, kind: type[_Modelled], name: str) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, kind):
        raise InvalidArgumentException(
            f"{name} must be a {kind.__name__}, got {type(value).__name__}"
        )
    return value.model_dump(by_alias=True, exclude_none=True)


def _volumes(volumes: Sequence[Volume]) -> list[dict[str, Any] | None]:
    if isinstance(volumes, Volume) or not isinstance(volumes, Sequence):
        raise InvalidArgumentException(
            f"volumes must be a list of Volume, got {type(volumes).__name__}"
        )
    return [_model(volume, Volume, f"volumes[{i}]") for i, volume in enumerate(volumes)]


def port(value: int) -> int:
    """A port of the sandbox."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 65535:
        raise InvalidArgumentException(f"port must be a number from 1 to 65535, got {value!r}")
    return value


def expires(value: int) -> str:
    """When a signed endpoint ends: whole seconds since 1970."""
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise InvalidArgumentException(
            f"expires must be a time in whole seconds since 1970, got {value!r}"
        )
    return str(value)


def list_query(
    filter: SandboxFilter,
) -> tuple[list[str] | Unset, str | Unset, int | Unset, int | Unset]:
    """The query of `GET /sandboxes`: state, metadata, page, pageSize."""
    return (
        filter.states or UNSET,
        metadata_query(filter.metadata) if filter.metadata else UNSET,
        UNSET if filter.page is None else filter.page,
        UNSET if filter.page_size is None else filter.page_size,
    )


# --- answers ----------------------------------------------------------------------------------


def created(answer: api.CreateSandboxResponse) -> SandboxCreateResponse:
    """What the server says when it has begun to make a sandbox."""
    return SandboxCreateResponse(
        id=answer.id,
        platform=_platform(optional(answer.platform)),
        extensions=_mapping(answer.extensions),
    )


def sandbox_info(answer: api.Sandbox) -> SandboxInfo:
    """Everything the server tells about a sandbox."""
    # Not by the constructor: see `Model.__attrs_init__`. A listing may have thousands.
    info = object.__new__(SandboxInfo)
    info.__attrs_init__(
        id=answer.id,
        status=_status(answer.status),
        entrypoint=answer.entrypoint,
        expires_at=optional(answer.expires_at),
        created_at=answer.created_at,
        image=_image(optional(answer.image)),
        snapshot_id=optional(answer.snapshot_id),
        platform=_platform(optional(answer.platform)),
        allocation=_allocation(optional(answer.allocation)),
        metadata=_mapping(answer.metadata),
        extensions=_mapping(answer.extensions),
    )
    return info


def sandbox_page(answer: api.ListSandboxesResponse) -> PagedSandboxInfos:
    """One page of a list of sandboxes."""
    pagination = answer.pagination
    return PagedSandboxInfos(
        sandbox_infos=[sandbox_info(item) for item in answer.items],
        pagination=PaginationInfo(
            page=pagination.page,
            page_size=pagination.page_size,
            total_items=pagination.total_items,
            total_pages=pagination.total_pages,
            has_next_page=pagination.has_next_page,
        ),
    )


def endpoint(answer: api.Endpoint) -> SandboxEndpoint:
    """Where a port of a sandbox is reached."""
    origin = answer.additional_properties.get("origin")
    return SandboxEndpoint(
        endpoint=answer.endpoint,
        headers=_mapping(answer.headers) or {},
        origin=origin if isinstance(origin, str) else None,
    )


def renewed(answer: api.RenewSandboxExpirationResponse) -> datetime:
    """When a sandbox ends now."""
    return answer.expires_at


def _status(status: api.SandboxStatus) -> SandboxStatus:
    made = object.__new__(SandboxStatus)
    made.__attrs_init__(
        state=status.state,
        reason=optional(status.reason),
        message=optional(status.message),
        last_transition_at=optional(status.last_transition_at),
    )
    return made


def _image(image: api.ImageSpec | None) -> SandboxImageSpec | None:
    if image is None or not image.uri:
        return None
    auth = optional(image.auth)
    username, password = (
        (optional(auth.username), optional(auth.password)) if auth else (None, None)
    )
    known = None
    if username and password:
        known = SandboxImageAuth._as_received({"username": username, "password": password})
    return SandboxImageSpec._as_received({"image": image.uri, "auth": known})


def _platform(platform: api.PlatformSpec | None) -> PlatformSpec | None:
    if platform is None or not platform.os or not platform.arch:
        return None
    return PlatformSpec._as_received({"os": str(platform.os), "arch": str(platform.arch)})


def _allocation(allocation: api.AllocationSummary | None) -> SandboxAllocation | None:
    if allocation is None:
        return None
    return SandboxAllocation(
        mode=str(allocation.mode), pool_ref=allocation.pool_ref, state=str(allocation.state)
    )


def _mapping(values: Mapping[str, Any] | Unset | None) -> dict[str, Any] | None:
    return None if values is None or isinstance(values, Unset) else dict(values)
