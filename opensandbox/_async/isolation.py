"""Isolated sessions: a bash in the sandbox that sees only a part of it.

Rules:

* How the events of a run are read, and what is done when they break off: see `executions`.
* `session` and `run_once` close what they opened, whatever happens; what goes wrong in that is a
  note on the first error.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from opensandbox_api.execd.api.isolated_execution import (
    commit_isolated_session,
    create_isolated_session,
    delete_isolated_session,
    diff_isolated_session,
    get_isolated_capabilities,
    get_isolated_run,
    get_isolated_session,
    list_isolated_sessions,
)

from .._concurrency import async_make
from .._wire import isolated as wire
from .._wire import requests
from .._wire.commands import command_logs
from .._wire.errors import malformed_answer
from .._wire.events import ExecutionFold
from .._wire.headers import ISOLATED_LOGS_CURSOR
from .._wire.routes import STREAMED
from .._wire.urls import path_segment
from ..exceptions import (
    InvalidArgumentException,
)
from ..models._time import Seconds
from ..models.execd import (
    Execution,
    ExecutionComplete,
    ExecutionError,
    ExecutionHandlers,
    ExecutionInit,
    OutputMessage,
)
from ..models.isolated import (
    BindMount,
    CreateIsolatedSessionRequest,
    IsolatedBackgroundRun,
    IsolatedCapabilities,
    IsolatedRunLogs,
    IsolatedRunOpts,
    IsolatedRunStatus,
    IsolatedSessionInfo,
    IsolatedSessionState,
    IsolatedSessionSummary,
    IsolatedWorkspaceSpec,
)
from .endings import CLEAN_UP_LIMIT, close_opened
from .executions import Executions, Handlers
from .files import Filesystem
from .http import Service
from .streams import read_some

_RUN = STREAMED["run_in_isolated_session"]
_LOGS = STREAMED["get_isolated_run_logs"]
#: The longest answer to starting a background run, in bytes.
_STARTED_LIMIT = 64 * 2**10


class IsolationSession:
    """One isolated session, made or found by `sandbox.isolation`.

    Every method takes `request_timeout`, in seconds (None: the config's), and raises
    `SandboxApiException` when the daemon refuses: with 404 once the session is closed.
    """

    def __init__(self, service: Service, info: IsolatedSessionInfo) -> None:
        self._service = service
        self._info = info
        self._executions = Executions(service)
        self._files = Filesystem(service.at(f"v1/isolated/session/{info.session_id}"))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.session_id}>"

    @property
    def session_id(self) -> str:
        """What it is called."""
        return self._info.session_id

    @property
    def info(self) -> IsolatedSessionInfo:
        """What it was asked to be, as far as that is known."""
        return self._info

    @property
    def files(self) -> Filesystem:
        """The files, as the session sees them."""
        return self._files

    async def run(
        self,
        code: str,
        *,
        opts: IsolatedRunOpts | None = None,
        handlers: ExecutionHandlers | None = None,
        envs: Mapping[str, str] | None = None,
        timeout_seconds: int | None = None,
        max_output: int | None = None,
        on_stdout: Callable[[OutputMessage], object] | None = None,
        on_stderr: Callable[[OutputMessage], object] | None = None,
        on_error: Callable[[ExecutionError], object] | None = None,
        on_init: Callable[[ExecutionInit], object] | None = None,
        on_execution_complete: Callable[[ExecutionComplete], object] | None = None,
        request_timeout: Seconds | None = None,
    ) -> Execution:
        """Run bash code and wait for its end.

        A non-zero exit is no exception. Give `opts`, or `envs` (more variables) and
        `timeout_seconds` (None: no limit), not both; likewise `handlers` or the functions.
        `max_output` is that of `commands.run`, which raises the same.
        """
        told = Handlers(
            handlers, on_stdout, on_stderr, None, on_error, on_init, on_execution_complete
        )
        body = wire.run_request(code, opts, envs, timeout_seconds)
        fold = ExecutionFold(
            limit=body.get("timeout_seconds"),
            skip_accumulation=told.skip_accumulation,
            max_output=requests.max_output(max_output),
        )
        path = _RUN.path(session_id=self.session_id)
        return await self._executions.run(path, body, fold, told, request_timeout)

    async def run_background(
        self,
        code: str,
        *,
        opts: IsolatedRunOpts | None = None,
        envs: Mapping[str, str] | None = None,
        timeout_seconds: int | None = None,
        request_timeout: Seconds | None = None,
    ) -> IsolatedBackgroundRun:
        """Start bash code and leave it running: `run_status` and `run_logs` tell how it goes."""
        body = wire.run_request(code, opts, envs, timeout_seconds, background=True)
        async with self._service.stream(
            _RUN.method,
            _RUN.path(session_id=self.session_id),
            json=body,
            request_timeout=request_timeout,
        ) as response:
            answer = await read_some(response, _STARTED_LIMIT)
        try:
            return wire.background_run(json.loads(answer))
        except (ValueError, TypeError, AttributeError, InvalidArgumentException) as error:
            raise malformed_answer(
                "it does not say which run was started",
                response.status_code,
                response.headers,
                answer,
                method=_RUN.method,
                url=str(response.request.url),
                sandbox_id=self._service.sandbox_id,
            ) from error

    async def run_status(
        self, run_id: str, *, request_timeout: Seconds | None = None
    ) -> IsolatedRunStatus:
        """Whether a background run is running, and its exit code once it is not."""
        path_segment(run_id, "run_id")
        return await self._service.read(
            lambda client: get_isolated_run.asyncio_detailed(
                self.session_id, run_id, client=client
            ),
            wire.run_status,
            request_timeout=request_timeout,
        )

    async def run_logs(
        self, run_id: str, cursor: int = 0, *, request_timeout: Seconds | None = None
    ) -> IsolatedRunLogs:
        """The output of a background run so far, from byte `cursor` on.

        The result's own `cursor` is where to read on.
        """
        path_segment(run_id, "run_id")
        content, following = await self._executions.logs(
            _LOGS.method,
            _LOGS.path(session_id=self.session_id, run_id=run_id),
            cursor,
            ISOLATED_LOGS_CURSOR,
            request_timeout,
        )
        logs = command_logs(content, following or str(cursor + len(content)))
        return IsolatedRunLogs(text=logs.content, cursor=logs.cursor or 0)

    async def get(self, *, request_timeout: Seconds | None = None) -> IsolatedSessionState:
        """How it stands."""
        return await self._service.read(
            lambda client: get_isolated_session.asyncio_detailed(self.session_id, client=client),
            wire.session_state,
            request_timeout=request_timeout,
        )

    async def delete(self, *, request_timeout: Seconds | None = None) -> None:
        """Close it, and end what runs in it."""
        await self._service.send(
            lambda client: delete_isolated_session.asyncio_detailed(self.session_id, client=client),
            request_timeout=request_timeout,
        )

    async def commit(self, *, request_timeout: Seconds | None = None) -> None:
        """Write its changes into what they were laid over.

        No daemon is known that can: `capabilities().commit_supported` says so, and the call raises
        `SandboxApiException` (501).
        """
        await self._service.send(
            lambda client: commit_isolated_session.asyncio_detailed(self.session_id, client=client),
            request_timeout=request_timeout,
        )

    async def diff(self, *, request_timeout: Seconds | None = None) -> None:
        """Ask what it changed.

        No daemon is known that can tell, nor what the answer would be:
        `capabilities().diff_supported` says so, and the call raises `SandboxApiException` (501).
        """
        await self._service.send(
            lambda client: diff_isolated_session.asyncio_detailed(self.session_id, client=client),
            request_timeout=request_timeout,
        )


class IsolationService:
    """Isolated sessions in one sandbox; `sandbox.isolation`.

    Example::

        request = CreateIsolatedSessionRequest(
            profile="strict", workspace=IsolatedWorkspaceSpec(path="/work", mode="overlay")
        )
        async with sandbox.isolation.session(request) as session:
            result = await session.run("make test")

    Every method takes `request_timeout`, in seconds (None: the config's), and raises
    `SandboxApiException` when the daemon refuses: with 503 when it cannot isolate.
    """

    def __init__(self, service: Service) -> None:
        self._service = service

    async def create(
        self, request: CreateIsolatedSessionRequest, *, request_timeout: Seconds | None = None
    ) -> IsolationSession:
        """Open a session; `delete` closes it."""
        body = wire.session_request(request)

        async def ask() -> IsolationSession:
            made = await self._service.read(
                lambda client: create_isolated_session.asyncio_detailed(client=client, body=body),
                lambda answer: wire.created(request, answer),
                request_timeout=request_timeout,
            )
            return IsolationSession(self._service, made)

        return await async_make(ask, unmake=IsolationSession.delete, seconds=CLEAN_UP_LIMIT)

    async def attach(
        self, session_id: str, *, request_timeout: Seconds | None = None
    ) -> IsolationSession:
        """A session that was opened before. Raises `SandboxApiException` (404) for none such."""
        path_segment(session_id, "session_id")
        state = await self._service.read(
            lambda client: get_isolated_session.asyncio_detailed(session_id, client=client),
            wire.session_state,
            request_timeout=request_timeout,
        )
        return IsolationSession(self._service, wire.session_info(session_id, state))

    async def capabilities(self, *, request_timeout: Seconds | None = None) -> IsolatedCapabilities:
        """What the daemon can isolate, and by what means."""
        return wire.capabilities(
            await self._service.call(
                lambda client: get_isolated_capabilities.asyncio_detailed(client=client),
                request_timeout=request_timeout,
            )
        )

    async def list(self, *, request_timeout: Seconds | None = None) -> list[IsolatedSessionSummary]:
        """The sessions there are."""
        return wire.session_summaries(
            await self._service.call(
                lambda client: list_isolated_sessions.asyncio_detailed(client=client),
                request_timeout=request_timeout,
            )
        )

    async def run_once(
        self,
        code: str,
        *,
        workspace: str,
        workspace_mode: str | None = None,
        opts: IsolatedRunOpts | None = None,
        handlers: ExecutionHandlers | None = None,
        profile: str | None = None,
        share_net: bool | None = None,
        binds: Sequence[BindMount] | None = None,
        max_output: int | None = None,
        request_timeout: Seconds | None = None,
    ) -> Execution:
        """Run bash code in a session of its own, which works in `workspace` and is then closed.

        The other arguments are those of `CreateIsolatedSessionRequest` and of
        `IsolationSession.run`.
        """
        request = CreateIsolatedSessionRequest(
            workspace=IsolatedWorkspaceSpec(path=workspace, mode=workspace_mode),
            profile=profile,
            share_net=share_net,
            binds=None if binds is None else [*binds],
        )
        async with self.session(request, request_timeout=request_timeout) as session:
            return await session.run(
                code,
                opts=opts,
                handlers=handlers,
                max_output=max_output,
                request_timeout=request_timeout,
            )

    @asynccontextmanager
    async def session(
        self, request: CreateIsolatedSessionRequest, *, request_timeout: Seconds | None = None
    ) -> AsyncIterator[IsolationSession]:
        """A session for a block, closed with it."""
        session = await self.create(request, request_timeout=request_timeout)
        try:
            yield session
        except BaseException as error:
            await _close(session, after=error)
            raise
        await _close(session, after=None)


async def _close(session: IsolationSession, *, after: BaseException | None) -> None:
    """Close a session after a block; raises only when nothing was raised before."""
    await close_opened(
        lambda: session.delete(request_timeout=CLEAN_UP_LIMIT),
        f"The isolated session {session.session_id}",
        sandbox_id=session._service.sandbox_id,
        after=after,
    )
