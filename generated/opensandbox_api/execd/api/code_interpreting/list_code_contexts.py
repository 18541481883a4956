"""List contexts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.code_context import CodeContext


def _get_kwargs(
    *,
    language: str,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/code/contexts",
    }
    params: dict[str, Any] = {}
    params["language"] = language
    kwargs["params"] = params
    return kwargs


def _build_response(response: httpx.Response) -> Response[list[CodeContext]]:
    parsed: list[CodeContext] | None = None
    if response.is_success and response.content:
        parsed = [models.CodeContext.from_dict(item) for item in response.json() or ()]
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
    language: str,
) -> Response[list[CodeContext]]:
    """List contexts."""
    return _build_response(
        client.request(
            **_get_kwargs(
                language=language,
            )
        )
    )


async def asyncio_detailed(
    *,
    client: AsyncClient,
    language: str,
) -> Response[list[CodeContext]]:
    """List contexts."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                language=language,
            )
        )
    )
