"""Describe files and directories, in an isolated session.

Links are described themselves, not what they point at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.file_info_by_path import FileInfoByPath


def _get_kwargs(
    session_id: str,
    *,
    path: list[str],
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/v1/isolated/session/{session_id}/files/info".format(
            session_id=quote(str(session_id), safe=""),
        ),
    }
    params: dict[str, Any] = {}
    params["path"] = path
    kwargs["params"] = params
    return kwargs


def _build_response(response: httpx.Response) -> Response[FileInfoByPath]:
    parsed: FileInfoByPath | None = None
    if response.is_success and response.content:
        parsed = models.FileInfoByPath.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    session_id: str,
    *,
    client: Client,
    path: list[str],
) -> Response[FileInfoByPath]:
    """Describe files and directories, in an isolated session."""
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
) -> Response[FileInfoByPath]:
    """Describe files and directories, in an isolated session."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                session_id,
                path=path,
            )
        )
    )
