"""A server, a daemon and an egress service on which every operation of the client succeeds.

For tests that do something to all operations, whichever they are. It answers what a healthy one
answers, and keeps a book of what was made and not ended: sandboxes, sessions, contexts, terminals.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.datastructures import Headers
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from tests.peer import Exchange, Step, answer, events
from tests.sandbox_peer import CREATED, SandboxPeer, info, refuses, says

FILE = {
    "path": "/a",
    "type": "file",
    "size": 3,
    "modified_at": CREATED,
    "created_at": CREATED,
    "owner": "root",
    "group": "root",
    "mode": 644,
}
FOLDER = {**FILE, "path": "/d", "type": "directory", "mode": 755}
SNAPSHOT = {"id": "n1", "sandboxId": "s1", "status": {"state": "Ready"}, "createdAt": CREATED}
TEMPLATE = {
    "templateId": "t1",
    "image": "python:3.11",
    "publish": "fast",
    "format": "native",
    "status": {"phase": "Succeeded"},
    "createdAt": CREATED,
    "updatedAt": CREATED,
}
CAPACITY = {"bufferMin": 1, "bufferMax": 2, "poolMin": 0, "poolMax": 5}
POOL = {"name": "p1", "capacitySpec": CAPACITY}
CREDENTIAL = {"name": "token", "sourceType": "inline", "revision": 2}
BINDING = {"name": "github", "revision": 4, "match": {"hosts": ["api.github.com"]}}
VAULT = {"revision": 4, "credentials": [CREDENTIAL], "bindings": [BINDING]}
LOAD = {"cpu_count": 1, "cpu_used_pct": 1, "mem_total_mib": 1, "mem_used_mib": 1, "timestamp": 1}
LOGS = {
    "sandboxId": "s1",
    "kind": "logs",
    "scope": "container",
    "delivery": "inline",
    "contentType": "text/plain",
    "truncated": False,
    "content": "one\n",
}
RUN = {"session_id": "i1", "run_id": "r1", "running": False, "started_at": CREATED}
SESSION = {"status": "active", "created_at": CREATED, "last_run_at": CREATED}


def page(item: dict[str, Any]) -> dict[str, Any]:
    """A page with one thing on it, the last one."""
    numbers = {"page": 1, "pageSize": 20, "totalItems": 1, "totalPages": 1, "hasNextPage": False}
    return {"items": [item], "pagination": numbers}


def frame(kind: str, **more: Any) -> bytes:
    """An event of a stream."""
    return json.dumps({"type": kind, "timestamp": 1, **more}).encode() + b"\n\n"


#: An execution that is over and done with, its result and count before its end.
DONE = events(
    frame("init", text="c1"),
    frame("stdout", text="hi\n"),
    frame("result", results={"text/plain": "42"}),
    frame("execution_count", execution_count=1),
    frame("execution_complete", execution_time=5),
)


class WholePeer(SandboxPeer):
    """The peer, and the book of what was made and not ended."""

    def __init__(self) -> None:
        super().__init__()
        self.alive: set[str] = set()
        #: What answers in place of what is said here; None for nothing else.
        self.instead: Step | None = None
        self._numbers = itertools.count(1)
        self._lifecycle()
        self._daemon()
        self._isolated()
        self._egress()

    def _makes(self, kind: str, status: int, said: dict[str, Any]) -> Step:
        """Make one: what is said of it, with an id of its own in place of None."""

        def step(exchange: Exchange) -> None:
            name = f"{kind}{next(self._numbers)}"
            self.alive.add(name)
            filled = {key: name if value is None else value for key, value in said.items()}
            says(filled, status)(exchange)

        return step

    def _ends(self, status: int) -> Step:
        """End the one that the last part of the path names."""

        def step(exchange: Exchange) -> None:
            self.alive.discard(exchange.request.path.rpartition("/")[2])
            answer(status)(exchange)

        return step

    def _route(self, exchange: Exchange) -> None:
        (self.instead or super()._route)(exchange)

    def _lifecycle(self) -> None:
        one = "/v1/sandboxes/[^/]+"
        self.on("POST /v1/sandboxes", self._makes("sandbox-", 202, {**info(), "id": None}))
        self.on("GET /v1/sandboxes", says(page(info())))
        self.on(f"GET {one}", says(info()))
        self.on(f"DELETE {one}", self._ends(204))
        self.on(f"POST {one}/(pause|resume)", answer(202))
        self.on(f"POST {one}/renew-expiration", says({"expiresAt": CREATED}))
        self.on(f"PATCH {one}/metadata", says(info()))
        self.on(rf"GET {one}/endpoints/\d+", says(self.endpoint()))
        self.on(f"[A-Z]+ {one}/networkpolicy", says({"policy": {"defaultAction": "deny"}}))
        self.on(f"GET {one}/diagnostics/(logs|events)", says(LOGS))
        self.on(f"GET {one}/diagnostics/(inspect|summary)", answer(200, b"all"))
        self.on(f"POST {one}/snapshots", says(SNAPSHOT, 202))
        for name, thing in (("snapshots", SNAPSHOT), ("templates", TEMPLATE)):
            self.on(f"POST /v1/{name}", says(thing, 201))
            self.on(f"GET /v1/{name}", says(page(thing)))
            self.on(f"GET /v1/{name}/[^/]+", says(thing))
            self.on(f"DELETE /v1/{name}/[^/]+", answer(204))
        self.on("POST /v1/pools", says(POOL, 201))
        self.on("GET /v1/pools", says({"items": [POOL]}))
        self.on("(GET|PUT) /v1/pools/p1", says(POOL))
        self.on("DELETE /v1/pools/p1", answer(204))
        self.on("GET /health", says({"status": "healthy"}))
        self.on("GET /v1/version", says({"version": "1.2.3"}))

    def _daemon(self) -> None:
        self.on("POST /command", DONE)
        self.on("DELETE /command", answer(200))
        self.on("GET /command/status/c1", says({"id": "c1", "running": False, "exit_code": 0}))
        self.on("GET /command/c1/logs", answer(200, b"hi\n"))
        self.on("POST /session", self._makes("session-", 200, {"session_id": None}))
        self.on("DELETE /session/[^/]+", self._ends(200))
        self.on("POST /session/[^/]+/run", DONE)
        self.on("POST /code", DONE)
        context = {"id": None, "language": "python"}
        self.on("POST /code/context", self._makes("context-", 200, context))
        self.on("GET /code/contexts", says([{"id": "c1", "language": "python"}]))
        self.on("GET /code/contexts/[^/]+", says({"id": "c1", "language": "python"}))
        self.on("DELETE /code/contexts/[^/]+", self._ends(200))
        self.on("DELETE /code(/contexts)?", answer(200))
        self.on("GET /metrics", says(LOAD))
        self.on("GET /metrics/watch", events(json.dumps(LOAD).encode() + b"\n"))
        self.on("POST /pty", self._makes("terminal-", 200, {"session_id": None}))
        self.on("DELETE /pty/[^/]+", self._ends(200))
        self.on("GET /pty/[^/]+/ws", terminal)
        self._files("")

    def _files(self, prefix: str) -> None:
        self.on(f"GET {prefix}/files/download", answer(200, b"abc"))
        self.on(f"GET {prefix}/files/info", self._file_info)
        self.on(f"GET {prefix}/files/search", says([FILE]))
        self.on(f"GET {prefix}/directories/list", says([{**FILE, "path": "/d/a"}]))
        self.on(f"POST {prefix}/files/(upload|permissions|mv)", answer(200))
        self.on(f"POST {prefix}/files/replace", says({"/a": {"replacedCount": 1}}))
        self.on(f"POST {prefix}/directories", answer(200))
        self.on(f"DELETE {prefix}/(files|directories)", answer(200))

    @staticmethod
    def _file_info(exchange: Exchange) -> None:
        """`/a` is a file, `/d` a directory, and nothing else is there."""
        known = {"/a": FILE, "/d": FOLDER}
        asked = re.findall("path=([^&]+)", exchange.request.target.replace("%2F", "/"))
        found = {path: known[path] for path in asked if path in known}
        (says(found) if found else refuses(404, "FILE_NOT_FOUND"))(exchange)

    def _isolated(self) -> None:
        base, one = "/v1/isolated", "/v1/isolated/session/[^/]+"

        def run(exchange: Exchange) -> None:
            background = b'"background":true' in exchange.request.body.replace(b" ", b"")
            (says(RUN, 202) if background else DONE)(exchange)

        made = self._makes("isolated-", 201, {"session_id": None, "created_at": CREATED})
        self.on(f"POST {base}/session", made)
        self.on(f"GET {one}", says(SESSION))
        self.on(f"DELETE {one}", self._ends(200))
        self.on(f"POST {one}/run", run)
        self.on(f"GET {one}/runs/r1", says(RUN))
        self.on(f"GET {one}/runs/r1/logs", answer(200, b"hi\n"))
        self.on(f"(POST|GET) {one}/(commit|diff)", answer(200))
        self.on(f"GET {base}/sessions", says({"sessions": [{"session_id": "i1", **SESSION}]}))
        self.on(f"GET {base}/capabilities", says({"available": True}))

    def _egress(self) -> None:
        policy = {"policy": {"defaultAction": "deny", "egress": []}}
        self.on("(GET|PATCH|DELETE) /policy", says(policy))
        self.on("POST /credential-vault", says(VAULT, 201))
        self.on("(GET|PATCH) /credential-vault", says(VAULT))
        self.on("DELETE /credential-vault", answer(204))
        self.on("GET /credential-vault/credentials", says(VAULT))
        self.on("GET /credential-vault/bindings", says(VAULT))
        self.on("GET /credential-vault/credentials/token", says(CREDENTIAL))
        self.on("GET /credential-vault/bindings/github", says(BINDING))


def terminal(exchange: Exchange) -> None:
    """A WebSocket: a shell that greets, and ends when something is typed."""
    protocol = ServerProtocol()
    asked = Request(exchange.request.target, Headers(exchange.request.headers))
    protocol.receive_data(asked.serialize())
    protocol.send_response(protocol.accept(asked))
    protocol.send_text(b'{"type": "connected"}')
    protocol.send_binary(b"\x01hello")
    while True:
        exchange.send(b"".join(protocol.data_to_send()))
        if protocol.close_expected() or not (data := exchange.receive()):
            break
        protocol.receive_data(data)
        for event in protocol.events_received():
            typed = isinstance(event, Frame) and event.opcode is Opcode.BINARY
            if typed and protocol.state is State.OPEN:
                protocol.send_text(b'{"type": "exit", "exit_code": 0}')
                protocol.send_close(1000)
    exchange.close()


@contextmanager
def whole_peer() -> Iterator[WholePeer]:
    """A peer that listens for as long as the block lasts."""
    peer = WholePeer()
    with peer:
        yield peer
