"""create"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...types import UNSET, AsyncClient, Client, Response, Unset

if TYPE_CHECKING:
    import httpx

    from ...models.create_terminal_request import CreateTerminalRequest
    from ...models.terminal_session import TerminalSession


def _get_kwargs(
    *,
    body: CreateTerminalRequest | Unset = UNSET,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/pty",
    }
    if not isinstance(body, Unset):
        kwargs["json"] = body.to_dict()
    return kwargs


def _build_response(response: httpx.Response) -> Response[TerminalSession]:
    from ...models.terminal_session import TerminalSession

    parsed: TerminalSession | None = None
    if response.is_success and response.content:
        parsed = TerminalSession.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
    body: CreateTerminalRequest | Unset = UNSET,
) -> Response[TerminalSession]:
    """create"""
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
    body: CreateTerminalRequest | Unset = UNSET,
) -> Response[TerminalSession]:
    """create"""
    return _build_response(
        await client.request(
            **_get_kwargs(
                body=body,
            )
        )
    )
