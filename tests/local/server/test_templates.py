"""Templates as the API gives them: made, listed, used, deleted, found again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.local.server.servers import Server, running

ABSENT = "00000000-0000-4000-8000-000000000000"
GIVEN = {
    "image": "python:3.11",
    "publish": "tools",
    "resourceLimits": {"cpu": "500m", "memory": "256Mi"},
    "entrypoint": ["sleep", "infinity"],
    "env": {"A": "1"},
    "metadata": {"team": "core"},
    "readiness": {"probe": "true", "warmupSeconds": 0},
}


def made(server: Server, **more: Any) -> dict[str, Any]:
    answer = server.client.post("/templates", json={**GIVEN, **more})
    assert answer.status_code == 201, answer.text
    template: dict[str, Any] = answer.json()
    return template


def removed(server: Server, *templates: dict[str, Any]) -> None:
    for template in templates:
        path = f"/templates/{template['templateId']}"
        assert server.client.delete(path).status_code == 204
        assert server.client.get(path).status_code == 404


def test_a_template_is_what_was_asked_for_and_ready_at_once(server: Server) -> None:
    template = made(server)
    assert {name: template[name] for name in GIVEN} == GIVEN
    assert template["status"]["phase"] == "Succeeded"
    assert template["format"] == "overlaybd"
    assert template["createdAt"] == template["updatedAt"]
    assert server.client.get(f"/templates/{template['templateId']}").json() == template
    least = made(server, publish="least", format="native", env=None, entrypoint=None)
    assert least["format"] == "native"
    assert "env" not in least
    removed(server, template, least)


def test_a_list_is_newest_first_filtered_and_in_pages(server: Server) -> None:
    templates = [made(server, publish=name, metadata={"n": name}) for name in "abc"]

    def listed(**query: Any) -> list[str]:
        answer = server.client.get("/templates", params=query).json()
        return [item["publish"] for item in answer["items"]]

    assert listed() == ["c", "b", "a"]
    assert listed(metadata="n=b") == ["b"]
    assert listed(pageSize=2, page=2) == ["a"]
    removed(server, *templates)
    assert listed() == []


def test_a_sandbox_is_made_of_it_and_outlives_it(tmp_path: Path) -> None:
    with running(tmp_path, "--spares=0") as server:
        template = made(server)
        server.kill()
        with running(tmp_path, "--spares=0") as again:
            create: dict[str, Any] = {"image": None, "templateId": template["templateId"]}
            first = again.get(again.create(**create)["id"])
            own = {"entrypoint": ["sleep", "60"], "metadata": {"team": "mine", "n": "1"}}
            second = again.get(again.create(**create, **own)["id"])
            removed(again, template)
            assert again.get(first["id"])["status"]["state"] == "Running"
    assert first["image"] == {"uri": "python:3.11"}
    assert first["entrypoint"] == ["sleep", "infinity"]
    assert first["metadata"] == {"team": "core"}
    assert second["entrypoint"] == ["sleep", "60"]
    assert second["metadata"] == {"team": "mine", "n": "1"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", f"/templates/{ABSENT}", None, 404),
        ("DELETE", f"/templates/{ABSENT}", None, 404),
        ("POST", "/templates", {"image": "a"}, 422),
        ("POST", "/templates", {**GIVEN, "format": "zip"}, 422),
        ("POST", "/templates", {**GIVEN, "readiness": {"warmupSeconds": -1}}, 422),
        ("POST", "/templates", {**GIVEN, "resourceLimits": {"cpu": "x"}}, 400),
        ("POST", "/templates", {**GIVEN, "metadata": {"bad key!": "x"}}, 400),
        ("POST", "/templates", {**GIVEN, "env": {"": "x"}}, 400),
        ("POST", "/sandboxes", {"templateId": ABSENT}, 404),
    ],
)
def test_what_is_refused(server: Server, method: str, path: str, body: Any, status: int) -> None:
    answer = server.client.request(method, path, json=body)
    assert answer.status_code == status, answer.text


def test_a_name_is_given_once(server: Server) -> None:
    template = made(server)
    again = server.client.post("/templates", json=GIVEN)
    assert (again.status_code, again.json()["code"]) == (409, "FSB::TEMPLATE_ALREADY_EXISTS")
    removed(server, template)
