"""The lifecycle API: sandboxes as the server keeps them, and where their ports are.

Rules:

* Ids and arguments are checked before anything is sent.
* The address of a port is remembered for each config. Many callers who ask for the same one at the
  same time share one look-up; who is cancelled leaves the others to it.
* What changes where a sandbox is (pause, resume, kill) makes its addresses forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from weakref import WeakKeyDictionary

from opensandbox_api.lifecycle.api.sandboxes import (
    create_sandbox,
    delete_sandbox,
    get_sandbox,
    get_sandbox_endpoint,
    list_sandboxes,
    patch_sandbox_metadata,
    pause_sandbox,
    renew_sandbox_expiration,
    resume_sandbox,
)
from opensandbox_api.lifecycle.models import RenewSandboxExpirationRequest
from opensandbox_api.types import UNSET

from .._concurrency import AsyncHere, AsyncLock, AsyncOperation, monotonic
from .._wire import lifecycle as wire
from .._wire.urls import path_segment
from ..exceptions import InvalidArgumentException, SandboxApiException
from ..models._time import Seconds
from ..models.sandboxes import (
    CredentialProxyConfig,
    NetworkPolicy,
    PagedSandboxInfos,
    PlatformSpec,
    SandboxCreateResponse,
    SandboxEndpoint,
    SandboxFilter,
    SandboxImageSpec,
    SandboxInfo,
    SandboxLifecycle,
    SandboxRenewResponse,
    Volume,
)
from .config import ConnectionConfig
from .connection import Connection
from .http import Service

#: Which address: of a sandbox, a port, through the server or not.
_Key = tuple[str, int, bool]


class _Lookup:
    """One look-up that is under way, and what came of it for those who wait for it."""

    def __init__(self) -> None:
        self.lock = AsyncLock()
        self.callers = 0
        self.endpoint: SandboxEndpoint | None = None
        self.refusal: SandboxApiException | None = None


class _Lookups:
    """The look-ups under way on one event loop, or in the blocking colour of the process."""

    def __init__(self) -> None:
        self.under_way: dict[_Key, _Lookup] = {}

    async def close(self) -> None:
        self.under_way.clear()

    def forget(self) -> None:
        self.under_way = {}


class EndpointCache:
    """Where ports were last found, for one config."""

    def __init__(self, config: ConnectionConfig) -> None:
        self._size = 0 if config.endpoint_cache_disabled else config.endpoint_cache_size
        self._ttl = config.endpoint_cache_ttl.total_seconds()
        self._known: dict[_Key, tuple[float, SandboxEndpoint]] = {}
        self._lookups = AsyncHere(_Lookups, _Lookups.close, _Lookups.forget)

    async def get(
        self, key: _Key, look_up: AsyncOperation[_Key, SandboxEndpoint]
    ) -> SandboxEndpoint:
        """The endpoint, looked up by the first who asks unless it is known."""
        known = self._find(key)
        if known is not None:
            return known
        under_way = self._lookups.get().under_way
        lookup = under_way.setdefault(key, _Lookup())
        lookup.callers += 1
        try:
            async with lookup.lock:
                return await self._first_or_same(key, lookup, look_up)
        finally:
            lookup.callers -= 1
            ended = lookup.endpoint is not None or lookup.refusal is not None
            if under_way.get(key) is lookup and (ended or not lookup.callers):
                del under_way[key]

    async def _first_or_same(
        self, key: _Key, lookup: _Lookup, look_up: AsyncOperation[_Key, SandboxEndpoint]
    ) -> SandboxEndpoint:
        # Whoever had the lock before has the answer, or was cancelled and leaves it to us.
        if lookup.refusal is not None:
            raise lookup.refusal
        if lookup.endpoint is None:
            try:
                endpoint = await look_up(key)
            except SandboxApiException as error:
                lookup.refusal = error
                raise
            lookup.endpoint = endpoint
            if self._lookups.get().under_way.get(key) is lookup:  # else it was forgotten meanwhile
                self._remember(key, endpoint)
        return lookup.endpoint

    def forget(self, sandbox_id: str) -> None:
        """Forget the addresses of a sandbox, those being looked up included."""
        for key in [key for key in list(self._known) if key[0] == sandbox_id]:
            self._known.pop(key, None)
        under_way = self._lookups.get().under_way
        for key in [key for key in list(under_way) if key[0] == sandbox_id]:
            under_way.pop(key, None)

    def _find(self, key: _Key) -> SandboxEndpoint | None:
        found = self._known.get(key)
        if found is None:
            return None
        until, endpoint = found
        if monotonic() < until:
            return endpoint
        self._known.pop(key, None)
        return None

    def _remember(self, key: _Key, endpoint: SandboxEndpoint) -> None:
        if not self._size:
            return
        while len(self._known) >= self._size:
            self._known.pop(next(iter(self._known)), None)  # the one remembered first
        self._known[key] = (monotonic() + self._ttl, endpoint)


_caches: WeakKeyDictionary[Connection, EndpointCache] = WeakKeyDictionary()


def _cache_of(config: ConnectionConfig) -> EndpointCache:
    connection = config.connection
    cache = _caches.get(connection)
    if cache is None:
        cache = _caches.setdefault(connection, EndpointCache(config))
    return cache


class Sandboxes:
    """The lifecycle API of one server."""

    def __init__(self, config: ConnectionConfig, *, once: bool = False) -> None:
        self.config = config
        self._once = once
        self._service = Service(config, once=once)

    def once(self) -> Sandboxes:
        """The same for whoever tries again himself: no request of it is repeated."""
        return Sandboxes(self.config, once=True)

    async def create_sandbox(
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
        answer = await self._service.call(
            lambda client: create_sandbox.asyncio_detailed(client=client, body=body),
            request_timeout=request_timeout,
        )
        return wire.created(answer)

    async def get_sandbox_info(
        self, sandbox_id: str, *, request_timeout: Seconds | None = None
    ) -> SandboxInfo:
        """What the server tells about a sandbox."""
        answer = await self._of(sandbox_id).call(
            lambda client: get_sandbox.asyncio_detailed(sandbox_id, client=client),
            request_timeout=request_timeout,
        )
        return wire.sandbox_info(answer)

    async def list_sandboxes(
        self, filter: SandboxFilter, *, request_timeout: Seconds | None = None
    ) -> PagedSandboxInfos:
        """One page of the sandboxes that fit."""
        if not isinstance(filter, SandboxFilter):
            raise InvalidArgumentException(
                f"filter must be a SandboxFilter, got {type(filter).__name__}"
            )
        state, metadata, page, page_size = wire.list_query(filter)
        answer = await self._service.call(
            lambda client: list_sandboxes.asyncio_detailed(
                client=client, state=state, metadata=metadata, page=page, page_size=page_size
            ),
            request_timeout=request_timeout,
        )
        return wire.sandbox_page(answer)

    async def patch_sandbox_metadata(
        self,
        sandbox_id: str,
        patch: Mapping[str, str | None],
        *,
        request_timeout: Seconds | None = None,
    ) -> SandboxInfo:
        """Change metadata: None removes a key, keys that are not named stay."""
        body = wire.metadata_patch(patch)
        answer = await self._of(sandbox_id).call(
            lambda client: patch_sandbox_metadata.asyncio_detailed(
                sandbox_id, client=client, body=body
            ),
            request_timeout=request_timeout,
        )
        return wire.sandbox_info(answer)

    async def get_sandbox_endpoint(
        self,
        sandbox_id: str,
        port: int,
        use_server_proxy: bool = False,
        *,
        request_timeout: Seconds | None = None,
    ) -> SandboxEndpoint:
        """Where a port of the sandbox is reached, perhaps as it was last found."""
        path_segment(sandbox_id, "sandbox_id")

        async def look_up(key: _Key) -> SandboxEndpoint:
            return await self._look_up(key, None, request_timeout)

        key = (sandbox_id, wire.port(port), use_server_proxy)
        return await _cache_of(self.config).get(key, look_up)

    async def get_signed_sandbox_endpoint(
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
        return await self._look_up(key, wire.expires(expires), request_timeout)

    async def _look_up(
        self, key: _Key, expires: str | None, request_timeout: Seconds | None
    ) -> SandboxEndpoint:
        sandbox_id, port, through_server = key
        answer = await self._of(sandbox_id).call(
            lambda client: get_sandbox_endpoint.asyncio_detailed(
                sandbox_id,
                port,
                client=client,
                use_server_proxy=True if through_server else UNSET,
                expires=UNSET if expires is None else expires,
            ),
            request_timeout=request_timeout,
        )
        return wire.endpoint(answer)

    async def pause_sandbox(
        self, sandbox_id: str, *, request_timeout: Seconds | None = None
    ) -> None:
        """Begin to pause a sandbox."""
        await self._of(sandbox_id).send(
            lambda client: pause_sandbox.asyncio_detailed(sandbox_id, client=client),
            request_timeout=request_timeout,
        )
        self.invalidate_endpoint_cache(sandbox_id)

    async def resume_sandbox(
        self, sandbox_id: str, *, request_timeout: Seconds | None = None
    ) -> None:
        """Begin to resume a sandbox."""
        await self._of(sandbox_id).send(
            lambda client: resume_sandbox.asyncio_detailed(sandbox_id, client=client),
            request_timeout=request_timeout,
        )
        self.invalidate_endpoint_cache(sandbox_id)

    async def renew_sandbox_expiration(
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
        body = RenewSandboxExpirationRequest(expires_at=new_expiration_time.astimezone())
        answer = await self._of(sandbox_id).call(
            lambda client: renew_sandbox_expiration.asyncio_detailed(
                sandbox_id, client=client, body=body
            ),
            request_timeout=request_timeout,
        )
        return SandboxRenewResponse(expires_at=wire.renewed(answer))

    async def kill_sandbox(
        self, sandbox_id: str, *, request_timeout: Seconds | None = None
    ) -> None:
        """End a sandbox. Raises `SandboxApiException` (404) for one that is not there."""
        await self._of(sandbox_id).send(
            lambda client: delete_sandbox.asyncio_detailed(sandbox_id, client=client),
            request_timeout=request_timeout,
        )
        self.invalidate_endpoint_cache(sandbox_id)

    def invalidate_endpoint_cache(self, sandbox_id: str) -> None:
        """Forget where the sandbox's ports are."""
        _cache_of(self.config).forget(sandbox_id)

    def _of(self, sandbox_id: str) -> Service:
        """The service, with the sandbox that its errors are to name."""
        path_segment(sandbox_id, "sandbox_id")
        return Service(self.config, sandbox_id=sandbox_id, once=self._once)
