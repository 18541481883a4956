"""Describe one binding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.credential_binding_metadata import CredentialBindingMetadata


def _get_kwargs(
    binding_name: str,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/credential-vault/bindings/{binding_name}".format(
            binding_name=quote(str(binding_name), safe=""),
        ),
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[CredentialBindingMetadata]:
    parsed: CredentialBindingMetadata | None = None
    if response.is_success and response.content:
        parsed = models.CredentialBindingMetadata.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    binding_name: str,
    *,
    client: Client,
) -> Response[CredentialBindingMetadata]:
    """Describe one binding."""
    return _build_response(
        client.request(
            **_get_kwargs(
                binding_name,
            )
        )
    )


async def asyncio_detailed(
    binding_name: str,
    *,
    client: AsyncClient,
) -> Response[CredentialBindingMetadata]:
    """Describe one binding."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                binding_name,
            )
        )
    )
