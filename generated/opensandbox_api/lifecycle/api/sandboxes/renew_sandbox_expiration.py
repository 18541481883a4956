"""Set when the sandbox expires.

Sets a moment, however long the sandbox had left: asked twice, it is the same. It may be earlier
than the one before. A sandbox without expiry gets one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.renew_sandbox_expiration_request import RenewSandboxExpirationRequest
    from ...models.renew_sandbox_expiration_response import RenewSandboxExpirationResponse


def _get_kwargs(
    sandbox_id: str,
    *,
    body: RenewSandboxExpirationRequest,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/sandboxes/{sandbox_id}/renew-expiration".format(
            sandbox_id=quote(str(sandbox_id), safe=""),
        ),
    }
    kwargs["json"] = body.to_dict()
    return kwargs


def _build_response(response: httpx.Response) -> Response[RenewSandboxExpirationResponse]:
    parsed: RenewSandboxExpirationResponse | None = None
    if response.is_success and response.content:
        parsed = models.RenewSandboxExpirationResponse.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    sandbox_id: str,
    *,
    client: Client,
    body: RenewSandboxExpirationRequest,
) -> Response[RenewSandboxExpirationResponse]:
    """Set when the sandbox expires."""
    return _build_response(
        client.request(
            **_get_kwargs(
                sandbox_id,
                body=body,
            )
        )
    )


async def asyncio_detailed(
    sandbox_id: str,
    *,
    client: AsyncClient,
    body: RenewSandboxExpirationRequest,
) -> Response[RenewSandboxExpirationResponse]:
    """Set when the sandbox expires."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                sandbox_id,
                body=body,
            )
        )
    )
