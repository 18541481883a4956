"""Read which hosts may be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.policy_status_response import PolicyStatusResponse


def _get_kwargs() -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/policy",
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[PolicyStatusResponse]:
    parsed: PolicyStatusResponse | None = None
    if response.is_success and response.content:
        parsed = models.PolicyStatusResponse.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
) -> Response[PolicyStatusResponse]:
    """Read which hosts may be reached."""
    return _build_response(client.request(**_get_kwargs()))


async def asyncio_detailed(
    *,
    client: AsyncClient,
) -> Response[PolicyStatusResponse]:
    """Read which hosts may be reached."""
    return _build_response(await client.request(**_get_kwargs()))
