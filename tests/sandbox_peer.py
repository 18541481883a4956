"""A server with one sandbox on it, made of scripts for single requests.

Rules:

* It answers what a healthy server and daemon answer, unless a test says otherwise with `on`.
* The sandbox is called `s1`; its daemon is served by the same peer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.peer import Exchange, Peer, Step, answer

CREATED = "2026-11-22T21:43:27.030007Z"
ENDS = "2026-11-22T21:53:27.030007Z"


def info(state: str = "Running", sandbox_id: str = "s1", **more: Any) -> dict[str, Any]:
    """What the server says about a sandbox."""
    return {
        "id": sandbox_id,
        "status": {"state": state, "reason": "CONTAINER_RUNNING", "message": "Up"},
        "entrypoint": ["tail", "-f", "/dev/null"],
        "createdAt": CREATED,
        "expiresAt": ENDS,
        "image": {"uri": "python:3.11"},
        **more,
    }


def says(value: Any, status: int = 200) -> Step:
    """Answer with JSON."""
    return answer(status, json.dumps(value).encode())


def refuses(status: int, code: str = "SOME::CODE") -> Step:
    """Answer as the API refuses."""
    return answer(status, json.dumps({"code": code, "message": "no"}).encode())


class SandboxPeer(Peer):
    """The server, the daemon, and what they were asked."""

    def __init__(self) -> None:
        super().__init__(self._route)
        self._routes: dict[str, list[Step]] = {}
        self.on("POST /v1/sandboxes", says(info(), 202))
        self.on("GET /v1/sandboxes/s1", says(info()))
        self.on("DELETE /v1/sandboxes/s1", answer(204))
        self.on("POST /v1/sandboxes/s1/pause", answer(202))
        self.on("POST /v1/sandboxes/s1/resume", answer(202))
        self.on("POST /v1/sandboxes/s1/renew-expiration", says({"expiresAt": ENDS}))
        self.on("PATCH /v1/sandboxes/s1/metadata", says(info(metadata={"team": "core"})))
        self.on(r"GET /v1/sandboxes/s1/endpoints/\d+", says(self.endpoint()))
        self.on("GET /ping", answer(200))

    def endpoint(self) -> dict[str, Any]:
        """Where the daemon is: here."""
        return {"endpoint": self.address, "headers": {"X-EXECD-ACCESS-TOKEN": "token-1"}}

    def on(self, request: str, *steps: Step) -> None:
        """Answer requests of this method and path (a pattern) by these steps, the last for ever.

        What was said last counts first.
        """
        self._routes = {
            request: list(steps),
            **{k: v for k, v in self._routes.items() if k != request},
        }

    def asked(self, request: str = ".*") -> list[str]:
        """The requests of this method and path, in order."""
        lines = [f"{seen.method} {seen.target}" for seen in self.requests]
        return [line for line in lines if re.fullmatch(request, line.partition("?")[0])]

    def body(self, request: str) -> Any:
        """The JSON body of the last such request."""
        bodies = [
            seen.body
            for seen in self.requests
            if re.fullmatch(request, f"{seen.method} {seen.path}")
        ]
        return json.loads(bodies[-1])

    def _route(self, exchange: Exchange) -> None:
        line = f"{exchange.request.method} {exchange.request.path}"
        for request, steps in self._routes.items():
            if re.fullmatch(request, line):
                step = steps.pop(0) if len(steps) > 1 else steps[0]
                return step(exchange)
        return refuses(404, "DOCKER::SANDBOX_NOT_FOUND")(exchange)


@contextmanager
def sandbox_peer() -> Iterator[SandboxPeer]:
    """A peer that listens for as long as the block lasts."""
    peer = SandboxPeer()
    with peer:
        yield peer
