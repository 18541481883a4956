"""The way through the server to a port of a sandbox: HTTP and WebSocket, streamed both ways.

- The API key stays here; with it, what the port's endpoint asks for is added. Without it, a port is
  reached whose endpoint somebody with the key has asked for, with what that asks for: as on the
  port's own listener, so that a browser or a webhook gets there too.
- Nothing is held back or stored; headers of one connection only are not passed on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

import httpx
from attrs import evolve
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from opensandbox._wire import headers as names

from ..settings import Settings
from .faults import BACKEND_FAILED, Fault
from .lifecycle import Place, place_of, read_port
from .records import RUNNING
from .sandboxes import Sandboxes
from .ways import EXECD_PORT
from .web import no_key

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_ONE_CONNECTION_ONLY = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_NOT_FORWARDED = _ONE_CONNECTION_ONLY | {names.API_KEY.lower(), "host"}
_CONNECT_TIMEOUT = 10.0
_LARGEST_FRAME = 16 * 1024 * 1024


def passed_on(headers: Iterable[tuple[str, str]], dropped: frozenset[str]) -> list[tuple[str, str]]:
    """`headers` without those in `dropped` and those that a Connection header names."""
    headers = list(headers)
    named = {
        word.strip().lower()
        for name, value in headers
        if name.lower() == "connection"
        for word in value.split(",")
    }
    return [(n, v) for n, v in headers if n.lower() not in dropped and n.lower() not in named]


class Proxy:
    """The handlers below /v1/sandboxes/{id}/proxy/{port}."""

    def __init__(self, settings: Settings, sandboxes: Sandboxes) -> None:
        self._settings = settings
        self._sandboxes = sandboxes
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(None, connect=_CONNECT_TIMEOUT),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
            trust_env=False,
        )

    async def aclose(self) -> None:
        """Closes what is open to sandboxes."""
        await self._client.aclose()

    def routes(self) -> list[Route | WebSocketRoute]:
        """The routes, below the base path."""
        base = "/sandboxes/{sandbox_id}/proxy/{port}"
        return [
            Route(base, self.forward, methods=METHODS),
            Route(base + "/{path:path}", self.forward, methods=METHODS),
            WebSocketRoute(base, self.forward_websocket),
            WebSocketRoute(base + "/{path:path}", self.forward_websocket),
        ]

    async def _place(self, request: Request | WebSocket) -> Place:
        sandbox = self._sandboxes.roll.get(request.path_params["sandbox_id"])
        port = read_port(request)
        guarded = port == EXECD_PORT or sandbox.record.secure_token is not None
        if not request.state.keyed and not guarded and port not in sandbox.record.ports:
            raise no_key()
        if sandbox.record.state != RUNNING:
            raise Fault(
                409,
                "DOCKER::SANDBOX_NOT_RUNNING",
                f"Sandbox {sandbox.id} is {sandbox.record.state}, not Running.",
            )
        place = await place_of(self._settings, self._sandboxes, sandbox, port)
        return place if request.state.keyed else evolve(place, headers={})

    async def forward(self, request: Request) -> Response:
        place = await self._place(request)
        headers = passed_on(request.headers.items(), _NOT_FORWARDED)
        headers += [("host", f"{place.host}:{place.port}"), *place.headers.items()]
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        outgoing = httpx.Request(
            request.method,
            f"http://{place.host}:{place.port}/",
            headers=headers,
            content=request.stream() if has_body else None,
            # Not in the URL: that would be put in order, and the port is to see what was sent.
            extensions={"target": _target(place, request).encode("latin-1")},
        )
        try:
            answer = await self._client.send(outgoing, stream=True)
        except httpx.TransportError as error:
            raise _nothing_there(request, error) from error
        response = StreamingResponse(
            _pieces(answer),
            status_code=answer.status_code,
            background=BackgroundTask(answer.aclose),
        )
        dropped = _ONE_CONNECTION_ONLY | {names.REQUEST_ID.lower()}
        response.raw_headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in passed_on(answer.headers.multi_items(), dropped)
        ]
        return response

    async def forward_websocket(self, websocket: WebSocket) -> None:
        try:
            place = await self._place(websocket)
            upstream = await _dial(place, websocket)
        except Fault as fault:
            await _deny(websocket, fault)
            return
        async with upstream:
            subprotocol = upstream.subprotocol
            await websocket.accept(subprotocol=str(subprotocol) if subprotocol else None)
            await _both_ways(websocket, upstream)


def _target(place: Place, request: Request | WebSocket) -> str:
    """The path and query for the port, as they were written: decoding would change %2F."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    _, _, rest = raw.decode("latin-1").partition("/proxy/")
    _, slash, path = rest.partition("/")
    query = request.scope.get("query_string", b"").decode("latin-1")
    return place.prefix + (f"/{path}" if slash else "/") + (query and f"?{query}")


def _nothing_there(request: Request | WebSocket, error: Exception) -> Fault:
    port = request.path_params["port"]
    return Fault(
        502,
        BACKEND_FAILED,
        f"Nothing answered on port {port} of the sandbox ({type(error).__name__}).",
    )


async def _pieces(answer: httpx.Response) -> AsyncIterator[bytes]:
    async for piece in answer.aiter_raw():
        yield piece


async def _dial(place: Place, websocket: WebSocket) -> ClientConnection:
    dropped = frozenset(name for name in websocket.headers if name.startswith("sec-websocket"))
    headers = passed_on(websocket.headers.items(), _NOT_FORWARDED | dropped)
    subprotocols = [Subprotocol(name) for name in websocket.scope.get("subprotocols", [])]
    try:
        return await connect(
            f"ws://{place.host}:{place.port}{_target(place, websocket)}",
            additional_headers=[*headers, *place.headers.items()],
            subprotocols=subprotocols or None,
            user_agent_header=None,
            compression=None,
            proxy=None,
            max_size=_LARGEST_FRAME,
            open_timeout=_CONNECT_TIMEOUT,
            ping_interval=None,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        raise Fault(status, BACKEND_FAILED, f"The port refused with status {status}.") from error
    except (OSError, WebSocketException) as error:
        raise _nothing_there(websocket, error) from error


async def _deny(websocket: WebSocket, fault: Fault) -> None:
    body = {"code": fault.code, "message": fault.message}
    if "websocket.http.response" in websocket.scope.get("extensions", {}):
        await websocket.send_denial_response(JSONResponse(body, status_code=fault.status))
    else:
        await websocket.close(1011, fault.message[:100])


async def _both_ways(websocket: WebSocket, upstream: ClientConnection) -> None:
    """Carries frames until either side ends; the other is closed with the same code."""

    async def inwards() -> tuple[int, str]:
        while True:
            try:
                message = await websocket.receive()
            except WebSocketDisconnect as end:
                return end.code, end.reason
            if message["type"] == "websocket.disconnect":
                return message.get("code") or 1005, message.get("reason") or ""
            text, data = message.get("text"), message.get("bytes")
            try:
                await upstream.send(text if text is not None else data or b"")
            except ConnectionClosed:
                return 1005, ""

    async def outwards() -> tuple[int, str]:
        try:
            async for frame in upstream:
                if isinstance(frame, str):
                    await websocket.send_text(frame)
                else:
                    await websocket.send_bytes(frame)
        except (ConnectionClosed, WebSocketDisconnect, RuntimeError):
            pass
        return upstream.close_code or 1005, upstream.close_reason or ""

    tasks = [asyncio.create_task(inwards()), asyncio.create_task(outwards())]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        ended_inside = tasks[1] in done
        code, reason = (tasks[1] if ended_inside else tasks[0]).result()
        code = code if 1000 <= code < 5000 and code not in (1004, 1005, 1006, 1015) else 1000
        if ended_inside:
            await websocket.close(code, reason)
        else:
            await upstream.close(code, reason)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
