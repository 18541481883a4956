"""What a sandbox is made from, and what the server says about it.

Rules:

* What a caller builds is checked when it is built, by the API's own limits.
* What the server sends passes through: unknown states, platforms and extensions are kept as they
  are, and what it leaves out is None.
* Passwords, secrets and the headers of an endpoint never show in `repr`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

from ..exceptions import InvalidArgumentException
from ._checks import (
    absolute_path,
    at_least,
    between,
    command,
    dns_label,
    host_path,
    not_empty,
    relative_path,
)
from ._model import Model, field, model
from ._states import SandboxOrigin, SandboxState, SnapshotState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .vault import (
        Credential,
        CredentialAuth,
        CredentialAuthMetadata,
        CredentialBinding,
        CredentialBindingListResponse,
        CredentialBindingMetadata,
        CredentialBindingMutationSet,
        CredentialListResponse,
        CredentialMatch,
        CredentialMetadata,
        CredentialMutationSet,
        CredentialSubstitution,
        CredentialVaultPatchRequest,
        CredentialVaultState,
        CustomHeaderEntry,
        InlineCredentialSource,
    )


# --- what a sandbox is made from --------------------------------------------------------------


@model
class SandboxImageAuth(Model):
    """Who may pull the image."""

    username: str = field(check=not_empty)
    password: str = field(check=not_empty, secret=True)


@model
class SandboxImageSpec(Model):
    """An image, and what is needed to pull it: `SandboxImageSpec("python:3.11")`."""

    image: str = field(kw_only=False, check=not_empty)
    #: None for an image that anyone may pull.
    auth: SandboxImageAuth | None = None


@model
class PlatformSpec(Model):
    """What the sandbox runs on: `linux` or `windows`, `amd64` or `arm64`, or what a server adds."""

    os: str = field(check=not_empty)
    arch: str = field(check=not_empty)


@model
class NetworkRule(Model):
    """What a host outside may be talked to: a name, `*.name`, an address or a network."""

    action: Literal["allow", "deny"]
    target: str = field(check=not_empty)


@model
class NetworkPolicy(Model):
    """What the sandbox may reach. The first rule that fits counts, else the default action."""

    #: None leaves it to the server.
    default_action: Literal["allow", "deny"] | None = field(default="deny", wire="defaultAction")
    egress: list[NetworkRule] | None = None


@model
class CredentialProxyConfig(Model):
    """Whether credentials are put into the sandbox's requests from outside."""

    enabled: bool = False


@model
class LifecycleHook(Model):
    """A command that the sandbox runs at some point of its life."""

    command: list[str] = field(check=command)
    #: Whole seconds, 1 to 10800. None leaves it to the server.
    timeout_seconds: int | None = field(
        default=None, wire="timeoutSeconds", check=between(1, 10_800)
    )


@model
class PeriodicLifecycleHook(Model):
    """A command that the sandbox runs again and again."""

    name: str = field(check=not_empty)
    #: A cron line of five fields, a name such as `@hourly`, or `@every` with whole seconds.
    schedule: str = field(check=not_empty)
    command: list[str] = field(check=command)
    #: Whole seconds, 1 to 300. None leaves it to the server.
    timeout_seconds: int | None = field(default=None, wire="timeoutSeconds", check=between(1, 300))


@model
class SandboxLifecycle(Model):
    """The commands that belong to a sandbox's life."""

    #: Run before the entrypoint.
    pre_start: LifecycleHook | None = field(default=None, wire="preStart")
    periodic: list[PeriodicLifecycleHook] | None = None

    def __attrs_post_init__(self) -> None:
        names = [hook.name for hook in self.periodic or []]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise InvalidArgumentException(
                f"SandboxLifecycle.periodic must have a name of its own for each hook,"
                f" got {twice[0]!r} more than once"
            )


@model
class Host(Model):
    """A directory of the server's machine. The server decides which may be used."""

    path: str = field(check=host_path)


@model
class PVC(Model):
    """A Kubernetes PersistentVolumeClaim, or a named volume of Docker."""

    claim_name: str = field(wire="claimName", check=dns_label(253))
    create_if_not_exists: bool = field(default=True, wire="createIfNotExists")
    delete_on_sandbox_termination: bool = field(default=False, wire="deleteOnSandboxTermination")
    #: None for the cluster's default.
    storage_class: str | None = field(default=None, wire="storageClass")
    #: How much, such as `1Gi`. None leaves it to the server.
    storage: str | None = None
    access_modes: list[str] | None = field(default=None, wire="accessModes")


@model
class OSSFS(Model):
    """A bucket of an object storage service."""

    bucket: str = field(check=not_empty)
    endpoint: str = field(check=not_empty)
    version: Literal["1.0", "2.0"] = "2.0"
    options: list[str] | None = None
    access_key_id: str | None = field(default=None, wire="accessKeyId", secret=True)
    access_key_secret: str | None = field(default=None, wire="accessKeySecret", secret=True)


@model
class Volume(Model):
    """Storage that is mounted in the sandbox: exactly one of `host`, `pvc` and `ossfs`."""

    name: str = field(check=dns_label(63))
    host: Host | None = None
    pvc: PVC | None = None
    ossfs: OSSFS | None = None
    mount_path: str = field(wire="mountPath", check=absolute_path)
    read_only: bool = field(default=False, wire="readOnly")
    #: The part of it that is mounted. None for all of it.
    sub_path: str | None = field(default=None, wire="subPath", check=relative_path)

    def __attrs_post_init__(self) -> None:
        given = [name for name in ("host", "pvc", "ossfs") if getattr(self, name) is not None]
        if len(given) != 1:
            raise InvalidArgumentException(
                f"Volume {self.name!r} must have exactly one of host, pvc and ossfs,"
                f" got {' and '.join(given) or 'none'}"
            )


# --- what the server says about it ------------------------------------------------------------


@model(received=True)
class SandboxStatus(Model):
    """The state a sandbox is in, and why."""

    #: One of `SandboxState`, or a name that only the server knows.
    state: str
    reason: str | None = None
    message: str | None = None
    last_transition_at: datetime | None = field(default=None, read_as="lastTransitionAt")


@model(received=True)
class SandboxAllocation(Model):
    """Where the sandbox was taken from, when it was not made anew."""

    mode: str = "pool"
    pool_ref: str = field(read_as="poolRef")
    state: str = "allocated"


@model(received=True)
class SandboxInfo(Model):
    """Everything the server tells about a sandbox."""

    id: str
    status: SandboxStatus
    entrypoint: list[str]
    #: When it ends by itself. None: never.
    expires_at: datetime | None = field(default=None, read_as="expiresAt")
    created_at: datetime = field(read_as="createdAt")
    #: None for a sandbox that was made from a snapshot or a template.
    image: SandboxImageSpec | None = None
    snapshot_id: str | None = field(default=None, read_as="snapshotId")
    platform: PlatformSpec | None = None
    allocation: SandboxAllocation | None = None
    metadata: dict[str, str] | None = None
    #: What the server adds of its own.
    extensions: dict[str, str] | None = None


@model(received=True)
class SandboxCreateResponse(Model):
    """What the server says when it has begun to make a sandbox."""

    id: str
    platform: PlatformSpec | None = None
    extensions: dict[str, str] | None = None


@model(received=True)
class SandboxRenewResponse(Model):
    """When a sandbox ends now."""

    expires_at: datetime = field(read_as="expiresAt")


class RequestSettings(Protocol):
    """What `SandboxEndpoint.build_request_headers` reads of a connection config."""

    @property
    def user_agent(self) -> str:
        """What the client calls itself."""

    @property
    def headers(self) -> Mapping[str, str]:
        """What goes on every request."""

    @property
    def use_server_proxy(self) -> bool:
        """Whether sandboxes are reached through the server."""

    def get_api_key(self) -> str | None:
        """The key for the server."""


@model(received=True)
class SandboxEndpoint(Model):
    """Where a port of the sandbox is reached, and what every request to it must carry."""

    #: Host and port, perhaps with a path, without a scheme: see `Sandbox.get_endpoint_url`.
    endpoint: str
    headers: dict[str, str] = field(factory=dict, secret=True)
    #: One of `SandboxOrigin`. None when the server does not say.
    origin: str | None = None

    def build_request_headers(self, connection_config: RequestSettings) -> dict[str, str]:
        """The headers for a request of your own to this endpoint.

        The server's key is among them only where the request passes through the server.
        """
        headers = {"User-Agent": connection_config.user_agent, **connection_config.headers}
        headers.update(self.headers)
        if connection_config.use_server_proxy and (key := connection_config.get_api_key()):
            headers["OPEN-SANDBOX-API-KEY"] = key
        return headers


@model(received=True)
class PaginationInfo(Model):
    """Which part of a list a page is."""

    page: int
    page_size: int = field(read_as="pageSize")
    total_items: int = field(read_as="totalItems")
    total_pages: int = field(read_as="totalPages")
    has_next_page: bool = field(read_as="hasNextPage")


@model(received=True)
class PagedSandboxInfos(Model):
    """One page of a list of sandboxes."""

    sandbox_infos: list[SandboxInfo] = field(read_as="items")
    pagination: PaginationInfo

    @property
    def items(self) -> list[SandboxInfo]:
        """The same as `sandbox_infos`."""
        return self.sandbox_infos

    def __iter__(self) -> Iterator[SandboxInfo]:
        return iter(self.sandbox_infos)

    def __len__(self) -> int:
        return len(self.sandbox_infos)


@model
class SandboxFilter(Model):
    """Which sandboxes are listed: those that fit everything that is given."""

    #: Any of these, see `SandboxState`. None for any.
    states: list[str] | None = None
    #: All of these. None for any.
    metadata: dict[str, str] | None = None
    #: How many on a page, from 1. None leaves it to the server.
    page_size: int | None = field(default=None, read_as="pageSize", check=at_least(1))
    #: Which page, from 1. None for the first.
    page: int | None = field(default=None, check=at_least(1))


# --- snapshots --------------------------------------------------------------------------------


@model
class CreateSnapshotRequest(Model):
    """What a snapshot is to be."""

    #: None for none.
    name: str | None = field(default=None, check=not_empty)


@model(received=True)
class SnapshotStatus(Model):
    """The state a snapshot is in, and why."""

    #: One of `SnapshotState`, or a name that only the server knows.
    state: str
    reason: str | None = None
    message: str | None = None
    last_transition_at: datetime | None = field(default=None, read_as="lastTransitionAt")


@model(received=True)
class SnapshotInfo(Model):
    """The file system of a sandbox, as it was at one moment."""

    id: str
    sandbox_id: str = field(read_as="sandboxId")
    name: str | None = None
    status: SnapshotStatus
    created_at: datetime = field(read_as="createdAt")


@model(received=True)
class PagedSnapshotInfos(Model):
    """One page of a list of snapshots."""

    snapshot_infos: list[SnapshotInfo] = field(read_as="items")
    pagination: PaginationInfo

    @property
    def items(self) -> list[SnapshotInfo]:
        """The same as `snapshot_infos`."""
        return self.snapshot_infos

    def __iter__(self) -> Iterator[SnapshotInfo]:
        return iter(self.snapshot_infos)

    def __len__(self) -> int:
        return len(self.snapshot_infos)


@model
class SnapshotFilter(Model):
    """Which snapshots are listed: those that fit everything that is given."""

    #: The sandbox they were made of. None for any.
    sandbox_id: str | None = field(default=None, read_as="sandboxId", check=not_empty)
    name: str | None = field(default=None, check=not_empty)
    #: Any of these, see `SnapshotState`. None for any.
    states: list[str] | None = None
    #: How many on a page, from 1. None leaves it to the server.
    page_size: int | None = field(default=None, read_as="pageSize", check=at_least(1))
    #: Which page, from 1. None for the first.
    page: int | None = field(default=None, check=at_least(1))


@model(received=True)
class SandboxMetrics(Model):
    """What a sandbox uses of its machine, at one moment."""

    cpu_count: float
    #: Of all its processors together, 0 to 100.
    cpu_used_percentage: float = field(read_as="cpu_used_pct")
    memory_total_in_mib: float = field(read_as="mem_total_mib")
    memory_used_in_mib: float = field(read_as="mem_used_mib")
    #: Milliseconds since 1970.
    timestamp: int


__all__ = [
    "OSSFS",
    "PVC",
    "CreateSnapshotRequest",
    "Credential",
    "CredentialAuth",
    "CredentialAuthMetadata",
    "CredentialBinding",
    "CredentialBindingListResponse",
    "CredentialBindingMetadata",
    "CredentialBindingMutationSet",
    "CredentialListResponse",
    "CredentialMatch",
    "CredentialMetadata",
    "CredentialMutationSet",
    "CredentialProxyConfig",
    "CredentialSubstitution",
    "CredentialVaultPatchRequest",
    "CredentialVaultState",
    "CustomHeaderEntry",
    "Host",
    "InlineCredentialSource",
    "LifecycleHook",
    "NetworkPolicy",
    "NetworkRule",
    "PagedSandboxInfos",
    "PagedSnapshotInfos",
    "PaginationInfo",
    "PeriodicLifecycleHook",
    "PlatformSpec",
    "SandboxAllocation",
    "SandboxCreateResponse",
    "SandboxEndpoint",
    "SandboxFilter",
    "SandboxImageAuth",
    "SandboxImageSpec",
    "SandboxInfo",
    "SandboxLifecycle",
    "SandboxMetrics",
    "SandboxOrigin",
    "SandboxRenewResponse",
    "SandboxState",
    "SandboxStatus",
    "SnapshotFilter",
    "SnapshotInfo",
    "SnapshotState",
    "SnapshotStatus",
    "Volume",
]


if not TYPE_CHECKING:  # for them, a misspelt name has to stay an error

    def __getattr__(name: str) -> object:
        """What is in `vault`, which few programs use, and which is loaded for those."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from . import vault

        value = globals()[name] = getattr(vault, name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
