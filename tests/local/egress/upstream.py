"""Servers that stand for the outside, on loopback addresses of this machine, each with a diary.

What a server was sent is in its diary only: none of it is ever sent back.
"""

from __future__ import annotations

import itertools
import os
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from attrs import field, frozen

_numbers = itertools.count(2)


def own_address() -> str:
    """A loopback address that no other test uses."""
    pid, number = os.getpid(), next(_numbers)
    return f"127.{1 + pid % 250}.{pid // 250 % 250}.{number}"


@frozen
class Seen:
    """A request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@frozen
class Upstream:
    """A running server."""

    address: str
    port: int
    seen: list[Seen] = field(factory=list)


@contextmanager
def upstream(
    *, port: int = 0, context: ssl.SSLContext | None = None, address: str | None = None
) -> Iterator[Upstream]:
    """A server for the block; it answers ``upstream`` to everything, and to /large 10 MB."""
    address = address or own_address()
    seen: list[Seen] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            length = int(self.headers.get("content-length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen.append(Seen(self.command, self.path, headers, self.rfile.read(length)))
            body = b"x" * 10_000_000 if self.path == "/large" else b"upstream\n"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_TRACE = _answer

        def log_message(self, format: str, *args: object) -> None:
            """Silence."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that goes away is no news."""

    with Server((address, port), Handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Upstream(address, server.server_address[1], seen)
        finally:
            server.shutdown()
            thread.join()


@frozen
class Trust:
    """An authority of the tests' own: what trusts it, and what a host of it answers with."""

    certificate: Path
    context: ssl.SSLContext


@contextmanager
def trusted(host: str) -> Iterator[Trust]:
    """A certificate for `host` by an authority whose certificate is in a file."""
    from opensandbox.local.egress import authority

    kept = authority.make("the tests' outside")
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "ca.pem"
        path.write_text(kept.certificate)
        yield Trust(path, authority.Authority(kept).context_for(host))
