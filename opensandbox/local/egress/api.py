"""The egress API of one sandbox, on a listener of its own: policy and credential vault over HTTP.

- Every request needs the token that comes with the endpoint, compared in constant time.
- Answers never hold a credential, and neither does a refusal.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import logging
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from opensandbox._wire import headers as names

from ..server.values import JSON
from .errors import Refusal, invalid, not_found

if TYPE_CHECKING:
    from .outlet import Outlet

logger = logging.getLogger("opensandbox.egress")

EGRESS_PORT = 18080
"""The port at which a sandbox's egress API is asked for."""
_LARGEST_BODY = 16 * 1024 * 1024
_GRACE = 2


def make_app(outlet: Outlet) -> Starlette:
    """The API over one sandbox's way out."""

    async def policy(request: Request) -> Response:
        if request.method == "GET":
            return JSONResponse(outlet.status())
        body = await _read(request)
        change = outlet.add_rules if request.method == "PATCH" else outlet.remove_rules
        return JSONResponse(await change(body))

    async def vault(request: Request) -> Response:
        if request.method == "DELETE":
            await outlet.delete_vault()
            return Response(status_code=204)
        if request.method == "GET":
            return JSONResponse(outlet.vault().shown())
        body = await _read(request)
        if request.method == "POST":
            return JSONResponse((await outlet.create_vault(body)).shown(), status_code=201)
        return JSONResponse((await outlet.change_vault(body)).shown())

    async def credentials(request: Request) -> Response:
        return JSONResponse(outlet.vault().shown_credentials())

    async def credential(request: Request) -> Response:
        found = outlet.vault().credentials.get(request.path_params["name"])
        if found is None:
            raise not_found(f"there is no credential {request.path_params['name']!r}")
        return JSONResponse(found.shown())

    async def bindings(request: Request) -> Response:
        return JSONResponse(outlet.vault().shown_bindings())

    async def binding(request: Request) -> Response:
        found = outlet.vault().bindings.get(request.path_params["name"])
        if found is None:
            raise not_found(f"there is no binding {request.path_params['name']!r}")
        return JSONResponse(found.shown())

    base = "/credential-vault"
    return Starlette(
        routes=[
            Route("/policy", policy, methods=["GET", "PATCH", "DELETE"]),
            Route(base, vault, methods=["POST", "GET", "PATCH", "DELETE"]),
            Route(f"{base}/credentials", credentials),
            Route(f"{base}/credentials/{{name:path}}", credential),
            Route(f"{base}/bindings", bindings),
            Route(f"{base}/bindings/{{name:path}}", binding),
        ],
        middleware=[Middleware(_Gate, token=outlet.kept.token)],
        exception_handlers=_HANDLERS,
    )


class _Gate:
    """Lets in who has the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(scope["headers"]).get(names.EGRESS_AUTH.lower().encode(), b"")
        if scope["type"] != "http" or not hmac.compare_digest(given, self._token):
            message = f"The header {names.EGRESS_AUTH} is missing or not right."
            refusal = JSONResponse({"code": "EGRESS::UNAUTHORIZED", "message": message}, 401)
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


async def _read(request: Request) -> JSON:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _LARGEST_BODY:
            raise Refusal(
                413, "EGRESS::TOO_LARGE", f"The body is longer than {_LARGEST_BODY} bytes."
            )
    try:
        parsed: JSON = json.loads(bytes(body))
    except (ValueError, RecursionError):
        raise invalid("The body is not JSON.") from None
    return parsed


async def _refused(request: Request, error: Exception) -> Response:
    refusal = error if isinstance(error, Refusal) else invalid("The request is wrong.")
    body = {"code": refusal.code, "message": refusal.message}
    return JSONResponse(body, status_code=refusal.status)


async def _unknown(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    message = f"There is no operation {request.method} {request.url.path}."
    return JSONResponse({"code": "EGRESS::NO_OPERATION", "message": message}, status_code=status)


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=499)


_HANDLERS: dict[Any, Callable[[Request, Exception], Awaitable[Response]]] = {
    Refusal: _refused,
    HTTPException: _unknown,
    ClientDisconnect: _gone,
}


class ApiListener:
    """A port on which one sandbox's API is served, until closed."""

    def __init__(self, server: _Server, listener: socket.socket) -> None:
        self._server = server
        self._listener = listener
        self._serving = asyncio.create_task(_run(server.serve(sockets=[listener])))
        self.port: int = listener.getsockname()[1]

    @classmethod
    async def open(cls, outlet: Outlet, address: str, wanted: int | None) -> ApiListener:
        """Listens on `address`, on the port `wanted` when that is free. Raises OSError."""
        listener = _listen(address, wanted)
        try:
            return cls(_Server(make_app(outlet)), listener)
        except BaseException:
            listener.close()
            raise

    async def close(self) -> None:
        """Answers what has been asked, and closes the port."""
        self._server.stop()
        await self._serving
        self._listener.close()


async def _run(work: Coroutine[object, object, None]) -> None:
    try:
        await work
    except Exception:
        logger.exception("an egress API ended")


def _listen(address: str, wanted: int | None) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, wanted or 0))
        except OSError:
            if wanted is None:
                raise
            listener.bind((address, 0))
        listener.listen(64)
    except BaseException:
        listener.close()
        raise
    return listener


class _Server(uvicorn.Server):
    """uvicorn without a tick and without a hand on signals: there may be one for each sandbox."""

    def __init__(self, app: Starlette) -> None:
        config = uvicorn.Config(
            cast(Any, app),
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACE,
        )
        super().__init__(config)
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Ends `serve`."""
        self.should_exit = True
        self._stop.set()

    async def main_loop(self) -> None:
        """Of uvicorn: returns when the server is to end."""
        await self._stop.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Of uvicorn."""
        yield
