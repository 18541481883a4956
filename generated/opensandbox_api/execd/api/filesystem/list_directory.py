"""List a directory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models
from ...types import UNSET, AsyncClient, Client, Response, Unset

if TYPE_CHECKING:
    import httpx

    from ...models.file_info import FileInfo


def _get_kwargs(
    *,
    path: str,
    depth: int | Unset = UNSET,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/directories/list",
    }
    params: dict[str, Any] = {}
    params["path"] = path
    if not isinstance(depth, Unset):
        params["depth"] = depth
    kwargs["params"] = params
    return kwargs


def _build_response(response: httpx.Response) -> Response[list[FileInfo]]:
    parsed: list[FileInfo] | None = None
    if response.is_success and response.content:
        parsed = [models.FileInfo.from_dict(item) for item in response.json() or ()]
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
    path: str,
    depth: int | Unset = UNSET,
) -> Response[list[FileInfo]]:
    """List a directory."""
    return _build_response(
        client.request(
            **_get_kwargs(
                path=path,
                depth=depth,
            )
        )
    )


async def asyncio_detailed(
    *,
    client: AsyncClient,
    path: str,
    depth: int | Unset = UNSET,
) -> Response[list[FileInfo]]:
    """List a directory."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                path=path,
                depth=depth,
            )
        )
    )
