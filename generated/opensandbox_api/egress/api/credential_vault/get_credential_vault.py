"""Describe the vault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.credential_vault_state import CredentialVaultState


def _get_kwargs() -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/credential-vault",
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[CredentialVaultState]:
    parsed: CredentialVaultState | None = None
    if response.is_success and response.content:
        parsed = models.CredentialVaultState.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
) -> Response[CredentialVaultState]:
    """Describe the vault."""
    return _build_response(client.request(**_get_kwargs()))


async def asyncio_detailed(
    *,
    client: AsyncClient,
) -> Response[CredentialVaultState]:
    """Describe the vault."""
    return _build_response(await client.request(**_get_kwargs()))
