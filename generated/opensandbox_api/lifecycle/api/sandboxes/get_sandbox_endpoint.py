"""Say where a port of the sandbox is reached.

Works for any port, whether or not something listens on it yet. Port 44772 is execd, port 18080
the egress API.

The answer has no scheme: a client uses the one it reaches this server with. It may have a path,
below which the
port's own paths start, and headers that have to go with every request to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import models
from ...types import UNSET, AsyncClient, Client, Response, Unset

if TYPE_CHECKING:
    import httpx

    from ...models.endpoint import Endpoint


def _get_kwargs(
    sandbox_id: str,
    port: int,
    *,
    use_server_proxy: bool | Unset = UNSET,
    expires: str | Unset = UNSET,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/sandboxes/{sandbox_id}/endpoints/{port}".format(
            sandbox_id=quote(str(sandbox_id), safe=""),
            port=quote(str(port), safe=""),
        ),
    }
    params: dict[str, Any] = {}
    if not isinstance(use_server_proxy, Unset):
        params["use_server_proxy"] = use_server_proxy
    if not isinstance(expires, Unset):
        params["expires"] = expires
    kwargs["params"] = params
    return kwargs


def _build_response(response: httpx.Response) -> Response[Endpoint]:
    parsed: Endpoint | None = None
    if response.is_success and response.content:
        parsed = models.Endpoint.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    sandbox_id: str,
    port: int,
    *,
    client: Client,
    use_server_proxy: bool | Unset = UNSET,
    expires: str | Unset = UNSET,
) -> Response[Endpoint]:
    """Say where a port of the sandbox is reached."""
    return _build_response(
        client.request(
            **_get_kwargs(
                sandbox_id,
                port,
                use_server_proxy=use_server_proxy,
                expires=expires,
            )
        )
    )


async def asyncio_detailed(
    sandbox_id: str,
    port: int,
    *,
    client: AsyncClient,
    use_server_proxy: bool | Unset = UNSET,
    expires: str | Unset = UNSET,
) -> Response[Endpoint]:
    """Say where a port of the sandbox is reached."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                sandbox_id,
                port,
                use_server_proxy=use_server_proxy,
                expires=expires,
            )
        )
    )
