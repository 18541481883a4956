"""Change how many sandboxes a pool keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.pool_response import PoolResponse
    from ...models.update_pool_request import UpdatePoolRequest


def _get_kwargs(
    pool_name: str,
    *,
    body: UpdatePoolRequest,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "PUT",
        "url": "/pools/{pool_name}".format(
            pool_name=quote(str(pool_name), safe=""),
        ),
    }
    kwargs["json"] = body.to_dict()
    return kwargs


def _build_response(response: httpx.Response) -> Response[PoolResponse]:
    parsed: PoolResponse | None = None
    if response.is_success and response.content:
        parsed = models.PoolResponse.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    pool_name: str,
    *,
    client: Client,
    body: UpdatePoolRequest,
) -> Response[PoolResponse]:
    """Change how many sandboxes a pool keeps."""
    return _build_response(
        client.request(
            **_get_kwargs(
                pool_name,
                body=body,
            )
        )
    )


async def asyncio_detailed(
    pool_name: str,
    *,
    client: AsyncClient,
    body: UpdatePoolRequest,
) -> Response[PoolResponse]:
    """Change how many sandboxes a pool keeps."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                pool_name,
                body=body,
            )
        )
    )
