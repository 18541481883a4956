"""Describe one template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.fsb_template import FsbTemplate


def _get_kwargs(
    template_id: str,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/templates/{template_id}".format(
            template_id=quote(str(template_id), safe=""),
        ),
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[FsbTemplate]:
    parsed: FsbTemplate | None = None
    if response.is_success and response.content:
        parsed = models.FsbTemplate.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    template_id: str,
    *,
    client: Client,
) -> Response[FsbTemplate]:
    """Describe one template."""
    return _build_response(
        client.request(
            **_get_kwargs(
                template_id,
            )
        )
    )


async def asyncio_detailed(
    template_id: str,
    *,
    client: AsyncClient,
) -> Response[FsbTemplate]:
    """Describe one template."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                template_id,
            )
        )
    )
