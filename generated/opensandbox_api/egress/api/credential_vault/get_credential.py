"""Describe one credential, without its value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.credential_metadata import CredentialMetadata


def _get_kwargs(
    credential_name: str,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/credential-vault/credentials/{credential_name}".format(
            credential_name=quote(str(credential_name), safe=""),
        ),
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[CredentialMetadata]:
    parsed: CredentialMetadata | None = None
    if response.is_success and response.content:
        parsed = models.CredentialMetadata.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    credential_name: str,
    *,
    client: Client,
) -> Response[CredentialMetadata]:
    """Describe one credential, without its value."""
    return _build_response(
        client.request(
            **_get_kwargs(
                credential_name,
            )
        )
    )


async def asyncio_detailed(
    credential_name: str,
    *,
    client: AsyncClient,
) -> Response[CredentialMetadata]:
    """Describe one credential, without its value."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                credential_name,
            )
        )
    )
