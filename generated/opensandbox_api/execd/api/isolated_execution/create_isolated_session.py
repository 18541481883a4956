"""Open a bash that sees only a part of the sandbox.

It has its own view of the file system, made of what the request mounts, its own processes, and
the sandbox's network only if asked for. At least one of `workspace` and `overlays` has to be
there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.create_isolated_session_request import CreateIsolatedSessionRequest
    from ...models.isolated_create_session_response import IsolatedCreateSessionResponse


def _get_kwargs(
    *,
    body: CreateIsolatedSessionRequest,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/v1/isolated/session",
    }
    kwargs["json"] = body.to_dict()
    return kwargs


def _build_response(response: httpx.Response) -> Response[IsolatedCreateSessionResponse]:
    parsed: IsolatedCreateSessionResponse | None = None
    if response.is_success and response.content:
        parsed = models.IsolatedCreateSessionResponse.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
    body: CreateIsolatedSessionRequest,
) -> Response[IsolatedCreateSessionResponse]:
    """Open a bash that sees only a part of the sandbox."""
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
    body: CreateIsolatedSessionRequest,
) -> Response[IsolatedCreateSessionResponse]:
    """Open a bash that sees only a part of the sandbox."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                body=body,
            )
        )
    )
