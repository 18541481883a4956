"""Remove a template.

Sandboxes made from it run on; the published image is left where it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx


def _get_kwargs(
    template_id: str,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "DELETE",
        "url": "/templates/{template_id}".format(
            template_id=quote(str(template_id), safe=""),
        ),
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[Any]:
    return Response(response.status_code, response.headers, response.content, None)


def sync_detailed(
    template_id: str,
    *,
    client: Client,
) -> Response[Any]:
    """Remove a template."""
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
) -> Response[Any]:
    """Remove a template."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                template_id,
            )
        )
    )
