"""The server itself: whether it works, what it is, and the pools that it keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opensandbox_api.lifecycle.api.pools import (
    create_pool,
    delete_pool,
    get_pool,
    list_pools,
    update_pool,
)
from opensandbox_api.lifecycle.api.system import get_health, get_version
from opensandbox_api.lifecycle.models import UpdatePoolRequest

from .._wire import keeping
from .._wire.received import optional
from .._wire.urls import path_segment
from ..models._time import Seconds
from ..models.server_pools import ServerPool, ServerPoolCapacity
from .config import ConnectionConfig
from .http import Service

_HEALTHY = "healthy"


class System:
    """One server."""

    def __init__(self, config: ConnectionConfig) -> None:
        self._service = Service(config)

    async def is_healthy(self, *, request_timeout: Seconds | None = None) -> bool:
        """Whether the server says that it works. Raises when it does not answer."""
        answer = await self._service.beside_v1().call(
            lambda client: get_health.asyncio_detailed(client=client),
            request_timeout=request_timeout,
        )
        return answer.status == _HEALTHY

    async def get_version(self, *, request_timeout: Seconds | None = None) -> str | None:
        """The server's version; None when it does not say."""
        answer = await self._service.call(
            lambda client: get_version.asyncio_detailed(client=client),
            request_timeout=request_timeout,
        )
        return optional(answer.version)


class ServerPools:
    """The pools that one server keeps; `manager.pools`.

    Kubernetes servers have them; others refuse: `SandboxApiException` with 501. Every method takes
    `request_timeout`, in seconds (None: the config's).
    """

    def __init__(self, config: ConnectionConfig) -> None:
        self._service = Service(config)

    async def create(
        self,
        name: str,
        template: Mapping[str, Any],
        capacity: ServerPoolCapacity,
        *,
        request_timeout: Seconds | None = None,
    ) -> ServerPool:
        """Make a pool of sandboxes like `template`, a pod template."""
        body = keeping.new_pool(name, template, capacity)
        answer = await self._service.call(
            lambda client: create_pool.asyncio_detailed(client=client, body=body),
            request_timeout=request_timeout,
        )
        return keeping.pool(answer)

    async def get(self, name: str, *, request_timeout: Seconds | None = None) -> ServerPool:
        """What the server tells about a pool."""
        path_segment(name, "name")
        answer = await self._service.call(
            lambda client: get_pool.asyncio_detailed(name, client=client),
            request_timeout=request_timeout,
        )
        return keeping.pool(answer)

    async def list_all(self, *, request_timeout: Seconds | None = None) -> list[ServerPool]:
        """All pools of the server."""
        answer = await self._service.call(
            lambda client: list_pools.asyncio_detailed(client=client),
            request_timeout=request_timeout,
        )
        return [keeping.pool(item) for item in answer.items or []]

    async def update(
        self, name: str, capacity: ServerPoolCapacity, *, request_timeout: Seconds | None = None
    ) -> ServerPool:
        """Change how many sandboxes a pool keeps."""
        path_segment(name, "name")
        body = UpdatePoolRequest(capacity_spec=keeping.pool_capacity(capacity))
        answer = await self._service.call(
            lambda client: update_pool.asyncio_detailed(name, client=client, body=body),
            request_timeout=request_timeout,
        )
        return keeping.pool(answer)

    async def delete(self, name: str, *, request_timeout: Seconds | None = None) -> None:
        """Remove a pool."""
        path_segment(name, "name")
        await self._service.send(
            lambda client: delete_pool.asyncio_detailed(name, client=client),
            request_timeout=request_timeout,
        )
