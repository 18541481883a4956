"""List templates, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models
from ...types import UNSET, AsyncClient, Client, Response, Unset

if TYPE_CHECKING:
    import httpx

    from ...models.list_fsb_templates_response import ListFsbTemplatesResponse


def _get_kwargs(
    *,
    metadata: str | Unset = UNSET,
    page: int | Unset = UNSET,
    page_size: int | Unset = UNSET,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/templates",
    }
    params: dict[str, Any] = {}
    if not isinstance(metadata, Unset):
        params["metadata"] = metadata
    if not isinstance(page, Unset):
        params["page"] = page
    if not isinstance(page_size, Unset):
        params["pageSize"] = page_size
    kwargs["params"] = params
    return kwargs


def _build_response(response: httpx.Response) -> Response[ListFsbTemplatesResponse]:
    parsed: ListFsbTemplatesResponse | None = None
    if response.is_success and response.content:
        parsed = models.ListFsbTemplatesResponse.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
    metadata: str | Unset = UNSET,
    page: int | Unset = UNSET,
    page_size: int | Unset = UNSET,
) -> Response[ListFsbTemplatesResponse]:
    """List templates, newest first."""
    return _build_response(
        client.request(
            **_get_kwargs(
                metadata=metadata,
                page=page,
                page_size=page_size,
            )
        )
    )


async def asyncio_detailed(
    *,
    client: AsyncClient,
    metadata: str | Unset = UNSET,
    page: int | Unset = UNSET,
    page_size: int | Unset = UNSET,
) -> Response[ListFsbTemplatesResponse]:
    """List templates, newest first."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                metadata=metadata,
                page=page,
                page_size=page_size,
            )
        )
    )
