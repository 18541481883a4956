"""Have an image prepared for a fast start.

Answers when the work is queued; `status.phase` goes from Pending over Building to Succeeded or
Failed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models
from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.create_fsb_template_request import CreateFsbTemplateRequest
    from ...models.fsb_template import FsbTemplate


def _get_kwargs(
    *,
    body: CreateFsbTemplateRequest,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/templates",
    }
    kwargs["json"] = body.to_dict()
    return kwargs


def _build_response(response: httpx.Response) -> Response[FsbTemplate]:
    parsed: FsbTemplate | None = None
    if response.is_success and response.content:
        parsed = models.FsbTemplate.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
    body: CreateFsbTemplateRequest,
) -> Response[FsbTemplate]:
    """Have an image prepared for a fast start."""
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
    body: CreateFsbTemplateRequest,
) -> Response[FsbTemplate]:
    """Have an image prepared for a fast start."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                body=body,
            )
        )
    )
