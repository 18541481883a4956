"""Add or change rules.

The new rules come before those that were there, and one with the target of an old one takes its
place. Of two new ones with the same target the first counts. In force from the next connection
on; whether open ones to what is now denied are closed is up to the server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.network_rule import NetworkRule
    from ...models.policy_status_response import PolicyStatusResponse


def _get_kwargs(
    *,
    body: list[NetworkRule],
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "PATCH",
        "url": "/policy",
    }
    kwargs["json"] = [item.to_dict() for item in body]
    return kwargs


def _build_response(response: httpx.Response) -> Response[PolicyStatusResponse]:
    parsed: PolicyStatusResponse | None = None
    if response.is_success and response.content:
        parsed = models.PolicyStatusResponse.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
    body: list[NetworkRule],
) -> Response[PolicyStatusResponse]:
    """Add or change rules."""
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
    body: list[NetworkRule],
) -> Response[PolicyStatusResponse]:
    """Add or change rules."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                body=body,
            )
        )
    )
