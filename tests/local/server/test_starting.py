"""Starting and stopping the server itself: one for each directory, its files, its exit codes."""

from __future__ import annotations

import json
import os
import socket
import stat
from pathlib import Path

import pytest

from opensandbox.cli import main
from opensandbox.local.server.discovery import kept_key
from opensandbox.local.server.host import HostRefused
from opensandbox.local.server.machine import MachineHost
from opensandbox.local.server.serve import _listener
from opensandbox.local.settings import Settings, state_directory
from tests.local.server.servers import KEY, WAIT, eventually, launch, running


def test_ten_starts_on_one_directory_are_one_server(tmp_path: Path) -> None:
    processes = [launch(tmp_path, "--spares=0") for _ in range(10)]
    try:
        eventually(lambda: sum(process.poll() is None for process in processes) == 1)
        (winner,) = (process for process in processes if process.poll() is None)
        eventually((tmp_path / "server.json").exists)
        assert json.loads((tmp_path / "server.json").read_text())["pid"] == winner.pid
    finally:
        for process in processes:
            process.terminate()
        messages = [process.communicate(timeout=WAIT)[1] for process in processes]
    losers = [p.returncode for p in processes if p is not winner]
    assert (losers, winner.returncode) == ([4] * 9, 0)
    assert sum("already uses" in message for message in messages) == 9


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    with running(tmp_path, "--spares=0", key=None) as server:
        files = [path for path in tmp_path.iterdir() if path.is_file()]
        assert {"server.json", "server.lock", "api-key", "state.sqlite"} <= {p.name for p in files}
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
        assert server.key == (tmp_path / "api-key").read_text().strip()
        first = server.key
    with running(tmp_path, "--spares=0", key=None) as server:
        assert server.key == first, "a key that was made is kept"


def test_a_key_is_kept_and_is_no_option_of_any_program(tmp_path: Path) -> None:
    key = kept_key(tmp_path)
    assert len(key) >= 43
    assert key.isalnum()
    assert kept_key(tmp_path) == key


def test_an_embedded_server_stops_when_unused(tmp_path: Path) -> None:
    with running(tmp_path, "--embedded", "--idle-timeout=2") as server:
        sandbox_id = server.create()["id"]
        for _ in range(10):
            eventually(lambda: server.client.get("/sandboxes").status_code == 200)
        assert server.process.poll() is None
        server.client.delete(f"/sandboxes/{sandbox_id}")
        eventually(lambda: server.process.poll() is not None)
        assert server.process.returncode == 0
        assert list((tmp_path / "sandboxes").iterdir()) == [], "spares are ended too"
        log = (tmp_path / "server.log").read_text()
        assert "stopping" in log
        assert KEY not in log
        assert stat.S_IMODE((tmp_path / "server.log").stat().st_mode) == 0o600


def test_an_embedded_server_stays_while_there_is_a_sandbox(tmp_path: Path) -> None:
    options = ("--embedded", "--idle-timeout=2", "--spares=0")
    with running(tmp_path, *options) as server:
        kept = server.create()["id"]
        with running(tmp_path / "other", *options) as other:
            eventually(lambda: other.process.poll() is not None)
        assert server.process.poll() is None
        server.client.delete(f"/sandboxes/{kept}")
        eventually(lambda: server.process.poll() is not None)


def test_no_secret_is_in_the_log(tmp_path: Path) -> None:
    with running(tmp_path, "--kill-on-exit") as server:
        server.create(env={"SECRET": "env-secret"}, secureAccess=True)
        secrets = [KEY, "env-secret"]
        secrets += [r[n] for r in server.records() for n in ("token", "secure_token") if r[n]]
        server.process.terminate()
        said = "".join(server.process.communicate(timeout=WAIT))
        assert len(secrets) >= 4
        assert [secret for secret in secrets if secret in said] == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--port=70000"], "port"),
        (["--spares=-1"], "spares"),
        (["--api-key= "], "API key"),
        (["--allow-volumes=relative"], "absolute"),
        (["--host=192.0.2.1"], "cannot listen"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_clear_line(
    tmp_path: Path, options: list[str], words: str
) -> None:
    process = launch(tmp_path, *options)
    _, said = process.communicate(timeout=WAIT)
    assert process.returncode == 2
    assert said.startswith("opensandbox: ")
    assert words in said
    assert said.count("\n") == 1


def test_a_machine_that_cannot_isolate_is_refused_with_its_reasons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(settings: Settings) -> MachineHost:
        raise HostRefused("not here", ["No bubblewrap; install it."])

    monkeypatch.setattr(MachineHost, "of", refuse)
    assert main(["serve", "--port=0", f"--directory={tmp_path}"]) == 3
    said = json.loads((tmp_path / "refused.json").read_text())
    assert said == {"message": "not here", "problems": ["No bubblewrap; install it."]}
    assert "No bubblewrap; install it." in capsys.readouterr().err


def test_a_state_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    import sqlite3

    connection = sqlite3.connect(tmp_path / "state.sqlite")
    connection.execute("PRAGMA user_version=99")
    connection.close()
    process = launch(tmp_path)
    _, said = process.communicate(timeout=WAIT)
    assert (process.returncode, said.count("\n")) == (2, 1)
    assert "newer version" in said


def test_the_state_directory_follows_the_environment() -> None:
    assert state_directory({"OPEN_SANDBOX_LOCAL_DIR": "/x"}) == Path("/x")
    if os.geteuid() == 0:
        assert state_directory({}) == Path("/var/lib/opensandbox")
    else:
        assert state_directory({"XDG_STATE_HOME": "/s"}) == Path("/s/opensandbox")


def test_a_command_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main([])
    assert raised.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_an_answer_leaves_in_one_go_whatever_its_pieces(tmp_path: Path) -> None:
    """asyncio turns Nagle's algorithm off only where it is told that a socket is TCP."""
    with _listener(Settings(directory=tmp_path, port=0, api_key=KEY)) as listener:
        assert listener.proto == socket.IPPROTO_TCP
