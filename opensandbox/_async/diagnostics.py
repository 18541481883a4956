"""Why a sandbox does not work, as far as its server knows.

Rules:

* A text that the server delivers by URL is fetched when it is asked for, up to a limit. Neither
  the key nor the config's headers go there: it may be anybody's.
"""

from __future__ import annotations

from collections.abc import Awaitable

import httpx

from opensandbox_api.diagnostics.api.diagnostics import (
    get_diagnostic_events,
    get_diagnostic_logs,
    inspect_sandbox,
    summarize_sandbox,
)
from opensandbox_api.types import Response

from .._wire import diagnostics as wire
from .._wire.requests import instance, positive, text
from .._wire.urls import path_segment
from ..exceptions import SandboxInternalException
from ..models._time import Seconds
from ..models.diagnostics import DiagnosticContent
from .config import ConnectionConfig
from .http import Service
from .streams import read_some

#: The most that is fetched of a text that is delivered by URL, in bytes.
CONTENT_LIMIT = 16 * 2**20


class Diagnostics:
    """What the server knows about its sandboxes; `sandbox.diagnostics`.

    Example::

        logs = await sandbox.get_diagnostic_logs("container")
        print(await sandbox.diagnostics.read(logs))

    Every method takes `request_timeout`, in seconds (None: the config's), and raises
    `SandboxApiException` when the server refuses, with 501 for what it does not have.
    """

    def __init__(self, config: ConnectionConfig) -> None:
        self._config = config

    async def get_logs(
        self, sandbox_id: str, scope: str, *, request_timeout: Seconds | None = None
    ) -> DiagnosticContent:
        """The logs of a sandbox, or where they are: `read` gives the text either way.

        `scope` is what they are about, such as `container` or `lifecycle`; the server says which
        it has.
        """
        wanted = text(scope, "scope")
        return await self._of(sandbox_id).read(
            lambda client: get_diagnostic_logs.asyncio_detailed(
                sandbox_id, client=client, scope=wanted
            ),
            wire.content,
            request_timeout=request_timeout,
        )

    async def get_events(
        self, sandbox_id: str, scope: str, *, request_timeout: Seconds | None = None
    ) -> DiagnosticContent:
        """The events of a sandbox, or where they are: as `get_logs`."""
        wanted = text(scope, "scope")
        return await self._of(sandbox_id).read(
            lambda client: get_diagnostic_events.asyncio_detailed(
                sandbox_id, client=client, scope=wanted
            ),
            wire.content,
            request_timeout=request_timeout,
        )

    async def read(
        self,
        content: DiagnosticContent,
        *,
        limit: int = CONTENT_LIMIT,
        request_timeout: Seconds | None = None,
    ) -> str:
        """The text of logs or events, fetched when the server only said where it is.

        Raises `SandboxInternalException` when it is longer than `limit` bytes, and
        `SandboxApiException` when its place refuses: it works until `content.expires_at`.
        """
        instance(content, DiagnosticContent, "content")
        size = positive(limit, "limit")
        if content.content is not None:
            return content.content
        server = (await self._config.connection.server(self._config)).base_url
        base, path = wire.content_place(content, server)
        place = Service(self._config, base, sandbox_id=content.sandbox_id, stranger=True)
        try:
            async with place.stream("GET", path, request_timeout=request_timeout) as response:
                body = await read_some(response, size + 1)
                named = response.headers.get("content-type")
        except httpx.InvalidURL as error:
            raise wire.no_place(content) from error
        if len(body) > size:
            raise SandboxInternalException(
                f"the {content.kind} are longer than {size} bytes: give a higher limit",
                sandbox_id=content.sandbox_id,
            )
        return wire.text(body, named or content.content_type)

    async def inspect(self, sandbox_id: str, *, request_timeout: Seconds | None = None) -> str:
        """Everything that the server's runtime knows about a sandbox, for people."""
        return await self._of(sandbox_id).call(
            lambda client: _text(inspect_sandbox.asyncio_detailed(sandbox_id, client=client)),
            request_timeout=request_timeout,
        )

    async def summarize(self, sandbox_id: str, *, request_timeout: Seconds | None = None) -> str:
        """A short report on a sandbox, for people."""
        return await self._of(sandbox_id).call(
            lambda client: _text(summarize_sandbox.asyncio_detailed(sandbox_id, client=client)),
            request_timeout=request_timeout,
        )

    def _of(self, sandbox_id: str) -> Service:
        path_segment(sandbox_id, "sandbox_id")
        return Service(self._config, sandbox_id=sandbox_id)


async def _text(answer: Awaitable[Response[str]]) -> Response[str]:
    """The answer with its body as the text that it is."""
    got = await answer
    body = wire.text(got.content, got.headers.get("content-type"))
    return Response(got.status_code, got.headers, got.content, body)
