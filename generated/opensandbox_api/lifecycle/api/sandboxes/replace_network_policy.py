"""Replace what the sandbox may reach.

Takes the place of the whole policy, from the next connection on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.network_policy import NetworkPolicy
    from ...models.policy_status_response import PolicyStatusResponse


def _get_kwargs(
    sandbox_id: str,
    *,
    body: NetworkPolicy,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "PUT",
        "url": "/sandboxes/{sandbox_id}/networkpolicy".format(
            sandbox_id=quote(str(sandbox_id), safe=""),
        ),
    }
    kwargs["json"] = body.to_dict()
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
    body: NetworkPolicy,
) -> Response[PolicyStatusResponse]:
    """Replace what the sandbox may reach."""
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
    body: NetworkPolicy,
) -> Response[PolicyStatusResponse]:
    """Replace what the sandbox may reach."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                sandbox_id,
                body=body,
            )
        )
    )
