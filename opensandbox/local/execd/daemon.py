"""Puts the daemon together and runs it.

Rules:
- As process 1 of a sandbox it reaps every orphan; commands are the spawner's children, so nobody
  else in this process ever waits for one.
- When it ends, everything in the sandbox ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import resource
import signal
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.routing import Mount, Router
from starlette.types import Receive, Scope, Send

from . import routes
from .app import Application, not_found
from .commands import Command, CommandRequest, Commands, read_log
from .control import Answer, ControlServer
from .errors import invalid
from .metrics import Meter
from .processes import Processes
from .relay import Relays
from .serving import ApiServer
from .state import Settings, State, words
from .trust import write_bundle
from .work import Workers

if TYPE_CHECKING:
    from .periodic import Periodic

logger = logging.getLogger("opensandbox.execd")

_SAID = 200


def run(
    *,
    listen: int,
    control: int,
    nest: int | None,
    spawner_pid: int,
    spawner_connection: socket.socket,
    confined: bool,
) -> int:
    """Serves until SIGTERM or "shutdown". Returns the exit status."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    processes = Processes(spawner_pid, spawner_connection, confined=confined)
    listener = socket.socket(fileno=listen)
    control_listener = socket.socket(fileno=control)
    for inherited in (listener, control_listener):
        inherited.set_inheritable(False)
    # Logs and left-over pipes stay open; the spawner was forked before, so commands keep theirs.
    opener = None if nest is None else socket.socket(fileno=nest)
    if opener is not None:
        opener.set_inheritable(False)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # What is loaded by now stays for good: no collection needs to look at it again.
    gc.collect()
    gc.freeze()
    asyncio.run(_Daemon(processes, opener).serve(listener, control_listener))
    return 0


class _Daemon:
    def __init__(self, processes: Processes, opener: socket.socket | None) -> None:
        self._processes = processes
        self._opener = opener
        self._isolation: Router | None = None
        self._state = State()
        self._workers = Workers()
        self._relays = Relays()
        self._ways_out: dict[int, socket.socket] = {}
        self._commands = Commands(processes)
        self._entrypoint: Command | None = None
        self._periodic: Periodic | None = None
        self._meter = Meter()
        self._terminals = routes.TerminalRoutes(self._state, self._processes)
        self._server = ApiServer(self._application(), self._door)

    def _application(self) -> Application:
        commands = routes.CommandRoutes(self._state, self._commands)
        return Application(
            self._state,
            [
                *routes.general(),
                *commands.routes(),
                *routes.SessionRoutes(self._state, self._processes).routes(),
                *routes.CodeRoutes(self._state, self._processes).routes(),
                *self._terminals.routes(),
                Mount("/v1/isolated", self._isolated),
                *routes.MetricsRoutes(self._meter).routes(),
                *routes.FileRoutes(self._workers).routes(),
            ],
        )

    async def _isolated(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._isolation is None:
            # Loaded by the sandboxes that use it.
            from .isolated import Isolation
            from .isolated_routes import IsolatedRoutes

            served = IsolatedRoutes(self._state, Isolation(self._opener)).table()
            self._isolation = Router(served, redirect_slashes=False, default=not_found)
        # The paths in that table are whole ones.
        await self._isolation({**scope, "root_path": ""}, receive, send)

    def _door(self, **_: object) -> asyncio.Protocol:
        """What uvicorn gives a WebSocket request to."""
        from .websocket import Door, TerminalSocket  # Loaded by the sandboxes that use it.

        return Door(self._tunnel, lambda: TerminalSocket(self._state, self._terminals.terminals))

    def _tunnel(self) -> asyncio.Protocol:
        from .proxy import Tunnel  # Loaded by the sandboxes that use it.

        return Tunnel(self._state)

    async def serve(self, listener: socket.socket, control_listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self._processes.open()
        loop.add_signal_handler(signal.SIGCHLD, _reap)
        loop.add_signal_handler(signal.SIGTERM, self._server.stop)
        loop.add_signal_handler(signal.SIGINT, self._server.stop)
        control = ControlServer(
            control_listener,
            {
                "configure": self._configure,
                "start": self._start,
                "expose": self._expose,
                "listen": self._listen,
                "trust": self._trust,
                "status": self._status,
                "shutdown": self._shutdown,
            },
        )
        answering = asyncio.create_task(control.serve())
        try:
            await self._server.serve([listener])
        finally:
            answering.cancel()
            self._relays.close()
            if self._periodic is not None:
                self._periodic.close()
            for way_out in self._ways_out.values():
                way_out.close()
            self._processes.close()
            self._workers.close()
            _end_everything()

    async def _configure(self, message: dict[str, Any], passed: socket.socket | None) -> Answer:
        settings = Settings.from_message(message)
        hooks = self._hooks(message)
        self._state.configure(settings)
        notes: list[object] = []
        if settings.hostname:
            try:
                socket.sethostname(settings.hostname)
            except OSError as error:
                notes.append(f"the host name could not be set: {error.strerror}")
        if settings.limits:
            self._processes.limit(settings.limits)
            self._meter.limit(settings.limits)
        if settings.entrypoint:
            await self._run_entrypoint(settings.entrypoint)
        hooks()
        return {"notes": notes}

    def _hooks(self, message: dict[str, Any]) -> Callable[[], None]:
        """What begins the periodic hooks of a message. Raises Refusal."""
        asked = message.get("periodic")
        if not asked:
            return lambda: None
        from .periodic import Hook, Periodic  # Loaded by the sandboxes that use it.

        hooks = [Hook.from_message(hook) for hook in asked]
        self._periodic = periodic = Periodic(self._state, self._processes)
        return lambda: periodic.begin(hooks)

    async def _run_entrypoint(self, argv: list[str]) -> None:
        request = CommandRequest.from_body(
            {"argv": argv, "background": True}, env=self._state.env, cwd=self._state.cwd
        )
        self._entrypoint = await self._commands.run_in_background(request)

    async def _start(self, message: dict[str, Any], passed: socket.socket | None) -> Answer:
        """The entrypoint and what runs beside it: where something had to run before."""
        hooks = self._hooks(message)
        await self._run_entrypoint(words(message.get("entrypoint")))
        hooks()
        return {}

    async def _expose(self, message: dict[str, Any], passed: socket.socket | None) -> Answer:
        port = message.get("port")
        if not isinstance(port, int) or not 0 < port < 65536:
            raise invalid("port must be a number from 1 to 65535")
        if passed is None:
            raise invalid("expose needs the descriptor of a listening socket")
        await self._relays.add(passed, port)
        return {"taken": True}

    async def _listen(self, message: dict[str, Any], passed: socket.socket | None) -> Answer:
        """A listener inside for somebody outside: the way out of a sandbox without a network.

        It is kept, so that no program takes the port, and a later server gets the same one.
        """
        port = message.get("port")
        if not isinstance(port, int) or not 0 < port < 65536:
            raise invalid("port must be a number from 1 to 65535")
        if port not in self._ways_out:
            self._ways_out[port] = socket.create_server(("127.0.0.1", port), backlog=128)
        return {"given": self._ways_out[port]}

    async def _trust(self, message: dict[str, Any], passed: socket.socket | None) -> Answer:
        certificate, usual = message.get("certificate"), message.get("usual", "")
        if not isinstance(certificate, str) or not isinstance(usual, str):
            raise invalid("certificate and usual must be strings")
        return {"path": write_bundle(certificate, usual)}

    async def _status(self, message: dict[str, Any], passed: socket.socket | None) -> Answer:
        return {
            "configured": self._state.settings is not None,
            "processes": self._processes.count(),
            "uptime": time.monotonic() - self._state.started,
            "entrypoint": None if self._entrypoint is None else _outcome(self._entrypoint),
        }

    async def _shutdown(self, message: dict[str, Any], passed: socket.socket | None) -> Answer:
        # After the answer: whoever asked wants to hear it.
        asyncio.get_running_loop().call_later(0.01, self._end_soon)
        return {}

    def _end_soon(self) -> None:
        self._processes.close()  # Streams end because their commands do.
        self._server.stop()


def _outcome(command: Command) -> Answer:
    """What became of a command in the background, with the end of what it said."""
    code, said = command.process.exit_code, b""
    if code is not None and command.log is not None:
        size = os.fstat(command.log).st_size
        said = read_log(command.log, max(0, size - _SAID), _SAID)
    return {"exit_code": code, "said": said.decode(errors="replace").strip()}


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _end_everything() -> None:
    """Kills what is left: all of the sandbox as process 1, else what descends from here."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        for pid in _left():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        _reap()
        if not _left():
            return
        time.sleep(0.005)


def _left() -> list[int]:
    if os.getpid() == 1:
        return [int(name) for name in os.listdir("/proc") if name.isdecimal() and name != "1"]
    return _children(os.getpid())


def _children(pid: int) -> list[int]:
    found = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:
                for child in map(int, file.read().split()):
                    found += [child, *_children(child)]
    return found
