"""Make a pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.create_pool_request import CreatePoolRequest
    from ...models.pool_response import PoolResponse


def _get_kwargs(
    *,
    body: CreatePoolRequest,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/pools",
    }
    kwargs["json"] = body.to_dict()
    return kwargs


def _build_response(response: httpx.Response) -> Response[PoolResponse]:
    parsed: PoolResponse | None = None
    if response.is_success and response.content:
        parsed = models.PoolResponse.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
    body: CreatePoolRequest,
) -> Response[PoolResponse]:
    """Make a pool."""
    return _build_response(
        client.request(
            **_get_kwargs(
                body=body,
            )
        )
    )


async def asyncio_detailed(
    *,
    client: AsyncClient,
    body: CreatePoolRequest,
) -> Response[PoolResponse]:
    """Make a pool."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                body=body,
            )
        )
    )
