"""Delete directories with all that is in them, in an isolated session.

What is not there counts as deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx


def _get_kwargs(
    session_id: str,
    *,
    path: list[str],
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "DELETE",
        "url": "/v1/isolated/session/{session_id}/directories".format(
            session_id=quote(str(session_id), safe=""),
        ),
    }
    params: dict[str, Any] = {}
    params["path"] = path
    kwargs["params"] = params
    return kwargs


def _build_response(response: httpx.Response) -> Response[Any]:
    return Response(response.status_code, response.headers, response.content, None)


def sync_detailed(
    session_id: str,
    *,
    client: Client,
    path: list[str],
) -> Response[Any]:
    """Delete directories with all that is in them, in an isolated session."""
    return _build_response(
        client.request(
            **_get_kwargs(
                session_id,
                path=path,
            )
        )
    )


async def asyncio_detailed(
    session_id: str,
    *,
    client: AsyncClient,
    path: list[str],
) -> Response[Any]:
    """Delete directories with all that is in them, in an isolated session."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                session_id,
                path=path,
            )
        )
    )
