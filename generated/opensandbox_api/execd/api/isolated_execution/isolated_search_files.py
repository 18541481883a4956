"""Find files by a pattern, in an isolated session.

Looks at everything below `path`, at any depth. The pattern is a doublestar glob (`*`, `?`,
`[a-z]`, `{a,b}`, and `**` for any number of directories) matched against the path below `path`
and against the name alone: `*.txt` finds files in directories below as well. Directories are
not listed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import models
from ...types import UNSET, AsyncClient, Client, Response, Unset

if TYPE_CHECKING:
    import httpx

    from ...models.file_info import FileInfo


def _get_kwargs(
    session_id: str,
    *,
    path: str,
    pattern: str | Unset = UNSET,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/v1/isolated/session/{session_id}/files/search".format(
            session_id=quote(str(session_id), safe=""),
        ),
    }
    params: dict[str, Any] = {}
    params["path"] = path
    if not isinstance(pattern, Unset):
        params["pattern"] = pattern
    kwargs["params"] = params
    return kwargs


def _build_response(response: httpx.Response) -> Response[list[FileInfo]]:
    parsed: list[FileInfo] | None = None
    if response.is_success and response.content:
        parsed = [models.FileInfo.from_dict(item) for item in response.json() or ()]
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    session_id: str,
    *,
    client: Client,
    path: str,
    pattern: str | Unset = UNSET,
) -> Response[list[FileInfo]]:
    """Find files by a pattern, in an isolated session."""
    return _build_response(
        client.request(
            **_get_kwargs(
                session_id,
                path=path,
                pattern=pattern,
            )
        )
    )


async def asyncio_detailed(
    session_id: str,
    *,
    client: AsyncClient,
    path: str,
    pattern: str | Unset = UNSET,
) -> Response[list[FileInfo]]:
    """Find files by a pattern, in an isolated session."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                session_id,
                path=path,
                pattern=pattern,
            )
        )
    )
