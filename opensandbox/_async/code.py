"""Code in a sandbox: in contexts that keep their variables and imports from one piece to the next.

Rules:

* How the events of a piece are read, and what is done when they break off: see `executions`.
* A context is named by its id or by the value that `create_context` gave; not every daemon has
  interpreters, and one without refuses.
"""

from __future__ import annotations

from collections.abc import Callable

from opensandbox_api.execd.api.code_interpreting import (
    create_code_context,
    delete_code_context,
    delete_code_contexts,
    get_code_context,
    interrupt_code,
    list_code_contexts,
)
from opensandbox_api.execd.models import CodeContextRequest

from .._concurrency import async_make
from .._wire import code as wire
from .._wire import requests
from .._wire.events import ExecutionFold
from .._wire.routes import STREAMED
from .._wire.urls import path_segment
from ..models._time import Seconds
from ..models.code import CodeContext
from ..models.execd import (
    Execution,
    ExecutionComplete,
    ExecutionError,
    ExecutionHandlers,
    ExecutionInit,
    ExecutionResult,
    OutputMessage,
)
from .endings import CLEAN_UP_LIMIT
from .executions import Executions, Handlers
from .http import Service

_CODE = STREAMED["run_code"].path()


class Code:
    """Runs code in one sandbox; `sandbox.code`.

    Example::

        await sandbox.code.run("x = 20")
        result = await sandbox.code.run("print(x); x + 1")
        print(result.stdout, result.result[0].text)

    Every method takes `request_timeout`, in seconds (None: the config's), and raises
    `SandboxApiException` when the daemon refuses, which it does with 501 when it has no
    interpreters.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._executions = Executions(service)

    async def run(
        self,
        code: str,
        *,
        context: CodeContext | str | None = None,
        language: str | None = None,
        handlers: ExecutionHandlers | None = None,
        max_output: int | None = None,
        on_stdout: Callable[[OutputMessage], object] | None = None,
        on_stderr: Callable[[OutputMessage], object] | None = None,
        on_result: Callable[[ExecutionResult], object] | None = None,
        on_error: Callable[[ExecutionError], object] | None = None,
        on_init: Callable[[ExecutionInit], object] | None = None,
        on_execution_complete: Callable[[ExecutionComplete], object] | None = None,
        request_timeout: Seconds | None = None,
    ) -> Execution:
        """Run a piece of code and wait for its end.

        Args:
            code: The code.
            context: Where it runs. None for the one that all pieces of a language share.
            language: None for the context's own, and without a context for Python.
            handlers: The functions below in one value; not together with them.
            max_output: How many characters of stdout, and of stderr, are kept; see `commands.run`.
            on_stdout, on_stderr: Called with each piece of output as it comes.
            on_result: Called with what the last expression came to, in its forms.
            on_error, on_init, on_execution_complete: Called with such an event.
            request_timeout: Seconds until the daemon must have begun to answer.

        What the code raises is no exception here: see `Execution.error`, or call `check()`.
        `exit_code` is None. Raises what `commands.run` raises.
        """
        told = Handlers(
            handlers, on_stdout, on_stderr, on_result, on_error, on_init, on_execution_complete
        )
        body = wire.run_code(code, context, language)
        fold = ExecutionFold(
            code=True,
            skip_accumulation=told.skip_accumulation,
            max_output=requests.max_output(max_output),
        )
        return await self._executions.run(_CODE, body, fold, told, request_timeout)

    async def interrupt(
        self, context: CodeContext | str, *, request_timeout: Seconds | None = None
    ) -> None:
        """Stop what runs in a context; the context lives on, with its variables."""
        context_id = wire.context_id(context)
        await self._service.send(
            lambda client: interrupt_code.asyncio_detailed(client=client, id=context_id),
            request_timeout=request_timeout,
        )

    async def create_context(
        self, language: str = "python", *, request_timeout: Seconds | None = None
    ) -> CodeContext:
        """A fresh context. Raises `SandboxApiException` for a language that the daemon has not."""
        body = CodeContextRequest(language=wire.language(language))

        async def ask() -> CodeContext:
            answer = await self._service.call(
                lambda client: create_code_context.asyncio_detailed(client=client, body=body),
                request_timeout=request_timeout,
            )
            return wire.context(answer)

        return await async_make(ask, unmake=self.delete_context, seconds=CLEAN_UP_LIMIT)

    async def get_context(
        self, context_id: str, *, request_timeout: Seconds | None = None
    ) -> CodeContext:
        """A context. Raises `SandboxApiException` (404) for one that is not there."""
        path_segment(context_id, "context_id")
        return wire.context(
            await self._service.call(
                lambda client: get_code_context.asyncio_detailed(context_id, client=client),
                request_timeout=request_timeout,
            )
        )

    async def list_contexts(
        self, language: str = "python", *, request_timeout: Seconds | None = None
    ) -> list[CodeContext]:
        """The contexts of a language."""
        wanted = wire.language(language)
        found = await self._service.call(
            lambda client: list_code_contexts.asyncio_detailed(client=client, language=wanted),
            request_timeout=request_timeout,
        )
        return [wire.context(item) for item in found]

    async def delete_context(
        self, context: CodeContext | str, *, request_timeout: Seconds | None = None
    ) -> None:
        """End a context. Raises `SandboxApiException` (404) for one that is not there."""
        context_id = wire.context_id(context)
        await self._service.send(
            lambda client: delete_code_context.asyncio_detailed(context_id, client=client),
            request_timeout=request_timeout,
        )

    async def delete_contexts(
        self, language: str, *, request_timeout: Seconds | None = None
    ) -> None:
        """End all contexts of a language."""
        wanted = wire.language(language)
        await self._service.send(
            lambda client: delete_code_contexts.asyncio_detailed(client=client, language=wanted),
            request_timeout=request_timeout,
        )
