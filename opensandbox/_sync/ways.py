# Written by scripts/unasync.py from opensandbox/_async/ways.py. Do not edit.
"""The ways to a sandbox that a method of its class alone cannot say.

Rules:

* `SandboxSync.resume(id)` and `sandbox.resume()` are one name with two types.
* `SandboxSync.temporary` takes exactly what `SandboxSync.create` takes, whose parameters are written once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, cast, overload

from ..models._time import Seconds
from .ready import PatienceSync

if TYPE_CHECKING:
    from .config import ConnectionConfigSync
    from .sandbox import HealthCheck, SandboxSync

_P = ParamSpec("_P")


class TemporarySync(Generic[_P]):
    """What `temporary` is: `create` as a context manager that ends the sandbox."""

    def __init__(self, create: Callable[Concatenate[type[SandboxSync], _P], SandboxSync]) -> None:
        self._made_by = create

    def __get__(
        self, sandbox: object, owner: type[SandboxSync]
    ) -> Callable[_P, AbstractContextManager[SandboxSync]]:
        # The very one that __init__ was given, bound: what it takes is what `_P` says.
        create: Callable[_P, SandboxSync] = cast(Any, owner).create

        @wraps(create, assigned=())
        @contextmanager
        def temporary(*args: _P.args, **options: _P.kwargs) -> Iterator[SandboxSync]:
            """A sandbox for a block: made as by `create`, and ended with the block.

            Example::

                with SandboxSync.temporary("python:3.11") as sandbox:
                    sandbox.commands.run("python --version")

            It is killed whatever happens, also when the caller is cancelled. What goes wrong in
            that is a note on the error that ended the block, or the error itself when there was
            none.
            """
            sandbox = create(*args, **options)
            try:
                yield sandbox
            except BaseException as error:
                sandbox._end(after=error)
                raise
            sandbox._end(after=None)

        return temporary


class ResumeByIdSync:
    """`SandboxSync.resume(sandbox_id, ...)`."""

    def __init__(self, owner: type[SandboxSync]) -> None:
        self._owner = owner

    def __call__(
        self,
        sandbox_id: str,
        connection_config: ConnectionConfigSync | None = None,
        health_check: HealthCheck | None = None,
        resume_timeout: Seconds = timedelta(seconds=30),
        health_check_polling_interval: Seconds = timedelta(seconds=0.2),
        skip_health_check: bool = False,
        *,
        request_timeout: Seconds | None = None,
    ) -> SandboxSync:
        """Wake a paused sandbox, and connect to it once it is ready.

        `resume_timeout` bounds the whole. Raises `SandboxReadyTimeoutException` when that is not
        enough, and `SandboxApiException` (409) for one that is not paused.
        """
        return self._owner._open(
            sandbox_id,
            connection_config,
            health_check,
            PatienceSync(
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


class ResumeThisSync:
    """`sandbox.resume(...)`."""

    def __init__(self, sandbox: SandboxSync) -> None:
        self._sandbox = sandbox

    def __call__(
        self,
        *,
        resume_timeout: Seconds = timedelta(seconds=30),
        health_check_polling_interval: Seconds = timedelta(seconds=0.2),
        skip_health_check: bool = False,
        request_timeout: Seconds | None = None,
    ) -> SandboxSync:
        """Wake this paused sandbox: a fresh `SandboxSync`, connected once it is ready.

        Where it is reached may have changed, so that this one is of no use any more. Raises as
        `SandboxSync.resume(sandbox_id)` does.
        """
        sandbox = self._sandbox
        fresh = type(sandbox)._open(
            sandbox.id,
            sandbox.connection_config,
            sandbox._health_check,
            PatienceSync(
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


class ResumeSync:
    """What `resume` is: on the class it takes an id, on a sandbox it means that one."""

    @overload
    def __get__(self, sandbox: None, owner: type[SandboxSync]) -> ResumeByIdSync: ...
    @overload
    def __get__(self, sandbox: SandboxSync, owner: type[SandboxSync]) -> ResumeThisSync: ...
    def __get__(
        self, sandbox: SandboxSync | None, owner: type[SandboxSync]
    ) -> ResumeByIdSync | ResumeThisSync:
        return ResumeByIdSync(owner) if sandbox is None else ResumeThisSync(sandbox)
