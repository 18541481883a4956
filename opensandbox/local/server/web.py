"""What every request goes through: its id, the key, its body, and the form of errors.

- The key is compared in constant time, and asked for by everything below /v1 but the way to a port
  of a sandbox, which decides by itself what it lets in without.
- A request's id is taken from the caller when it is harmless, else made; every answer carries it.
- Bodies are read up to a limit.
"""

from __future__ import annotations

import hmac
import json
import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from opensandbox._wire import headers as names

from .faults import Fault, Malformed, Problem
from .values import JSON

logger = logging.getLogger("opensandbox.server")

_WAY_TO_A_PORT = re.compile(r"/v1/sandboxes/[^/]+/proxy/[0-9]+(/|$)")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class Activity:
    """How many requests are being answered, and when the last one ended."""

    def __init__(self) -> None:
        self.running = 0
        self.last = time.monotonic()

    def idle(self) -> float:
        """Seconds since the last request; 0 while one is being answered."""
        return 0.0 if self.running else time.monotonic() - self.last


class Gate:
    """The outermost layer: request id, key, and a count of what is going on."""

    def __init__(self, app: ASGIApp, api_key: str, activity: Activity) -> None:
        self._app = app
        self._api_key = api_key.encode()
        self._activity = activity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = headers.get(names.REQUEST_ID, "")
        if not _REQUEST_ID.fullmatch(request_id):
            request_id = uuid.uuid4().hex

        async def send_with_id(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                MutableHeaders(scope=message)[names.REQUEST_ID] = request_id
            await send(message)

        self._activity.running += 1
        try:
            if self._allowed(scope, headers):
                await self._app(scope, receive, send_with_id)
            else:
                await _refuse(scope, receive, send_with_id)
        finally:
            self._activity.running -= 1
            self._activity.last = time.monotonic()

    def _allowed(self, scope: Scope, headers: Headers) -> bool:
        given = headers.get(names.API_KEY, "").encode()
        keyed = hmac.compare_digest(given, self._api_key)
        scope.setdefault("state", {})["keyed"] = keyed
        path: str = scope["path"]
        below = path == "/v1" or path.startswith("/v1/")
        return keyed or not below or _WAY_TO_A_PORT.match(path) is not None


def no_key() -> Fault:
    """What a request gets that has not the key."""
    message = f"The key in {names.API_KEY} is missing or not this server's."
    return Fault(401, "INVALID_API_KEY", message)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    fault = no_key()
    body = {"code": fault.code, "message": fault.message}
    refusal = JSONResponse(body, status_code=fault.status)
    if scope["type"] == "http" or "websocket.http.response" in scope.get("extensions", {}):
        await refusal(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1008})


async def read_body(request: Request, limit: int) -> bytes:
    """The request's body; raises Fault when it is longer than `limit`."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise Fault(
                413, "SANDBOX::REQUEST_TOO_LARGE", f"The body is longer than {limit} bytes."
            )
    return bytes(body)


async def read_json(request: Request, limit: int) -> JSON:
    """The request's JSON body, None when it is empty; raises Fault or Malformed."""
    body = await read_body(request, limit)
    if not body.strip():
        return None
    try:
        parsed: JSON = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        place = error.pos if isinstance(error, json.JSONDecodeError) else 0
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "not readable"
        problem = Problem(
            "json_invalid", ("body", place), "JSON decode error", {}, {"error": reason}
        )
        raise Malformed([problem]) from None
    return parsed


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


async def _fault(request: Request, error: Exception) -> Response:
    fault = error if isinstance(error, Fault) else Fault(500, "SANDBOX::UNKNOWN_ERROR", str(error))
    return JSONResponse({"code": fault.code, "message": fault.message}, status_code=fault.status)


async def _malformed(request: Request, error: Exception) -> Response:
    problems = error.problems if isinstance(error, Malformed) else ()
    return JSONResponse({"detail": [problem.to_dict() for problem in problems]}, status_code=422)


async def _http_exception(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    code = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(status, "HTTP_ERROR")
    message = f"There is no operation {request.method} {request.url.path}."
    return JSONResponse({"code": code, "message": message}, status_code=status, headers=headers)


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=499)


async def _unexpected(request: Request, error: Exception) -> Response:
    message = "The server failed; its log says more."
    return JSONResponse({"code": "SANDBOX::UNKNOWN_ERROR", "message": message}, status_code=500)


EXCEPTION_HANDLERS: dict[
    int | type[Exception], Callable[[Request, Exception], Awaitable[Response]]
] = {
    Fault: _fault,
    Malformed: _malformed,
    HTTPException: _http_exception,
    ClientDisconnect: _gone,
    Exception: _unexpected,
}
