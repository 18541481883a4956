"""Describe one snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.snapshot import Snapshot


def _get_kwargs(
    snapshot_id: str,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/snapshots/{snapshot_id}".format(
            snapshot_id=quote(str(snapshot_id), safe=""),
        ),
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[Snapshot]:
    parsed: Snapshot | None = None
    if response.is_success and response.content:
        parsed = models.Snapshot.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    snapshot_id: str,
    *,
    client: Client,
) -> Response[Snapshot]:
    """Describe one snapshot."""
    return _build_response(
        client.request(
            **_get_kwargs(
                snapshot_id,
            )
        )
    )


async def asyncio_detailed(
    snapshot_id: str,
    *,
    client: AsyncClient,
) -> Response[Snapshot]:
    """Describe one snapshot."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                snapshot_id,
            )
        )
    )
