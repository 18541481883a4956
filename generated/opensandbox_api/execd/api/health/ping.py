"""Say that the daemon answers.

The first 200 means that the sandbox can be used. 401 and 403 will not change; anything else
may.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx


def _get_kwargs() -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/ping",
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[Any]:
    return Response(response.status_code, response.headers, response.content, None)


def sync_detailed(
    *,
    client: Client,
) -> Response[Any]:
    """Say that the daemon answers."""
    return _build_response(client.request(**_get_kwargs()))


async def asyncio_detailed(
    *,
    client: AsyncClient,
) -> Response[Any]:
    """Say that the daemon answers."""
    return _build_response(await client.request(**_get_kwargs()))
