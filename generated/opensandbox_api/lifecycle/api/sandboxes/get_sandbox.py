"""Describe one sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.sandbox import Sandbox


def _get_kwargs(
    sandbox_id: str,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/sandboxes/{sandbox_id}".format(
            sandbox_id=quote(str(sandbox_id), safe=""),
        ),
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[Sandbox]:
    parsed: Sandbox | None = None
    if response.is_success and response.content:
        parsed = models.Sandbox.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    sandbox_id: str,
    *,
    client: Client,
) -> Response[Sandbox]:
    """Describe one sandbox."""
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
) -> Response[Sandbox]:
    """Describe one sandbox."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                sandbox_id,
            )
        )
    )
