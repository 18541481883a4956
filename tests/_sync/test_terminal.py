# Written by scripts/unasync.py from tests/_async/test_terminal.py. Do not edit.
"""Terminals: typed at and read byte for byte, left and found again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.sync.server import ServerConnection

from opensandbox._concurrency import WebSocket, open_websocket
from opensandbox._sync.config import ConnectionConfigSync
from opensandbox._sync.http import ServiceSync
from opensandbox._sync.terminal import TerminalSync
from opensandbox.exceptions import (
    InvalidArgumentException,
    SandboxApiException,
    SandboxConnectionException,
    SandboxException,
    SandboxInternalException,
    SandboxTimeoutException,
)
from opensandbox.models.terminal import TerminalOutput
from opensandbox.transport.retry import RetryPolicy
from tests.peer import hang, refused_address
from tests.sandbox_peer import refuses, sandbox_peer, says
from tests.terminal_peer import websocket_server

CONNECTED = json.dumps({"type": "connected", "session_id": "t1"})


def exits(code: int) -> str:
    return json.dumps({"type": "exit", "exit_code": code})


def config_of(**more: Any) -> ConnectionConfigSync:
    return ConnectionConfigSync(
        domain="127.0.0.1:1",
        api_key="key-1",
        headers={"X-Own": "mine"},
        retry_policy=RetryPolicy.disabled(),
        **more,
    )


def terminal_at(
    config: ConnectionConfigSync,
    url: str,
    *,
    session_id: str | None = "t1",
    columns: int | None = None,
    rows: int | None = None,
    since: int | None = None,
    pipes: bool = False,
    takeover: bool = False,
    working_directory: str | None = None,
) -> TerminalSync:
    return TerminalSync(
        ServiceSync(config, url, headers={"X-EXECD-ACCESS-TOKEN": "token-1"}, sandbox_id="s1"),
        working_directory=working_directory,
        columns=columns,
        rows=rows,
        pipes=pipes,
        session_id=session_id,
        since=since,
        takeover=takeover,
        keep=False,
        request_timeout=None,
    )


def test_what_is_printed_comes_byte_for_byte_until_the_exit_code() -> None:
    def script(socket: ServerConnection) -> None:
        socket.send(CONNECTED)
        socket.send(b"\x01one\r\n\xff\x00")
        socket.send(json.dumps({"type": "news", "of": "no interest"}))
        socket.send(b"\x02oops")
        socket.send(exits(7))

    with config_of() as config:
        with websocket_server(script) as peer:
            with terminal_at(config, peer.url, since=0, pipes=True) as terminal:
                seen = [output for output in terminal]
                assert terminal.wait() == 7
                assert terminal.read() == b""
                assert terminal.exit_code == 7
                assert terminal.offset == 11
    assert seen == [
        TerminalOutput(data=b"one\r\n\xff\x00"),
        TerminalOutput(data=b"oops", is_error=True),
    ]
    assert peer.targets == ["/pty/t1/ws?pty=0&since=0"]
    assert peer.headers[0]["x-execd-access-token"] == "token-1"
    assert peer.headers[0]["x-own"] == "mine"
    assert peer.headers[0]["user-agent"].startswith("OpenSandbox")
    assert "open-sandbox-api-key" not in peer.headers[0]


def test_what_is_typed_arrives_as_it_is() -> None:
    got: list[str | bytes] = []

    def script(socket: ServerConnection) -> None:
        got.extend(socket.recv() for _ in range(6))
        socket.send(exits(0))

    with config_of() as config:
        with websocket_server(script) as peer:
            with terminal_at(config, peer.url, columns=120, rows=40) as terminal:
                terminal.write("gr\u00fcn\n")
                terminal.write(b"\x03" + b"x" * 65536)
                terminal.resize(80, 24)
                terminal.signal("SIGINT")
                assert terminal.wait(timeout=30) == 0
    typed = [message for message in got if isinstance(message, bytes)]
    told = [json.loads(message) for message in got if isinstance(message, str)]
    assert typed[0] == b"\x00" + "gr\u00fcn\n".encode()
    assert typed[1] + typed[2][1:] == b"\x00\x03" + b"x" * 65536
    assert told == [
        {"type": "resize", "cols": 120, "rows": 40},
        {"type": "resize", "cols": 80, "rows": 24},
        {"type": "signal", "signal": "SIGINT"},
    ]


def test_what_is_sent_again_says_where_it_ends() -> None:
    def script(socket: ServerConnection) -> None:
        socket.send(CONNECTED)
        socket.send(b"\x03" + (100).to_bytes(8, "big") + b"again")
        socket.send(b"\x01new")
        socket.send(exits(0))

    with config_of() as config:
        with websocket_server(script) as peer:
            with terminal_at(config, peer.url, since=50, takeover=True) as terminal:
                assert terminal.offset == 50
                first = terminal.read()
                assert (first, terminal.offset) == (b"again", 105)
                assert terminal.read() == b"new"
                assert terminal.offset == 108
    assert peer.targets == ["/pty/t1/ws?since=50&takeover=1"]


def test_without_since_nobody_knows_the_offset() -> None:
    with config_of() as config:
        with websocket_server(lambda socket: socket.send(b"\x01x")) as peer:
            with terminal_at(config, peer.url) as terminal:
                assert terminal.read() == b"x"
                assert terminal.offset is None


def test_waiting_for_output_is_bounded_and_loses_nothing() -> None:
    def script(socket: ServerConnection) -> None:
        socket.recv()
        socket.send(b"\x01late")
        socket.recv()

    with config_of() as config:
        with websocket_server(script) as peer:
            with terminal_at(config, peer.url) as terminal:
                with pytest.raises(SandboxTimeoutException, match=r"0\.05 s"):
                    terminal.read(timeout=0.05)
                with pytest.raises(SandboxTimeoutException):
                    terminal.wait(timeout=0.05)
                terminal.write("go")
                assert terminal.read(timeout=30) == b"late"


def test_a_connection_that_breaks_says_how_to_come_back() -> None:
    def script(socket: ServerConnection) -> None:
        socket.send(b"\x01abc")
        socket.close(1011, "the disk is full")

    with config_of() as config:
        with websocket_server(script) as peer:
            with terminal_at(config, peer.url, since=10) as terminal:
                assert terminal.read() == b"abc"
                with pytest.raises(SandboxConnectionException) as broken:
                    terminal.read()
    assert "the disk is full" in str(broken.value)
    assert 'terminal(session_id="t1", since=13)' in str(broken.value)


def test_who_was_replaced_is_told() -> None:
    with config_of() as config:
        with websocket_server(lambda socket: socket.close(4001, "x")) as peer:
            with terminal_at(config, peer.url) as terminal:
                with pytest.raises(SandboxConnectionException, match="took it over"):
                    terminal.wait()


def test_a_refusal_is_an_answer_of_the_api() -> None:
    with config_of() as config:
        peer_refuses = websocket_server(lambda socket: None, refuses=409)
        with peer_refuses as peer, pytest.raises(SandboxApiException) as refused:
            with terminal_at(config, peer.url):
                pass
    assert refused.value.status_code == 409
    assert refused.value.error.code == "RUNTIME_ERROR"
    assert refused.value.sandbox_id == "s1"


def test_no_server_is_a_failed_connection() -> None:
    with config_of() as config:
        with pytest.raises(SandboxConnectionException, match="cannot connect"):
            with terminal_at(config, f"http://{refused_address()}"):
                pass


def test_the_daemons_own_errors_are_raised() -> None:
    said = json.dumps({"type": "error", "message": "no shell here"})
    with config_of() as config:
        with websocket_server(lambda socket: socket.send(said)) as peer:
            with terminal_at(config, peer.url) as terminal:
                with pytest.raises(SandboxInternalException, match="no shell here"):
                    terminal.read()


@pytest.mark.parametrize("message", ["not json", "[]", "{}", b"\x03short"])
def test_a_message_that_cannot_be_read_is_an_error(message: str | bytes) -> None:
    with config_of() as config:
        with websocket_server(lambda socket: socket.send(message)) as peer:
            with terminal_at(config, peer.url) as terminal:
                with pytest.raises(SandboxInternalException):
                    terminal.read()


def test_a_terminal_that_was_made_and_cannot_be_reached_is_closed() -> None:
    with sandbox_peer() as peer:
        peer.on("POST /pty", says({"session_id": "t1"}))
        peer.on("GET /pty/t1/ws", refuses(500))
        peer.on("DELETE /pty/t1", says({}))
        with config_of() as config:
            url = f"http://{peer.address}"
            with pytest.raises(SandboxException):
                with terminal_at(config, url, session_id=None, working_directory="/src"):
                    pass
        assert peer.body("POST /pty") == {"cwd": "/src"}
        assert peer.asked("DELETE .*") == ["DELETE /pty/t1"]


def test_a_close_that_gets_no_answer_is_our_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opensandbox._sync.terminal.CLEAN_UP_LIMIT", 0.2)
    with websocket_server(lambda socket: socket.send(exits(0))) as there, sandbox_peer() as peer:
        peer.on("POST /pty", says({"session_id": "t1"}, 201))
        peer.on("DELETE /pty/t1", hang())
        with config_of() as config:
            terminal = terminal_at(config, f"http://{peer.address}", session_id=None)

            def opened() -> WebSocket:
                return open_websocket(
                    f"{there.url.replace('http', 'ws')}/pty/t1/ws",
                    headers={},
                    context=None,
                    proxy=None,
                    seconds=5,
                )

            monkeypatch.setattr(terminal, "_open", opened)
            with pytest.raises(SandboxTimeoutException, match=r"DELETE /pty/t1 .* within 0\.2 s"):
                with terminal:
                    pass


def test_the_key_goes_along_only_through_the_server() -> None:
    with config_of(use_server_proxy=True) as config:
        with websocket_server(lambda socket: socket.send(exits(0))) as peer:
            with terminal_at(config, peer.url) as terminal:
                terminal.wait()
    assert peer.headers[0]["open-sandbox-api-key"] == "key-1"


def test_what_cannot_be_meant_is_not_sent() -> None:
    wrong: Any = 3
    with config_of() as config:
        url = f"http://{refused_address()}"
        with pytest.raises(InvalidArgumentException, match="columns"):
            terminal_at(config, url, columns=80)
        with pytest.raises(InvalidArgumentException, match="columns"):
            terminal_at(config, url, columns=0, rows=1)
        with pytest.raises(InvalidArgumentException, match="since"):
            terminal_at(config, url, since=-1)
        with pytest.raises(InvalidArgumentException, match="session_id"):
            terminal_at(config, url, session_id="..")
        with pytest.raises(InvalidArgumentException, match="new terminal"):
            terminal_at(config, url, working_directory="/src")
        with pytest.raises(InvalidArgumentException, match="not open"):
            terminal_at(config, url).write("x")
        with websocket_server(lambda socket: socket.recv()) as peer:
            with terminal_at(config, peer.url) as terminal:
                with pytest.raises(InvalidArgumentException, match="signal"):
                    terminal.signal("KILL")
                with pytest.raises(InvalidArgumentException, match="str or bytes"):
                    terminal.write(wrong)
