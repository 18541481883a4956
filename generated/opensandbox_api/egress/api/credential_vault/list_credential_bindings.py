"""List where credentials go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.credential_binding_list_response import CredentialBindingListResponse


def _get_kwargs() -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/credential-vault/bindings",
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[CredentialBindingListResponse]:
    parsed: CredentialBindingListResponse | None = None
    if response.is_success and response.content:
        parsed = models.CredentialBindingListResponse.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
) -> Response[CredentialBindingListResponse]:
    """List where credentials go."""
    return _build_response(client.request(**_get_kwargs()))


async def asyncio_detailed(
    *,
    client: AsyncClient,
) -> Response[CredentialBindingListResponse]:
    """List where credentials go."""
    return _build_response(await client.request(**_get_kwargs()))
