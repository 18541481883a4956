"""List sandboxes, newest first.

The filters narrow together: a sandbox is listed when its state is one of those given and its
metadata has every pair given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models
from ...types import UNSET, AsyncClient, Client, Response, Unset

if TYPE_CHECKING:
    import httpx

    from ...models.list_sandboxes_response import ListSandboxesResponse


def _get_kwargs(
    *,
    state: list[str] | Unset = UNSET,
    metadata: str | Unset = UNSET,
    page: int | Unset = UNSET,
    page_size: int | Unset = UNSET,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/sandboxes",
    }
    params: dict[str, Any] = {}
    if not isinstance(state, Unset):
        params["state"] = state
    if not isinstance(metadata, Unset):
        params["metadata"] = metadata
    if not isinstance(page, Unset):
        params["page"] = page
    if not isinstance(page_size, Unset):
        params["pageSize"] = page_size
    kwargs["params"] = params
    return kwargs


def _build_response(response: httpx.Response) -> Response[ListSandboxesResponse]:
    parsed: ListSandboxesResponse | None = None
    if response.is_success and response.content:
        parsed = models.ListSandboxesResponse.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
    state: list[str] | Unset = UNSET,
    metadata: str | Unset = UNSET,
    page: int | Unset = UNSET,
    page_size: int | Unset = UNSET,
) -> Response[ListSandboxesResponse]:
    """List sandboxes, newest first."""
    return _build_response(
        client.request(
            **_get_kwargs(
                state=state,
                metadata=metadata,
                page=page,
                page_size=page_size,
            )
        )
    )


async def asyncio_detailed(
    *,
    client: AsyncClient,
    state: list[str] | Unset = UNSET,
    metadata: str | Unset = UNSET,
    page: int | Unset = UNSET,
    page_size: int | Unset = UNSET,
) -> Response[ListSandboxesResponse]:
    """List sandboxes, newest first."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                state=state,
                metadata=metadata,
                page=page,
                page_size=page_size,
            )
        )
    )
