"""End all contexts of a language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx


def _get_kwargs(
    *,
    language: str,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "DELETE",
        "url": "/code/contexts",
    }
    params: dict[str, Any] = {}
    params["language"] = language
    kwargs["params"] = params
    return kwargs


def _build_response(response: httpx.Response) -> Response[Any]:
    return Response(response.status_code, response.headers, response.content, None)


def sync_detailed(
    *,
    client: Client,
    language: str,
) -> Response[Any]:
    """End all contexts of a language."""
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
) -> Response[Any]:
    """End all contexts of a language."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                language=language,
            )
        )
    )
