"""Which function answers which path."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from opensandbox._wire import headers as names

from . import downloads, environment, files, frames
from .app import Json
from .commands import CommandRequest, Commands, read_log
from .errors import from_os, invalid
from .metrics import Meter
from .output import Send
from .processes import Processes
from .requests import (
    identity,
    query_number,
    query_path,
    query_paths,
    query_text,
    read_json,
    read_object,
)
from .sessions import RunRequest, Sessions
from .state import State
from .streaming import EventStream
from .work import Workers

if TYPE_CHECKING:
    from .contexts import Context, Contexts
    from .terminals import Terminals

_LARGEST_LOG_ANSWER = 16 * 1024 * 1024
_DEEPEST = 1000
_WATCH_INTERVAL = 1.0

_ANY = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

Handler = Callable[[Request], Awaitable[Any]]


def general() -> list[BaseRoute]:
    """The paths that need nothing of the sandbox."""
    return [
        Route("/ping", ping, methods=["GET"]),
        Route("/proxy/{port:int}{path:path}", proxy_later, methods=_ANY),
    ]


async def ping(request: Request) -> Response:
    """`GET /ping`."""
    return Response()


async def proxy_later(request: Request) -> ASGIApp:
    """`/proxy/{port}/{path}`."""
    from .proxy import proxy  # Loaded by the sandboxes that use it.

    return await proxy(request)


class CommandRoutes:
    """The paths below `/command`."""

    def __init__(self, state: State, commands: Commands) -> None:
        self._state = state
        self._commands = commands

    def routes(self) -> list[BaseRoute]:
        """All of them."""
        return [
            Route("/command", self.run, methods=["POST"]),
            Route("/command", self.interrupt, methods=["DELETE"]),
            Route("/command/status/{id}", self.status, methods=["GET"]),
            Route("/command/{id}/logs", self.logs, methods=["GET"]),
        ]

    async def run(self, request: Request) -> ASGIApp:
        """Starts a command; the answer is its events."""
        body = await read_object(request)
        wanted = CommandRequest.from_body(body, env=self._state.env, cwd=self._state.cwd)
        if not wanted.background:
            return EventStream((await self._commands.run(wanted)).follow)
        command = await self._commands.run_in_background(wanted)

        async def announce(send: Callable[[bytes], Awaitable[None]]) -> None:
            await send(frames.init(command.id) + frames.ping() + frames.complete(0))

        return EventStream(announce)

    async def interrupt(self, request: Request) -> Response:
        """Interrupts a command's process group."""
        await self._commands.interrupt(request.query_params.get("id", ""))
        return Response()

    async def status(self, request: Request) -> Response:
        """Whether a command runs, and how it ended."""
        return Json(self._commands.get(request.path_params["id"]).status())

    async def logs(self, request: Request) -> Response:
        """The output of a background command from a cursor on."""
        log = self._commands.log(request.path_params["id"])
        cursor = query_number(request, "cursor", least=0) or 0
        content = read_log(log, cursor, _LARGEST_LOG_ANSWER)
        answer = Response(content, media_type="text/plain; charset=utf-8")
        answer.headers[names.LOGS_CURSOR] = str(cursor + len(content))
        return answer


class SessionRoutes:
    """The paths below `/session`."""

    def __init__(self, state: State, processes: Processes) -> None:
        self._state = state
        self._processes = processes
        self._sessions = Sessions()

    def routes(self) -> list[BaseRoute]:
        """All of them."""
        return [
            Route("/session", self.create, methods=["POST"]),
            Route("/session/{id}", self.delete, methods=["DELETE"]),
            Route("/session/{id}/run", self.run, methods=["POST"]),
        ]

    async def create(self, request: Request) -> Response:
        """Begins a session."""
        body = await read_json(request)
        if not (body is None or isinstance(body, dict)):
            raise invalid("the body must be a JSON object")
        cwd = environment.check_directory((body or {}).get("cwd"), self._state.cwd)
        return Json({"session_id": self._sessions.create(cwd, self._state.env).id})

    async def run(self, request: Request) -> ASGIApp:
        """Runs a line in a session; the answer is its events."""
        session = self._sessions.get(request.path_params["id"])
        wanted = RunRequest.from_body(await read_object(request))

        async def follow(send: Send) -> None:
            await session.run(self._processes, wanted, send)

        return EventStream(follow)

    async def delete(self, request: Request) -> Response:
        """Ends a session."""
        self._sessions.delete(request.path_params["id"])
        return Response()


class CodeRoutes:
    """The paths below `/code`."""

    def __init__(self, state: State, processes: Processes) -> None:
        self._state = state
        self._processes = processes

    @cached_property
    def _contexts(self) -> Contexts:
        from .contexts import Contexts  # Loaded by the sandboxes that use it.

        return Contexts(self._processes, lambda: self._state.env, self._state.cwd)

    def routes(self) -> list[BaseRoute]:
        """All of them."""
        return [
            Route("/code", self.run, methods=["POST"]),
            Route("/code", self.interrupt, methods=["DELETE"]),
            Route("/code/context", self.create, methods=["POST"]),
            Route("/code/contexts", self.list, methods=["GET"]),
            Route("/code/contexts", self.delete_all, methods=["DELETE"]),
            Route("/code/contexts/{id}", self.get, methods=["GET"]),
            Route("/code/contexts/{id}", self.delete, methods=["DELETE"]),
        ]

    async def run(self, request: Request) -> ASGIApp:
        """Runs code; the answer is its events."""
        body = await read_object(request)
        code = body.get("code")
        if not isinstance(code, str):
            raise invalid("code must be a string")
        context = self._contexts.find(body.get("context"))

        async def follow(send: Send) -> None:
            await context.run(code, send)

        return EventStream(follow)

    async def interrupt(self, request: Request) -> Response:
        """Stops what runs in a context."""
        self._contexts.interrupt(query_text(request, "id"))
        return Response()

    async def create(self, request: Request) -> Response:
        """Begins a context."""
        body = await read_object(request)
        return Json(_context(self._contexts.create(body.get("language", "python"))))

    async def list(self, request: Request) -> Response:
        """The contexts of a language."""
        language = query_text(request, "language")
        return Json([_context(context) for context in self._contexts.list(language)])

    async def get(self, request: Request) -> Response:
        """One context."""
        return Json(_context(self._contexts.get(request.path_params["id"])))

    async def delete(self, request: Request) -> Response:
        """Ends a context."""
        self._contexts.delete(request.path_params["id"])
        return Response()

    async def delete_all(self, request: Request) -> Response:
        """Ends the contexts of a language."""
        self._contexts.delete_all(query_text(request, "language"))
        return Response()


def _context(context: Context) -> dict[str, str]:
    return {"id": context.id, "language": context.language}


class TerminalRoutes:
    """The paths below `/pty`, but the WebSocket."""

    def __init__(self, state: State, processes: Processes) -> None:
        self._state = state
        self._processes = processes

    @cached_property
    def terminals(self) -> Terminals:
        """All terminals."""
        from .terminals import Terminals  # Loaded by the sandboxes that use it.

        return Terminals(self._processes, lambda: self._state.env)

    def routes(self) -> list[BaseRoute]:
        """All of them."""
        return [
            Route("/pty", self.create, methods=["POST"]),
            Route("/pty/{id}", self.get, methods=["GET"]),
            Route("/pty/{id}", self.delete, methods=["DELETE"]),
        ]

    async def create(self, request: Request) -> Response:
        """Opens a terminal."""
        body = await read_json(request)
        if not (body is None or isinstance(body, dict)):
            raise invalid("the body must be a JSON object")
        cwd = environment.check_directory((body or {}).get("cwd"), self._state.cwd)
        return Json({"session_id": self.terminals.create(cwd).id})

    async def get(self, request: Request) -> Response:
        """Whether a terminal is there."""
        return Json({"session_id": self.terminals.get(request.path_params["id"]).id})

    async def delete(self, request: Request) -> Response:
        """Closes a terminal."""
        self.terminals.delete(request.path_params["id"])
        return Response()


class MetricsRoutes:
    """`/metrics` and `/metrics/watch`."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def routes(self) -> list[BaseRoute]:
        """Both."""
        return [
            Route("/metrics", self.metrics, methods=["GET"]),
            Route("/metrics/watch", self.watch, methods=["GET"]),
        ]

    async def metrics(self, request: Request) -> Response:
        """What the sandbox uses now."""
        return Json(self._meter.sample())

    async def watch(self, request: Request) -> ASGIApp:
        """The same every second, one JSON object a line, until the reader leaves."""

        async def follow(send: Send) -> None:
            while True:
                await send(json.dumps(self._meter.sample(), separators=(",", ":")).encode() + b"\n")
                await asyncio.sleep(_WATCH_INTERVAL)

        return EventStream(follow, until_gone=True)


class FileRoutes:
    """The paths below `/files` and `/directories`, as the daemon's user or as another."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    def routes(self) -> list[BaseRoute]:
        """All of them, at the root and below `/v1/filesystem/{uid}/{gid}`."""
        return self._below("") + self._below("/v1/filesystem/{uid:int}/{gid:int}")

    def _below(self, prefix: str) -> list[BaseRoute]:
        table: list[tuple[str, str, Handler]] = [
            ("GET", "/files/info", self.info),
            ("POST", "/files/permissions", self.permissions),
            ("POST", "/files/mv", self.move),
            ("POST", "/files/replace", self.replace),
            ("GET", "/files/search", self.search),
            ("POST", "/files/upload", self.upload),
            ("GET", "/files/download", self.download),
            ("DELETE", "/files", self.remove),
            ("GET", "/directories/list", self.list),
            ("POST", "/directories", self.make_directories),
            ("DELETE", "/directories", self.remove_directories),
        ]
        return [Route(prefix + path, run, methods=[method]) for method, path, run in table]

    async def info(self, request: Request) -> Response:
        """What there is to know about paths."""
        paths = query_paths(request)
        return Json(await self._workers.run(identity(request), files.infos, paths))

    async def permissions(self, request: Request) -> Response:
        """Changes modes and owners."""
        wanted = files.check_permissions(await read_json(request))
        await self._workers.run(identity(request), files.set_permissions, wanted)
        files.forget_names()
        return Response()

    async def move(self, request: Request) -> Response:
        """Renames files and directories."""
        body = await read_json(request)
        if not isinstance(body, list) or not all(isinstance(item, dict) for item in body):
            raise invalid("the body must be a list of objects with src and dest")
        moves = [
            (files.check_path(item.get("src")), files.check_path(item.get("dest"))) for item in body
        ]
        await self._workers.run(identity(request), files.move, moves)
        return Response()

    async def replace(self, request: Request) -> Response:
        """Replaces text in files."""
        wanted = _replacements(await read_object(request))
        counts = await self._workers.run(identity(request), files.replace, wanted)
        verbose = request.query_params.get("verbose", "").lower() in ("true", "1")
        return Json(counts) if verbose else Response()

    async def search(self, request: Request) -> Response:
        """Finds files by a glob."""
        path = query_path(request)
        pattern = request.query_params.get("pattern") or "**"
        return Json(await self._workers.run(identity(request), files.search, path, pattern))

    async def list(self, request: Request) -> Response:
        """What is in a directory."""
        path = query_path(request)
        depth = min(query_number(request, "depth", least=1) or 1, _DEEPEST)
        return Json(await self._workers.run(identity(request), files.list_directory, path, depth))

    async def make_directories(self, request: Request) -> Response:
        """Makes directories with their parents."""
        wanted = files.check_permissions(await read_json(request))
        await self._workers.run(identity(request), files.make_directories, wanted)
        return Response()

    async def remove(self, request: Request) -> Response:
        """Deletes files."""
        paths = query_paths(request)
        await self._workers.run(identity(request), files.remove_files, paths)
        return Response()

    async def remove_directories(self, request: Request) -> Response:
        """Deletes directories with all they hold."""
        paths = query_paths(request)
        await self._workers.run(identity(request), files.remove_directories, paths)
        return Response()

    async def upload(self, request: Request) -> Response:
        """Writes the files of a multipart body."""
        from . import uploads  # The parser is loaded by the sandboxes that use it.

        boundary = uploads.boundary_of(request.headers.get("content-type", ""))
        await uploads.Upload(self._workers, identity(request)).take(boundary, request.stream())
        return Response()

    async def download(self, request: Request) -> ASGIApp:
        """Sends a file, a range of its bytes, or some of its lines."""
        path = query_path(request)
        first = query_number(request, "offset", least=0)
        count = query_number(request, "limit", least=0)
        try:
            descriptor = await self._workers.run(identity(request), downloads.open_file, path)
        except OSError as error:
            raise from_os(error, f"read {path!r}") from error
        if first is not None or count is not None:
            span = await self._workers.run(
                None, downloads.find_lines, descriptor, first or 1, count
            )
            return downloads.answer_lines(self._workers, descriptor, span)
        size = downloads.size_of(descriptor)
        try:
            wanted = request.headers.get("range")
            return downloads.answer_bytes(self._workers, descriptor, path, wanted)
        except ValueError as error:
            headers = {"content-range": f"bytes */{size}"}
            headers["content-disposition"] = downloads.disposition(path)
            return PlainTextResponse(f"{error}\n", 416, headers)


def _replacements(body: dict[str, Any]) -> dict[str, tuple[bytes, bytes]]:
    wanted = {}
    for path, item in body.items():
        old, new = (item.get("old"), item.get("new")) if isinstance(item, dict) else (None, None)
        if not isinstance(old, str) or not old or not isinstance(new, str):
            raise invalid(f"{path!r} needs old, a non-empty string, and new, a string")
        encoded = old.encode("utf-8", "surrogatepass"), new.encode("utf-8", "surrogatepass")
        wanted[files.check_path(path)] = encoded
    return wanted
