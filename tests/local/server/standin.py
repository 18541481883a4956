"""A server whose sandboxes are stand-ins: small processes that speak the daemon's two protocols.

Run as a program it is `python -m opensandbox serve` with another host, so that the server's own
behaviour is tested apart from isolation and from the real daemon.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from opensandbox.local.isolation.starter import bind_control
from opensandbox.local.server import control
from opensandbox.local.server.host import Ground, Plan, StartError
from opensandbox.local.server.orders import Resources


class StandinBody:
    """A process in a session of its own."""

    def __init__(self, started: Mapping[str, Any]) -> None:
        self.started = started
        self.notes = {"opensandbox.local/isolation": "stand-in"}

    @property
    def pid(self) -> int:
        return int(self.started["pid"])

    @property
    def execd_port(self) -> int:
        return int(self.started["execd_port"])

    @property
    def control_path(self) -> Path:
        return Path(self.started["control_path"])

    def alive(self) -> bool:
        return bool(_start_time(self.pid) == self.started["start_time"])

    def set_limits(self, resources: Resources) -> None:
        (self.control_path.parent / "limits").write_text(str(resources.memory))

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def save(self, place: Path) -> None:
        place.mkdir(parents=True)
        (place / "of").write_text(str(self.pid))

    def kill(self) -> None:
        if self.alive():
            os.kill(self.pid, signal.SIGKILL)
            while self.alive():
                time.sleep(0.002)
        shutil.rmtree(self.control_path.parent, ignore_errors=True)


class StandinHost:
    """Starts stand-ins; `image` names that begin with ``broken`` fail."""

    def look(self, plan: Plan) -> Ground:
        own = plan.image.startswith(("own", "broken")) or bool(plan.volumes)
        own = own or plan.snapshot is not None
        return Ground(needs_own_start=own, enclosed=True, notes={})

    def ground_of(self, image: str) -> Mapping[str, str]:
        return {"image": image}

    def start(self, plan: Plan) -> StandinBody:
        if plan.image.startswith("broken"):
            raise StartError("the stand-in was told to fail")
        plan.directory.mkdir(parents=True)
        control_socket = socket.socket(socket.AF_UNIX)
        listener = socket.create_server(("127.0.0.1", 0))
        with control_socket, listener:
            bind_control(control_socket, plan.directory / "control.sock")
            descriptors = (listener.fileno(), control_socket.fileno())
            with (plan.directory / "daemon.log").open("wb") as log:
                process = subprocess.Popen(
                    [sys.executable, __file__, "daemon", *map(str, descriptors)],
                    pass_fds=descriptors,
                    start_new_session=True,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={},
                )
            threading.Thread(target=process.wait, daemon=True).start()
            return StandinBody(
                {
                    "pid": process.pid,
                    "start_time": _start_time(process.pid),
                    "execd_port": listener.getsockname()[1],
                    "control_path": str(plan.directory / "control.sock"),
                }
            )

    def adopt(self, started: Mapping[str, Any]) -> StandinBody | None:
        body = StandinBody(started)
        return body if body.alive() else None

    def clear(self, directory: Path) -> None:
        with contextlib.suppress(control.ControlError):
            control.request(directory / "control.sock", {"op": "shutdown"}, timeout=5)
        shutil.rmtree(directory)


def _start_time(pid: int) -> int | None:
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state == "Z" else int(fields[18])


class _Execd(BaseHTTPRequestHandler):
    """Answers /ping to whoever has the token."""

    token = ""

    def do_GET(self) -> None:
        known = self.token and self.headers.get("X-EXECD-ACCESS-TOKEN") == self.token
        self.send_response(200 if known else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


def _daemon(listen: int, control_descriptor: int) -> None:
    print("the stand-in is up", flush=True)
    execd = ThreadingHTTPServer(("127.0.0.1", 0), _Execd, bind_and_activate=False)
    execd.socket.close()
    execd.socket = socket.socket(fileno=listen)
    threading.Thread(target=execd.serve_forever, daemon=True).start()
    listener = socket.socket(fileno=control_descriptor)
    configured = False
    while True:
        connection, _ = listener.accept()
        with connection:
            line, descriptors, _, _ = socket.recv_fds(connection, 1 << 20, 1)
            message = json.loads(line)
            answer: dict[str, object] = {"ok": True}
            if message["op"] == "configure":
                configured, _Execd.token = True, message["token"]
                if message["entrypoint"] == ["refuse"]:
                    answer = {"ok": False, "error": "told to"}
            elif message["op"] == "expose":
                outside = socket.socket(fileno=descriptors[0])
                relay = threading.Thread(target=_relay, args=(outside, message["port"]))
                relay.daemon = True
                relay.start()
            elif message["op"] == "listen":
                # A port for each: they share the machine's loopback.
                with socket.create_server(("127.0.0.1", 0)) as inside:
                    line = json.dumps(answer).encode() + b"\n"
                    socket.send_fds(connection, [line], [inside.fileno()])
                continue
            answer["configured"] = configured
            connection.sendall(json.dumps(answer).encode() + b"\n")
            if message["op"] == "shutdown":
                os._exit(0)


def _relay(listener: socket.socket, port: int) -> None:
    while True:
        outer, _ = listener.accept()
        try:
            inner = socket.create_connection(("127.0.0.1", port))
        except OSError:
            outer.close()
            continue
        for source, target in ((outer, inner), (inner, outer)):
            threading.Thread(target=_carry, args=(source, target), daemon=True).start()


def _carry(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


if __name__ == "__main__":
    if sys.argv[1] == "daemon":
        _daemon(int(sys.argv[2]), int(sys.argv[3]))
    else:
        from opensandbox.cli import main
        from opensandbox.local.server.machine import MachineHost

        MachineHost.of = staticmethod(lambda settings: StandinHost())  # type: ignore[method-assign]
        sys.exit(main())
