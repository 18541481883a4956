"""What every request goes through: key, request id, size and form of the body."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.local.server.servers import Server


def error_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("path", ["/health", "/version"])
def test_health_and_version_need_no_key(server: Server, path: str) -> None:
    assert httpx.get(server.url + path, trust_env=False).status_code == 200


@pytest.mark.parametrize("path", ["/v1", "/v1/sandboxes", "/v1/no/such/thing", "/v1/health"])
@pytest.mark.parametrize("key", [None, "", "wrong", "a key of the test"])
def test_everything_below_the_base_path_needs_the_key(
    server: Server, path: str, key: str | None
) -> None:
    headers = {} if key is None else {"OPEN-SANDBOX-API-KEY": key}
    answer = httpx.get(server.url + path, headers=headers, trust_env=False)
    assert error_of(answer) == (401, "INVALID_API_KEY")


def test_a_request_id_is_answered_with(server: Server) -> None:
    answer = server.client.get("/sandboxes", headers={"X-Request-ID": "mine-1"})
    assert answer.headers["x-request-id"] == "mine-1"


@pytest.mark.parametrize("given", ["", "has space", "x" * 129, "semi;colon"])
def test_a_harmful_request_id_is_replaced(server: Server, given: str) -> None:
    answer = server.client.get("/sandboxes", headers={"X-Request-ID": given})
    assert answer.headers["x-request-id"] not in (given, "")


def test_refusals_carry_a_request_id_too(server: Server) -> None:
    answer = httpx.get(f"{server.url}/v1/sandboxes", trust_env=False)
    assert answer.headers["x-request-id"]


def test_a_body_has_a_largest_size(server: Server) -> None:
    body = json.dumps({"image": {"uri": "x" * 2_000_000}})
    answer = server.client.post("/sandboxes", content=body)
    assert error_of(answer) == (413, "SANDBOX::REQUEST_TOO_LARGE")


def test_a_streamed_body_has_a_largest_size(server: Server) -> None:
    answer = server.client.post("/sandboxes", content=(b"[" * 65536 for _ in range(64)))
    assert error_of(answer) == (413, "SANDBOX::REQUEST_TOO_LARGE")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{nope", "json_invalid"),
        (b"[" * 100_000, "json_invalid"),
        (b'{"timeout": NaN}', "json_invalid"),
        (b'{"timeout": ' + b"9" * 5000 + b"}", "json_invalid"),
        (b"\xff\xfe", "json_invalid"),
        (b"", "missing"),
        (b"null", "missing"),
        (b"[]", "model_attributes_type"),
        (b'"text"', "model_attributes_type"),
    ],
)
def test_a_body_that_is_no_object_is_refused(server: Server, body: bytes, kind: str) -> None:
    answer = server.client.post("/sandboxes", content=body)
    assert answer.status_code == 422
    assert [problem["type"] for problem in answer.json()["detail"]] == [kind]


def test_unknown_paths_and_methods_have_the_form_of_errors(server: Server) -> None:
    assert error_of(server.client.get("/nothing")) == (404, "NOT_FOUND")
    assert error_of(server.client.put("/sandboxes")) == (405, "METHOD_NOT_ALLOWED")


def test_metrics_events_are_taken_and_dropped(server: Server) -> None:
    answer = server.client.post("/metrics/events", json={"eventType": "sandbox.create"})
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/pools", "KUBERNETES::POOL_NOT_SUPPORTED"),
        ("POST", "/pools", "KUBERNETES::POOL_NOT_SUPPORTED"),
        ("PUT", "/pools/p", "KUBERNETES::POOL_NOT_SUPPORTED"),
        ("GET", "/templates", "FSB::API_NOT_SUPPORTED"),
        ("POST", "/templates", "FSB::API_NOT_SUPPORTED"),
        ("DELETE", "/templates/t", "FSB::API_NOT_SUPPORTED"),
    ],
)
def test_what_one_machine_does_not_have_says_so(
    server: Server, method: str, path: str, code: str
) -> None:
    answer = server.client.request(method, path, json={})
    assert answer.status_code == 501
    assert answer.json()["code"] == code
    assert answer.json()["message"].endswith(".")
