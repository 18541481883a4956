"""Say what the server is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.version_response import VersionResponse


def _get_kwargs() -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/version",
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[VersionResponse]:
    parsed: VersionResponse | None = None
    if response.is_success and response.content:
        parsed = models.VersionResponse.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
) -> Response[VersionResponse]:
    """Say what the server is."""
    return _build_response(client.request(**_get_kwargs()))


async def asyncio_detailed(
    *,
    client: AsyncClient,
) -> Response[VersionResponse]:
    """Say what the server is."""
    return _build_response(await client.request(**_get_kwargs()))
