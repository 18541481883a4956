"""Pause a sandbox.

Answers before it has happened: the state goes from Running over Pausing to Paused, and a caller
who needs to know looks with `get_sandbox`. Processes stand still and keep their memory; the
time to live runs on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx


def _get_kwargs(
    sandbox_id: str,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/sandboxes/{sandbox_id}/pause".format(
            sandbox_id=quote(str(sandbox_id), safe=""),
        ),
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[Any]:
    return Response(response.status_code, response.headers, response.content, None)


def sync_detailed(
    sandbox_id: str,
    *,
    client: Client,
) -> Response[Any]:
    """Pause a sandbox."""
    return _build_response(
        client.request(
            **_get_kwargs(
                sandbox_id,
            )
        )
    )


async def asyncio_detailed(
    sandbox_id: str,
    *,
    client: AsyncClient,
) -> Response[Any]:
    """Pause a sandbox."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                sandbox_id,
            )
        )
    )
