"""Add or change rules.

The new rules come before those that were there, and one with the target of an old one takes its
place. Of two new ones with the same target the first counts. The default stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.network_rule import NetworkRule
    from ...models.policy_status_response import PolicyStatusResponse


def _get_kwargs(
    sandbox_id: str,
    *,
    body: list[NetworkRule],
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "PATCH",
        "url": "/sandboxes/{sandbox_id}/networkpolicy".format(
            sandbox_id=quote(str(sandbox_id), safe=""),
        ),
    }
    kwargs["json"] = [item.to_dict() for item in body]
    return kwargs


def _build_response(response: httpx.Response) -> Response[PolicyStatusResponse]:
    parsed: PolicyStatusResponse | None = None
    if response.is_success and response.content:
        parsed = models.PolicyStatusResponse.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    sandbox_id: str,
    *,
    client: Client,
    body: list[NetworkRule],
) -> Response[PolicyStatusResponse]:
    """Add or change rules."""
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
    body: list[NetworkRule],
) -> Response[PolicyStatusResponse]:
    """Add or change rules."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                sandbox_id,
                body=body,
            )
        )
    )
