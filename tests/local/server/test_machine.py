"""The server with the real starter and the real daemon."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.local.server.servers import REAL, Server, eventually, running
from tests.local.server.standin import _start_time
from tests.local.server.test_life import change_record


@pytest.fixture(
    params=[pytest.param("bubblewrap", marks=pytest.mark.isolation), "none"], scope="module"
)
def real(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """How to run a server of one kind of isolation, on a directory of the module's own."""
    directory = tmp_path_factory.mktemp(str(request.param))
    allowed = directory / "allowed"
    allowed.mkdir()

    def start(*options: str) -> Any:
        kind = f"--isolation={request.param}"
        return running(directory, kind, f"--allow-volumes={allowed}", *options, program=REAL)

    return start


def execd(server: Server, sandbox_id: str) -> httpx.Client:
    found = server.client.get(f"/sandboxes/{sandbox_id}/endpoints/44772").json()
    url, headers = f"http://{found['endpoint']}", found["headers"]
    return httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=20)


def run(server: Server, sandbox_id: str, command: str) -> str:
    with execd(server, sandbox_id) as client:
        return client.post("/command", json={"command": command}).text


def test_a_sandbox_survives_its_server(real: Any) -> None:
    with real("--spares=1") as first:
        made = first.create(env={"MARK": "kept"}, resourceLimits={"memory": "256Mi", "cpu": "1"})
        sandbox_id = made["id"]
        assert "opensandbox.local/isolation" in made["extensions"]
        assert "was not imported" in made["extensions"]["opensandbox.local/root"]
        assert "kept" in run(first, sandbox_id, "echo $MARK")
        run(first, sandbox_id, "echo remembered > /tmp/opensandbox-test-file")
        pid = first.pid_of(sandbox_id)
        first.kill()
        with real("--spares=0") as second:
            assert second.get(sandbox_id)["status"]["state"] == "Running"
            said = run(second, sandbox_id, "cat /tmp/opensandbox-test-file; rm $_")
            assert "remembered" in said
            assert second.client.delete(f"/sandboxes/{sandbox_id}").status_code == 204
            assert _start_time(pid) is None
            assert list((second.directory / "sandboxes").iterdir()) == []


def test_a_sandbox_is_as_its_record_says_when_the_server_died_in_between(real: Any) -> None:
    with real("--spares=0") as first:
        ids = {name: first.create()["id"] for name in ("Running", "Paused")}
        # Frozen, and nobody wrote it down; or let go on, and it was not written down.
        first.client.post(f"/sandboxes/{ids['Running']}/pause")
        ping = {name: execd(first, sandbox_id) for name, sandbox_id in ids.items()}
        first.kill()
        for name, sandbox_id in ids.items():
            change_record(first.directory, sandbox_id, {"state": name})
        with real("--spares=0", "--kill-on-exit") as second:
            assert ping["Running"].get("/ping").status_code == 200
            with pytest.raises(httpx.ReadTimeout):
                ping["Paused"].get("/ping", timeout=0.5)
            assert second.client.post(f"/sandboxes/{ids['Paused']}/resume").status_code == 202
            assert ping["Paused"].get("/ping").status_code == 200
        for client in ping.values():
            client.close()


def test_a_port_pause_and_the_end_of_the_daemon(real: Any) -> None:
    with real("--spares=0", "--kill-on-exit") as server:
        sandbox_id = server.create()["id"]
        port = 18431 if "none" in server.directory.name else 8000
        program = f"python3 -m http.server {port} --bind 127.0.0.1 --directory /usr/share"
        with execd(server, sandbox_id) as client:
            client.post("/command", json={"command": program, "background": True})
        place = server.client.get(f"/sandboxes/{sandbox_id}/endpoints/{port}").json()["endpoint"]
        eventually(lambda: answers(f"http://{place}/"))
        through = server.client.get(f"/sandboxes/{sandbox_id}/proxy/{port}/")
        assert through.status_code == 200
        assert server.client.post(f"/sandboxes/{sandbox_id}/pause").status_code == 202
        assert not answers(f"http://{place}/")
        assert server.client.post(f"/sandboxes/{sandbox_id}/resume").status_code == 202
        eventually(lambda: answers(f"http://{place}/"))
        os.kill(server.pid_of(sandbox_id), signal.SIGKILL)
        eventually(lambda: server.get(sandbox_id)["status"]["state"] == "Failed")
        assert not answers(f"http://{place}/")
        assert server.client.delete(f"/sandboxes/{sandbox_id}").status_code == 204


def answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=1).status_code == 200
    except httpx.TransportError:
        return False


def volume(path: Path, **more: Any) -> dict[str, Any]:
    mounted = {"name": "data", "host": {"path": str(path)}, "mountPath": "/mnt/data", **more}
    return {"image": {"uri": "any"}, "volumes": [mounted]}


def refusal(server: Server, body: dict[str, Any]) -> tuple[int, str]:
    answer = server.client.post("/sandboxes", json=body)
    return answer.status_code, answer.json()["code"]


def test_host_volumes_stay_below_what_is_allowed(real: Any) -> None:
    with real("--spares=0", "--kill-on-exit") as server:
        allowed = server.directory / "allowed"
        (allowed / "way-out").symlink_to("/etc")
        outside = (403, "VOLUME::HOST_PATH_NOT_ALLOWED")
        assert refusal(server, volume(Path("/etc"))) == outside
        assert refusal(server, volume(allowed / "way-out")) == outside
        assert refusal(server, volume(allowed, subPath="way-out")) == outside
        assert refusal(server, volume(allowed / "none")) == (400, "VOLUME::HOST_PATH_NOT_FOUND")
        assert refusal(server, volume(allowed, mountPath="/proc/x"))[0] == 400
        assert server.client.get("/sandboxes").json()["items"] == []
        assert list((server.directory / "sandboxes").iterdir()) == []


@pytest.mark.isolation
def test_a_host_volume_is_seen_inside(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "note").write_text("from outside")
    options = ("--spares=1", "--kill-on-exit", f"--allow-volumes={tmp_path / 'data'}")
    with running(tmp_path / "state", *options, program=REAL) as server:
        body = volume(tmp_path / "data", readOnly=True)
        created = server.client.post("/sandboxes", json=body)
        assert created.status_code == 202, created.text
        said = run(server, created.json()["id"], "cat /mnt/data/note; touch /mnt/data/x; true")
        assert "from outside" in said
        assert "Read-only file system" in said


def test_a_mistake_with_images_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from opensandbox.cli import main

    where = f"--directory={tmp_path / 'state'}"
    assert main(["image", "list", where]) == 0
    assert capsys.readouterr().out == ""
    assert main(["image", "import", "mine:1", str(tmp_path / "missing"), where]) == 2
    assert capsys.readouterr().err.startswith("opensandbox: ")
    assert main(["image", "remove", "mine:1", where]) == 2


def test_a_hook_runs_before_the_entrypoint(real: Any) -> None:
    with real("--spares=0", "--kill-on-exit") as server:
        hook = {"command": ["sh", "-c", "sleep 0.2; echo ready > mark"]}
        entrypoint = ["sh", "-c", "cat mark > seen; sleep 1000"]
        made = server.create(lifecycle={"preStart": hook}, entrypoint=entrypoint)
        assert made["status"]["state"] == "Pending"
        endpoint = server.client.get(f"/sandboxes/{made['id']}/endpoints/44772")
        assert (endpoint.status_code, endpoint.json()["code"]) == (
            404,
            "KUBERNETES::POD_IP_NOT_AVAILABLE",
        )
        eventually(lambda: server.get(made["id"])["status"]["state"] == "Running")
        eventually(lambda: "ready" in run(server, made["id"], "cat seen"))


@pytest.mark.parametrize("before", [None, {"command": ["sh", "-c", "echo 0 > ran"]}])
def test_a_periodic_hook_runs_beside_the_entrypoint(real: Any, before: object) -> None:
    with real("--spares=1", "--kill-on-exit") as server:
        again = {"name": "again", "schedule": "@every 1s", "command": ["sh", "-c", "echo 1 >> ran"]}
        made = server.create(lifecycle={"preStart": before, "periodic": [again]})["id"]
        eventually(lambda: server.get(made)["status"]["state"] == "Running")
        eventually(lambda: "1\\n1" in run(server, made, "cat ran"))
        path = f"/sandboxes/{made}/diagnostics/logs"
        logs = server.client.get(path, params={"scope": "container"}).json()["content"]
        assert "periodic hook 'again': exit status 0 (run 1, of which 0 failed)" in logs


@pytest.mark.parametrize("command", [["sh", "-c", "echo broken; exit 3"], ["no-such-program"]])
def test_a_hook_that_fails_fails_the_sandbox(real: Any, command: list[str]) -> None:
    with real("--spares=0", "--kill-on-exit") as server:
        sandbox_id = server.create(lifecycle={"preStart": {"command": command}})["id"]
        eventually(lambda: server.get(sandbox_id)["status"]["state"] == "Failed")
        assert "preStart" in server.get(sandbox_id)["status"]["message"]
        assert server.client.delete(f"/sandboxes/{sandbox_id}").status_code == 204


@pytest.mark.parametrize("hook", [None, {"preStart": {"command": ["true"]}}])
@pytest.mark.parametrize(
    ("entrypoint", "said"),
    [
        (["no-such-program"], "code 127: "),
        (["sh", "-c", "echo the reason; exit 3"], "code 3: the reason"),
        (["true"], "code 0."),
    ],
)
def test_a_sandbox_says_that_its_entrypoint_ended(
    real: Any, entrypoint: list[str], said: str, hook: object
) -> None:
    with real("--spares=0", "--kill-on-exit") as server:
        sandbox_id = server.create(entrypoint=entrypoint, lifecycle=hook)["id"]
        status = eventually(
            lambda: (
                found
                if (found := server.get(sandbox_id)["status"])["reason"] == "ENTRYPOINT_ENDED"
                else None
            )
        )
        assert status["state"] == "Running"
        assert said in status["message"]
        assert status == server.get(sandbox_id)["status"]
        assert "still" in run(server, sandbox_id, "echo still here")


def test_a_sandbox_whose_entrypoint_runs_is_running(real: Any) -> None:
    with real("--spares=0", "--kill-on-exit") as server:
        sandbox_id = server.create(entrypoint=["sleep", "1000"])["id"]
        assert server.get(sandbox_id)["status"]["message"] == "The sandbox is running."
        server.client.post(f"/sandboxes/{sandbox_id}/pause")
        assert server.get(sandbox_id)["status"]["state"] == "Paused"


def test_a_sandbox_is_ended_while_its_hook_runs(real: Any) -> None:
    with real("--spares=0", "--kill-on-exit") as server:
        hook = {"command": ["sleep", "1000"], "timeoutSeconds": 1000}
        sandbox_id = server.create(lifecycle={"preStart": hook})["id"]
        pid = server.pid_of(sandbox_id)
        assert server.client.delete(f"/sandboxes/{sandbox_id}").status_code == 204
        assert _start_time(pid) is None
        assert server.client.get("/sandboxes").json()["items"] == []


def test_a_server_that_others_reach_has_endpoints_that_they_reach(tmp_path: Path) -> None:
    options = ("--host=0.0.0.0", "--isolation=none", "--spares=0")
    with running(tmp_path, *options, program=REAL) as first:
        sandbox_id = first.create(secureAccess=True)["id"]
        path = f"{first.url.replace('127.0.0.1', 'localhost')}/v1/sandboxes/{sandbox_id}/endpoints"
        found = first.client.get(f"{path}/44772").json()
        assert found["endpoint"].startswith("localhost:")
        ping = f"http://{found['endpoint']}/ping"
        assert httpx.get(ping, headers=found["headers"], trust_env=False).status_code == 200
        port = first.client.get(f"{path}/8000").json()
        assert port["endpoint"] == found["endpoint"] + "/proxy/8000"
        first.kill()
        with running(tmp_path, *options, program=REAL):
            assert httpx.get(ping, headers=found["headers"], trust_env=False).status_code == 200


@pytest.mark.isolation
@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user has no loop devices")
@pytest.mark.parametrize("spares", [0, 1])
def test_a_sandbox_that_asks_for_no_disk_has_the_usual_one(tmp_path: Path, spares: int) -> None:
    options = (f"--spares={spares}", "--disk=64Mi", "--kill-on-exit")
    with running(tmp_path, *options, program=REAL) as server:
        usual, own = server.create(), server.create(resourceLimits={"ephemeral-storage": "128Mi"})
        fill = "dd if=/dev/zero of=/root/big bs=1M count=100 2>&1; rm /root/big"
        assert "No space left on device" in run(server, usual["id"], fill)
        assert usual["extensions"]["opensandbox.local/disk"].startswith(f"{64 << 20} bytes")
        assert "No space left" not in run(server, own["id"], fill)
        snapshot = server.snapshot(usual["id"])
        body = {"image": None, "snapshotId": snapshot}
        again = server.client.post("/sandboxes", json=body).json()
        assert "No space left on device" in run(server, again["id"], fill)


@pytest.mark.isolation
def test_no_limit_of_the_disk_may_be_asked_for(tmp_path: Path) -> None:
    options = ("--spares=0", "--disk=none", "--kill-on-exit")
    with running(tmp_path, *options, program=REAL) as server:
        made = server.create()
        assert made["extensions"]["opensandbox.local/disk"] == "not limited"


@pytest.mark.parametrize("size", ["10Gb", "-1", "", "1Ki"])
def test_a_wrong_size_of_the_disk_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], size: str
) -> None:
    from opensandbox.cli import main

    assert main(["serve", f"--directory={tmp_path}", f"--disk={size}"]) == 2
    assert capsys.readouterr().err.startswith("opensandbox: ")
