"""Describe one context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.code_context import CodeContext


def _get_kwargs(
    context_id: str,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/code/contexts/{context_id}".format(
            context_id=quote(str(context_id), safe=""),
        ),
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[CodeContext]:
    parsed: CodeContext | None = None
    if response.is_success and response.content:
        parsed = models.CodeContext.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    context_id: str,
    *,
    client: Client,
) -> Response[CodeContext]:
    """Describe one context."""
    return _build_response(
        client.request(
            **_get_kwargs(
                context_id,
            )
        )
    )


async def asyncio_detailed(
    context_id: str,
    *,
    client: AsyncClient,
) -> Response[CodeContext]:
    """Describe one context."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                context_id,
            )
        )
    )
