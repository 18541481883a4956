"""List isolated sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.list_isolated_sessions_response import ListIsolatedSessionsResponse


def _get_kwargs() -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/v1/isolated/sessions",
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[ListIsolatedSessionsResponse]:
    parsed: ListIsolatedSessionsResponse | None = None
    if response.is_success and response.content:
        parsed = models.ListIsolatedSessionsResponse.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
) -> Response[ListIsolatedSessionsResponse]:
    """List isolated sessions."""
    return _build_response(client.request(**_get_kwargs()))


async def asyncio_detailed(
    *,
    client: AsyncClient,
) -> Response[ListIsolatedSessionsResponse]:
    """List isolated sessions."""
    return _build_response(await client.request(**_get_kwargs()))
