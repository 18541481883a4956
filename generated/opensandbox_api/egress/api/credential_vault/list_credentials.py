"""List credentials, without values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.credential_list_response import CredentialListResponse


def _get_kwargs() -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/credential-vault/credentials",
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[CredentialListResponse]:
    parsed: CredentialListResponse | None = None
    if response.is_success and response.content:
        parsed = models.CredentialListResponse.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
) -> Response[CredentialListResponse]:
    """List credentials, without values."""
    return _build_response(client.request(**_get_kwargs()))


async def asyncio_detailed(
    *,
    client: AsyncClient,
) -> Response[CredentialListResponse]:
    """List credentials, without values."""
    return _build_response(await client.request(**_get_kwargs()))
