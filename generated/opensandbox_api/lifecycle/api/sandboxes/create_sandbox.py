"""Make a sandbox.

Takes the request and answers before the sandbox can be used. The caller then asks for the
endpoint of execd's
port (44772) and calls execd's `ping` until it answers; a state of Running says that the
container runs, not
that execd listens.

Exactly one of `image`, `snapshotId` and `templateId` says what it is made from; none or several
is 422. With
an image, `entrypoint` and `resourceLimits` have to be there too; with a snapshot the entrypoint
may be left out.
With a template its own entrypoint, environment and limits count, so that those fields, and
volumes, platform,
hooks, secure access and the credential proxy, are 400, and `timeout` has to be there. On
Kubernetes,
`extensions.poolRef` takes a sandbox out of a pool instead, and none of the three is needed.

A sandbox whose time is over is ended as if by `delete_sandbox`. Whoever gives up between this
answer and a
working `ping` deletes the sandbox, since nobody else knows its id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models
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
    parsed: CreateSandboxResponse | None = None
    if response.is_success and response.content:
        parsed = models.CreateSandboxResponse.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
    body: CreateSandboxRequest,
) -> Response[CreateSandboxResponse]:
    """Make a sandbox."""
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
    """Make a sandbox."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                body=body,
            )
        )
    )
