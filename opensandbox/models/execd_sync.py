"""What is called while something runs, for the blocking client."""

from __future__ import annotations

from collections.abc import Callable

from ._model import Model, model
from .execd import (
    ExecutionComplete,
    ExecutionError,
    ExecutionInit,
    ExecutionResult,
    OutputMessage,
)


@model
class ExecutionHandlersSync(Model):
    """What is called while something runs. What a handler raises ends the call that it is for."""

    on_stdout: Callable[[OutputMessage], object] | None = None
    on_stderr: Callable[[OutputMessage], object] | None = None
    on_result: Callable[[ExecutionResult], object] | None = None
    on_execution_complete: Callable[[ExecutionComplete], object] | None = None
    on_error: Callable[[ExecutionError], object] | None = None
    on_init: Callable[[ExecutionInit], object] | None = None
    #: Leave the output and the results out of the `Execution`, where the handlers have them.
    skip_accumulation: bool = False


__all__ = ["ExecutionHandlersSync"]
