"""Read a short report on a sandbox.

State, events and the end of the logs on one page, made to be put into a report of a fault.
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
        "method": "GET",
        "url": "/sandboxes/{sandbox_id}/diagnostics/summary".format(
            sandbox_id=quote(str(sandbox_id), safe=""),
        ),
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[str]:
    return Response(response.status_code, response.headers, response.content, None)


def sync_detailed(
    sandbox_id: str,
    *,
    client: Client,
) -> Response[str]:
    """Read a short report on a sandbox."""
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
) -> Response[str]:
    """Read a short report on a sandbox."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                sandbox_id,
            )
        )
    )
