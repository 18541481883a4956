# Written by scripts/unasync.py from opensandbox/_async/lifecycle.py. Do not edit.
"""The lifecycle API: sandboxes as the server keeps them, and where their ports are.

Rules:

* Ids and arguments are checked before anything is sent.
* The address of a port is remembered, see `endpoints`.
* What changes where a sandbox is (pause, resume, kill) makes its addresses forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from opensandbox_api.lifecycle import models as api
from opensandbox_api.lifecycle.api import sandboxes, snapshots, templates
from opensandbox_api.types import UNSET

from .. import _wire
from .._concurrency import make, monotonic
from .._wire import lifecycle as wire
from .._wire.urls import path_segment
from ..exceptions import InvalidArgumentException, SandboxTimeoutException
from ..models._time import Seconds
from ..models.sandboxes import SandboxFilter, SandboxRenewResponse
from .config import ConnectionConfigSync
from .endings import CLEAN_UP_LIMIT
from .endpoints import EndpointKey, cache_of
from .http import ServiceSync, call_limit

if TYPE_CHECKING:
    from ..models.sandboxes import (
        CreateSnapshotRequest,
        CredentialProxyConfig,
        NetworkPolicy,
        NetworkRule,
        PagedSandboxInfos,
        PagedSnapshotInfos,
        PlatformSpec,
        SandboxCreateResponse,
        SandboxEndpoint,
        SandboxImageSpec,
        SandboxInfo,
        SandboxLifecycle,
        SnapshotFilter,
        SnapshotInfo,
        Volume,
    )
    from ..models.templates import (
        CreateTemplateRequest,
        PagedTemplateInfos,
        TemplateFilter,
        TemplateInfo,
    )


class SandboxesSync:
    """The lifecycle API of one server."""

    def __init__(self, config: ConnectionConfigSync, *, once: bool = False) -> None:
        self.config = config
        self._once = once
        self._service = ServiceSync(config, once=once)

    def once(self) -> SandboxesSync:
        """The same for whoever tries again himself: no request of it is repeated."""
        return SandboxesSync(self.config, once=True)

    def create_sandbox(
        self,
        spec: SandboxImageSpec | str | None,
        entrypoint: Sequence[str] | None,
        env: Mapping[str, str] | None,
        metadata: Mapping[str, str] | None,
        timeout: Seconds | None,
        resource: Mapping[str, str] | None,
        network_policy: NetworkPolicy | None,
        extensions: Mapping[str, str] | None,
        volumes: Sequence[Volume] | None,
        platform: PlatformSpec | None = None,
        secure_access: bool = False,
        snapshot_id: str | None = None,
        credential_proxy: CredentialProxyConfig | None = None,
        resource_requests: Mapping[str, str] | None = None,
        lifecycle: SandboxLifecycle | None = None,
        *,
        request_timeout: Seconds | None = None,
    ) -> SandboxCreateResponse:
        """Begin to make a sandbox. It is not ready when this returns."""
        body = wire.create_sandbox(
            spec,
            snapshot_id=snapshot_id,
            entrypoint=entrypoint,
            env=env,
            metadata=metadata,
            timeout=timeout,
            resource=resource,
            resource_requests=resource_requests,
            network_policy=network_policy,
            credential_proxy=credential_proxy,
            extensions=extensions,
            volumes=volumes,
            platform=platform,
            secure_access=secure_access,
            lifecycle=lifecycle,
        )
        return self._made(body, request_timeout)

    def create_sandbox_from_template(
        self,
        template_id: str,
        timeout: Seconds,
        metadata: Mapping[str, str] | None = None,
        network_policy: NetworkPolicy | None = None,
        extensions: Mapping[str, str] | None = None,
        *,
        request_timeout: Seconds | None = None,
    ) -> SandboxCreateResponse:
        """Begin to make a sandbox from a template. It is not ready when this returns."""
        body = _wire.keeping.from_template(
            template_id, timeout, metadata, network_policy, extensions
        )
        return self._made(body, request_timeout)

    def _made(
        self, body: api.CreateSandboxRequest, request_timeout: Seconds | None
    ) -> SandboxCreateResponse:
        """What the server makes; ended at once for a caller who is cancelled meanwhile."""

        def ask() -> SandboxCreateResponse:
            answer = self._service.call(
                lambda client: sandboxes.create_sandbox.sync_detailed(client=client, body=body),
                request_timeout=request_timeout,
            )
            return wire.created(answer)

        return make(ask, unmake=lambda made: self.kill_sandbox(made.id), seconds=CLEAN_UP_LIMIT)

    def get_sandbox_info(
        self, sandbox_id: str, *, request_timeout: Seconds | None = None
    ) -> SandboxInfo:
        """What the server tells about a sandbox."""
        answer = self._of(sandbox_id).call(
            lambda client: sandboxes.get_sandbox.sync_detailed(sandbox_id, client=client),
            request_timeout=request_timeout,
        )
        return wire.sandbox_info(answer)

    def list_sandboxes(
        self, filter: SandboxFilter, *, request_timeout: Seconds | None = None
    ) -> PagedSandboxInfos:
        """One page of the sandboxes that fit."""
        if not isinstance(filter, SandboxFilter):
            raise InvalidArgumentException(
                f"filter must be a SandboxFilter, got {type(filter).__name__}"
            )
        state, metadata, page, page_size = wire.list_query(filter)
        answer = self._service.call(
            lambda client: sandboxes.list_sandboxes.sync_detailed(
                client=client, state=state, metadata=metadata, page=page, page_size=page_size
            ),
            request_timeout=request_timeout,
        )
        return wire.sandbox_page(answer)

    def patch_sandbox_metadata(
        self,
        sandbox_id: str,
        patch: Mapping[str, str | None],
        *,
        request_timeout: Seconds | None = None,
    ) -> SandboxInfo:
        """Change metadata: None removes a key, keys that are not named stay."""
        body = wire.metadata_patch(patch)
        answer = self._of(sandbox_id).call(
            lambda client: sandboxes.patch_sandbox_metadata.sync_detailed(
                sandbox_id, client=client, body=body
            ),
            request_timeout=request_timeout,
        )
        return wire.sandbox_info(answer)

    def get_sandbox_endpoint(
        self,
        sandbox_id: str,
        port: int,
        use_server_proxy: bool = False,
        *,
        request_timeout: Seconds | None = None,
    ) -> SandboxEndpoint:
        """Where a port of the sandbox is reached, perhaps as it was last found."""
        path_segment(sandbox_id, "sandbox_id")

        limit = call_limit(self.config, request_timeout)
        ends = monotonic() + limit

        def look_up(key: EndpointKey) -> SandboxEndpoint:
            return self._look_up(key, None, max(0.001, ends - monotonic()))

        key = (sandbox_id, wire.port(port), use_server_proxy)
        try:
            return cache_of(self.config).get(key, look_up, limit)
        except TimeoutError as error:
            raise SandboxTimeoutException(
                f"GET /sandboxes/{sandbox_id}/endpoints/{port}: no answer within"
                f" {round(limit, 3):g} s; another call had asked before",
                cause=error,
                sandbox_id=sandbox_id,
            ) from error

    def get_signed_sandbox_endpoint(
        self,
        sandbox_id: str,
        port: int,
        expires: int,
        use_server_proxy: bool = False,
        *,
        request_timeout: Seconds | None = None,
    ) -> SandboxEndpoint:
        """An endpoint that works without a header until `expires`, in seconds since 1970."""
        path_segment(sandbox_id, "sandbox_id")
        key = (sandbox_id, wire.port(port), use_server_proxy)
        return self._look_up(key, wire.expires(expires), request_timeout)

    def _look_up(
        self, key: EndpointKey, expires: str | None, request_timeout: Seconds | None
    ) -> SandboxEndpoint:
        sandbox_id, port, through_server = key
        answer = self._of(sandbox_id).call(
            lambda client: sandboxes.get_sandbox_endpoint.sync_detailed(
                sandbox_id,
                port,
                client=client,
                use_server_proxy=True if through_server else UNSET,
                expires=UNSET if expires is None else expires,
            ),
            request_timeout=request_timeout,
        )
        return wire.endpoint(answer)

    def pause_sandbox(self, sandbox_id: str, *, request_timeout: Seconds | None = None) -> None:
        """Begin to pause a sandbox."""
        self._of(sandbox_id).send(
            lambda client: sandboxes.pause_sandbox.sync_detailed(sandbox_id, client=client),
            request_timeout=request_timeout,
        )
        self.invalidate_endpoint_cache(sandbox_id)

    def resume_sandbox(self, sandbox_id: str, *, request_timeout: Seconds | None = None) -> None:
        """Begin to resume a sandbox."""
        self._of(sandbox_id).send(
            lambda client: sandboxes.resume_sandbox.sync_detailed(sandbox_id, client=client),
            request_timeout=request_timeout,
        )
        self.invalidate_endpoint_cache(sandbox_id)

    def renew_sandbox_expiration(
        self,
        sandbox_id: str,
        new_expiration_time: datetime,
        *,
        request_timeout: Seconds | None = None,
    ) -> SandboxRenewResponse:
        """Set when a sandbox ends. A time without a zone is local, as Python takes it."""
        if not isinstance(new_expiration_time, datetime):
            raise InvalidArgumentException(
                f"new_expiration_time must be a datetime, got {type(new_expiration_time).__name__}"
            )
        body = api.RenewSandboxExpirationRequest(expires_at=new_expiration_time.astimezone())
        answer = self._of(sandbox_id).call(
            lambda client: sandboxes.renew_sandbox_expiration.sync_detailed(
                sandbox_id, client=client, body=body
            ),
            request_timeout=request_timeout,
        )
        return SandboxRenewResponse(expires_at=wire.renewed(answer))

    def kill_sandbox(self, sandbox_id: str, *, request_timeout: Seconds | None = None) -> None:
        """End a sandbox. Raises `SandboxApiException` (404) for one that is not there."""
        self._of(sandbox_id).send(
            lambda client: sandboxes.delete_sandbox.sync_detailed(sandbox_id, client=client),
            request_timeout=request_timeout,
        )
        self.invalidate_endpoint_cache(sandbox_id)

    # --- what a sandbox may reach, as the server keeps it

    def get_network_policy(
        self, sandbox_id: str, *, request_timeout: Seconds | None = None
    ) -> NetworkPolicy:
        """What the sandbox may reach."""
        answer = self._of(sandbox_id).call(
            lambda client: sandboxes.get_network_policy.sync_detailed(sandbox_id, client=client),
            request_timeout=request_timeout,
        )
        return _wire.egress.network_policy(answer)

    def replace_network_policy(
        self, sandbox_id: str, policy: NetworkPolicy, *, request_timeout: Seconds | None = None
    ) -> None:
        """Replace what the sandbox may reach, from its next connection on."""
        body = api.NetworkPolicy.from_dict(_wire.egress.policy(policy))
        self._of(sandbox_id).send(
            lambda client: sandboxes.replace_network_policy.sync_detailed(
                sandbox_id, client=client, body=body
            ),
            request_timeout=request_timeout,
        )

    def patch_network_policy(
        self,
        sandbox_id: str,
        rules: Sequence[NetworkRule],
        *,
        request_timeout: Seconds | None = None,
    ) -> None:
        """Add rules before those there are; one with the target of another takes its place."""
        body = [api.NetworkRule.from_dict(rule) for rule in _wire.egress.rules(rules)]
        self._of(sandbox_id).send(
            lambda client: sandboxes.patch_network_policy.sync_detailed(
                sandbox_id, client=client, body=body
            ),
            request_timeout=request_timeout,
        )

    def delete_network_policy_rules(
        self, sandbox_id: str, targets: Sequence[str], *, request_timeout: Seconds | None = None
    ) -> None:
        """Remove the rules with these targets."""
        body = _wire.egress.targets(targets)
        self._of(sandbox_id).send(
            lambda client: sandboxes.delete_network_policy_rules.sync_detailed(
                sandbox_id, client=client, body=body
            ),
            request_timeout=request_timeout,
        )

    # --- snapshots

    def create_snapshot(
        self,
        sandbox_id: str,
        request: CreateSnapshotRequest | None = None,
        *,
        request_timeout: Seconds | None = None,
    ) -> SnapshotInfo:
        """Begin to make a snapshot. It is not ready when this returns."""
        body = _wire.keeping.new_snapshot(request)
        answer = self._of(sandbox_id).call(
            lambda client: snapshots.create_snapshot.sync_detailed(
                sandbox_id, client=client, body=body
            ),
            request_timeout=request_timeout,
        )
        return _wire.keeping.snapshot(answer)

    def get_snapshot(
        self, snapshot_id: str, *, request_timeout: Seconds | None = None
    ) -> SnapshotInfo:
        """What the server tells about a snapshot."""
        path_segment(snapshot_id, "snapshot_id")
        answer = self._service.call(
            lambda client: snapshots.get_snapshot.sync_detailed(snapshot_id, client=client),
            request_timeout=request_timeout,
        )
        return _wire.keeping.snapshot(answer)

    def list_snapshots(
        self, filter: SnapshotFilter, *, request_timeout: Seconds | None = None
    ) -> PagedSnapshotInfos:
        """One page of the snapshots that fit."""
        query = _wire.keeping.snapshot_query(filter)
        answer = self._service.call(
            lambda client: snapshots.list_snapshots.sync_detailed(client=client, **query),
            request_timeout=request_timeout,
        )
        return _wire.keeping.snapshot_page(answer)

    def delete_snapshot(self, snapshot_id: str, *, request_timeout: Seconds | None = None) -> None:
        """Remove a snapshot."""
        path_segment(snapshot_id, "snapshot_id")
        self._service.send(
            lambda client: snapshots.delete_snapshot.sync_detailed(snapshot_id, client=client),
            request_timeout=request_timeout,
        )

    # --- templates

    def create_template(
        self, request: CreateTemplateRequest, *, request_timeout: Seconds | None = None
    ) -> TemplateInfo:
        """Begin to prepare an image for a fast start."""
        body = _wire.keeping.new_template(request)
        answer = self._service.call(
            lambda client: templates.create_template.sync_detailed(client=client, body=body),
            request_timeout=request_timeout,
        )
        return _wire.keeping.template(answer)

    def get_template(
        self, template_id: str, *, request_timeout: Seconds | None = None
    ) -> TemplateInfo:
        """What the server tells about a template."""
        path_segment(template_id, "template_id")
        answer = self._service.call(
            lambda client: templates.get_template.sync_detailed(template_id, client=client),
            request_timeout=request_timeout,
        )
        return _wire.keeping.template(answer)

    def list_templates(
        self, filter: TemplateFilter, *, request_timeout: Seconds | None = None
    ) -> PagedTemplateInfos:
        """One page of the templates that fit."""
        query = _wire.keeping.template_query(filter)
        answer = self._service.call(
            lambda client: templates.list_templates.sync_detailed(client=client, **query),
            request_timeout=request_timeout,
        )
        return _wire.keeping.template_page(answer)

    def delete_template(self, template_id: str, *, request_timeout: Seconds | None = None) -> None:
        """Remove a template."""
        path_segment(template_id, "template_id")
        self._service.send(
            lambda client: templates.delete_template.sync_detailed(template_id, client=client),
            request_timeout=request_timeout,
        )

    def invalidate_endpoint_cache(self, sandbox_id: str) -> None:
        """Forget where the sandbox's ports are."""
        cache_of(self.config).forget(sandbox_id)

    def _of(self, sandbox_id: str) -> ServiceSync:
        """The service, with the sandbox that its errors are to name."""
        path_segment(sandbox_id, "sandbox_id")
        return ServiceSync(self.config, sandbox_id=sandbox_id, once=self._once)
