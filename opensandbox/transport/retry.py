"""When to try again, and after how long: a decision, with no clock and no sleep.

Rules:

* When nothing was sent, any method may go again. After something was sent, only a method that may
  be repeated (GET, HEAD, PUT, DELETE, OPTIONS), with a body that can be sent again.
* `Retry-After` wins over our own back-off, up to 60 s. A wait that would end past the deadline is
  not begun.
* Whoever asks says what happened and gets the seconds to wait, or None to give up.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from http import HTTPStatus

from ..exceptions import InvalidArgumentException
from ..models._time import Seconds, seconds

_IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
_RETRYABLE_STATUSES = frozenset(
    {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE}
)
#: The longest `Retry-After` that is honoured, in seconds.
_LONGEST_RETRY_AFTER = 60.0


def is_idempotent_method(method: str) -> bool:
    """Whether a request of this method may be sent twice without doing more than once."""
    return method.upper() in _IDEMPOTENT_METHODS


class JitterMode(StrEnum):
    """How the waits of many callers are kept apart."""

    NONE = "none"  #: exactly the back-off
    FULL = "full"  #: anything between 0 and the back-off
    DECORRELATED = "decorrelated"  #: anything between the first back-off and thrice the wait before


class RetryCause(StrEnum):
    """Why an attempt did not count."""

    PRE_SEND = "pre_send"
    OPAQUE_TRANSPORT = "opaque_transport"
    READ_TIMEOUT = "read_timeout"
    WRITE_TIMEOUT = "write_timeout"
    UNEXPECTED_EOF = "unexpected_eof"
    STATUS_408 = "status_408"
    STATUS_425 = "status_425"
    STATUS_429 = "status_429"
    STATUS_500 = "status_500"
    STATUS_502 = "status_502"
    STATUS_503 = "status_503"
    STATUS_504 = "status_504"
    STATUS_OTHER = "status_other"

    @classmethod
    def of_status(cls, status: int) -> RetryCause:
        """The cause that stands for an answer with this status."""
        try:
            return cls(f"status_{status}")
        except ValueError:
            return cls.STATUS_OTHER


@dataclass(frozen=True)
class RetryEvent:
    """What `RetryPolicy.on_retry` is told before the wait for another attempt."""

    attempt: int
    """The number of the attempt that comes next: 2 for the first repetition."""
    retries_used: int
    """How many repetitions there were so far."""
    method: str
    url: str
    cause: RetryCause
    status_code: int | None
    """The answer's status. None when no answer came."""
    backoff: timedelta
    """How long is waited now."""
    request_id: str | None
    exception: BaseException | None
    """What the attempt raised. None when an answer came."""


@dataclass(frozen=True)
class RetryPolicy:
    """When a request is tried again, and after how long.

    Durations are timedeltas; seconds as a number are taken and converted. Raises
    `InvalidArgumentException` for what cannot be meant.
    """

    max_retries: int = 3
    """How many attempts may follow the first; 0 for none."""
    initial_backoff: timedelta = timedelta(seconds=0.5)
    max_backoff: timedelta = timedelta(seconds=30)
    backoff_multiplier: float = 2.0
    jitter: JitterMode = JitterMode.DECORRELATED
    retryable_status_codes_idempotent: frozenset[HTTPStatus] = _RETRYABLE_STATUSES
    retryable_status_codes_non_idempotent: frozenset[HTTPStatus] = frozenset()
    per_attempt_timeout: timedelta | None = None
    """The limit of one attempt. None: the request's own timeout is the only one."""
    overall_deadline: timedelta | None = None
    """The limit of all attempts and waits together. None: the request's own timeout."""
    on_retry: Callable[[RetryEvent], None] | None = None
    """Called before each wait. None: nobody is told."""

    def __post_init__(self) -> None:
        retries = self.max_retries
        if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
            raise InvalidArgumentException(
                f"RetryPolicy.max_retries must be a whole number of 0 or more, got {retries!r}"
            )
        multiplier = self.backoff_multiplier
        if isinstance(multiplier, bool) or not isinstance(multiplier, int | float):
            raise InvalidArgumentException(
                f"RetryPolicy.backoff_multiplier must be a number, got {multiplier!r}"
            )
        if not 1.0 <= multiplier <= 1000.0:
            raise InvalidArgumentException(
                f"RetryPolicy.backoff_multiplier must be between 1 and 1000, got {multiplier!r}"
            )
        if self.on_retry is not None and not callable(self.on_retry):
            raise InvalidArgumentException("RetryPolicy.on_retry must be a function or None")
        self._set("initial_backoff", _duration(self.initial_backoff, "initial_backoff", zero=True))
        self._set("max_backoff", _duration(self.max_backoff, "max_backoff", zero=True))
        self._set("jitter", _jitter(self.jitter))
        for name in ("retryable_status_codes_idempotent", "retryable_status_codes_non_idempotent"):
            self._set(name, _statuses(getattr(self, name), name))
        for name in ("per_attempt_timeout", "overall_deadline"):
            if (value := getattr(self, name)) is not None:
                self._set(name, _duration(value, name, zero=False))

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @classmethod
    def disabled(cls) -> RetryPolicy:
        """A policy that never tries again."""
        return cls(max_retries=0)

    def wraps_transport(self) -> bool:
        """Whether there is anything for this policy to do."""
        limits = (self.per_attempt_timeout, self.overall_deadline)
        return self.max_retries > 0 or any(limit is not None for limit in limits)

    def retryable_statuses_for(self, method: str) -> frozenset[HTTPStatus]:
        """The statuses after which a request of this method is tried again."""
        if is_idempotent_method(method):
            return self.retryable_status_codes_idempotent
        return self.retryable_status_codes_non_idempotent

    def next_wait(
        self,
        attempt: int,
        method: str,
        cause: RetryCause,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        previous_wait: float | None = None,
        replayable: bool = True,
        remaining: float | None = None,
        rng: random.Random,
    ) -> float | None:
        """Seconds to wait before the next attempt, or None to give up.

        `attempt` is the number of the attempt that failed, from 1. `status` is what was answered,
        None when nothing was. `retry_after` is what the answer asked for, in seconds.
        `previous_wait` is what this method gave before for the same request. `replayable` says
        whether the body can be sent again. `remaining` is how many seconds are left before the
        deadline, None for no deadline.
        """
        if attempt > self.max_retries or not self._may_repeat(method, cause, status, replayable):
            return None
        if retry_after is not None:
            wait = min(max(retry_after, 0.0), _LONGEST_RETRY_AFTER)
        else:
            wait = self._backoff(attempt, previous_wait, rng)
        return None if remaining is not None and wait >= remaining else wait

    def _may_repeat(
        self, method: str, cause: RetryCause, status: int | None, replayable: bool
    ) -> bool:
        if cause is RetryCause.PRE_SEND:
            return True
        if not replayable:
            return False
        if status is None:
            return is_idempotent_method(method)
        return status in self.retryable_statuses_for(method)

    def _backoff(self, attempt: int, previous: float | None, rng: random.Random) -> float:
        first = self.initial_backoff.total_seconds()
        longest = self.max_backoff.total_seconds()
        if self.jitter is JitterMode.DECORRELATED:
            # Thrice the wait before, with the usual multiplier of 2.
            reach = (first if previous is None else previous) * self.backoff_multiplier * 1.5
            return min(longest, rng.uniform(first, max(first, reach)))
        # More doublings than this are above any longest wait, and would overflow a float.
        wait = min(longest, first * self.backoff_multiplier ** min(attempt - 1, 64))
        return rng.uniform(0.0, wait) if self.jitter is JitterMode.FULL else wait


def _duration(value: Seconds, name: str, *, zero: bool) -> timedelta:
    number = seconds(value, f"RetryPolicy.{name}", at_least=0.0 if zero else None)
    return value if isinstance(value, timedelta) else timedelta(seconds=number)


def _jitter(value: JitterMode | str) -> JitterMode:
    try:
        return JitterMode(value)
    except ValueError:
        names = ", ".join(mode.value for mode in JitterMode)
        raise InvalidArgumentException(
            f"RetryPolicy.jitter must be one of {names}, got {value!r}"
        ) from None


def _statuses(values: Iterable[int], name: str) -> frozenset[HTTPStatus]:
    try:
        return frozenset(HTTPStatus(value) for value in values)
    except (TypeError, ValueError):
        raise InvalidArgumentException(
            f"RetryPolicy.{name} must be a set of HTTP statuses, got {values!r}"
        ) from None


__all__ = ["JitterMode", "RetryCause", "RetryEvent", "RetryPolicy", "is_idempotent_method"]
