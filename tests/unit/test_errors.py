from __future__ import annotations

import json
from datetime import timedelta

import pytest

from opensandbox._wire.errors import error_from_response, malformed_answer, retry_after
from opensandbox.exceptions import SandboxApiException, SandboxRateLimitException

URL = "http://localhost:8080/v1/sandboxes/sb-1"


def error(status: int, body: object = b"", url: str = URL, **headers: str) -> SandboxApiException:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    problem = error_from_response(
        status,
        {name.replace("_", "-"): value for name, value in headers.items()},
        raw,
        method="get",
        url=url,
    )
    assert isinstance(problem, SandboxApiException)
    assert problem.status_code == status
    assert problem.response_body == raw
    assert str(status) in str(problem)
    return problem


def test_the_apis_own_form() -> None:
    problem = error(
        404, {"code": "DOCKER::SANDBOX_NOT_FOUND", "message": "no sandbox sb-1"}, X_Request_ID="r-9"
    )
    assert problem.error.code == "DOCKER::SANDBOX_NOT_FOUND"
    assert problem.error.message == "no sandbox sb-1"
    assert problem.request_id == "r-9"
    assert not problem.is_retryable
    assert str(problem) == (
        "GET /v1/sandboxes/sb-1 at localhost:8080: 404 DOCKER::SANDBOX_NOT_FOUND: no sandbox sb-1."
        " It may have expired or been killed. [request r-9]"
    )


def test_a_validation_error_names_each_field_and_never_its_value() -> None:
    detail = [
        {"loc": ["body", "timeout"], "msg": "too small", "type": "ge", "input": "hunter2"},
        {"type": "missing"},
        "odd",
    ]
    problem = error(422, {"detail": detail})
    assert problem.error.message == "body.timeout: too small; missing; odd"
    assert "hunter2" not in str(problem)


def test_a_code_and_message_inside_detail() -> None:
    problem = error(409, {"detail": {"code": "X::BUSY", "message": "busy"}})
    assert (problem.error.code, problem.error.message) == ("X::BUSY", "busy")


def test_a_sentence_as_detail() -> None:
    assert error(405, {"detail": "Method Not Allowed"}).error.message == "Method Not Allowed"


@pytest.mark.parametrize("status", [401, 404, 499, 500, 502, 520, 599])
def test_a_page_is_shown_by_its_title(status: int) -> None:
    page = (
        b"<!DOCTYPE html><html><head><title>Bad\n  gateway &amp; more</title></head><body>x</body>"
    )
    problem = error(status, page)
    assert problem.error.message == 'an HTML page, "Bad gateway & more"'
    assert problem.error.code == "UNEXPECTED_RESPONSE"


def test_a_page_without_title_is_shown_by_its_words() -> None:
    page = b"<html><style>p {}</style><body><h1>502</h1><p>Try later</p></body></html>"
    assert error(502, page).error.message == 'an HTML page, "502 Try later"'


@pytest.mark.parametrize("status", [400, 401, 404, 499, 500, 503, 520])
def test_an_empty_body(status: int) -> None:
    problem = error(status, b"")
    assert problem.error.message == f"HTTP {status}"


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b"null", b"[]", b"{}", b'{"code": 7}', b'{"detail": null}', b"[" * 9999]
)
def test_any_other_body(body: bytes) -> None:
    assert error(500, body).error.message


def test_a_null_message_or_another_type_is_no_obstacle() -> None:
    assert error(500, {"code": "C", "message": None}).error.code == "C"
    assert error(500, {"code": "C", "message": {"a": 1}}).error.message == '{"a": 1}'
    assert error(500, {"error": "it broke"}).error.message == "it broke"


def test_a_long_body_is_shortened_in_the_message_and_whole_in_the_attribute() -> None:
    problem = error(500, b"x" * 5000)
    assert len(str(problem)) < 600
    assert problem.response_body == b"x" * 5000


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(429, True), (502, True), (503, True), (500, False), (504, False), (404, False)],
)
def test_what_a_caller_may_try_again(status: int, retryable: bool) -> None:
    assert error(status).is_retryable is retryable


def test_too_many_requests_keeps_the_servers_code_and_the_wait() -> None:
    problem = error(429, {"code": "QUOTA", "message": "slow down"}, Retry_After="7")
    assert isinstance(problem, SandboxRateLimitException)
    assert problem.error.code == "QUOTA"
    assert problem.retry_after == timedelta(seconds=7)
    assert "Try again in 7 s." in str(problem)


def test_too_many_requests_without_anything() -> None:
    problem = error(429)
    assert isinstance(problem, SandboxRateLimitException)
    assert problem.error.code == "RATE_LIMIT"
    assert problem.retry_after is None


def test_retry_after_as_a_date_counts_from_the_answers_own_date() -> None:
    headers = {
        "retry-after": "Wed, 21 Oct 2026 07:28:30 GMT",
        "date": "Wed, 21 Oct 2026 07:28:00 GMT",
    }
    assert retry_after(headers) == 30


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *(("0", 0), ("1.5", 1.5), ("soon", None), ("-1", None), ("", None), ("inf", None)),
        *(("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("Wed, 99 Oct 2015 07:28:00 GMT", None)),
        ("9" * 400, None),
    ],
)
def test_other_values_of_retry_after(value: str, expected: float | None) -> None:
    assert retry_after({"retry-after": value}) == expected


def test_no_query_user_or_password_is_in_the_message() -> None:
    problem = error(404, url="http://me:hunter2@host:1/files/info?path=%2Fhunter2&token=hunter2")
    assert "hunter2" not in str(problem)
    assert "GET /files/info at host:1: 404" in str(problem)


def test_a_redirect_names_its_target_without_the_query() -> None:
    problem = error(307, location="https://me:hunter2@other/v1/x?key=hunter2")
    assert "https://other/v1/x" in str(problem)
    assert "hunter2" not in str(problem)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_says_where_the_key_is_read_from(status: int) -> None:
    assert "OPEN_SANDBOX_API_KEY" in str(error(status, {"code": "INVALID_API_KEY"}))


def test_what_is_forbidden_for_another_reason_says_nothing_of_keys() -> None:
    refused = {"code": "VOLUME::HOST_PATH_NOT_ALLOWED", "message": "no"}
    assert "OPEN_SANDBOX_API_KEY" not in str(error(403, refused))


def test_a_path_that_is_not_served_asks_after_the_address() -> None:
    assert "address" in str(error(404, b"404 page not found"))


def test_a_success_that_is_not_what_was_promised() -> None:
    problem = malformed_answer(
        "its body is not JSON",
        200,
        {"X-Request-ID": "r"},
        b"<html><title>Hi</title>",
        method="GET",
        url=URL,
    )
    assert problem.status_code == 200
    assert problem.request_id == "r"
    assert str(problem) == (
        "GET /v1/sandboxes/sb-1 at localhost:8080: 200, but its body is not JSON:"
        ' an HTML page, "Hi" [request r]'
    )
