"""Replace a text in files.

Every occurrence of `old` becomes `new`, letter by letter. A file without one is left alone, and
that is no error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import models
from ...types import UNSET, AsyncClient, Client, Response, Unset

if TYPE_CHECKING:
    import httpx

    from ...models.replace_result_by_path import ReplaceResultByPath
    from ...models.replacement_by_path import ReplacementByPath


def _get_kwargs(
    *,
    body: ReplacementByPath,
    verbose: bool | Unset = UNSET,
) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "method": "POST",
        "url": "/files/replace",
    }
    params: dict[str, Any] = {}
    if not isinstance(verbose, Unset):
        params["verbose"] = verbose
    kwargs["params"] = params
    kwargs["json"] = body.to_dict()
    return kwargs


def _build_response(response: httpx.Response) -> Response[ReplaceResultByPath]:
    parsed: ReplaceResultByPath | None = None
    if response.is_success and response.content:
        parsed = models.ReplaceResultByPath.from_dict(response.json())
    return Response(response.status_code, response.headers, response.content, parsed)


def sync_detailed(
    *,
    client: Client,
    body: ReplacementByPath,
    verbose: bool | Unset = UNSET,
) -> Response[ReplaceResultByPath]:
    """Replace a text in files."""
    return _build_response(
        client.request(
            **_get_kwargs(
                body=body,
                verbose=verbose,
            )
        )
    )


async def asyncio_detailed(
    *,
    client: AsyncClient,
    body: ReplacementByPath,
    verbose: bool | Unset = UNSET,
) -> Response[ReplaceResultByPath]:
    """Replace a text in files."""
    return _build_response(
        await client.request(
            **_get_kwargs(
                body=body,
                verbose=verbose,
            )
        )
    )
