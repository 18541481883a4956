"""Make the vault of a sandbox.

Puts its credentials in force at once, as revision 1. A sandbox has one vault at most. It needs
the sidecar to look into requests: the sandbox has to have been made with
`credentialProxy.enabled` and a network policy, best one that refuses by default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.credential_vault_create_request import CredentialVaultCreateRequest
    from ...models.credential_vault_state import CredentialVaultState


def _get_kwargs(
    *,
    body: CredentialVaultCreateRequest,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/credential-vault",
    }
    kwargs["json"] = body.to_dict()
    return kwargs


def _build_response(response: httpx.Response) -> Response[CredentialVaultState]:
    parsed: CredentialVaultState | None = None
    if response.is_success and response.content:
        parsed = models.CredentialVaultState.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
    body: CredentialVaultCreateRequest,
) -> Response[CredentialVaultState]:
    """Make the vault of a sandbox."""
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
    body: CredentialVaultCreateRequest,
) -> Response[CredentialVaultState]:
    """Make the vault of a sandbox."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                body=body,
            )
        )
    )
