"""Read the logs of a sandbox.

Answers with the text itself, or with an address where it is fetched; `delivery` says which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.diagnostic_content_response import DiagnosticContentResponse


def _get_kwargs(
    sandbox_id: str,
    *,
    scope: str,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "GET",
        "url": "/sandboxes/{sandbox_id}/diagnostics/logs".format(
            sandbox_id=quote(str(sandbox_id), safe=""),
        ),
    }
    params: dict[str, Any] = {}
    params["scope"] = scope
    kwargs["params"] = params
    return kwargs


def _build_response(response: httpx.Response) -> Response[DiagnosticContentResponse]:
    parsed: DiagnosticContentResponse | None = None
    if response.is_success and response.content:
        parsed = models.DiagnosticContentResponse.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    sandbox_id: str,
    *,
    client: Client,
    scope: str,
) -> Response[DiagnosticContentResponse]:
    """Read the logs of a sandbox."""
    return _build_response(
        client.request(
            **_get_kwargs(
                sandbox_id,
                scope=scope,
            )
        )
    )


async def asyncio_detailed(
    sandbox_id: str,
    *,
    client: AsyncClient,
    scope: str,
) -> Response[DiagnosticContentResponse]:
    """Read the logs of a sandbox."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                sandbox_id,
                scope=scope,
            )
        )
    )
