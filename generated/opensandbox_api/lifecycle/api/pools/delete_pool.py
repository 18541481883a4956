"""Remove a pool.

The sandboxes that wait in it are ended; those in use run on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx


def _get_kwargs(
    pool_name: str,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "DELETE",
        "url": "/pools/{pool_name}".format(
            pool_name=quote(str(pool_name), safe=""),
        ),
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[Any]:
    return Response(response.status_code, response.headers, response.content, None)


def sync_detailed(
    pool_name: str,
    *,
    client: Client,
) -> Response[Any]:
    """Remove a pool."""
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
) -> Response[Any]:
    """Remove a pool."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                pool_name,
            )
        )
    )
