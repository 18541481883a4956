"""Change the metadata.

A JSON merge patch (RFC 7396): a string sets a key, null removes it, a key that is not mentioned
stays. Keys and values follow the rules for labels of `CreateSandboxRequest.metadata`. Sent as
`application/merge-patch+json`; `application/json` is taken for the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.metadata_patch import MetadataPatch
    from ...models.sandbox import Sandbox


def _get_kwargs(
    sandbox_id: str,
    *,
    body: MetadataPatch,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "PATCH",
        "url": "/sandboxes/{sandbox_id}/metadata".format(
            sandbox_id=quote(str(sandbox_id), safe=""),
        ),
    }
    headers: dict[str, str] = {}
    headers["Content-Type"] = "application/merge-patch+json"
    kwargs["headers"] = headers
    kwargs["json"] = body
    return kwargs


def _build_response(response: httpx.Response) -> Response[Sandbox]:
    parsed: Sandbox | None = None
    if response.is_success and response.content:
        parsed = models.Sandbox.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    sandbox_id: str,
    *,
    client: Client,
    body: MetadataPatch,
) -> Response[Sandbox]:
    """Change the metadata."""
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
    body: MetadataPatch,
) -> Response[Sandbox]:
    """Change the metadata."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                sandbox_id,
                body=body,
            )
        )
    )
