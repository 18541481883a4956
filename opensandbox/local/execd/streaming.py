"""An event stream as an answer: it ends when its work is done, whether or not anyone reads it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.types import Receive, Scope, Send

from opensandbox._wire import headers as names

from . import frames

Carry = Callable[[bytes], Awaitable[None]]

_EXACT = (names.OUTPUT_FORM.lower().encode(), names.OUTPUT_EXACT.encode())


class EventStream:
    """Runs `work` with a function that sends bytes; after the reader left, that does nothing.

    With `until_gone`, the work is cancelled when the reader leaves.
    """

    def __init__(
        self, work: Callable[[Carry], Awaitable[None]], *, until_gone: bool = False
    ) -> None:
        self._work = work
        self._until_gone = until_gone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the answer; returns when the work is done."""
        gone = asyncio.Event()
        headers = [*frames.HEADERS, _EXACT]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

        async def carry(data: bytes) -> None:
            if not gone.is_set():
                await send({"type": "http.response.body", "body": data, "more_body": True})

        work = asyncio.ensure_future(self._work(carry))
        watch = asyncio.create_task(_until_gone(receive, gone))
        if self._until_gone:
            watch.add_done_callback(lambda _: work.cancel())
        try:
            await work
        except asyncio.CancelledError:
            if not gone.is_set():
                raise
        finally:
            watch.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_gone(receive: Receive, gone: asyncio.Event) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    gone.set()
