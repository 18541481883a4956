"""An event stream as an answer: it ends when its work is done, whether or not anyone reads it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.types import Receive, Scope, Send

from opensandbox._wire import headers as names

from . import frames

_EXACT = (names.OUTPUT_FORM.lower().encode(), names.OUTPUT_EXACT.encode())


class EventStream:
    """Runs `work` with a function that sends bytes; after the reader left, that does nothing."""

    def __init__(self, work: Callable[[Callable[[bytes], Awaitable[None]]], Awaitable[None]]):
        self._work = work

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the answer; returns when the work is done."""
        gone = asyncio.Event()
        watch = asyncio.create_task(_until_gone(receive, gone))
        headers = [*frames.HEADERS, _EXACT]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

        async def carry(data: bytes) -> None:
            if not gone.is_set():
                await send({"type": "http.response.body", "body": data, "more_body": True})

        try:
            await self._work(carry)
        finally:
            watch.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_gone(receive: Receive, gone: asyncio.Event) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    gone.set()
