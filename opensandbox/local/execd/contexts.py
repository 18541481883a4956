"""Code contexts: interpreters that keep their variables from one piece of code to the next.

Rules:
- An interpreter is a process of the sandbox like any command, started with the first code.
- Code of one context waits for its turn; an interrupt ends what runs and keeps the variables.
- What was printed is sent before the result that was made after it.
- An interpreter that died is started anew with the next code, and the end says that it died.
- What an interpreter says is checked: it runs what the sandbox's user wrote.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from . import frames
from .errors import CONTEXT_NOT_FOUND, NOT_SUPPORTED, RUNTIME_ERROR, Refusal, invalid
from .output import PING_INTERVAL, Pipes, Send
from .processes import Process, Processes
from .sessions import RunRequest, Session

MOST_CONTEXTS = 100
LARGEST_MESSAGE = 64 * 1024 * 1024
_WAITING_MESSAGES = 16
_KERNEL = str(Path(__file__).with_name("kernel.py"))

Environment = Callable[[], Mapping[str, str]]
Message = Mapping[str, Any]


class Context(Protocol):
    """An interpreter of some language."""

    @property
    def id(self) -> str:
        """What it is called."""

    @property
    def language(self) -> str:
        """What it runs."""

    async def run(self, code: str, send: Send) -> None:
        """Runs code and sends all its events, the terminal one last."""

    def interrupt(self) -> None:
        """Stops what runs."""

    def end(self) -> None:
        """Ends the interpreter."""


class _Running:
    """A started interpreter: its process, its pipes, its socket."""

    def __init__(self, process: Process, out: int, err: int) -> None:
        self.process = process
        self.pipes = Pipes(out, err)
        self.messages: asyncio.Queue[Message | None] = asyncio.Queue(_WAITING_MESSAGES)
        self.wake = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self, connection: socket.socket) -> None:
        reader, self._writer = await asyncio.open_connection(sock=connection, limit=LARGEST_MESSAGE)
        self._reader = asyncio.create_task(self._listen(reader))

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        """Takes messages until there are no more, or one is none; None is the end."""
        try:
            while line := await reader.readline():
                message = json.loads(line)
                if not isinstance(message, dict):
                    break
                await self.messages.put(message)
                self.wake.set()
        except (OSError, ValueError, RecursionError):
            pass
        self.process.signal(signal.SIGKILL, sweep=True)
        await self.process.ended.wait()
        await self.messages.put(None)
        self.wake.set()

    async def ask(self, message: Message) -> None:
        """Sends a request. Raises OSError when nobody is there."""
        if self._writer is not None:
            self._writer.write(json.dumps(message).encode() + b"\n")
            await self._writer.drain()

    def close(self) -> None:
        self.process.signal(signal.SIGKILL, sweep=True)
        if self._reader is not None:
            self._reader.cancel()
        if self._writer is not None:
            self._writer.close()
        loop = asyncio.get_running_loop()
        for pipe in self.pipes.both:
            loop.remove_reader(pipe.descriptor)
            os.close(pipe.descriptor)

    # Output

    async def next(self, send: Send) -> Message | None:
        """The next message, after all that was printed before it; None: it has ended."""
        while self.messages.empty():
            if not await self._pass_on(send):
                await self._something_happens(send)
        self.pipes.count_due()
        while self.pipes.any_due:
            if not await self._pass_on(send):
                break
        if events := self.pipes.release():
            await send(events)
        return self.messages.get_nowait()

    async def _pass_on(self, send: Send) -> bool:
        events, size = self.pipes.read()
        if not size:
            events += self.pipes.overdue()
        if events:
            await send(events)
        return bool(events or size)

    async def _something_happens(self, send: Send) -> None:
        loop = asyncio.get_running_loop()
        listening = [pipe.descriptor for pipe in self.pipes.open]
        for descriptor in listening:
            loop.add_reader(descriptor, self.wake.set)
        at = self.pipes.release_at
        timer = None if at is None else loop.call_at(at, self.wake.set)
        try:
            async with asyncio.timeout(PING_INTERVAL):
                await self.wake.wait()
        except TimeoutError:
            await send(frames.ping())
        finally:
            self.wake.clear()
            for descriptor in listening:
                loop.remove_reader(descriptor)
            if timer is not None:
                timer.cancel()


class PythonContext:
    """A Python interpreter."""

    language = "python"

    def __init__(self, identity: str, processes: Processes, env: Environment, cwd: str) -> None:
        self.id = identity
        self._processes = processes
        self._env = env
        self._cwd = cwd
        self._count = 0
        self._turn = asyncio.Lock()
        self._running: _Running | None = None
        self._ended = False

    async def run(self, code: str, send: Send) -> None:
        """Runs code; see `Context`."""
        await send(frames.init(self.id) + frames.ping())
        async with self._turn:
            try:
                await self._run(code, send)
            except Refusal as refused:
                await send(frames.refusal(refused))

    async def _run(self, code: str, send: Send) -> None:
        if self._ended:
            raise Refusal(500, RUNTIME_ERROR, f"context {self.id!r} was deleted")
        started = time.monotonic()
        running = self._running = self._running or await self._start()
        self._count += 1
        failed = None
        with contextlib.suppress(OSError):
            await running.ask({"code": code, "count": self._count})
        while (message := await running.next(send)) is not None and not message.get("done"):
            if "results" in message:
                await send(frames.result(_texts(message["results"])))
            elif "error" in message:
                failed = message["error"]
        await send(frames.count(self._count))
        if message is None:
            await send(self._buried(running))
        elif failed is not None:
            await send(frames.exception(failed))
        else:
            await send(frames.complete(time.monotonic() - started))

    async def _start(self) -> _Running:
        ours, theirs = socket.socketpair()
        out_read, out_write = os.pipe2(os.O_CLOEXEC)
        err_read, err_write = os.pipe2(os.O_CLOEXEC)
        try:
            process = await self._processes.start(
                ["python3", "-u", _KERNEL],
                env={"MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8", **self._env()},
                cwd=self._cwd,
                out=out_write,
                err=err_write,
                stdin=theirs.detach(),
            )
        except BaseException:
            ours.close()
            os.close(out_read)
            os.close(err_read)
            raise
        running = _Running(process, out_read, err_read)
        await running.open(ours)
        return running

    def _buried(self, running: _Running) -> bytes:
        """The event that says how the interpreter ended."""
        code = running.process.exit_code
        running.close()
        self._running = None
        how = frames.describe(-signal.SIGKILL if code is None else code)
        text = f"the interpreter ended ({how}); the next code starts a new one, without variables"
        return frames.exception({"ename": "InterpreterDied", "evalue": text, "traceback": [how]})

    def interrupt(self) -> None:
        """Stops what runs; see `Context`."""
        if self._running is not None and self._turn.locked():
            self._running.process.signal(signal.SIGINT)

    def end(self) -> None:
        """Ends the interpreter; whoever waits for it hears that it died."""
        self._ended = True
        if self._running is None:
            return
        if self._turn.locked():
            self._running.process.signal(signal.SIGKILL, sweep=True)
        else:
            self._running.close()
            self._running = None


class BashContext:
    """A session that counts."""

    language = "bash"

    def __init__(self, identity: str, processes: Processes, env: Environment, cwd: str) -> None:
        self.id = identity
        self._processes = processes
        self._session = Session(identity, cwd, env())
        self._count = 0

    async def run(self, code: str, send: Send) -> None:
        """Runs code; see `Context`."""
        self._count += 1
        count = frames.count(self._count)

        async def carry(data: bytes) -> None:
            nonlocal count
            await send(data + count)  # Right after the first event.
            count = b""

        await self._session.run(self._processes, RunRequest(code, "", None), carry)

    def interrupt(self) -> None:
        """Stops what runs; see `Context`."""
        if self._session.process is not None:
            self._session.process.signal(signal.SIGINT)

    def end(self) -> None:
        """Ends what runs."""
        self._session.deleted = True
        if self._session.process is not None:
            self._session.process.signal(signal.SIGKILL, sweep=True)


LANGUAGES: Mapping[str, type[PythonContext] | type[BashContext]] = {
    "python": PythonContext,
    "bash": BashContext,
}


class Contexts:
    """All contexts of the sandbox."""

    def __init__(self, processes: Processes, env: Environment, cwd: str) -> None:
        self._processes = processes
        self._env = env
        self._cwd = cwd
        self._all: dict[str, Context] = {}
        self._shared: dict[str, str] = {}

    def create(self, language: object) -> Context:
        """A new context. Raises Refusal (400) for a language that is not known."""
        make = LANGUAGES.get(language) if isinstance(language, str) else None
        if make is None:
            known = ", ".join(LANGUAGES)
            raise Refusal(
                400, NOT_SUPPORTED, f"{language!r} is not a language here; it has {known}"
            )
        if len(self._all) >= MOST_CONTEXTS:
            raise Refusal(500, RUNTIME_ERROR, f"a sandbox has at most {MOST_CONTEXTS} contexts")
        context = make(str(uuid.uuid4()), self._processes, self._env, self._cwd)
        self._all[context.id] = context
        return context

    def find(self, wanted: object) -> Context:
        """The context that a request's "context" names, or the shared one. Raises Refusal."""
        if wanted is None:
            wanted = {}
        if not isinstance(wanted, dict):
            raise invalid("context must be an object with an id or a language")
        identity, language = wanted.get("id"), wanted.get("language")
        if identity:
            context = self.get(identity)
            if language and language != context.language:
                raise invalid(f"context {identity!r} runs {context.language}, not {language!r}")
            return context
        language = language or PythonContext.language
        if self._shared.get(language) not in self._all:
            self._shared[language] = self.create(language).id
        return self._all[self._shared[language]]

    def get(self, identity: object) -> Context:
        """Raises Refusal (404) for one that does not exist."""
        context = self._all.get(identity) if isinstance(identity, str) else None
        if context is None:
            raise Refusal(404, CONTEXT_NOT_FOUND, f"there is no context {identity!r}")
        return context

    def list(self, language: str) -> list[Context]:
        """Those of a language."""
        return [context for context in self._all.values() if context.language == language]

    def interrupt(self, identity: str) -> None:
        """Stops what runs in a context. Raises Refusal (500) for one that does not exist."""
        if identity not in self._all:
            raise Refusal(500, RUNTIME_ERROR, f"there is no context {identity!r}")
        self._all[identity].interrupt()

    def delete(self, identity: str) -> None:
        """Ends a context. Raises Refusal (404)."""
        self.get(identity).end()
        del self._all[identity]

    def delete_all(self, language: str) -> None:
        """Ends all contexts of a language."""
        for context in self.list(language):
            self.delete(context.id)


def _texts(results: object) -> dict[str, str]:
    if not isinstance(results, dict):
        return {}
    return {str(kind): str(text) for kind, text in results.items()}
