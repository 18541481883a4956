"""Set mode, owner and group.

Follows links. Names of users and groups are those of the sandbox.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...types import AsyncClient, Client, Response

if TYPE_CHECKING:
    import httpx

    from ...models.permission_by_path import PermissionByPath


def _get_kwargs(
    *,
    body: PermissionByPath,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/files/permissions",
    }
    kwargs["json"] = body.to_dict()
    return kwargs


def _build_response(response: httpx.Response) -> Response[Any]:
    return Response(response.status_code, response.headers, response.content, None)


def sync_detailed(
    *,
    client: Client,
    body: PermissionByPath,
) -> Response[Any]:
    """Set mode, owner and group."""
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
    body: PermissionByPath,
) -> Response[Any]:
    """Set mode, owner and group."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                body=body,
            )
        )
    )
