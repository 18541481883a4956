from __future__ import annotations

import inspect
import pickle
from datetime import timedelta

import pytest

from opensandbox import exceptions
from opensandbox.exceptions import (
    CommandFailedException,
    InvalidArgumentException,
    SandboxApiException,
    SandboxConnectionException,
    SandboxError,
    SandboxException,
    SandboxInternalException,
    SandboxRateLimitException,
    SandboxTimeoutException,
)
from opensandbox.models.execd import Execution

EVERY = [
    value
    for value in vars(exceptions).values()
    if inspect.isclass(value) and issubclass(value, SandboxException) and value.__name__[0] != "_"
]


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = exceptions.__doc__ or ""
    parents = {kind: kind.__mro__[1:] for kind in EVERY}
    for kind, mro in parents.items():
        assert drawn.count(f"{kind.__name__} ") == 1, kind
        # The one it is drawn below is the nearest public one above it.
        depth = next(
            line.index(kind.__name__) for line in drawn.splitlines() if kind.__name__ in line
        )
        public = [above for above in mro if above in EVERY]
        assert depth == 4 + 4 * len(public), kind


@pytest.mark.parametrize("kind", EVERY)
def test_every_one_has_what_handlers_read(kind: type[SandboxException]) -> None:
    cause = ValueError("why")
    error = kind("what", cause)
    assert error.message == "what"
    assert error.cause is error.__cause__ is cause
    assert error.error.message == "what"
    assert (error.request_id, error.sandbox_id, error.execution) == (None, None, None)
    assert error.is_retryable is False
    assert str(error).startswith("what")


@pytest.mark.parametrize("kind", EVERY)
def test_every_one_can_be_pickled(kind: type[SandboxException]) -> None:
    error = pickle.loads(pickle.dumps(kind("what", OSError(5, "why"))))
    assert type(error) is kind
    assert error.message == "what"
    assert isinstance(error.__cause__, OSError)


def test_what_is_pickled_keeps_its_attributes() -> None:
    error = SandboxRateLimitException(
        "slow down",
        error=SandboxError("TOO_MANY", "please"),
        request_id="r-1",
        retry_after=timedelta(seconds=3),
        response_body=b"{}",
        is_retryable=True,
        sandbox_id="s-1",
        execution=Execution(id="e-1"),
    )
    again = pickle.loads(pickle.dumps(error))
    assert again.__dict__ == error.__dict__
    assert str(again) == str(error)


def test_a_foreign_cause_travels_as_its_text() -> None:
    class Foreign(Exception):  # not to be found by pickle, and with arguments of its own
        def __init__(self, text: str, *, request: object) -> None:
            super().__init__(text)

    error = pickle.loads(pickle.dumps(SandboxException("what", Foreign("why", request=object()))))
    assert str(error.cause) == "Foreign: why"


def test_the_parameters_that_programs_give_by_position() -> None:
    cause, told = ValueError(), SandboxError("C")
    error = SandboxApiException("m", cause, 404, told, "r", b"body", True)
    assert (error.status_code, error.error, error.request_id) == (404, told, "r")
    assert (error.response_body, error.is_retryable) == (b"body", True)
    limit = SandboxRateLimitException(
        "m", None, 429, told, "r", timedelta(seconds=1), b"body", True
    )
    assert (limit.retry_after, limit.response_body) == (timedelta(seconds=1), b"body")
    assert SandboxException("m", None, told, "r", True).is_retryable
    assert SandboxInternalException("m", None, told, True).is_retryable
    assert SandboxTimeoutException("m", None, True).is_retryable
    assert SandboxConnectionException("m", None, True).is_retryable


def test_the_text_ends_with_what_the_message_does_not_say() -> None:
    error = SandboxApiException(
        "GET /x failed",
        status_code=404,
        error=SandboxError("A::B"),
        request_id="r-1",
        sandbox_id="s-1",
    )
    assert str(error) == "GET /x failed [status 404, A::B, request r-1, sandbox s-1]"
    told = SandboxApiException("GET /x: 404 A::B", status_code=404, error=SandboxError("A::B"))
    assert str(told) == "GET /x: 404 A::B"
    assert repr(told) == "SandboxApiException('GET /x: 404 A::B')"


def test_without_a_message_there_is_still_a_text() -> None:
    assert str(SandboxTimeoutException()) == "TIMEOUT"
    assert str(SandboxException(cause=ValueError("why"))) == "why"
    assert "server's words" in str(SandboxApiException(error=SandboxError("X", "server's words")))


def test_a_body_is_in_no_text() -> None:
    error = SandboxApiException("refused", status_code=400, response_body=b"password=hunter2")
    assert "hunter2" not in str(error) + repr(error)


def test_what_was_refused_here_is_a_value_error_too() -> None:
    assert issubclass(InvalidArgumentException, ValueError)


def test_a_failed_command_brings_its_execution() -> None:
    execution = Execution(id="e-1", exit_code=3)
    error = CommandFailedException("no", execution=execution)
    assert (error.execution, error.execution_id) == (execution, "e-1")


def test_codes_and_their_words_compare() -> None:
    assert SandboxError("A", "b") == SandboxError("A", "b") != SandboxError("A")
    assert len({SandboxError("A"), SandboxError("A")}) == 1
    assert repr(SandboxError("A")) == "SandboxError(code='A', message=None)"
