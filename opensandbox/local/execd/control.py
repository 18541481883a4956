"""The control socket: how the server outside tells this daemon what its sandbox is to be.

One connection for each request: a line of JSON in, a line out, each perhaps with one descriptor.
Only the server can reach the socket; requests are limited all the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from .errors import Refusal, invalid
from .passing import receive

logger = logging.getLogger("opensandbox.execd")

LONGEST_LINE = 4 * 1024 * 1024
_PATIENCE = 10.0

Answer = dict[str, object]
Operation = Callable[[dict[str, Any], socket.socket | None], Awaitable[Answer]]


class ControlServer:
    """Answers requests on an inherited listening socket."""

    def __init__(self, listener: socket.socket, operations: dict[str, Operation]) -> None:
        listener.setblocking(False)
        self._listener = listener
        self._operations = operations
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Accepts until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(self._listener)
            except OSError as error:
                logger.warning("cannot accept a control connection: %s", error)
                await asyncio.sleep(1)
                continue
            task = asyncio.create_task(self._answer(connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        passed: list[socket.socket] = []
        with connection:
            try:
                async with asyncio.timeout(_PATIENCE):
                    answer = await self._perform(await _read_line(connection, passed), passed)
                    given = answer.pop("given", None)
                    line = json.dumps(answer).encode() + b"\n"
                    if isinstance(given, socket.socket):
                        socket.send_fds(connection, [line], [given.fileno()])
                    else:
                        await loop.sock_sendall(connection, line)
            except (OSError, TimeoutError) as error:
                logger.warning("a control request failed: %s", error)
            finally:
                for listener in passed:
                    listener.close()

    async def _perform(self, line: bytes, passed: list[socket.socket]) -> Answer:
        try:
            message = json.loads(line)
            operation = self._operations.get(message["op"])
            if operation is None:
                raise invalid(f"there is no operation {message['op']!r}")
            answer = await operation(message, passed[0] if passed else None)
        except Refusal as refused:
            return {"ok": False, "error": refused.message}
        except (ValueError, TypeError, KeyError) as error:
            return {"ok": False, "error": f"not a request: {type(error).__name__}"}
        except Exception as error:
            logger.exception("a control request failed")
            return {"ok": False, "error": f"{type(error).__name__}: {error}"}
        if "taken" in answer:
            passed.clear()
            del answer["taken"]
        return {"ok": True, **answer}


async def _read_line(connection: socket.socket, passed: list[socket.socket]) -> bytes:
    connection.setblocking(False)
    received = bytearray()
    while not received.endswith(b"\n"):
        with contextlib.suppress(BlockingIOError):
            data, descriptors = receive(connection, 1)
            passed += (socket.socket(fileno=descriptor) for descriptor in descriptors)
            received += data
            if not data:
                break
            continue
        await _readable(connection)
        if len(received) > LONGEST_LINE:
            raise OSError("the request is too long")
    return bytes(received)


async def _readable(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(connection, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(connection)
