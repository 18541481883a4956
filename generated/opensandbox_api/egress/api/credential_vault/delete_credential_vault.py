"""Remove the vault.

Requests go out as they are from then on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx


def _get_kwargs() -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "DELETE",
        "url": "/credential-vault",
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[Any]:
    return Response(response.status_code, response.headers, response.content, None)


def sync_detailed(
    *,
    client: Client,
) -> Response[Any]:
    """Remove the vault."""
    return _build_response(client.request(**_get_kwargs()))


async def asyncio_detailed(
    *,
    client: AsyncClient,
) -> Response[Any]:
    """Remove the vault."""
    return _build_response(await client.request(**_get_kwargs()))
