"""Snapshots as the API gives them: made, listed, used, deleted, found again."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.local.server.servers import REAL, Server, eventually, running
from tests.local.server.test_machine import run

ABSENT = "00000000-0000-4000-8000-000000000000"


def test_a_snapshot_outlives_its_sandbox_and_its_server(tmp_path: Path) -> None:
    with running(tmp_path, "--spares=0") as server:
        sandbox_id = server.create()["id"]
        kept = server.snapshot(sandbox_id, name="first")
        server.client.delete(f"/sandboxes/{sandbox_id}")
        server.kill()
        with running(tmp_path, "--spares=0") as again:
            shown = again.client.get(f"/snapshots/{kept}").json()
            assert (shown["name"], shown["sandboxId"]) == ("first", sandbox_id)
            assert shown["status"]["state"] == "Ready"
            made = again.create(image=None, snapshotId=kept)
            assert again.get(made["id"])["snapshotId"] == kept
            assert "image" not in again.get(made["id"])
            assert again.client.delete(f"/snapshots/{kept}").status_code == 204
            assert again.get(made["id"])["status"]["state"] == "Running"
            assert os.listdir(tmp_path / "snapshots") == []


def test_a_list_is_newest_first_filtered_and_in_pages(server: Server) -> None:
    first, second = server.create()["id"], server.create()["id"]
    made = [server.snapshot(first, name="a"), server.snapshot(first), server.snapshot(second)]

    def listed(**query: Any) -> list[str]:
        answer = server.client.get("/snapshots", params=query).json()
        return [item["id"] for item in answer["items"]]

    assert listed() == made[::-1]
    assert listed(sandboxId=first) == [made[1], made[0]]
    assert listed(name="a") == [made[0]]
    assert listed(state=["Ready", "Failed"]) == made[::-1]
    assert listed(state="Failed") == []
    assert listed(pageSize=2, page=2) == [made[0]]
    for snapshot in made:
        assert server.client.delete(f"/snapshots/{snapshot}").status_code == 204
    assert listed() == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", f"/snapshots/{ABSENT}", None, 404, "SNAPSHOT::NOT_FOUND"),
        ("DELETE", f"/snapshots/{ABSENT}", None, 404, "SNAPSHOT::NOT_FOUND"),
        ("POST", "/sandboxes", {"snapshotId": ABSENT}, 404, "SNAPSHOT::NOT_FOUND"),
        ("POST", f"/sandboxes/{ABSENT}/snapshots", {}, 404, "DOCKER::SANDBOX_NOT_FOUND"),
        ("GET", "/snapshots?pageSize=0", None, 422, None),
    ],
)
def test_what_cannot_be_is_refused(
    server: Server, method: str, path: str, body: Any, status: int, code: str | None
) -> None:
    answer = server.client.request(method, path, json=body)
    assert answer.status_code == status
    assert answer.json().get("code") == code


def test_a_name_is_a_text_that_is_not_empty(server: Server) -> None:
    sandbox_id = server.create()["id"]
    for name in ("", 7):
        answer = server.client.post(f"/sandboxes/{sandbox_id}/snapshots", json={"name": name})
        assert answer.status_code == 422
    assert server.client.post(f"/sandboxes/{sandbox_id}/snapshots").status_code == 202


def test_a_copy_that_fails_says_why(tmp_path: Path) -> None:
    with running(tmp_path, "--spares=0", "--kill-on-exit") as server:
        sandbox_id = server.create()["id"]
        (tmp_path / "snapshots").rmdir()
        (tmp_path / "snapshots").write_text("in the way")
        answer = server.client.post(f"/sandboxes/{sandbox_id}/snapshots", json={})
        path = f"/snapshots/{answer.json()['id']}"
        eventually(lambda: server.client.get(path).json()["status"]["state"] == "Failed")
        status = server.client.get(path).json()["status"]
        assert status["reason"] == "snapshot_failed"
        assert "could not be made" in status["message"]
        made = server.client.post("/sandboxes", json={"snapshotId": answer.json()["id"]})
        assert (made.status_code, made.json()["code"]) == (409, "SNAPSHOT::NOT_READY")
        assert server.get(sandbox_id)["status"]["state"] == "Running"
        (tmp_path / "snapshots").unlink()
        assert server.client.delete(path).status_code == 204


def test_what_a_killed_server_was_copying_is_failed_and_its_sandbox_runs(tmp_path: Path) -> None:
    with running(tmp_path, "--spares=0") as server:
        sandbox_id = server.create()["id"]
        kept, pid = server.snapshot(sandbox_id), server.pid_of(sandbox_id)
        server.kill()
        os.kill(pid, 19)  # SIGSTOP: the stand-in's way to stand still.
        _unfinish(tmp_path / "state.sqlite", kept)
        with running(tmp_path, "--spares=0") as again:
            assert again.client.get(f"/snapshots/{kept}").json()["status"]["state"] == "Failed"
            assert os.listdir(tmp_path / "snapshots") == []
            eventually(lambda: _state(pid) not in "Tt")


def _unfinish(database: Path, snapshot_id: str) -> None:
    connection = sqlite3.connect(database)
    with connection:
        (text,) = connection.execute("SELECT record FROM snapshots").fetchone()
        record = json.dumps({**json.loads(text), "state": "Creating"})
        connection.execute("UPDATE snapshots SET record = ? WHERE id = ?", (record, snapshot_id))
    connection.close()


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.parametrize("kind", [pytest.param("bubblewrap", marks=pytest.mark.isolation), "none"])
def test_a_sandbox_made_from_a_snapshot_has_its_files(tmp_path: Path, kind: str) -> None:
    options = (f"--isolation={kind}", "--spares=1", "--kill-on-exit")
    with running(tmp_path, *options, program=REAL) as server:
        first = server.create()["id"]
        run(server, first, "echo kept > note; mkdir sub; (while :; do date > sub/now; done) &")
        kept = server.snapshot(first)
        assert "kept" in run(server, first, "cat note"), "it runs on"
        assert server.client.post(f"/sandboxes/{first}/pause").status_code == 202
        paused = server.snapshot(first)
        assert server.get(first)["status"]["state"] == "Paused"
        server.client.delete(f"/sandboxes/{first}")
        for snapshot in (kept, paused):
            second = server.create(image=None, snapshotId=snapshot)["id"]
            assert "kept" in run(server, second, "cat note; cat sub/now; rm note")
            server.client.delete(f"/sandboxes/{second}")
            assert server.client.delete(f"/snapshots/{snapshot}").status_code == 204
        assert os.listdir(tmp_path / "snapshots") == []


@pytest.mark.isolation
def test_a_snapshot_means_nothing_to_another_kind_of_isolation(tmp_path: Path) -> None:
    with running(tmp_path, "--isolation=none", "--spares=0", program=REAL) as server:
        sandbox_id = server.create()["id"]
        kept = server.snapshot(sandbox_id)
        server.client.delete(f"/sandboxes/{sandbox_id}")
        server.kill()
        with running(tmp_path, "--isolation=bubblewrap", "--spares=0", program=REAL) as other:
            answer = other.client.post("/sandboxes", json={"snapshotId": kept})
            assert (answer.status_code, answer.json()["code"]) == (409, "SNAPSHOT::INCOMPATIBLE")
            assert "none" in answer.json()["message"]
