"""Keep the file system of a sandbox.

Answers before the snapshot is complete: its state goes from Creating to Ready, or to Failed
with the reason. The sandbox runs on; what is in memory is not kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import models
from ...types import UNSET, AsyncClient, Client, Response, Unset

if TYPE_CHECKING:
    import httpx

    from ...models.create_snapshot_request import CreateSnapshotRequest
    from ...models.snapshot import Snapshot


def _get_kwargs(
    sandbox_id: str,
    *,
    body: CreateSnapshotRequest | Unset = UNSET,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/sandboxes/{sandbox_id}/snapshots".format(
            sandbox_id=quote(str(sandbox_id), safe=""),
        ),
    }
    if not isinstance(body, Unset):
        kwargs["json"] = body.to_dict()
    return kwargs


def _build_response(response: httpx.Response) -> Response[Snapshot]:
    parsed: Snapshot | None = None
    if response.is_success and response.content:
        parsed = models.Snapshot.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    sandbox_id: str,
    *,
    client: Client,
    body: CreateSnapshotRequest | Unset = UNSET,
) -> Response[Snapshot]:
    """Keep the file system of a sandbox."""
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
    body: CreateSnapshotRequest | Unset = UNSET,
) -> Response[Snapshot]:
    """Keep the file system of a sandbox."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                sandbox_id,
                body=body,
            )
        )
    )
