"""Report how long something took.

For the server's own statistics. Clients may leave it alone, and nothing depends on it: a
failure here is never a caller's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.metrics_event import MetricsEvent


def _get_kwargs(
    *,
    body: MetricsEvent,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/metrics/events",
    }
    kwargs["json"] = body.to_dict()
    return kwargs


def _build_response(response: httpx.Response) -> Response[Any]:
    return Response(response.status_code, response.headers, response.content, None)


def sync_detailed(
    *,
    client: Client,
    body: MetricsEvent,
) -> Response[Any]:
    """Report how long something took."""
    return _build_response(
        client.request(
            **_get_kwargs(
                body=body,
            )
        )
    )


async def asyncio_detailed(
    *,
    client: AsyncClient,
    body: MetricsEvent,
) -> Response[Any]:
    """Report how long something took."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                body=body,
            )
        )
    )
