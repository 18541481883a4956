"""Open a terminal.

Makes a bash for a WebSocket at `/pty/{session_id}/ws`, where everything is byte-exact. Its
query parameters:

- `pty=0`: pipes instead of a terminal; stdout and stderr stay apart.
- `since=N`: what was printed from byte N on is sent again first.
- `takeover=1`: closes a WebSocket that is connected, with code 4001. Without it, a second one
is 409.

The server sends `{"type": "connected"}` as text, then output as binary frames. Their first byte
says what it
is: 0x01 stdout (or the terminal), 0x02 stderr, 0x03 output that is sent again, with its byte
offset as 8 bytes,
big-endian, after that. At the end it sends `{"type": "exit", "exit_code": N}` as text and
closes.

The client sends input as binary frames that start with 0x00, and as text `{"type": "resize",
"cols", "rows"}`,
`{"type": "signal", "signal": "SIGINT"}` and `{"type": "ping"}`.

A terminal lives on without a WebSocket, and keeps the end of its output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models
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
    parsed: TerminalSession | None = None
    if response.is_success and response.content:
        parsed = models.TerminalSession.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
    body: CreateTerminalRequest | Unset = UNSET,
) -> Response[TerminalSession]:
    """Open a terminal."""
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
    """Open a terminal."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                body=body,
            )
        )
    )
