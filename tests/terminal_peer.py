"""A WebSocket server made of a script, for tests of either colour.

Use it like this::

    with websocket_server(lambda socket: socket.send(b"\\x01hello")) as peer:
        service = Service(config, peer.url)

Rules:

* Every WebSocket is served by the script and closed at its end; what the script gets is the
  library's blocking connection.
* `peer.targets` and `peer.headers` hold what was asked, refusals included.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus

from attrs import define, field
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

Script = Callable[[ServerConnection], object]


@define
class SocketPeer:
    """Where the server is, and what it was asked."""

    url: str
    targets: list[str] = field(factory=list)
    headers: list[dict[str, str]] = field(factory=list)


@contextmanager
def websocket_server(script: Script, *, refuses: int | None = None) -> Iterator[SocketPeer]:
    """A server that listens for as long as the block lasts; `refuses` is a status to answer."""
    peer = SocketPeer("")

    def handler(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            script(connection)

    def process(connection: ServerConnection, request: Request) -> Response | None:
        peer.targets.append(request.path)
        peer.headers.append({k.lower(): v for k, v in request.headers.raw_items()})
        if refuses is None:
            return None
        body = '{"code": "RUNTIME_ERROR", "message": "somebody is there"}'
        return connection.respond(HTTPStatus(refuses), body)

    with serve(handler, "127.0.0.1", 0, process_request=process) as server:
        peer.url = f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield peer
        finally:
            server.shutdown()
            thread.join(5)
