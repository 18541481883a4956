"""Make directories, in an isolated session.

With those on the way. One that is there is left as it is, but for its mode and owner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.permission_by_path import PermissionByPath


def _get_kwargs(
    session_id: str,
    *,
    body: PermissionByPath,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/v1/isolated/session/{session_id}/directories".format(
            session_id=quote(str(session_id), safe=""),
        ),
    }
    kwargs["json"] = body.to_dict()
    return kwargs


def _build_response(response: httpx.Response) -> Response[Any]:
    return Response(response.status_code, response.headers, response.content, None)


def sync_detailed(
    session_id: str,
    *,
    client: Client,
    body: PermissionByPath,
) -> Response[Any]:
    """Make directories, in an isolated session."""
    return _build_response(
        client.request(
            **_get_kwargs(
                session_id,
                body=body,
            )
        )
    )


async def asyncio_detailed(
    session_id: str,
    *,
    client: AsyncClient,
    body: PermissionByPath,
) -> Response[Any]:
    """Make directories, in an isolated session."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                session_id,
                body=body,
            )
        )
    )
