"""Every exception that leaves this package.

::

    SandboxException                        the root: catch this to catch everything
    ├── SandboxApiException                 the server refused, failed or was unintelligible
    │   └── SandboxRateLimitException       429: try again after `retry_after`
    ├── SandboxInternalException            no usable answer came
    │   ├── SandboxTimeoutException         a deadline passed first
    │   └── SandboxConnectionException      the connection failed or broke
    ├── SandboxUnhealthyException           the sandbox does not work, or has ended
    ├── SandboxReadyTimeoutException        the sandbox was not ready in time
    ├── CommandFailedException              `Execution.check()` found a failed command
    ├── InvalidArgumentException            refused before anything was sent; a ValueError too
    ├── PoolEmptyException                  no idle sandbox, and the policy is to fail fast
    ├── PoolAcquireFailedException          the idle sandboxes tried were unusable
    ├── PoolDestroyedException              the pool's name is destroyed or being destroyed
    ├── PoolDestroyIncompleteException      destroying stopped half way
    ├── PoolStateStoreUnavailableException  the pool's state store cannot be reached
    └── PoolNotRunningException             the pool is not started, or shut down

Rules:

* Every one carries `message`, `cause` (chained as `__cause__` too), `error` (code and message),
  `request_id`, `sandbox_id`, `is_retryable`, and `execution_id` and `execution` where a command
  was under way.
* `is_retryable` is True when the same call may well succeed later: 429, 502, 503, and failures
  before anything was sent. Whoever raises decides.
* `str()` gives the message and then, in brackets, what it does not say already: status, code,
  request and sandbox.
* A keyword that a method does not have is Python's own TypeError, as for any function; one that a
  config or a model does not have is an InvalidArgumentException, which names what was meant.
* They can be pickled; a cause that is neither ours nor Python's own travels as its text.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..models.execd import Execution


class SandboxError:
    """What went wrong, for programs: a code, and the server's own words where it gave any."""

    INTERNAL_UNKNOWN_ERROR = "INTERNAL_UNKNOWN_ERROR"
    READY_TIMEOUT = "READY_TIMEOUT"
    UNHEALTHY = "UNHEALTHY"
    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    UNEXPECTED_RESPONSE = "UNEXPECTED_RESPONSE"
    COMMAND_FAILED = "COMMAND_FAILED"
    TIMEOUT = "TIMEOUT"
    CONNECTION = "CONNECTION"
    RATE_LIMIT = "RATE_LIMIT"
    POOL_EMPTY = "POOL_EMPTY"
    POOL_ACQUIRE_FAILED = "POOL_ACQUIRE_FAILED"
    POOL_STATE_STORE_UNAVAILABLE = "POOL_STATE_STORE_UNAVAILABLE"
    POOL_NOT_RUNNING = "POOL_NOT_RUNNING"
    POOL_DESTROYED = "POOL_DESTROYED"
    POOL_DESTROY_INCOMPLETE = "POOL_DESTROY_INCOMPLETE"

    def __init__(self, code: str, message: str | None = None) -> None:
        self.code = code
        self.message = message

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SandboxError):
            return NotImplemented
        return (self.code, self.message) == (other.code, other.message)

    def __hash__(self) -> int:
        return hash((self.code, self.message))

    def __repr__(self) -> str:
        return f"SandboxError(code={self.code!r}, message={self.message!r})"


class SandboxException(Exception):
    """The root of everything this package raises."""

    _code = SandboxError.INTERNAL_UNKNOWN_ERROR

    def __init__(
        self,
        message: str | None = None,
        cause: BaseException | None = None,
        error: SandboxError | None = None,
        request_id: str | None = None,
        is_retryable: bool = False,
        *,
        sandbox_id: str | None = None,
        execution_id: str | None = None,
        execution: Execution | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.cause = cause
        self.error = error or SandboxError(self._code, message)
        self.request_id = request_id
        #: The sandbox that was being talked about, where it is known.
        self.sandbox_id = sandbox_id
        #: The id of the command that was running, where one was.
        self.execution_id = execution_id
        #: What the command had given before it broke off, where it was being read.
        self.execution = execution
        self._is_retryable = is_retryable
        if cause is not None:
            self.__cause__ = cause

    @property
    def is_retryable(self) -> bool:
        """Whether the same call may well succeed later."""
        return self._is_retryable

    def _details(self) -> list[str]:
        """What belongs into `str()` unless the message holds it already."""
        details = [] if self.error.code == self._code else [self.error.code]
        if self.request_id:
            details.append(f"request {self.request_id}")
        if self.sandbox_id:
            details.append(f"sandbox {self.sandbox_id}")
        return details

    def __str__(self) -> str:
        message = self.message or self.error.message or str(self.cause or "") or self.error.code
        missing = [detail for detail in self._details() if detail.split()[-1] not in message]
        return f"{message} [{', '.join(missing)}]" if missing else message

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), self.args, {**self.__dict__, "cause": _portable(self.cause)})

    def __setstate__(self, state: dict[str, Any] | None) -> None:
        super().__setstate__(state)
        if self.cause is not None:
            self.__cause__ = self.cause


def _portable(cause: BaseException | None) -> BaseException | None:
    """The cause in a form that can be pickled: few other packages' exceptions can."""
    if cause is None or isinstance(cause, SandboxException):
        return cause
    if type(cause).__module__ == "builtins":
        return cause
    return Exception(f"{type(cause).__name__}: {cause}")


class SandboxApiException(SandboxException):
    """The server answered, and refused, failed, or said what cannot be understood."""

    _code = SandboxError.UNEXPECTED_RESPONSE

    def __init__(
        self,
        message: str | None = None,
        cause: BaseException | None = None,
        status_code: int | None = None,
        error: SandboxError | None = None,
        request_id: str | None = None,
        response_body: bytes | None = None,
        is_retryable: bool = False,
        *,
        sandbox_id: str | None = None,
        execution_id: str | None = None,
        execution: Execution | None = None,
    ) -> None:
        super().__init__(
            message,
            cause,
            error,
            request_id,
            is_retryable,
            sandbox_id=sandbox_id,
            execution_id=execution_id,
            execution=execution,
        )
        #: The HTTP status. None when a stream that began well reported the failure.
        self.status_code = status_code
        #: The answer's body, cut to a bounded length. None when it could not be read.
        self.response_body = response_body

    def _details(self) -> list[str]:
        status = [] if self.status_code is None else [f"status {self.status_code}"]
        return status + super()._details()


class SandboxRateLimitException(SandboxApiException):
    """The server asks for fewer requests."""

    _code = SandboxError.RATE_LIMIT

    def __init__(
        self,
        message: str | None = None,
        cause: BaseException | None = None,
        status_code: int | None = 429,
        error: SandboxError | None = None,
        request_id: str | None = None,
        retry_after: timedelta | None = None,
        response_body: bytes | None = None,
        is_retryable: bool = False,
        *,
        sandbox_id: str | None = None,
        execution_id: str | None = None,
        execution: Execution | None = None,
    ) -> None:
        super().__init__(
            message,
            cause,
            status_code,
            error,
            request_id,
            response_body,
            is_retryable,
            sandbox_id=sandbox_id,
            execution_id=execution_id,
            execution=execution,
        )
        #: How long the server asks to wait. None when it did not say.
        self.retry_after = retry_after


class SandboxInternalException(SandboxException):
    """No usable answer came."""

    def __init__(
        self,
        message: str | None = None,
        cause: BaseException | None = None,
        error: SandboxError | None = None,
        is_retryable: bool = False,
        *,
        request_id: str | None = None,
        sandbox_id: str | None = None,
        execution_id: str | None = None,
        execution: Execution | None = None,
    ) -> None:
        super().__init__(
            message,
            cause,
            error,
            request_id,
            is_retryable,
            sandbox_id=sandbox_id,
            execution_id=execution_id,
            execution=execution,
        )


class SandboxTimeoutException(SandboxInternalException):
    """A deadline passed before the answer was there."""

    _code = SandboxError.TIMEOUT

    def __init__(
        self,
        message: str | None = None,
        cause: BaseException | None = None,
        is_retryable: bool = False,
        *,
        request_id: str | None = None,
        sandbox_id: str | None = None,
        execution_id: str | None = None,
        execution: Execution | None = None,
    ) -> None:
        super().__init__(
            message,
            cause,
            None,
            is_retryable,
            request_id=request_id,
            sandbox_id=sandbox_id,
            execution_id=execution_id,
            execution=execution,
        )


class SandboxConnectionException(SandboxInternalException):
    """The connection could not be made, or broke."""

    _code = SandboxError.CONNECTION

    def __init__(
        self,
        message: str | None = None,
        cause: BaseException | None = None,
        is_retryable: bool = False,
        *,
        request_id: str | None = None,
        sandbox_id: str | None = None,
        execution_id: str | None = None,
        execution: Execution | None = None,
    ) -> None:
        super().__init__(
            message,
            cause,
            None,
            is_retryable,
            request_id=request_id,
            sandbox_id=sandbox_id,
            execution_id=execution_id,
            execution=execution,
        )


class _PlainException(SandboxException):
    """What needs no more than a message, a cause and the sandbox."""

    def __init__(
        self,
        message: str | None = None,
        cause: BaseException | None = None,
        *,
        sandbox_id: str | None = None,
        execution: Execution | None = None,
    ) -> None:
        super().__init__(
            message,
            cause,
            sandbox_id=sandbox_id,
            execution_id=execution.id if execution is not None else None,
            execution=execution,
        )


class SandboxUnhealthyException(_PlainException):
    """The sandbox does not work: it failed, ended, was killed, or refuses its health check."""

    _code = SandboxError.UNHEALTHY


class SandboxReadyTimeoutException(_PlainException):
    """The sandbox was not ready in time; the message says what was tried and what failed last."""

    _code = SandboxError.READY_TIMEOUT


class CommandFailedException(_PlainException):
    """A command ended with an exit code other than 0, an error, or our own limit.

    Raised by `Execution.check()` only, which puts the execution into `execution`.
    """

    _code = SandboxError.COMMAND_FAILED


class InvalidArgumentException(_PlainException, ValueError):
    """An argument was refused here, before anything was sent."""

    _code = SandboxError.INVALID_ARGUMENT


class PoolEmptyException(_PlainException):
    """No sandbox is idle, and the policy is FAIL_FAST."""

    _code = SandboxError.POOL_EMPTY

    def __init__(
        self,
        message: str | None = "No idle sandbox available and policy is FAIL_FAST",
        cause: BaseException | None = None,
    ) -> None:
        super().__init__(message, cause)


class PoolAcquireFailedException(_PlainException):
    """The idle sandboxes that were tried could not be used."""

    _code = SandboxError.POOL_ACQUIRE_FAILED

    def __init__(
        self,
        message: str | None = "Acquire failed due to unusable idle sandbox candidate(s)",
        cause: BaseException | None = None,
    ) -> None:
        super().__init__(message, cause)


class PoolDestroyedException(_PlainException):
    """The pool's name is destroyed, or being destroyed."""

    _code = SandboxError.POOL_DESTROYED

    def __init__(
        self,
        message: str | None = "Pool namespace is destroyed",
        cause: BaseException | None = None,
    ) -> None:
        super().__init__(message, cause)


class PoolDestroyIncompleteException(_PlainException):
    """Destroying the pool stopped half way; it may be called again."""

    _code = SandboxError.POOL_DESTROY_INCOMPLETE

    def __init__(
        self,
        message: str | None = "Pool destroy did not complete",
        cause: BaseException | None = None,
    ) -> None:
        super().__init__(message, cause)


class PoolStateStoreUnavailableException(_PlainException):
    """The pool's state store cannot be reached."""

    _code = SandboxError.POOL_STATE_STORE_UNAVAILABLE


class PoolNotRunningException(_PlainException):
    """The pool is not started, or is shut down."""

    _code = SandboxError.POOL_NOT_RUNNING

    def __init__(
        self, message: str | None = "Pool is not running", cause: BaseException | None = None
    ) -> None:
        super().__init__(message, cause)


__all__ = [
    "CommandFailedException",
    "InvalidArgumentException",
    "PoolAcquireFailedException",
    "PoolDestroyIncompleteException",
    "PoolDestroyedException",
    "PoolEmptyException",
    "PoolNotRunningException",
    "PoolStateStoreUnavailableException",
    "SandboxApiException",
    "SandboxConnectionException",
    "SandboxError",
    "SandboxException",
    "SandboxInternalException",
    "SandboxRateLimitException",
    "SandboxReadyTimeoutException",
    "SandboxTimeoutException",
    "SandboxUnhealthyException",
]
