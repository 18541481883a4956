"""Say that the server works.

Wants no key, and is not below `/v1`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.health_response import HealthResponse


def _get_kwargs() -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/health",
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[HealthResponse]:
    parsed: HealthResponse | None = None
    if response.is_success and response.content:
        parsed = models.HealthResponse.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
) -> Response[HealthResponse]:
    """Say that the server works."""
    return _build_response(client.request(**_get_kwargs()))


async def asyncio_detailed(
    *,
    client: AsyncClient,
) -> Response[HealthResponse]:
    """Say that the server works."""
    return _build_response(await client.request(**_get_kwargs()))
