"""Sandboxes from their making to their end, and what a restarted server knows of them."""

from __future__ import annotations

import json
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.local.server.servers import Server, eventually, running
from tests.local.server.standin import _start_time


def soon(seconds: float = 0.3) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def renew(server: Server, sandbox_id: str, expires_at: str) -> int:
    path = f"/sandboxes/{sandbox_id}/renew-expiration"
    return server.client.post(path, json={"expiresAt": expires_at}).status_code


def gone(server: Server, sandbox_id: str) -> bool:
    return server.client.get(f"/sandboxes/{sandbox_id}").status_code == 404


def running_process(pid: int) -> bool:
    return _start_time(pid) is not None


def state(server: Server, sandbox_id: str) -> str:
    return str(server.get(sandbox_id)["status"]["state"])


def test_a_sandbox_ends_at_its_time(server: Server) -> None:
    sandbox_id = server.create(timeout=60)["id"]
    pid = server.pid_of(sandbox_id)
    assert renew(server, sandbox_id, soon()) == 200
    eventually(lambda: gone(server, sandbox_id))
    assert not running_process(pid)
    assert not (server.directory / "sandboxes" / sandbox_id).exists()


def test_a_paused_sandbox_ends_at_its_time(server: Server) -> None:
    sandbox_id = server.create(timeout=60)["id"]
    pid = server.pid_of(sandbox_id)
    assert server.client.post(f"/sandboxes/{sandbox_id}/pause").status_code == 202
    assert renew(server, sandbox_id, soon()) == 200
    eventually(lambda: gone(server, sandbox_id))
    assert not running_process(pid)


def test_a_renewed_sandbox_lives_on(server: Server) -> None:
    sandbox_id = server.create()["id"]
    renew(server, sandbox_id, soon(0.2))
    renew(server, sandbox_id, soon(600))
    other = server.create()["id"]
    renew(server, other, soon(0.4))
    eventually(lambda: gone(server, other))
    assert state(server, sandbox_id) == "Running"


def test_a_sandbox_whose_daemon_dies_has_failed(server: Server) -> None:
    sandbox_id = server.create()["id"]
    os.kill(server.pid_of(sandbox_id), signal.SIGKILL)
    eventually(lambda: state(server, sandbox_id) == "Failed")
    assert server.client.get(f"/sandboxes/{sandbox_id}/endpoints/44772").status_code == 409
    assert renew(server, sandbox_id, soon(600)) == 409
    assert server.client.delete(f"/sandboxes/{sandbox_id}").status_code == 204
    assert gone(server, sandbox_id)


def test_a_failed_start_leaves_nothing(server: Server) -> None:
    before = {record["id"] for record in server.records()}
    answer = server.client.post("/sandboxes", json={"image": {"uri": "broken"}})
    assert (answer.status_code, answer.json()["code"]) == (500, "DOCKER::CONTAINER_START_FAILED")
    answer = server.client.post(
        "/sandboxes", json={"image": {"uri": "own"}, "entrypoint": ["refuse"]}
    )
    assert (answer.status_code, answer.json()["code"]) == (500, "DOCKER::CONTAINER_START_FAILED")
    assert {record["id"] for record in server.records()} == before
    listed = {path.name for path in (server.directory / "sandboxes").iterdir()}
    assert listed == before


def test_the_newest_is_listed_first_whatever_spare_it_was(server: Server) -> None:
    made = [server.create(metadata={"group": "order"})["id"] for _ in range(4)]
    answer = server.client.get("/sandboxes", params={"metadata": "group=order", "pageSize": 3})
    assert [item["id"] for item in answer.json()["items"]] == made[:0:-1]
    assert answer.json()["pagination"] == {
        "page": 1,
        "pageSize": 3,
        "totalItems": 4,
        "totalPages": 2,
        "hasNextPage": True,
    }


def test_states_and_encoded_metadata_select(server: Server) -> None:
    paused = server.create(metadata={"x.y/z": "1", "group": "select"})["id"]
    server.create(metadata={"group": "select"})
    server.client.post(f"/sandboxes/{paused}/pause")
    query = {"state": ["Paused", "Failed"], "metadata": "group=select&x.y%2Fz=1"}
    items = server.client.get("/sandboxes", params=query).json()["items"]
    assert [item["id"] for item in items] == [paused]
    refused = server.client.get("/sandboxes", params={"metadata": "no-equals-sign"})
    assert (refused.status_code, refused.json()["code"]) == (400, "INVALID_METADATA_FORMAT")


def test_two_deletes_at_once_are_one(server: Server) -> None:
    from concurrent.futures import ThreadPoolExecutor

    sandbox_id = server.create()["id"]
    with ThreadPoolExecutor(8) as threads:
        paths = [f"/sandboxes/{sandbox_id}"] * 8
        statuses = [answer.status_code for answer in threads.map(server.client.delete, paths)]
    assert sorted(statuses) == [204] + [404] * 7


def test_a_killed_server_is_followed_by_one_that_finds_its_sandboxes(tmp_path: Path) -> None:
    with running(tmp_path, "--spares=1") as first:
        lives = first.create(metadata={"who": "lives"}, timeout=600)
        paused = first.create()["id"]
        first.client.post(f"/sandboxes/{paused}/pause")
        dies, expires = first.create()["id"], first.create()["id"]
        renew(first, expires, soon(0.2))
        port = first.client.get(f"/sandboxes/{lives['id']}/endpoints/8000").json()
        execd = first.client.get(f"/sandboxes/{lives['id']}/endpoints/44772").json()
        pids = {name: first.pid_of(name) for name in (dies, expires)}
        first.kill()
        os.kill(pids[dies], signal.SIGKILL)
        with running(tmp_path, "--spares=1") as second:
            shown = second.get(lives["id"])
            assert shown["status"]["state"] == "Running"
            assert shown["metadata"] == {"who": "lives"}
            assert shown["expiresAt"] == lives["expiresAt"]
            assert state(second, paused) == "Paused"
            assert state(second, dies) == "Failed"
            eventually(lambda: gone(second, expires))
            assert not running_process(pids[expires])
            path = f"/sandboxes/{lives['id']}/endpoints"
            assert second.client.get(f"{path}/8000").json() == port
            assert second.client.get(f"{path}/44772").json() == execd
            assert second.client.post(f"/sandboxes/{paused}/resume").status_code == 202
            os.kill(second.pid_of(lives["id"]), signal.SIGKILL)
            eventually(lambda: state(second, lives["id"]) == "Failed")


def test_what_was_half_started_is_cleared(tmp_path: Path) -> None:
    with running(tmp_path, "--spares=1") as first:
        known, unknown = first.create()["id"], first.create()["id"]
        eventually(lambda: [r["started"] is not None for r in first.records()] == [True] * 3)
        pids = [record["started"]["pid"] for record in first.records()]
        first.kill()
        change_record(tmp_path, known, {"state": "Pending"})
        change_record(tmp_path, unknown, {"state": "Pending", "started": None})
        (tmp_path / "sandboxes" / "stranger").mkdir()
        with running(tmp_path, "--spares=0") as second:
            assert second.client.get("/sandboxes").json()["items"] == []
            assert list((tmp_path / "sandboxes").iterdir()) == []
            eventually(lambda: not any(running_process(pid) for pid in pids))


def change_record(directory: Path, sandbox_id: str, changes: dict[str, object]) -> None:
    import sqlite3

    connection = sqlite3.connect(directory / "state.sqlite")
    with connection:
        (text,) = connection.execute(
            "SELECT record FROM sandboxes WHERE id = ?", (sandbox_id,)
        ).fetchone()
        record = json.dumps(json.loads(text) | changes)
        connection.execute("UPDATE sandboxes SET record = ? WHERE id = ?", (record, sandbox_id))
    connection.close()


@pytest.mark.parametrize("options", [(), ("--kill-on-exit",)], ids=["leaves", "kills"])
def test_stopping_leaves_the_sandboxes_unless_told_to_end_them(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    with running(tmp_path, *options) as server:
        sandbox_id = server.create()["id"]
        eventually(lambda: len([r for r in server.records() if r["started"]]) == 2)
        pids = [record["started"]["pid"] for record in server.records()]
        pid = server.pid_of(sandbox_id)
        assert server.stop() == 0
        left = [p for p in pids if running_process(p)]
        assert left == ([] if options else [pid])
        assert not (tmp_path / "server.json").exists()


def test_a_sandbox_is_made_of_a_spare_which_is_replaced(tmp_path: Path) -> None:
    with running(tmp_path, "--spares=2", "--kill-on-exit") as server:
        spares = eventually(lambda: two_started(server))
        assert server.client.get("/sandboxes").json()["items"] == []
        assert server.client.get(f"/sandboxes/{spares[0]}").status_code == 404
        made = server.create(resourceLimits={"memory": "128Mi"})["id"]
        assert made in spares
        limits = server.directory / "sandboxes" / made / "limits"
        assert limits.read_text() == str(128 * 1024**2)
        eventually(lambda: len([r for r in server.records() if r["started"]]) == 3)
        own = server.create(image={"uri": "own"})["id"]
        assert own not in {record["id"] for record in server.records() if record["id"] in spares}


def two_started(server: Server) -> list[str] | None:
    started = [record["id"] for record in server.records() if record["started"]]
    return started if len(started) == 2 else None


def test_a_spare_that_dies_is_replaced(tmp_path: Path) -> None:
    with running(tmp_path, "--spares=1", "--kill-on-exit") as server:
        first = eventually(lambda: [r for r in server.records() if r["started"]])[0]
        os.kill(first["started"]["pid"], signal.SIGKILL)
        eventually(lambda: [r for r in server.records() if r["started"] and r["id"] != first["id"]])
        assert not (server.directory / "sandboxes" / first["id"]).exists()


def test_a_create_takes_the_spare_that_is_just_coming_up(tmp_path: Path) -> None:
    with running(tmp_path, "--spares=1", "--kill-on-exit") as server:
        made = server.create()["id"]
        eventually(lambda: len([r for r in server.records() if r["started"]]) == 2)
        assert server.records()[0]["id"] == made, "the first that was started at all"
