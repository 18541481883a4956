"""A server with any number of sandboxes, in memory: an httpx transport for either colour.

Rules:

* It behaves until a test says otherwise: `refusals` are given out first, `broken` never answer.
* What was asked is written down by sandbox id: `created`, `killed`, `renewed`, in order.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

NOW = datetime(2026, 11, 23, tzinfo=UTC)


class Cloud:
    """The sandboxes there are, and the ones there were."""

    def __init__(self) -> None:
        self.transport = httpx.MockTransport(self.handle)
        self.created: list[str] = []
        self.killed: list[str] = []
        self.renewed: list[str] = []
        #: Bodies of the requests that made them.
        self.asked: list[dict[str, Any]] = []
        #: How requests to make one are answered before any is made; None for ever with `refuse`.
        self.refusals: list[httpx.Response] = []
        self.refuse: httpx.Response | None = None
        #: Sandboxes whose daemon does not answer, and sandboxes that cannot be killed.
        self.broken: set[str] = set()
        self.immortal: set[str] = set()
        self._lock = threading.Lock()
        self._ids = itertools.count(1)

    @property
    def alive(self) -> set[str]:
        """Those that were made and not killed."""
        return set(self.created) - set(self.killed)

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        with self._lock:
            if request.url.host.endswith(".daemon"):
                broken = request.url.host.removesuffix(".daemon") in self.broken
                return httpx.Response(503 if broken else 200)
            if request.method == "POST" and request.url.path == "/v1/sandboxes":
                return self._create(request)
            found = re.fullmatch(r"/v1/sandboxes/([^/]+)(/.*)?", request.url.path)
            if found is None or found[1] not in self.alive:
                return refusal(404, "SANDBOX_NOT_FOUND")
            return self._use(request, found[1], found[2] or "")

    def _create(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(json.loads(request.content))
        if self.refusals:
            return self.refusals.pop(0)
        if self.refuse is not None:
            return self.refuse
        sandbox_id = f"s{next(self._ids)}"
        self.created.append(sandbox_id)
        return httpx.Response(202, json=self._info(sandbox_id))

    def _use(self, request: httpx.Request, sandbox_id: str, what: str) -> httpx.Response:
        if request.method == "DELETE":
            if sandbox_id in self.immortal:
                return refusal(500, "CANNOT_KILL")
            self.killed.append(sandbox_id)
            return httpx.Response(204)
        if what.startswith("/endpoints/"):
            return httpx.Response(200, json={"endpoint": f"{sandbox_id}.daemon", "headers": {}})
        if what == "/renew-expiration":
            self.renewed.append(sandbox_id)
            return httpx.Response(200, json={"expiresAt": json.loads(request.content)["expiresAt"]})
        return httpx.Response(200, json=self._info(sandbox_id))

    def _info(self, sandbox_id: str) -> dict[str, Any]:
        return {
            "id": sandbox_id,
            "status": {"state": "Running"},
            "entrypoint": ["tail"],
            "createdAt": NOW.isoformat(),
            "expiresAt": (NOW + timedelta(days=1)).isoformat(),
            "image": {"uri": "python:3.11"},
        }


def refusal(status: int, code: str = "SOME::CODE", **headers: str) -> httpx.Response:
    """An answer that refuses, as the API does."""
    return httpx.Response(status, json={"code": code, "message": "no"}, headers=headers)
