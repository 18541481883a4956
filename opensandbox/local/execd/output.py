"""From a program's pipes to its event stream, byte-exact and in bounded memory.

Rules:
- A pipe is read only when what was read before has been sent: a slow reader slows the program
  down, never fills the memory.
- The pipes are read to their end before the end is reported. Whoever still holds one open when the
  program has ended (a server left in the background) gets `GRACE` seconds to finish a sentence, and
  after that is read and ignored, so that it neither hangs the command nor dies of a broken pipe.
- The first output goes out at once; a program that writes in a hurry is read in larger pieces.
- A reader that went away is written to no more; the program does not notice.
"""

from __future__ import annotations

import asyncio
import codecs
import fcntl
import os
import struct
import termios
from collections.abc import Awaitable, Callable

from . import frames
from .processes import Process

GRACE = 0.1
PING_INTERVAL = 3.0
_PIECE = 65536
_HURRY = 0.002
_HURRIES_BEFORE_PAUSE = 8

Send = Callable[[bytes], Awaitable[None]]


class Pipe:
    """A program's standard output or error, read as there is room for it."""

    def __init__(self, kind: str, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self.kind = kind
        self.descriptor = descriptor
        self.ended = False
        self.due = 0
        """Bytes that were in the pipe when the program ended: its own last words."""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def read(self) -> bytes:
        """The next piece, b"" when there is none now; notices the end."""
        try:
            data = os.read(self.descriptor, _PIECE)
        except BlockingIOError:
            return b""
        self.ended = not data
        self.due = max(0, self.due - len(data))
        return data

    def waiting(self) -> int:
        """How many bytes are there to be read."""
        answer = fcntl.ioctl(self.descriptor, termios.FIONREAD, b"\0\0\0\0")
        (count,) = struct.unpack("i", answer)
        return int(count)

    def event(self, data: bytes, *, final: bool = False) -> bytes:
        """What was read as an event; b"" while it is only the beginning of a character."""
        text = self._decoder.decode(data, final)
        return frames.output(self.kind, text) if text else b""


class OutputPump:
    """Carries one program's output to one reader until both are done."""

    def __init__(self, process: Process, out: int, err: int) -> None:
        self._process = process
        self._pipes = [Pipe("stdout", out), Pipe("stderr", err)]
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._ping_due = False
        self._hurries = 0
        self._last_read = 0.0

    async def run(self, send: Send) -> None:
        """Sends output and pings until the program has ended and its output is through."""
        self._process.when_ended(self._wake.set)
        ping = self._loop.call_later(PING_INTERVAL, self._remember_ping)
        try:
            while not self._process.ended.is_set():
                if self._ping_due:
                    self._ping_due = False
                    ping = self._loop.call_later(PING_INTERVAL, self._remember_ping)
                    await send(frames.ping())
                if not await self._pass_on(send):
                    await self._something_happens()
            await self._last_words(send)
        finally:
            ping.cancel()
            for pipe in self._pipes:
                self._loop.remove_reader(pipe.descriptor)
                _let_go(pipe)

    def _remember_ping(self) -> None:
        self._ping_due = True
        self._wake.set()

    async def _pass_on(self, send: Send) -> bool:
        """Reads each pipe once and sends what there was; False when there was nothing."""
        pieces = [(pipe, pipe.read()) for pipe in self._pipes if not pipe.ended]
        events = b"".join(pipe.event(data) for pipe, data in pieces if data)
        if events:
            await send(events)
            await self._pause_if_hurried(sum(len(data) for _, data in pieces))
        return any(data for _, data in pieces)

    async def _pause_if_hurried(self, size: int) -> None:
        now = self._loop.time()
        hurried = now - self._last_read < _HURRY and size < _PIECE // 4
        self._hurries = self._hurries + 1 if hurried else 0
        if self._hurries > _HURRIES_BEFORE_PAUSE and not self._process.ended.is_set():
            # Many small writes: let them gather in the pipe instead of sending each by itself.
            await asyncio.sleep(_HURRY)
        self._last_read = now

    async def _something_happens(self) -> None:
        for pipe in self._pipes:
            if not pipe.ended:
                self._loop.add_reader(pipe.descriptor, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            self._wake.clear()
            for pipe in self._pipes:
                self._loop.remove_reader(pipe.descriptor)

    async def _last_words(self, send: Send) -> None:
        for pipe in self._pipes:
            pipe.due = 0 if pipe.ended else pipe.waiting()
        deadline = self._loop.time() + GRACE
        while any(pipe.due for pipe in self._pipes) or self._loop.time() < deadline:
            if all(pipe.ended for pipe in self._pipes):
                break
            if not await self._pass_on(send) and not all(pipe.ended for pipe in self._pipes):
                timer = self._loop.call_at(deadline, self._wake.set)
                await self._something_happens()
                timer.cancel()
        remains = b"".join(pipe.event(b"", final=True) for pipe in self._pipes)
        if remains:
            await send(remains)


def _let_go(pipe: Pipe) -> None:
    """Closes the pipe, at once or when the last of those who hold it open is gone."""
    if pipe.ended:
        os.close(pipe.descriptor)
        return
    loop = asyncio.get_running_loop()

    def discard() -> None:
        try:
            gone = not os.read(pipe.descriptor, _PIECE)
        except BlockingIOError:
            return
        if gone:
            loop.remove_reader(pipe.descriptor)
            os.close(pipe.descriptor)

    loop.add_reader(pipe.descriptor, discard)
