"""The execd API as an ASGI application: who may ask, which function answers, how it fails.

Rules:
- Every request needs the access token; the ports of the sandbox also open to the secure-access one.
- Nothing is answered before the sandbox is configured.
- What a handler raises becomes an answer here and nowhere else.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping

from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Router
from starlette.types import Message, Receive, Scope, Send

from opensandbox._wire import headers as names

from .errors import (
    NOT_READY,
    RUNTIME_ERROR,
    UNAUTHORIZED,
    Refusal,
    exhausted,
    from_os,
)
from .state import State

logger = logging.getLogger("opensandbox.execd")
_TOKEN = names.EXECD_ACCESS_TOKEN.lower().encode()
_SECURE = names.SECURE_ACCESS.lower().encode()


class Json(Response):
    """A JSON answer, as compact as the ones clients know."""

    media_type = "application/json; charset=utf-8"

    def render(self, content: object) -> bytes:
        """The bytes of the body."""
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "surrogateescape"
        )


def refuse(refused: Refusal) -> Response:
    """The answer that a refusal is."""
    return Json(refused.body(), refused.status)


def authorize(state: State, headers: Mapping[bytes, bytes], path: str) -> None:
    """Raises Refusal unless the request may be served."""
    if state.settings is None:
        raise Refusal(503, NOT_READY, "this sandbox is not set up yet")
    if state.admits(headers.get(_TOKEN)):
        return
    if path.startswith("/proxy/") and state.admits_to_ports(headers.get(_SECURE)):
        return
    raise Refusal(
        401, UNAUTHORIZED, f"the header {names.EXECD_ACCESS_TOKEN} is missing or not right"
    )


class Application:
    """The whole API."""

    def __init__(self, state: State, routes: list[BaseRoute]) -> None:
        self._state = state
        self._router = Router(routes, redirect_slashes=False, default=not_found)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            authorize(self._state, dict(scope["headers"]), scope["path"])
            await self._router(scope, receive, watched)
        except ClientDisconnect:
            return
        except Exception as error:
            if started:
                raise
            await refuse(_as_refusal(error))(scope, receive, send)


def _as_refusal(error: Exception) -> Refusal:
    if isinstance(error, Refusal):
        return error
    if isinstance(error, OSError):
        return from_os(error, "do that")
    if isinstance(error, RuntimeError) and "new thread" in str(error):
        return exhausted("another thread")
    logger.error("a request failed", exc_info=error)
    return Refusal(500, RUNTIME_ERROR, f"the daemon failed: {type(error).__name__}")


async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
    """The answer for a path that nothing serves."""
    answer = PlainTextResponse("404 page not found", 404)
    answer.headers["content-type"] = "text/plain"
    await answer(scope, receive, send)
