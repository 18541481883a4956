"""The ways to a sandbox that a method of its class alone cannot say.

Rules:

* `Sandbox.resume(id)` and `sandbox.resume()` are one name with two types.
* `Sandbox.temporary` takes exactly what `Sandbox.create` takes, whose parameters are written once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, cast, overload

from ..models._time import Seconds
from .ready import Patience

if TYPE_CHECKING:
    from .config import ConnectionConfig
    from .sandbox import HealthCheck, Sandbox

_P = ParamSpec("_P")


class Temporary(Generic[_P]):
    """What `temporary` is: `create` as a context manager that ends the sandbox."""

    def __init__(
        self, create: Callable[Concatenate[type[Sandbox], _P], Awaitable[Sandbox]]
    ) -> None:
        self._made_by = create

    def __get__(
        self, sandbox: object, owner: type[Sandbox]
    ) -> Callable[_P, AbstractAsyncContextManager[Sandbox]]:
        # The very one that __init__ was given, bound: what it takes is what `_P` says.
        create: Callable[_P, Awaitable[Sandbox]] = cast(Any, owner).create

        @wraps(create, assigned=())
        @asynccontextmanager
        async def temporary(*args: _P.args, **options: _P.kwargs) -> AsyncIterator[Sandbox]:
            """A sandbox for a block: made as by `create`, and ended with the block.

            Example::

                async with Sandbox.temporary("python:3.11") as sandbox:
                    await sandbox.commands.run("python --version")

            It is killed whatever happens, also when the caller is cancelled. What goes wrong in
            that is a note on the error that ended the block, or the error itself when there was
            none.
            """
            sandbox = await create(*args, **options)
            try:
                yield sandbox
            except BaseException as error:
                await sandbox._end(after=error)
                raise
            await sandbox._end(after=None)

        return temporary


class ResumeById:
    """`Sandbox.resume(sandbox_id, ...)`."""

    def __init__(self, owner: type[Sandbox]) -> None:
        self._owner = owner

    async def __call__(
        self,
        sandbox_id: str,
        connection_config: ConnectionConfig | None = None,
        health_check: HealthCheck | None = None,
        resume_timeout: Seconds = timedelta(seconds=30),
        health_check_polling_interval: Seconds = timedelta(seconds=0.2),
        skip_health_check: bool = False,
        *,
        request_timeout: Seconds | None = None,
    ) -> Sandbox:
        """Wake a paused sandbox, and connect to it once it is ready.

        `resume_timeout` bounds the whole. Raises `SandboxReadyTimeoutException` when that is not
        enough, and `SandboxApiException` (409) for one that is not paused.
        """
        return await self._owner._open(
            sandbox_id,
            connection_config,
            health_check,
            Patience(
                resume_timeout,
                health_check_polling_interval,
                name="resume_timeout",
                interval_name="health_check_polling_interval",
            ),
            skip_health_check=skip_health_check,
            request_timeout=request_timeout,
            wake=True,
            owns_config=connection_config is None,
        )


class ResumeThis:
    """`sandbox.resume(...)`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def __call__(
        self,
        *,
        resume_timeout: Seconds = timedelta(seconds=30),
        health_check_polling_interval: Seconds = timedelta(seconds=0.2),
        skip_health_check: bool = False,
        request_timeout: Seconds | None = None,
    ) -> Sandbox:
        """Wake this paused sandbox: a fresh `Sandbox`, connected once it is ready.

        Where it is reached may have changed, so that this one is of no use any more. Raises as
        `Sandbox.resume(sandbox_id)` does.
        """
        sandbox = self._sandbox
        fresh = await type(sandbox)._open(
            sandbox.id,
            sandbox.connection_config,
            sandbox._health_check,
            Patience(
                resume_timeout,
                health_check_polling_interval,
                name="resume_timeout",
                interval_name="health_check_polling_interval",
            ),
            skip_health_check=skip_health_check,
            request_timeout=request_timeout,
            wake=True,
            owns_config=sandbox._owns_config,
        )
        # The fresh one takes its place.
        fresh._handed_over, sandbox._handed_over = sandbox._handed_over, None
        return fresh


class Resume:
    """What `resume` is: on the class it takes an id, on a sandbox it means that one."""

    @overload
    def __get__(self, sandbox: None, owner: type[Sandbox]) -> ResumeById: ...
    @overload
    def __get__(self, sandbox: Sandbox, owner: type[Sandbox]) -> ResumeThis: ...
    def __get__(self, sandbox: Sandbox | None, owner: type[Sandbox]) -> ResumeById | ResumeThis:
        return ResumeById(owner) if sandbox is None else ResumeThis(sandbox)
