"""Describe a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.terminal_session import TerminalSession


def _get_kwargs(
    session_id: str,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/pty/{session_id}".format(
            session_id=quote(str(session_id), safe=""),
        ),
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[TerminalSession]:
    parsed: TerminalSession | None = None
    if response.is_success and response.content:
        parsed = models.TerminalSession.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    session_id: str,
    *,
    client: Client,
) -> Response[TerminalSession]:
    """Describe a terminal."""
    return _build_response(
        client.request(
            **_get_kwargs(
                session_id,
            )
        )
    )


async def asyncio_detailed(
    session_id: str,
    *,
    client: AsyncClient,
) -> Response[TerminalSession]:
    """Describe a terminal."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                session_id,
            )
        )
    )
