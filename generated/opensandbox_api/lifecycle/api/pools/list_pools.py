"""List all pools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.list_pools_response import ListPoolsResponse


def _get_kwargs() -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/pools",
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[ListPoolsResponse]:
    parsed: ListPoolsResponse | None = None
    if response.is_success and response.content:
        parsed = models.ListPoolsResponse.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
) -> Response[ListPoolsResponse]:
    """List all pools."""
    return _build_response(client.request(**_get_kwargs()))


async def asyncio_detailed(
    *,
    client: AsyncClient,
) -> Response[ListPoolsResponse]:
    """List all pools."""
    return _build_response(await client.request(**_get_kwargs()))
