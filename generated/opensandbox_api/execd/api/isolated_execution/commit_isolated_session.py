"""Write the changes of an isolated session into what it was laid over.

No daemon does it yet; one that can says so as `commit_supported` in its capabilities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx


def _get_kwargs(
    session_id: str,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/v1/isolated/session/{session_id}/commit".format(
            session_id=quote(str(session_id), safe=""),
        ),
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[Any]:
    return Response(response.status_code, response.headers, response.content, None)


def sync_detailed(
    session_id: str,
    *,
    client: Client,
) -> Response[Any]:
    """Write the changes of an isolated session into what it was laid over."""
    return _build_response(
        client.request(
            **_get_kwargs(
                session_id,
            )
        )
    )


async def asyncio_detailed(
    session_id: str,
    *,
    client: AsyncClient,
) -> Response[Any]:
    """Write the changes of an isolated session into what it was laid over."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                session_id,
            )
        )
    )
