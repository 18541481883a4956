"""Stop a running command.

Ends the command and everything it started. Its stream ends with an `error` event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx


def _get_kwargs(
    *,
    id: str,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "DELETE",
        "url": "/command",
    }
    params: dict[str, Any] = {}
    params["id"] = id
    kwargs["params"] = params
    return kwargs


def _build_response(response: httpx.Response) -> Response[Any]:
    return Response(response.status_code, response.headers, response.content, None)


def sync_detailed(
    *,
    client: Client,
    id: str,
) -> Response[Any]:
    """Stop a running command."""
    return _build_response(
        client.request(
            **_get_kwargs(
                id=id,
            )
        )
    )


async def asyncio_detailed(
    *,
    client: AsyncClient,
    id: str,
) -> Response[Any]:
    """Stop a running command."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                id=id,
            )
        )
    )
