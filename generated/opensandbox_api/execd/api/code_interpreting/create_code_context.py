"""Start an interpreter that stays.

Variables and imports last from one `run_code` to the next in the same context.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.code_context import CodeContext
    from ...models.code_context_request import CodeContextRequest


def _get_kwargs(
    *,
    body: CodeContextRequest,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/code/context",
    }
    kwargs["json"] = body.to_dict()
    return kwargs


def _build_response(response: httpx.Response) -> Response[CodeContext]:
    parsed: CodeContext | None = None
    if response.is_success and response.content:
        parsed = models.CodeContext.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
    body: CodeContextRequest,
) -> Response[CodeContext]:
    """Start an interpreter that stays."""
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
    body: CodeContextRequest,
) -> Response[CodeContext]:
    """Start an interpreter that stays."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                body=body,
            )
        )
    )
