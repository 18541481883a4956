"""Describe one pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.pool_response import PoolResponse


def _get_kwargs(
    pool_name: str,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/pools/{pool_name}".format(
            pool_name=quote(str(pool_name), safe=""),
        ),
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[PoolResponse]:
    parsed: PoolResponse | None = None
    if response.is_success and response.content:
        parsed = models.PoolResponse.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    pool_name: str,
    *,
    client: Client,
) -> Response[PoolResponse]:
    """Describe one pool."""
    return _build_response(
        client.request(
            **_get_kwargs(
                pool_name,
            )
        )
    )


async def asyncio_detailed(
    pool_name: str,
    *,
    client: AsyncClient,
) -> Response[PoolResponse]:
    """Describe one pool."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                pool_name,
            )
        )
    )
