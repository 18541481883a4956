"""Open a bash that stays.

Directory, variables and functions last from one run to the next. Runs in one session go one
after the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models
from ...types import UNSET, AsyncClient, Client, Response, Unset

if TYPE_CHECKING:
    import httpx

    from ...models.create_session_request import CreateSessionRequest
    from ...models.create_session_response import CreateSessionResponse


def _get_kwargs(
    *,
    body: CreateSessionRequest | Unset = UNSET,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/session",
    }
    if not isinstance(body, Unset):
        kwargs["json"] = body.to_dict()
    return kwargs


def _build_response(response: httpx.Response) -> Response[CreateSessionResponse]:
    parsed: CreateSessionResponse | None = None
    if response.is_success and response.content:
        parsed = models.CreateSessionResponse.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
    body: CreateSessionRequest | Unset = UNSET,
) -> Response[CreateSessionResponse]:
    """Open a bash that stays."""
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
    body: CreateSessionRequest | Unset = UNSET,
) -> Response[CreateSessionResponse]:
    """Open a bash that stays."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                body=body,
            )
        )
    )
