"""Ports of the sandbox from outside: by a listener of their own, or by way of the API's."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import InvalidStatus

from tests.local.execd.daemons import HEADERS, Daemon


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        names = sorted(name.lower() for name in self.headers)
        self._answer(f"{self.path} {' '.join(names)}".encode())

    def do_POST(self) -> None:
        if self.headers.get("transfer-encoding") == "chunked":
            self._answer(b"".join(iter(self._chunk, b"")))
        else:
            self._answer(self.rfile.read(int(self.headers["content-length"])))

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline(), 16)
        data = self.rfile.read(size)
        self.rfile.readline()
        return data

    def _answer(self, body: bytes) -> None:
        self.send_response(209)
        self.send_header("X-Echo", "yes")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


@pytest.fixture(scope="module")
def web() -> Iterator[int]:
    """The port of a web server that echoes."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@contextmanager
def exposed(daemon: Daemon, port: int) -> Iterator[int]:
    """The port outside that leads to `port`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert daemon.ask({"op": "expose", "port": port}, passing=listener) == {"ok": True}
        yield listener.getsockname()[1]


async def _echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


def test_a_web_server_answers_on_a_listener_of_its_own(daemon: Daemon, web: int) -> None:
    with exposed(daemon, web) as port:
        answer = httpx.get(f"http://127.0.0.1:{port}/x?y", trust_env=False)
    assert (answer.status_code, answer.text.split()[0]) == (209, "/x?y")


def test_a_large_body_goes_both_ways_at_once(daemon: Daemon, web: int) -> None:
    body = bytes(range(256)) * 40_000
    with exposed(daemon, web) as port:
        answer = httpx.post(f"http://127.0.0.1:{port}/", content=body, trust_env=False)
    assert answer.content == body


def test_an_exposed_port_where_nothing_listens_ends_the_connection(daemon: Daemon) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = free.getsockname()[1]
    with exposed(daemon, nobody) as port, pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)


async def test_a_websocket_works_on_a_listener_of_its_own(daemon: Daemon) -> None:
    async with serve(_echo, "127.0.0.1", 0) as server:
        inside = next(iter(server.sockets)).getsockname()[1]
        with socket.create_server(("127.0.0.1", 0)) as listener:
            message = {"op": "expose", "port": inside}
            await asyncio.to_thread(daemon.ask, message, passing=listener)
            outside = listener.getsockname()[1]
        async with connect(f"ws://127.0.0.1:{outside}/", proxy=None) as client:
            await client.send("x" * 100_000)
            assert await client.recv() == "x" * 100_000


def test_a_port_is_reached_by_way_of_the_api_without_its_tokens(daemon: Daemon, web: int) -> None:
    answer = daemon.client.get(f"/proxy/{web}/a%2Fb/c?d=e%20f")
    assert (answer.status_code, answer.headers["x-echo"]) == (209, "yes")
    path, *names = answer.text.split()
    assert path == "/a%2Fb/c?d=e%20f"
    assert "x-execd-access-token" not in names


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_passes_the_api_as_it_is(daemon: Daemon, web: int, chunked: bool) -> None:
    body = bytes(range(256)) * 20_000
    content = iter([body[:1000], body[1000:]]) if chunked else body
    answer = daemon.client.post(f"/proxy/{web}/", content=content)
    assert answer.content == body


def test_where_nothing_listens_the_api_says_bad_gateway(daemon: Daemon) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = free.getsockname()[1]
    answer = daemon.client.get(f"/proxy/{nobody}/")
    assert (answer.status_code, answer.text) == (502, "Bad Gateway\n")
    assert daemon.client.get("/proxy/99999/").status_code == 404


async def test_a_websocket_passes_the_api(daemon: Daemon) -> None:
    async with serve(_echo, "127.0.0.1", 0) as server:
        inside = next(iter(server.sockets)).getsockname()[1]
        address = f"ws://127.0.0.1:{daemon.port}/proxy/{inside}/path"
        async with connect(address, additional_headers=HEADERS, proxy=None) as client:
            await client.send(b"\x00\xff")
            assert await client.recv() == b"\x00\xff"
        with pytest.raises(InvalidStatus, match="401"):
            await connect(address, proxy=None)
    with pytest.raises(InvalidStatus, match="502"):
        await connect(address, additional_headers=HEADERS, proxy=None)


async def test_a_websocket_elsewhere_is_not_found(daemon: Daemon) -> None:
    address = f"ws://127.0.0.1:{daemon.port}/nowhere"
    with pytest.raises(InvalidStatus, match="404"):
        await connect(address, additional_headers=HEADERS, proxy=None)


def test_the_secure_access_token_opens_ports_and_nothing_else(fresh: Daemon, web: int) -> None:
    fresh.configure(secure_access_token="another")
    headers = {"OpenSandbox-Secure-Access": "another"}
    base = f"http://127.0.0.1:{fresh.port}"
    answer = httpx.get(f"{base}/proxy/{web}/x", headers=headers, trust_env=False)
    assert answer.status_code == 209
    assert "opensandbox-secure-access" not in answer.text
    assert httpx.get(f"{base}/ping", headers=headers, trust_env=False).status_code == 401
