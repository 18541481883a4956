"""Delete files.

What is not there counts as deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx


def _get_kwargs(
    *,
    path: list[str],
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "DELETE",
        "url": "/files",
    }
    params: dict[str, Any] = {}
    params["path"] = path
    kwargs["params"] = params
    return kwargs


def _build_response(response: httpx.Response) -> Response[Any]:
    return Response(response.status_code, response.headers, response.content, None)


def sync_detailed(
    *,
    client: Client,
    path: list[str],
) -> Response[Any]:
    """Delete files."""
    return _build_response(
        client.request(
            **_get_kwargs(
                path=path,
            )
        )
    )


async def asyncio_detailed(
    *,
    client: AsyncClient,
    path: list[str],
) -> Response[Any]:
    """Delete files."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                path=path,
            )
        )
    )
