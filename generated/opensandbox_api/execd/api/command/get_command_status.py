"""Say whether a command runs, and how it ended.

For foreground commands too, for some time after their end. A session's id is not a command's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.command_status_response import CommandStatusResponse


def _get_kwargs(
    id: str,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/command/status/{id}".format(
            id=quote(str(id), safe=""),
        ),
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[CommandStatusResponse]:
    parsed: CommandStatusResponse | None = None
    if response.is_success and response.content:
        parsed = models.CommandStatusResponse.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    id: str,
    *,
    client: Client,
) -> Response[CommandStatusResponse]:
    """Say whether a command runs, and how it ended."""
    return _build_response(
        client.request(
            **_get_kwargs(
                id,
            )
        )
    )


async def asyncio_detailed(
    id: str,
    *,
    client: AsyncClient,
) -> Response[CommandStatusResponse]:
    """Say whether a command runs, and how it ended."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                id,
            )
        )
    )
