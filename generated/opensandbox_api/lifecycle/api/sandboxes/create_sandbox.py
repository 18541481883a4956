"""create sandbox"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.create_sandbox_request import CreateSandboxRequest
    from ...models.create_sandbox_response import CreateSandboxResponse


def _get_kwargs(
    *,
    body: CreateSandboxRequest,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/sandboxes",
    }
    kwargs["json"] = body.to_dict()
    return kwargs


def _build_response(response: httpx.Response) -> Response[CreateSandboxResponse]:
    from ...models.create_sandbox_response import CreateSandboxResponse

    parsed: CreateSandboxResponse | None = None
    if response.is_success and response.content:
        parsed = CreateSandboxResponse.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
    body: CreateSandboxRequest,
) -> Response[CreateSandboxResponse]:
    """create sandbox"""
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
    body: CreateSandboxRequest,
) -> Response[CreateSandboxResponse]:
    """create sandbox"""
    return _build_response(
        await client.request(
            **_get_kwargs(
                body=body,
            )
        )
    )
