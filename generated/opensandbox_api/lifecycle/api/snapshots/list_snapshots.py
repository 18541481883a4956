"""List snapshots, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models
from ...types import UNSET, AsyncClient, Client, Response, Unset

if TYPE_CHECKING:
    import httpx

    from ...models.list_snapshots_response import ListSnapshotsResponse


def _get_kwargs(
    *,
    sandbox_id: str | Unset = UNSET,
    name: str | Unset = UNSET,
    state: list[str] | Unset = UNSET,
    page: int | Unset = UNSET,
    page_size: int | Unset = UNSET,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/snapshots",
    }
    params: dict[str, Any] = {}
    if not isinstance(sandbox_id, Unset):
        params["sandboxId"] = sandbox_id
    if not isinstance(name, Unset):
        params["name"] = name
    if not isinstance(state, Unset):
        params["state"] = state
    if not isinstance(page, Unset):
        params["page"] = page
    if not isinstance(page_size, Unset):
        params["pageSize"] = page_size
    kwargs["params"] = params
    return kwargs


def _build_response(response: httpx.Response) -> Response[ListSnapshotsResponse]:
    parsed: ListSnapshotsResponse | None = None
    if response.is_success and response.content:
        parsed = models.ListSnapshotsResponse.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
    sandbox_id: str | Unset = UNSET,
    name: str | Unset = UNSET,
    state: list[str] | Unset = UNSET,
    page: int | Unset = UNSET,
    page_size: int | Unset = UNSET,
) -> Response[ListSnapshotsResponse]:
    """List snapshots, newest first."""
    return _build_response(
        client.request(
            **_get_kwargs(
                sandbox_id=sandbox_id,
                name=name,
                state=state,
                page=page,
                page_size=page_size,
            )
        )
    )


async def asyncio_detailed(
    *,
    client: AsyncClient,
    sandbox_id: str | Unset = UNSET,
    name: str | Unset = UNSET,
    state: list[str] | Unset = UNSET,
    page: int | Unset = UNSET,
    page_size: int | Unset = UNSET,
) -> Response[ListSnapshotsResponse]:
    """List snapshots, newest first."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                sandbox_id=sandbox_id,
                name=name,
                state=state,
                page=page,
                page_size=page_size,
            )
        )
    )
