"""Change the vault.

All of it happens or none: additions, replacements and removals are checked together, against
the vault as it would be afterwards. The revision goes up by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.credential_vault_mutation_request import CredentialVaultMutationRequest
    from ...models.credential_vault_state import CredentialVaultState


def _get_kwargs(
    *,
    body: CredentialVaultMutationRequest,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "PATCH",
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
    body: CredentialVaultMutationRequest,
) -> Response[CredentialVaultState]:
    """Change the vault."""
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
    body: CredentialVaultMutationRequest,
) -> Response[CredentialVaultState]:
    """Change the vault."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                body=body,
            )
        )
    )
