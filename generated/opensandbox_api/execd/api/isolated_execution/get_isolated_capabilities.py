"""Say how this daemon can isolate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.capabilities_response import CapabilitiesResponse


def _get_kwargs() -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/v1/isolated/capabilities",
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[CapabilitiesResponse]:
    parsed: CapabilitiesResponse | None = None
    if response.is_success and response.content:
        parsed = models.CapabilitiesResponse.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
) -> Response[CapabilitiesResponse]:
    """Say how this daemon can isolate."""
    return _build_response(client.request(**_get_kwargs()))


async def asyncio_detailed(
    *,
    client: AsyncClient,
) -> Response[CapabilitiesResponse]:
    """Say how this daemon can isolate."""
    return _build_response(await client.request(**_get_kwargs()))
