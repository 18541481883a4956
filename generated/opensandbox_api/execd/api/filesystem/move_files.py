"""Move or rename files and directories.

One after the other; those before one that fails are moved. A file at the destination is
replaced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.rename_file_item import RenameFileItem


def _get_kwargs(
    *,
    body: list[RenameFileItem],
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/files/mv",
    }
    kwargs["json"] = [item.to_dict() for item in body]
    return kwargs


def _build_response(response: httpx.Response) -> Response[Any]:
    return Response(response.status_code, response.headers, response.content, None)


def sync_detailed(
    *,
    client: Client,
    body: list[RenameFileItem],
) -> Response[Any]:
    """Move or rename files and directories."""
    return _build_response(
        client.request(
            **_get_kwargs(
                body=body,
            )
        )
    )


async def asyncio_detailed(
    *,
    client: AsyncClient,
    body: list[RenameFileItem],
) -> Response[Any]:
    """Move or rename files and directories."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                body=body,
            )
        )
    )
