from __future__ import annotations

import pickle
import random
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensandbox.exceptions import InvalidArgumentException
from opensandbox.transport.retry import (
    JitterMode,
    RetryCause,
    RetryPolicy,
    is_idempotent_method,
)

STEADY = RetryPolicy(jitter=JitterMode.NONE)
LOST = RetryCause.UNEXPECTED_EOF


def wait(
    policy: RetryPolicy, attempt: int, method: str, cause: RetryCause, **more: Any
) -> float | None:
    return policy.next_wait(attempt, method, cause, rng=random.Random(1), **more)


def after_status(policy: RetryPolicy, method: str, status: int, **more: Any) -> float | None:
    return wait(policy, 1, method, RetryCause.of_status(status), status=status, **more)


def test_the_defaults() -> None:
    policy = RetryPolicy()
    assert policy.max_retries == 3
    assert policy.initial_backoff == timedelta(seconds=0.5)
    assert policy.max_backoff == timedelta(seconds=30)
    assert policy.jitter is JitterMode.DECORRELATED
    assert policy.retryable_status_codes_idempotent == {429, 502, 503}
    assert policy.retryable_status_codes_non_idempotent == frozenset()


@pytest.mark.parametrize(
    ("method", "safe"),
    [
        *((method, True) for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "get")),
        *((method, False) for method in ("POST", "PATCH", "TRACE", "CONNECT")),
    ],
)
def test_which_methods_may_be_sent_twice(method: str, safe: bool) -> None:
    assert is_idempotent_method(method) is safe


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_was_never_sent_goes_again_whatever_it_is(method: str) -> None:
    assert wait(STEADY, 1, method, RetryCause.PRE_SEND, replayable=False) == 0.5


@pytest.mark.parametrize("cause", [LOST, RetryCause.READ_TIMEOUT, RetryCause.OPAQUE_TRANSPORT])
def test_what_may_have_arrived_goes_again_only_where_that_does_no_harm(cause: RetryCause) -> None:
    assert wait(STEADY, 1, "GET", cause) == 0.5
    assert wait(STEADY, 1, "POST", cause) is None
    assert wait(STEADY, 1, "PUT", cause, replayable=False) is None


@pytest.mark.parametrize("status", [429, 502, 503])
def test_statuses_that_pass(status: int) -> None:
    assert after_status(STEADY, "GET", status) == 0.5
    assert after_status(STEADY, "POST", status) is None
    assert after_status(STEADY, "PUT", status, replayable=False) is None


@pytest.mark.parametrize("status", [400, 404, 408, 500, 504, 520])
def test_statuses_that_do_not_pass(status: int) -> None:
    assert after_status(STEADY, "GET", status) is None


def test_other_statuses_can_be_named() -> None:
    policy = RetryPolicy(
        jitter=JitterMode.NONE,
        retryable_status_codes_non_idempotent=frozenset({HTTPStatus.SERVICE_UNAVAILABLE}),
    )
    assert after_status(policy, "POST", 503) == 0.5
    assert policy.retryable_statuses_for("post") == {503}
    assert policy.retryable_statuses_for("get") == {429, 502, 503}


def test_it_gives_up_after_so_many_retries() -> None:
    assert [wait(STEADY, attempt, "GET", LOST) for attempt in (1, 2, 3, 4)] == [0.5, 1.0, 2.0, None]
    assert wait(RetryPolicy.disabled(), 1, "GET", RetryCause.PRE_SEND) is None


def test_waits_grow_up_to_the_longest_and_never_overflow() -> None:
    policy = RetryPolicy(
        jitter=JitterMode.NONE, max_retries=10_000, max_backoff=timedelta(seconds=3)
    )
    assert wait(policy, 9_999, "GET", LOST) == 3.0


def test_what_the_server_asks_for_wins_up_to_a_minute() -> None:
    assert after_status(STEADY, "GET", 429, retry_after=7.0) == 7.0
    assert after_status(STEADY, "GET", 429, retry_after=0.0) == 0.0
    assert after_status(STEADY, "GET", 429, retry_after=3600.0) == 60.0


def test_a_wait_past_the_deadline_is_not_begun() -> None:
    assert after_status(STEADY, "GET", 429, retry_after=7.0, remaining=6.9) is None
    assert after_status(STEADY, "GET", 429, retry_after=7.0, remaining=7.1) == 7.0
    assert wait(STEADY, 1, "GET", LOST, remaining=0.5) is None


@given(st.integers(), st.sampled_from([JitterMode.FULL, JitterMode.DECORRELATED]))
def test_jitter_stays_within_its_bounds(seed: int, jitter: JitterMode) -> None:
    policy = RetryPolicy(jitter=jitter, max_retries=50)
    rng, previous = random.Random(seed), None
    for attempt in range(1, 20):
        given_wait = policy.next_wait(attempt, "GET", LOST, previous_wait=previous, rng=rng)
        assert given_wait is not None
        lowest = 0.0 if jitter is JitterMode.FULL else 0.5
        assert lowest <= given_wait <= 30.0
        if jitter is JitterMode.DECORRELATED:
            assert given_wait <= 3 * (0.5 if previous is None else previous)
        previous = given_wait


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"max_retries": -1}, "max_retries"),
        ({"max_retries": 1.5}, "max_retries"),
        ({"max_retries": True}, "max_retries"),
        ({"initial_backoff": timedelta(seconds=-1)}, "initial_backoff must be at least 0"),
        ({"initial_backoff": "1"}, "initial_backoff"),
        ({"max_backoff": -1}, "max_backoff"),
        ({"backoff_multiplier": 0.5}, "backoff_multiplier"),
        ({"backoff_multiplier": float("nan")}, "backoff_multiplier"),
        ({"jitter": "sometimes"}, "jitter must be one of none, full, decorrelated"),
        ({"retryable_status_codes_idempotent": {999}}, "retryable_status_codes_idempotent"),
        ({"retryable_status_codes_non_idempotent": 503}, "retryable_status_codes_non_idempotent"),
        ({"per_attempt_timeout": timedelta(0)}, "per_attempt_timeout must be more than 0"),
        ({"overall_deadline": 0}, "overall_deadline must be more than 0"),
        ({"on_retry": "print"}, "on_retry"),
    ],
)
def test_what_cannot_be_meant_is_refused_when_built(options: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidArgumentException, match=told):
        RetryPolicy(**options)


def test_seconds_and_plain_statuses_are_understood() -> None:
    policy = RetryPolicy(
        initial_backoff=1,  # type: ignore[arg-type]
        per_attempt_timeout=2.5,  # type: ignore[arg-type]
        jitter="full",  # type: ignore[arg-type]
        retryable_status_codes_idempotent={503},  # type: ignore[arg-type]
    )
    assert policy.initial_backoff == timedelta(seconds=1)
    assert policy.per_attempt_timeout == timedelta(seconds=2.5)
    assert policy.jitter is JitterMode.FULL
    assert policy.retryable_status_codes_idempotent == {HTTPStatus.SERVICE_UNAVAILABLE}


def test_whether_there_is_anything_to_do() -> None:
    assert RetryPolicy().wraps_transport()
    assert not RetryPolicy.disabled().wraps_transport()
    assert RetryPolicy(max_retries=0, overall_deadline=timedelta(seconds=1)).wraps_transport()
    assert RetryPolicy(max_retries=0, per_attempt_timeout=timedelta(seconds=1)).wraps_transport()


def test_a_policy_is_a_value() -> None:
    policy = RetryPolicy(max_retries=1)
    assert pickle.loads(pickle.dumps(policy)) == policy
    with pytest.raises(AttributeError):
        policy.max_retries = 2  # type: ignore[misc]


def test_every_status_has_a_cause() -> None:
    assert RetryCause.of_status(503) is RetryCause.STATUS_503
    assert RetryCause.of_status(418) is RetryCause.STATUS_OTHER
