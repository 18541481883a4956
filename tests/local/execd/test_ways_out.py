"""The way out of a sandbox, on its daemon's side: a listener inside, a file of certificates."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from opensandbox.local.execd.passing import receive
from tests.local.execd.daemons import Daemon


def _ask_for_listener(daemon: Daemon, port: int) -> socket.socket:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(str(daemon.directory / "control.sock"))
        connection.sendall(json.dumps({"op": "listen", "port": port}).encode() + b"\n")
        line, descriptors = receive(connection, 1)
    assert json.loads(line) == {"ok": True}
    (descriptor,) = descriptors
    assert not os.get_inheritable(descriptor)
    return socket.socket(fileno=descriptor)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def test_a_listener_inside_is_given_out_and_again_after_it_was_closed(daemon: Daemon) -> None:
    port = _free_port()
    for _ in range(2):
        with (
            _ask_for_listener(daemon, port) as listener,
            socket.create_connection(("127.0.0.1", port)) as inside,
        ):
            outside, _ = listener.accept()
            with outside:
                inside.sendall(b"to the outside")
                assert outside.recv(100) == b"to the outside"


def test_a_port_that_is_taken_is_an_error(daemon: Daemon) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        answer = daemon.ask({"op": "listen", "port": taken.getsockname()[1]})
    assert answer["ok"] is False


def test_no_command_inherits_the_listener(daemon: Daemon) -> None:
    daemon.configure()
    port = _free_port()
    with _ask_for_listener(daemon, port):
        assert daemon.run("ls /proc/self/fd").stdout.split() == ["0", "1", "2", "3"]


def test_trusted_certificates_are_the_roots_own_and_the_new_one(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "SSL_CERT_FILE": str(tmp_path / "own.pem")}
    (tmp_path / "own.pem").write_text("-----BEGIN own")
    path = _written(environ)
    assert path.read_text() == "-----BEGIN own\nthe new one"
    assert path.stat().st_mode & 0o777 == 0o644
    assert _written(environ).read_text() == "-----BEGIN own\nthe new one"


def _written(environ: dict[str, str]) -> Path:
    program = (
        "from opensandbox.local.execd.trust import write_bundle;"
        "print(write_bundle('the new one', 'the usual ones'))"
    )
    root = str(Path(__file__).parents[3])
    found = subprocess.run(
        [sys.executable, "-c", program],
        env={**environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(found.stdout.strip())
