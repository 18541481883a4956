"""The daemon's side of the spawner: start a program, signal it, learn how it ended.

Rules:
- Every program is the leader of a session and process group of its own; signals go to the group.
- A program that ended is signalled no more, whoever has its number by then.
- If the spawner is killed from inside the sandbox, what it ran counts as killed and a new one is
  forked: only that work is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import signal
import socket
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import spawner
from .errors import Refusal, exhausted


class Process:
    """One running or ended program."""

    def __init__(self, owner: Processes, pid: int) -> None:
        self.pid = pid
        self.ended = asyncio.Event()
        self.exit_code: int | None = None
        """None while it runs; negative is the number of the signal that ended it."""
        self._owner = owner
        self._callbacks: list[Callable[[], None]] = []

    def when_ended(self, callback: Callable[[], None]) -> None:
        """Calls `callback` when the program ends, at once if it has."""
        if self.exit_code is None:
            self._callbacks.append(callback)
        else:
            callback()

    def end(self, code: int) -> None:
        """The program has ended; for its owner to say."""
        self.exit_code = code
        self.ended.set()
        for callback in self._callbacks:
            callback()

    def signal(self, number: int, *, sweep: bool = False) -> None:
        """Signals the whole group; `sweep` kills what is left of the group when its leader ends."""
        if self.exit_code is None:
            self._owner.tell({"op": "signal", "pid": self.pid, "signal": number, "sweep": sweep})


class Processes:
    """Everything the daemon has started, by way of one spawner."""

    def __init__(self, pid: int, connection: socket.socket, *, confined: bool) -> None:
        self._confined = confined
        self._pid = pid
        self._connection = connection
        self._limits: Mapping[str, object] = {}
        self._running: dict[int, Process] = {}
        self._answers: deque[asyncio.Future[Process]] = deque()
        self._received = bytearray()
        self._outgoing: deque[tuple[bytes, list[int]]] = deque()
        self._closed = False

    def open(self) -> None:
        """Starts listening to the spawner, on the running loop."""
        self._connection.setblocking(False)
        asyncio.get_running_loop().add_reader(self._connection, self._readable)

    def close(self) -> None:
        """Ends the spawner, which kills all that runs; a second time does nothing."""
        if self._connection.fileno() < 0:
            return
        self._closed = True
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._connection)
        loop.remove_writer(self._connection)
        self._connection.close()
        self._discard_outgoing()
        self._forget_all()

    def limit(self, limits: Mapping[str, object]) -> None:
        """Limits for what is started from now on; see `privileges.limit`."""
        self._limits = limits
        self.tell({"op": "limits", "limits": dict(limits)})

    def count(self) -> int:
        """How many started programs have not ended."""
        return len(self._running)

    async def start(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: str,
        out: int,
        err: int,
        stdin: int | None = None,
        terminal: bool = False,
        uid: int | None = None,
        gid: int | None = None,
    ) -> Process:
        """Starts a program and returns at once; `out`, `err`, `stdin` become the spawner's to keep.

        Without `stdin` there is nothing to read. With `terminal` it is the terminal that controls
        the program.
        A program that cannot be executed ends with 126 or 127 and says why on `err`.
        Raises Refusal when the sandbox has no room for another process.
        """
        answer: asyncio.Future[Process] = asyncio.get_running_loop().create_future()
        descriptors = [out, err] if stdin is None else [out, err, stdin]
        if self._closed:
            _close_all(descriptors)
            raise Refusal(503, "NOT_READY", "the sandbox is being shut down")
        self._answers.append(answer)
        message = {
            "op": "spawn",
            "argv": list(argv),
            "env": dict(env),
            "cwd": cwd,
            "uid": uid,
            "gid": gid,
            "stdin": stdin is not None,
            "terminal": terminal,
        }
        self.tell(message, descriptors)
        # Shielded: whoever is cancelled meanwhile must not take the answer's place in the queue.
        return await asyncio.shield(answer)

    def tell(self, message: Mapping[str, Any], descriptors: list[int] | None = None) -> None:
        """Queues one message for the spawner, which never keeps the daemon waiting for long."""
        encoded = json.dumps(message).encode()
        self._outgoing.append((spawner.LENGTH.pack(len(encoded)) + encoded, descriptors or []))
        if len(self._outgoing) == 1:
            self._writable()

    def _writable(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._outgoing:
                data, descriptors = self._outgoing[0]
                if descriptors:
                    sent = socket.send_fds(self._connection, [data], descriptors)
                else:
                    sent = self._connection.send(data)
                _close_all(descriptors)
                self._outgoing[0] = (data[sent:], [])
                if sent == len(data):
                    self._outgoing.popleft()
        except BlockingIOError:
            loop.add_writer(self._connection, self._writable)
            return
        except OSError:
            self._discard_outgoing()  # The spawner died; reading from it says so in a moment.
        loop.remove_writer(self._connection)

    def _discard_outgoing(self) -> None:
        for _, descriptors in self._outgoing:
            _close_all(descriptors)
        self._outgoing.clear()

    def _readable(self) -> None:
        try:
            data = self._connection.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lose_spawner()
            return
        self._received += data
        size = spawner.LENGTH.size
        while len(self._received) >= size:
            (length,) = spawner.LENGTH.unpack_from(self._received)
            if len(self._received) < size + length:
                break
            message = json.loads(self._received[size : size + length])
            del self._received[: size + length]
            self._hear(message)

    def _hear(self, message: dict[str, Any]) -> None:
        match message["op"]:
            case "started":
                process = Process(self, message["pid"])
                self._running[process.pid] = process
                self._answer(process)
            case "failed":
                self._answer(_start_refused(message["errno"]))
            case "ended":
                self._running.pop(message["pid"]).end(message["code"])

    def _answer(self, result: Process | Refusal) -> None:
        waiting = self._answers.popleft()
        if waiting.cancelled():
            return
        if isinstance(result, Refusal):
            waiting.set_exception(result)
            waiting.exception()  # Whoever asked may be gone; the refusal is then nobody's news.
        else:
            waiting.set_result(result)

    def _lose_spawner(self) -> None:
        for pid in self._running:
            # Its parent gone, it is this process's child now, or a zombie of it: not a stranger.
            with contextlib.suppress(OSError):
                os.killpg(pid, signal.SIGKILL)
        self.close()
        self._received.clear()
        self._fork_again()

    def _fork_again(self) -> None:
        try:
            self._pid, self._connection = spawner.fork(confined=self._confined)
        except OSError:
            asyncio.get_running_loop().call_later(1, self._fork_again)
            return
        self._closed = False
        self.open()
        if self._limits:
            self.limit(self._limits)

    def _forget_all(self) -> None:
        while self._answers:
            self._answer(Refusal(503, "SANDBOX_BUSY", "the sandbox's process starter was killed"))
        running, self._running = self._running, {}
        for process in running.values():
            process.end(-signal.SIGKILL)


def _start_refused(number: int) -> Refusal:
    if number == errno.EAGAIN:
        return exhausted("another process")
    return Refusal(503, "SANDBOX_BUSY", f"cannot start a process: {os.strerror(number).lower()}")


def _close_all(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
    descriptors.clear()
