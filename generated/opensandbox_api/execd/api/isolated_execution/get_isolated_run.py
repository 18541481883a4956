"""Say whether a background run still runs, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.isolated_run_status import IsolatedRunStatus


def _get_kwargs(
    session_id: str,
    run_id: str,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/v1/isolated/session/{session_id}/runs/{run_id}".format(
            session_id=quote(str(session_id), safe=""),
            run_id=quote(str(run_id), safe=""),
        ),
    }
    return kwargs


def _build_response(response: httpx.Response) -> Response[IsolatedRunStatus]:
    parsed: IsolatedRunStatus | None = None
    if response.is_success and response.content:
        parsed = models.IsolatedRunStatus.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    session_id: str,
    run_id: str,
    *,
    client: Client,
) -> Response[IsolatedRunStatus]:
    """Say whether a background run still runs, and how it ended."""
    return _build_response(
        client.request(
            **_get_kwargs(
                session_id,
                run_id,
            )
        )
    )


async def asyncio_detailed(
    session_id: str,
    run_id: str,
    *,
    client: AsyncClient,
) -> Response[IsolatedRunStatus]:
    """Say whether a background run still runs, and how it ended."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                session_id,
                run_id,
            )
        )
    )
