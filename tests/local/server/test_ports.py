"""Ports of a sandbox from outside: on a listener of their own, and through the server."""

from __future__ import annotations

import json
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from tests.local.server.servers import KEY, WAIT, Server


class _Echo(BaseHTTPRequestHandler):
    """Says what it was asked; ``/slow`` answers in pieces, one for each piece it is sent."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        said = {
            "method": self.command,
            "path": self.path,
            "headers": [[name.lower(), value] for name, value in self.headers.items()],
            "body": self.rfile.read(length).decode(),
        }
        body = json.dumps(said).encode()
        self.send_response(418)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.send_header("X-Hop", "1")
        self.send_header("Connection", "X-Hop")
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def served(server: Any) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.socket.getsockname()[1]
    finally:
        server.shutdown()
        thread.join()
        getattr(server, "server_close", lambda: None)()


@pytest.fixture(scope="module")
def echo() -> Iterator[int]:
    with served(ThreadingHTTPServer(("127.0.0.1", 0), _Echo)) as port:
        yield port


def _answer_frames(connection: ServerConnection) -> None:
    request = connection.request
    assert request is not None
    connection.send(json.dumps([[n.lower(), v] for n, v in request.headers.raw_items()]))
    try:
        for frame in connection:
            if frame == "close":
                connection.close(4321, "as asked")
                return
            connection.send(frame)
    except ConnectionClosed:
        pass


@pytest.fixture(scope="module")
def echo_frames() -> Iterator[int]:
    with served(serve(_answer_frames, "127.0.0.1", 0, subprotocols=["chat"])) as port:  # type: ignore[list-item]
        yield port


@pytest.fixture(scope="module")
def sandbox_id(server: Server) -> str:
    return str(server.create()["id"])


def endpoint(server: Server, sandbox_id: str, port: int, **query: str) -> dict[str, Any]:
    answer = server.client.get(f"/sandboxes/{sandbox_id}/endpoints/{port}", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_daemon_is_reached_with_the_token_that_comes_along(
    server: Server, sandbox_id: str
) -> None:
    found = endpoint(server, sandbox_id, 44772)
    url = f"http://{found['endpoint']}/ping"
    assert httpx.get(url, headers=found["headers"], trust_env=False).status_code == 200
    assert httpx.get(url, trust_env=False).status_code == 401


def test_a_port_keeps_its_place(server: Server, sandbox_id: str) -> None:
    first = endpoint(server, sandbox_id, 8000)
    assert endpoint(server, sandbox_id, 8000) == first
    assert endpoint(server, sandbox_id, 8001) != first
    assert "headers" not in first


def test_a_port_is_reached_on_its_own_listener(server: Server, sandbox_id: str, echo: int) -> None:
    place = endpoint(server, sandbox_id, echo)["endpoint"]
    answer = httpx.post(f"http://{place}/a/b?c=d", content=b"hello", trust_env=False)
    assert (answer.status_code, answer.json()["body"]) == (418, "hello")
    assert answer.json()["path"] == "/a/b?c=d"


@pytest.mark.parametrize("port", [0, 65536, 70000, -1])
def test_a_port_that_is_none(server: Server, sandbox_id: str, port: int) -> None:
    answer = server.client.get(f"/sandboxes/{sandbox_id}/endpoints/{port}")
    assert (answer.status_code, answer.json()["code"]) == (400, "DOCKER::INVALID_PORT")


def test_a_port_that_is_no_number(server: Server, sandbox_id: str) -> None:
    answer = server.client.get(f"/sandboxes/{sandbox_id}/endpoints/http")
    assert answer.json()["detail"][0]["loc"] == ["path", "port"]


def test_a_paused_sandbox_opens_no_new_port(server: Server) -> None:
    paused = server.create()["id"]
    known = endpoint(server, paused, 8000)
    server.client.post(f"/sandboxes/{paused}/pause")
    assert endpoint(server, paused, 8000) == known
    answer = server.client.get(f"/sandboxes/{paused}/endpoints/8001")
    assert (answer.status_code, answer.json()["code"]) == (409, "DOCKER::SANDBOX_NOT_RUNNING")
    through = server.client.get(f"/sandboxes/{paused}/proxy/8000/")
    assert through.status_code == 409


def test_with_secure_access_a_port_is_behind_the_daemon_and_its_token(server: Server) -> None:
    secure = server.create(secureAccess=True)["id"]
    execd, port = endpoint(server, secure, 44772), endpoint(server, secure, 8000)
    assert port["endpoint"] == execd["endpoint"] + "/proxy/8000"
    assert list(port["headers"]) == ["OpenSandbox-Secure-Access"]
    assert port["headers"] != execd["headers"]


def test_through_the_server(server: Server, sandbox_id: str, echo: int) -> None:
    found = endpoint(server, sandbox_id, echo, use_server_proxy="true")
    assert found["endpoint"] == f"{server.url[7:]}/v1/sandboxes/{sandbox_id}/proxy/{echo}"
    headers = {
        "OPEN-SANDBOX-API-KEY": KEY,
        "X-Mine": "1",
        "X-Private": "2",
        "Connection": "X-Private",
        "Cookie": "c=3",
    }
    url = f"http://{found['endpoint']}/a/b?d=%20e&d=f"
    answer = httpx.request("PATCH", url, content=b"hello", headers=headers, trust_env=False)
    said = answer.json()
    assert answer.status_code == 418
    assert (said["method"], said["path"], said["body"]) == ("PATCH", "/a/b?d=%20e&d=f", "hello")
    got = dict(said["headers"])
    assert got["x-mine"] == "1"
    assert got["cookie"] == "c=3"
    assert "x-private" not in got
    assert "open-sandbox-api-key" not in got
    assert KEY not in str(said)
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert "x-hop" not in answer.headers
    assert answer.headers["x-request-id"]


def test_a_path_goes_through_the_server_as_it_was_written(
    server: Server, sandbox_id: str, echo: int
) -> None:
    connection = HTTPConnection(server.url[7:])
    path = f"/v1/sandboxes/{sandbox_id}/proxy/{echo}/a%2Fb/../c%20d//e?f=%2F"
    connection.request("GET", path, headers={"OPEN-SANDBOX-API-KEY": KEY})
    with closing(connection):
        said = json.loads(connection.getresponse().read())
    assert said["path"] == "/a%2Fb/../c%20d//e?f=%2F"


def test_the_way_to_a_port_that_nobody_asked_for_needs_the_key(
    server: Server, sandbox_id: str
) -> None:
    url = f"{server.url}/v1/sandboxes/{sandbox_id}/proxy/8765/"
    assert httpx.get(url, trust_env=False).status_code == 401
    with pytest.raises(InvalidStatus) as raised, connect(url.replace("http", "ws"), proxy=None):
        pass
    assert raised.value.response.status_code in (401, 403)
    assert "8765" not in server.records()[0]["ports"]
    assert httpx.get(f"{url[:-1]}x", trust_env=False).status_code == 401


def test_a_port_with_an_endpoint_is_reached_through_the_server_without_the_key(
    server: Server, sandbox_id: str, echo: int
) -> None:
    place = endpoint(server, sandbox_id, echo, use_server_proxy="true")["endpoint"]
    answer = httpx.post(f"http://{place}/a", content=b"hello", trust_env=False)
    assert (answer.status_code, answer.json()["body"]) == (418, "hello")
    wrong = httpx.get(f"http://{place}/", headers={"OPEN-SANDBOX-API-KEY": "x"}, trust_env=False)
    assert wrong.status_code == 418


def test_without_the_key_the_daemon_wants_its_token(server: Server, sandbox_id: str) -> None:
    found = endpoint(server, sandbox_id, 44772, use_server_proxy="true")
    url = f"http://{found['endpoint']}/ping"
    assert httpx.get(url, trust_env=False).status_code == 401
    assert httpx.get(url, headers=found["headers"], trust_env=False).status_code == 200


def test_the_daemon_through_the_server_needs_no_other_token(
    server: Server, sandbox_id: str
) -> None:
    assert server.client.get(f"/sandboxes/{sandbox_id}/proxy/44772/ping").status_code == 200


def test_nothing_behind_a_port_is_a_bad_gateway(server: Server, sandbox_id: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        answer = server.client.get(f"/sandboxes/{sandbox_id}/proxy/{unused.getsockname()[1]}/")
    assert (answer.status_code, answer.json()["code"]) == (502, "BACKEND_CONNECTION_FAILED")


class _Pieces:
    """Takes one request on a port, in pieces, and answers in pieces, a step at a time."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.received: queue.Queue[bytes] = queue.Queue()
        self.answers: queue.Queue[bytes] = queue.Queue()
        self.thread = threading.Thread(target=self._run)

    def __enter__(self) -> _Pieces:
        self.thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.answers.put(b"")
        self.thread.join(WAIT)
        self.listener.close()
        assert not self.thread.is_alive()

    def _run(self) -> None:
        connection, _ = self.listener.accept()
        with connection, connection.makefile("rb") as received:
            while received.readline().strip():
                pass
            while size := int(received.readline() or b"0", 16):
                self.received.put(received.read(size))
                received.readline()
            self.received.put(b"")
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            piece = b"-"
            while piece:
                piece = self.answers.get(timeout=WAIT)
                connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))


def test_a_body_goes_through_piece_by_piece(server: Server, sandbox_id: str) -> None:
    with _Pieces() as inside:

        def pieces() -> Iterator[bytes]:
            yield b"one"
            assert inside.received.get(timeout=WAIT) == b"one"
            yield b"two"

        path = f"/sandboxes/{sandbox_id}/proxy/{inside.port}/"
        with server.client.stream("POST", path, content=pieces()) as answer:
            received = answer.iter_raw()
            for piece in (b"three", b"four"):
                inside.answers.put(piece)
                assert next(received) == piece
            inside.answers.put(b"")
            assert list(received) == []


def test_who_goes_away_takes_the_request_along(server: Server, sandbox_id: str) -> None:
    with _Pieces() as inside, socket.create_connection(address_of(server)) as caller:
        head = f"POST /v1/sandboxes/{sandbox_id}/proxy/{inside.port}/ HTTP/1.1\r\n"
        head += f"Host: x\r\nOPEN-SANDBOX-API-KEY: {KEY}\r\nTransfer-Encoding: chunked\r\n\r\n"
        caller.sendall(head.encode() + b"3\r\none\r\n")
        assert inside.received.get(timeout=WAIT) == b"one"
        caller.close()
        assert inside.received.get(timeout=WAIT) == b""


def address_of(server: Server) -> tuple[str, int]:
    host, _, port = server.url[7:].partition(":")
    return host, int(port)


@pytest.mark.parametrize("through_server", [False, True], ids=["listener", "server"])
def test_websockets(
    server: Server, sandbox_id: str, echo_frames: int, through_server: bool
) -> None:
    query = {"use_server_proxy": "true"} if through_server else {}
    place = endpoint(server, sandbox_id, echo_frames, **query)["endpoint"]
    headers = {"OPEN-SANDBOX-API-KEY": KEY} if through_server else {}
    with connect(
        f"ws://{place}/x?y=z",
        additional_headers=headers,
        subprotocols=["chat"],  # type: ignore[list-item]
        proxy=None,
    ) as connection:
        assert connection.subprotocol == "chat"
        seen = json.loads(connection.recv())
        assert KEY not in str(seen)
        assert [name for name, _ in seen].count("sec-websocket-key") == 1
        connection.send("text")
        assert connection.recv() == "text"
        connection.send(bytes(range(256)) * 1000)
        assert connection.recv() == bytes(range(256)) * 1000
        connection.send("close")
        with pytest.raises(ConnectionClosed) as raised:
            connection.recv()
    assert raised.value.rcvd is not None
    assert (raised.value.rcvd.code, raised.value.rcvd.reason) == (4321, "as asked")


def test_a_websocket_to_nothing_is_refused(server: Server, sandbox_id: str) -> None:
    url = f"ws{server.url[4:]}/v1/sandboxes/{sandbox_id}/proxy/1/"
    headers = {"OPEN-SANDBOX-API-KEY": KEY}
    with (
        pytest.raises(InvalidStatus) as raised,
        connect(url, additional_headers=headers, proxy=None),
    ):
        pass
    assert raised.value.response.status_code == 502


def test_diagnostics(server: Server, sandbox_id: str) -> None:
    base = f"/sandboxes/{sandbox_id}/diagnostics"
    logs = server.client.get(f"{base}/logs", params={"scope": "all"}).json()
    assert logs["content"] == "the stand-in is up\n"
    events = server.client.get(f"{base}/events", params={"scope": "runtime"}).json()
    assert " Running " in events["content"]
    assert server.client.get(f"{base}/logs").status_code == 422
    assert sandbox_id in server.client.get(f"{base}/inspect").text
    assert "stand-in is up" in server.client.get(f"{base}/summary").text
