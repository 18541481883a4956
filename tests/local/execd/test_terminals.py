"""Terminals: typed at over a WebSocket, byte for byte, and found again later."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.local.execd.daemons import HEADERS, Daemon

WAIT = 20


class Viewer:
    """A connected WebSocket and what came over it."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.messages: list[dict[str, Any]] = []
        self.printed = {1: bytearray(), 2: bytearray()}
        self.again: list[tuple[int, bytes]] = []

    def type(self, text: str) -> None:
        self.socket.send(b"\0" + text.encode())

    def say(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def hear(self) -> None:
        """Takes one frame."""
        frame = self.socket.recv(timeout=WAIT)
        if isinstance(frame, str):
            self.messages.append(json.loads(frame))
        elif frame[0] == 3:
            self.again.append((int.from_bytes(frame[1:9], "big"), frame[9:]))
        else:
            self.printed[frame[0]] += frame[1:]

    def until(self, text: str, kind: int = 1) -> str:
        """Reads until `text` was printed; all that was printed so far."""
        while text.encode() not in self.printed[kind]:
            self.hear()
        return self.printed[kind].decode()

    def answer(self, kind: str) -> dict[str, Any]:
        """Reads until a message of that type."""
        while not (found := [m for m in self.messages if m["type"] == kind]):
            self.hear()
        return found[-1]

    def end(self) -> int:
        """Reads to the end; the code of the close."""
        while True:
            try:
                self.hear()
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 0


def opened(daemon: Daemon, **body: Any) -> str:
    answer = daemon.client.post("/pty", json=body)
    assert answer.status_code == 200
    identity: str = answer.json()["session_id"]
    return identity


@contextmanager
def viewing(daemon: Daemon, identity: str, query: str = "") -> Iterator[Viewer]:
    url = f"ws://127.0.0.1:{daemon.port}/pty/{identity}/ws?{query}"
    with connect(url, additional_headers=HEADERS, proxy=None, open_timeout=WAIT) as socket:
        viewer = Viewer(socket)
        viewer.answer("connected")
        yield viewer


def test_what_is_typed_is_run_on_a_terminal_of_its_own(daemon: Daemon) -> None:
    with viewing(daemon, opened(daemon, cwd="/")) as viewer:
        viewer.type("PS1=; stty -echo; tty; pwd; echo $TERM; test -t 0 && test -t 2; echo =$?\n")
        printed = viewer.until("=0\r\n")
        assert "/dev/pts/" in printed
        assert "\r\n/\r\nxterm-256color\r\n=0\r\n" in printed


def test_bytes_come_as_they_were_printed(daemon: Daemon) -> None:
    with viewing(daemon, opened(daemon)) as viewer:
        viewer.type("PS1=; stty -echo raw; printf '<\\377\\000\\r\\033[1m>'; exit\n")
        viewer.end()
        assert b"<\xff\x00\r\x1b[1m>" in viewer.printed[1]


def test_pipes_keep_the_two_outputs_apart_and_exact(daemon: Daemon) -> None:
    with viewing(daemon, opened(daemon), "pty=0") as viewer:
        viewer.type("printf 'a\\n\\377'; printf 'b\\n' >&2; test -t 0; read line\nthe answer\n")
        viewer.type('echo "=$line"; exit 7\n')
        assert viewer.end() == 1000
        assert viewer.printed == {1: b"a\n\xff=the answer\n", 2: b"b\n"}
        assert viewer.messages[-1] == {"type": "exit", "exit_code": 7}


def test_the_size_is_that_of_the_last_resize(daemon: Daemon) -> None:
    with viewing(daemon, opened(daemon)) as viewer:
        viewer.say(type="resize", cols=123, rows=45)
        viewer.type("stty -echo; stty size; echo ='done'\n")
        assert "45 123" in viewer.until("=done")


@pytest.mark.parametrize("query", ["", "pty=0"])
def test_a_signal_reaches_what_runs(daemon: Daemon, query: str) -> None:
    with viewing(daemon, opened(daemon), query) as viewer:
        viewer.type("trap 'echo =shell' INT; sh -c 'echo =u''p; exec sleep 60'\n")
        viewer.until("=up")
        viewer.say(type="signal", signal="SIGINT")
        viewer.type("echo =on$((40 + 2))\n")
        viewer.until("=on42")
        viewer.say(type="signal", signal="SIGNOTHING")
        assert "SIGNOTHING" in viewer.answer("error")["message"]


def test_a_ping_is_answered_and_nonsense_is_told(daemon: Daemon) -> None:
    with viewing(daemon, opened(daemon)) as viewer:
        viewer.say(type="ping")
        viewer.answer("pong")
        for nonsense in ("{", "[]", '{"type": "dance"}', '{"type": "resize"}', b"\x07x"):
            viewer.messages.clear()
            viewer.socket.send(nonsense)
            assert viewer.answer("error")["code"] == "INVALID_REQUEST_BODY"


def test_a_terminal_lives_on_and_is_replayed_from_an_offset(daemon: Daemon) -> None:
    identity = opened(daemon)
    with viewing(daemon, identity, "pty=0") as viewer:
        viewer.type("printf 0123456789; (sleep 0.2; printf abc; printf '=') &\n")
        viewer.until("0123456789")
    assert daemon.client.get(f"/pty/{identity}").json() == {"session_id": identity}
    with viewing(daemon, identity, "since=4") as viewer:
        while sum(len(text) for _, text in viewer.again) + len(viewer.printed[1]) < 10:
            viewer.hear()
        assert viewer.again[0][0] == 4
        assert viewer.again[0][1] + viewer.printed[1] == b"456789abc="
        viewer.type("exit 3\n")
        viewer.end()
    with viewing(daemon, identity, "since=10") as viewer:
        assert viewer.end() == 1000
        assert viewer.again == [(10, b"abc=")]
        assert viewer.messages[-1] == {"type": "exit", "exit_code": 3}


def test_only_the_last_output_is_kept(daemon: Daemon) -> None:
    identity = opened(daemon)
    with viewing(daemon, identity, "pty=0") as viewer:
        viewer.type("head -c 5000000 /dev/zero | tr '\\0' x; printf =; exit\n")
        viewer.end()
        assert viewer.printed[1] == b"x" * 5_000_000 + b"="
    with viewing(daemon, identity, "since=0") as viewer:
        viewer.end()
        kept = b"".join(text for _, text in viewer.again)
        assert 1_000_000 < len(kept) <= 2 * 1024 * 1024
        first, last = viewer.again[0], viewer.again[-1]
        assert first[0] == 5_000_001 - len(kept)
        assert last[0] + len(last[1]) == 5_000_001


def test_a_slow_viewer_slows_the_program_and_loses_nothing(daemon: Daemon) -> None:
    with viewing(daemon, opened(daemon), "pty=0") as viewer:
        before = daemon.memory()
        viewer.type("head -c 20000000 /dev/zero; echo =; exit\n")
        viewer.until("\0")
        assert daemon.memory() - before < 8_000_000
        viewer.end()
        assert len(viewer.printed[1]) == 20_000_002


def test_one_viewer_at_a_time(daemon: Daemon) -> None:
    identity = opened(daemon)
    with viewing(daemon, identity) as first:
        with pytest.raises(InvalidStatus) as refused, viewing(daemon, identity):
            pass
        assert refused.value.response.status_code == 409
        with viewing(daemon, identity, "takeover=1") as second:
            assert first.end() == 4001
            second.type("echo =$((1 + 1))\n")
            second.until("=2")


def test_deleting_ends_all_that_was_started(daemon: Daemon) -> None:
    identity = opened(daemon)
    with viewing(daemon, identity) as viewer:
        viewer.type("set -m; sleep 987 & echo =$!\n")
        viewer.type("sleep 986\n")
        pid = viewer.until("=").split("=")
        while "\n" not in pid[-1]:
            viewer.hear()
            pid = viewer.printed[1].decode().split("=")
        assert daemon.client.delete(f"/pty/{identity}").status_code == 200
        assert viewer.end() == 1000
    assert daemon.run("pgrep -f 'sleep 98[67]' | grep -v $$").stdout == ""
    assert daemon.client.get(f"/pty/{identity}").status_code == 404
    assert daemon.client.delete(f"/pty/{identity}").status_code == 404


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/pty/none/ws", HEADERS, 404),
        ("/pty/none/other", HEADERS, 404),
        ("/pty/none/ws", {}, 401),
        ("/other", HEADERS, 404),
    ],
)
def test_who_may_not_look_is_told_why(
    daemon: Daemon, path: str, headers: dict[str, str], status: int
) -> None:
    url = f"ws://127.0.0.1:{daemon.port}{path}"
    with pytest.raises(InvalidStatus) as refused, connect(url, additional_headers=headers):
        pass
    assert refused.value.response.status_code == status


def test_bad_requests_are_refused(daemon: Daemon) -> None:
    assert daemon.client.post("/pty", json={"cwd": "/none"}).status_code == 400
    assert daemon.client.post("/pty", json=[]).status_code == 400
    identity = opened(daemon)
    with pytest.raises(InvalidStatus) as refused, viewing(daemon, identity, "since=x"):
        pass
    assert refused.value.response.status_code == 400


def test_nothing_stays_open(daemon: Daemon) -> None:
    before = daemon.descriptors()
    for query in ("", "pty=0"):
        identity = opened(daemon)
        with viewing(daemon, identity, query) as viewer:
            viewer.type("exit\n")
            viewer.end()
        daemon.client.delete(f"/pty/{identity}")
    assert daemon.descriptors() <= before
