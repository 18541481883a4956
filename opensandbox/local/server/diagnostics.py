"""Diagnostics of a sandbox: its daemon's log, what happened to it, and two pages to read."""

from __future__ import annotations

import os
from pathlib import Path

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from ..settings import Settings
from .faults import Fault
from .reading import Fields
from .roll import Sandbox
from .sandboxes import Sandboxes
from .store import Event
from .values import JSON, moment

LARGEST_LOG = 256 * 1024
LOG_FILE = "daemon.log"
_SCOPES = {"logs": ("container", "all"), "events": ("runtime", "all")}


class Diagnostics:
    """The handlers of /v1/sandboxes/{id}/diagnostics."""

    def __init__(self, settings: Settings, sandboxes: Sandboxes) -> None:
        self._settings = settings
        self._sandboxes = sandboxes

    def routes(self) -> list[Route]:
        """The routes, below the base path."""
        base = "/sandboxes/{sandbox_id}/diagnostics"
        return [
            Route(base + "/logs", self.get_diagnostic_logs),
            Route(base + "/events", self.get_diagnostic_events),
            Route(base + "/inspect", self.inspect_sandbox),
            Route(base + "/summary", self.summarize_sandbox),
        ]

    async def get_diagnostic_logs(self, request: Request) -> Response:
        sandbox, scope = self._read(request, "logs")
        text, truncated = await self._log(sandbox)
        return _content(sandbox, "logs", scope, text, truncated=truncated)

    async def get_diagnostic_events(self, request: Request) -> Response:
        sandbox, scope = self._read(request, "events")
        text = _event_lines(await self._sandboxes.roll.events(sandbox.id))
        return _content(sandbox, "events", scope, text, truncated=False)

    async def inspect_sandbox(self, request: Request) -> Response:
        sandbox = self._sandboxes.roll.get(request.path_params["sandbox_id"])
        return PlainTextResponse("\n".join(_facts(sandbox)) + "\n")

    async def summarize_sandbox(self, request: Request) -> Response:
        sandbox = self._sandboxes.roll.get(request.path_params["sandbox_id"])
        events = _event_lines(await self._sandboxes.roll.events(sandbox.id))
        log, _ = await self._log(sandbox)
        last = "\n".join(log.splitlines()[-20:])
        parts = ["\n".join(_facts(sandbox)), f"Events\n{events}", f"Log, last lines\n{last}"]
        return PlainTextResponse("\n\n".join(parts) + "\n")

    def _read(self, request: Request, kind: str) -> tuple[Sandbox, str]:
        fields = Fields(dict(request.query_params), ("query",), [])
        scope = fields.text("scope", required=True)
        fields.finish()
        sandbox = self._sandboxes.roll.get(request.path_params["sandbox_id"])
        known = _SCOPES[kind]
        if scope not in known:
            raise Fault(
                400,
                "DIAGNOSTICS_SCOPE_UNSUPPORTED",
                f"There are no {kind} of scope {scope!r}; known ones: {', '.join(known)}.",
            )
        return sandbox, scope

    async def _log(self, sandbox: Sandbox) -> tuple[str, bool]:
        path = self._settings.sandboxes / sandbox.id / LOG_FILE
        return await anyio.to_thread.run_sync(_tail, path)


def _tail(path: Path) -> tuple[str, bool]:
    """The end of a file, and whether something before it was left out."""
    try:
        with os.fdopen(_open_no_links(path), "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - LARGEST_LOG))
            return file.read(LARGEST_LOG).decode(errors="replace"), size > LARGEST_LOG
    except FileNotFoundError:
        return "", False


def _open_no_links(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _event_lines(events: list[Event]) -> str:
    return "".join(f"{moment(event.at)} {event.kind} {event.message}\n" for event in events)


def _facts(sandbox: Sandbox) -> list[str]:
    record = sandbox.record
    expires = "never" if record.expires_at is None else moment(record.expires_at)
    return [
        f"Sandbox {record.id}",
        f"State: {record.state} ({record.reason}) since {moment(record.changed_at)}",
        f"Image: {record.image}",
        f"Entrypoint: {' '.join(record.entrypoint)}",
        f"Created: {moment(record.created_at)}",
        f"Expires: {expires}",
        *(f"{name}: {value}" for name, value in sorted(record.extensions.items())),
        *(f"Port {inside}: 127.0.0.1:{outside}" for inside, outside in record.ports.items()),
    ]


def _content(sandbox: Sandbox, kind: str, scope: str, text: str, *, truncated: bool) -> Response:
    answer: dict[str, JSON] = {
        "sandboxId": sandbox.id,
        "kind": kind,
        "scope": scope,
        "delivery": "inline",
        "contentType": "text/plain; charset=utf-8",
        "content": text,
        "contentLength": len(text.encode()),
        "truncated": truncated,
    }
    return JSONResponse(answer)
