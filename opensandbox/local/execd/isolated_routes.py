"""Which function answers which path below `/v1/isolated`."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from opensandbox import __version__ as VERSION

from . import environment
from .app import Json
from .errors import CONTEXT_NOT_FOUND, NOT_SUPPORTED, RUNTIME_ERROR, Refusal, invalid
from .isolated import (
    IsolatedSession,
    Isolation,
    Wish,
    hardening,
    has_many_ids,
    moment,
    request_with,
)
from .requests import read_object
from .state import State

_CURSOR = "EXECD-ISOLATED-TAIL-CURSOR"
_COMMAND_CURSOR = b"execd-commands-tail-cursor"
_FILES = (
    ("GET", "/files/info"), ("POST", "/files/permissions"), ("POST", "/files/mv"),
    ("POST", "/files/replace"), ("GET", "/files/search"), ("POST", "/files/upload"),
    ("GET", "/files/download"), ("DELETE", "/files"), ("GET", "/directories/list"),
    ("POST", "/directories"), ("DELETE", "/directories"),
)  # fmt: skip


class IsolatedRoutes:
    """The handlers."""

    def __init__(self, state: State, isolation: Isolation) -> None:
        self._state = state
        self._isolation = isolation

    def table(self) -> list[BaseRoute]:
        """All routes."""
        base = "/v1/isolated"
        one = base + "/session/{session_id}"
        run = one + "/runs/{run_id}"
        files = [Route(one + path, self.files, methods=[method]) for method, path in _FILES]
        return [
            Route(base + "/capabilities", self.capabilities, methods=["GET"]),
            Route(base + "/session", self.create, methods=["POST"]),
            Route(base + "/sessions", self.list, methods=["GET"]),
            Route(one, self.get, methods=["GET"]),
            Route(one, self.delete, methods=["DELETE"]),
            Route(one + "/run", self.run, methods=["POST"]),
            Route(run, self.run_status, methods=["GET"]),
            Route(run + "/logs", self.run_logs, methods=["GET"]),
            Route(one + "/commit", self.unknown, methods=["POST"]),
            Route(one + "/diff", self.unknown, methods=["GET"]),
            *files,
        ]

    async def capabilities(self, request: Request) -> Response:
        """What sessions can be here."""
        shown: dict[str, Any] = {
            "available": self._isolation.available,
            "isolator": "namespaces",
            "version": VERSION,
            "setpriv_available": self._isolation.available and has_many_ids(),
            "userns_available": False,
            "commit_supported": False,
            "diff_supported": False,
            "hardening": hardening(),
        }
        if not self._isolation.available:
            shown["message"] = "This sandbox is not isolated itself."
        return Json(shown)

    async def create(self, request: Request) -> Response:
        """Opens a session."""
        wish = Wish.from_body(await read_object(request), self._state.env)
        session = await self._isolation.create(wish)
        created = {"session_id": session.id, "created_at": moment(session.created_at)}
        return Json(created, 201)

    async def list(self, request: Request) -> Response:
        """All sessions."""
        return Json({"sessions": [each.summary() for each in self._isolation.list()]})

    async def get(self, request: Request) -> Response:
        """One session."""
        return Json(self._isolation.get(request.path_params["session_id"]).state())

    async def delete(self, request: Request) -> Response:
        """Closes a session."""
        self._isolation.delete(request.path_params["session_id"])
        return Response()

    def _usable(self, request: Request) -> IsolatedSession:
        return self._isolation.usable(request.path_params["session_id"])

    async def run(self, request: Request) -> ASGIApp:
        """Runs code in the session's bash, or beside it in the background."""
        body = await read_object(request)
        code, timeout = body.get("code"), body.get("timeout_seconds") or 0
        if not isinstance(code, str) or not code:
            raise invalid("code must be a non-empty string")
        if not isinstance(timeout, int) or isinstance(timeout, bool) or timeout < 0:
            raise invalid("timeout_seconds must be a whole number of seconds")
        envs = environment.check_environment(body.get("envs"))
        session = self._usable(request)
        session.last_run_at = datetime.now(UTC)
        if body.get("background"):
            return await self._run_in_background(session, code, envs, timeout)
        wanted = {"command": code, "timeout": timeout * 1000, "envs": envs}
        return _Run(session, wanted)

    async def _run_in_background(
        self, session: IsolatedSession, code: str, envs: dict[str, str], timeout: int
    ) -> Response:
        wanted = {"command": code, "envs": envs, "background": True, "timeout": timeout * 1000}
        status, said = await session.ask("POST", "/command", wanted)
        if status != 200:
            return Response(said, status, media_type="application/json; charset=utf-8")
        run_id = json.loads(said.split(b"\n\n")[0])["text"]
        _, known = await session.ask("GET", f"/command/status/{run_id}")
        started = json.loads(known)["started_at"]
        answer = {"session_id": session.id, "run_id": str(uuid.UUID(run_id)), "started_at": started}
        return Json(answer, 202)

    async def run_status(self, request: Request) -> Response:
        """How it is with a background run."""
        session = self._usable(request)
        run_id = request.path_params["run_id"]
        status, said = await session.ask("GET", f"/command/status/{_plain(run_id)}")
        if status != 200:
            raise Refusal(404, CONTEXT_NOT_FOUND, f"there is no run {run_id!r}")
        known = json.loads(said)
        kept = ("running", "started_at", "exit_code", "error", "finished_at")
        shown = {name: known[name] for name in kept if name in known}
        return Json({"session_id": session.id, "run_id": run_id, **shown})

    async def run_logs(self, request: Request) -> ASGIApp:
        """What a background run has printed."""
        session, run_id = self._usable(request), _plain(request.path_params["run_id"])
        query = request.scope["query_string"].decode("latin-1")
        status, _ = await session.ask("GET", f"/command/status/{run_id}")
        if status != 200:
            raise Refusal(404, CONTEXT_NOT_FOUND, f"there is no run {run_id!r}")
        answer = await session.answer(f"/command/{run_id}/logs" + (query and f"?{query}"))
        return _Renamed(answer)

    async def files(self, request: Request) -> ASGIApp:
        """The files as the session sees them."""
        session = self._usable(request)
        prefix = f"/v1/isolated/session/{request.path_params['session_id']}"
        path = request.scope["raw_path"].decode("latin-1").removeprefix(prefix)
        query = request.scope["query_string"].decode("latin-1")
        return await session.answer(path + (query and f"?{query}"))

    async def unknown(self, request: Request) -> Response:
        """What no session can do."""
        self._usable(request)
        raise Refusal(501, NOT_SUPPORTED, "sessions here can neither be committed nor compared")


class _Run:
    """The events of a run; while it lasts its session is not idle."""

    def __init__(self, session: IsolatedSession, wanted: dict[str, Any]) -> None:
        self._session = session
        self._wanted = wanted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = self._session
        session.runs += 1
        try:
            answer = await session.answer(f"/session/{session.shell}/run")
            inward, bring = request_with("POST", self._wanted)

            async def pass_on(message: Any) -> None:
                # The first event names the bash that the session is made of; both are UUIDs.
                body = message.get("body", b"")
                if session.shell.encode() in body[:200]:
                    body = body.replace(session.shell.encode(), session.id.encode(), 1)
                    message = {**message, "body": body}
                await send(message)

            await answer(inward, bring, pass_on)
        finally:
            session.runs -= 1


class _Renamed:
    """A command's logs under the name that a run's have."""

    def __init__(self, answer: Callable[[Scope, Receive, Send], Any]) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def pass_on(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = [
                    (_CURSOR.lower().encode() if name == _COMMAND_CURSOR else name, value)
                    for name, value in message["headers"]
                ]
                message = {**message, "headers": headers}
            await send(message)

        await self._answer(scope, receive, pass_on)


def _plain(run_id: str) -> str:
    """A run's id as commands are called."""
    plain = run_id.replace("-", "")
    if not plain.isalnum():
        raise Refusal(404, RUNTIME_ERROR, f"there is no run {run_id!r}")
    return plain
