"""Close an isolated session.

Ends its processes and drops what it wrote into layers that do not persist.
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
        "method": "DELETE",
        "url": "/v1/isolated/session/{session_id}".format(
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
    """Close an isolated session."""
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
    """Close an isolated session."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                session_id,
            )
        )
    )
