"""The embedded runtime serves what docs/coverage.md says that it serves, and refuses the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import httpx
import pytest
from attrs import frozen

from opensandbox import ConnectionConfigSync, SandboxSync
from opensandbox.models.isolated import CreateIsolatedSessionRequest, IsolatedWorkspaceSpec
from scripts.coverage import REASONS, Operation, operations
from tests.contract.conftest import Server

#: What makes the session and the sandbox useless for the others.
LAST = ("delete_isolated_session", "pause_sandbox", "resume_sandbox", "delete_sandbox")


@frozen
class Place:
    """Where an API is, and what every request to it needs."""

    address: str
    headers: Mapping[str, str]


@pytest.fixture(scope="module")
def places(server: Server) -> Iterator[Mapping[str, Place]]:
    """For each document the place that serves it, and the names of what the paths speak of."""
    if not server.embedded:
        pytest.skip("the page speaks of the embedded runtime")
    config = ConnectionConfigSync(domain=server.domain, api_key=server.api_key)
    with config, SandboxSync.temporary(server.image, connection_config=config) as sandbox:
        lifecycle = Place(
            f"http://{server.domain}/v1", {"OPEN-SANDBOX-API-KEY": server.api_key or ""}
        )
        execd, egress = (
            Place(sandbox.get_endpoint_url(port), sandbox.get_endpoint(port).headers)
            for port in (44772, 18080)
        )
        workspace = IsolatedWorkspaceSpec(path="/tmp", mode="overlay")
        session = sandbox.isolation.create(CreateIsolatedSessionRequest(workspace=workspace))
        yield {
            "lifecycle": lifecycle,
            "diagnostics": lifecycle,
            "execd": execd,
            "egress": egress,
            "{sandbox_id}": Place(sandbox.id, {}),
            "/isolated/session/{session_id}": Place(f"/isolated/session/{session.session_id}", {}),
        }


def answer(operation: Operation, places: Mapping[str, Place]) -> tuple[int, str]:
    """The status of an empty request, and the beginning of what an error says."""
    place = places[operation.document]
    path = operation.path.replace("{port}", "8000")
    for name in ("{sandbox_id}", "/isolated/session/{session_id}"):
        path = path.replace(name, places[name].address)
    path = path.replace("{", "").replace("}", "")
    body: object = {} if operation.method in ("POST", "PUT", "PATCH") else None
    request = httpx.Request(
        operation.method, place.address + path, headers=dict(place.headers), json=body
    )
    with httpx.Client(trust_env=False, timeout=60) as client:
        response = client.send(request, stream=True)
        try:
            # What streams is left as soon as it has begun.
            text = "" if response.is_success else response.read()[:300].decode()
        finally:
            response.close()
    return response.status_code, text


def is_routed(status: int, text: str) -> bool:
    """Whether something answered that knows the operation."""
    nowhere = ('"NOT_FOUND"', "NO_OPERATION", "page not found")
    return status not in (401, 405) and not (status == 404 and any(one in text for one in nowhere))


def test_a_path_that_nobody_serves_shows(places: Mapping[str, Place]) -> None:
    for document in ("lifecycle", "execd", "egress"):
        unknown = Operation(document, "unknown", "GET", "/sandboxes/x/unknown")
        assert not is_routed(*answer(unknown, places))


def in_order(operation: Operation) -> int:
    """What the others need comes last."""
    return LAST.index(operation.name) + 1 if operation.name in LAST else 0


@pytest.mark.parametrize(
    "operation", [pytest.param(one, id=one.name) for one in sorted(operations(), key=in_order)]
)
def test_an_operation_is_served_or_refused_as_written(
    operation: Operation, places: Mapping[str, Place]
) -> None:
    status, text = answer(operation, places)
    assert is_routed(status, text), (status, text)
    assert (status == 501) == ((operation.name, "runtime") in REASONS), (status, text)
    assert "daemon failed" not in text
