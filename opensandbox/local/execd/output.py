"""From a program's pipes to its event stream, byte-exact and in bounded memory.

Rules:
- A pipe is read only when what was read before has been sent: a slow reader slows the program
  down, never fills the memory.
- The pipes are read to their end before the end is reported. Whoever still holds one open when the
  program has ended (a server left in the background) gets `GRACE` seconds to finish a sentence, and
  after that is read and ignored, so that it neither hangs the command nor dies of a broken pipe.
- Whole lines go out at once. The beginning of one waits for its end, for `LINGER` seconds at most
  and not while it grows beyond `LONGEST_HELD`, nor when the other pipe has something to say: who
  takes an event for a line is right wherever the program writes lines.
- A program that writes in a hurry is read in larger pieces.
- A reader that went away is written to no more; the program does not notice.
"""

from __future__ import annotations

import asyncio
import codecs
import fcntl
import math
import os
import struct
import termios
import time
from collections.abc import Awaitable, Callable

from . import frames
from .processes import Process

GRACE = 0.1
LINGER = 0.015
LONGEST_HELD = 65536
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
        self.held_until: float | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held: list[str] = []
        self._held_size = 0

    def read(self) -> bytes:
        """The next piece, b"" when there is none now; notices the end."""
        if self.ended:
            return b""
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

    def event(self, data: bytes) -> bytes:
        """What was read as an event, up to the end of its last line; the rest is held."""
        text = self._decoder.decode(data)
        end = text.rfind("\n") + 1
        ready = ""
        if end:
            ready = "".join(self._held) + text[:end]
            self._forget_held()
        if end < len(text):
            self._held.append(text[end:])
            self._held_size += len(text) - end
            if self.held_until is None:
                self.held_until = time.monotonic() + LINGER
        if self._held_size > LONGEST_HELD:
            ready += "".join(self._held)
            self._forget_held()
        return frames.output(self.kind, ready) if ready else b""

    def release(self, *, final: bool = False) -> bytes:
        """What is held, as an event; b"" when nothing is."""
        text = "".join(self._held) + self._decoder.decode(b"", final)
        self._forget_held()
        return frames.output(self.kind, text) if text else b""

    def _forget_held(self) -> None:
        self._held.clear()
        self._held_size = 0
        self.held_until = None


class Pipes:
    """Both pipes of one program."""

    def __init__(self, out: int, err: int) -> None:
        self.out = Pipe("stdout", out)
        self.err = Pipe("stderr", err)
        self.both = (self.out, self.err)

    @property
    def open(self) -> list[Pipe]:
        """Those that may still say something."""
        return [pipe for pipe in self.both if not pipe.ended]

    def read(self) -> tuple[bytes, int]:
        """The events of what each pipe gives now, and how many bytes those were."""
        out, err = self.out.read(), self.err.read()
        events = b""
        if out:
            # What the other one said before comes first, unless its line goes on below.
            events += b"" if err else self.err.release()
            events += self.out.event(out)
        if err:
            # After a full piece there is more, the end of the line too.
            events += b"" if len(out) == _PIECE else self.out.release()
            events += self.err.event(err)
        for pipe in self.both:
            if pipe.ended:
                events += pipe.release(final=True)
        return events, len(out) + len(err)

    @property
    def release_at(self) -> float | None:
        """When something held is to go out, by the clock of the event loop."""
        return min((p.held_until for p in self.both if p.held_until is not None), default=None)

    def overdue(self) -> bytes:
        """What was held for long enough."""
        now = time.monotonic()
        return b"".join(
            pipe.release()
            for pipe in self.both
            if pipe.held_until is not None and pipe.held_until <= now
        )

    def release(self, *, final: bool = False) -> bytes:
        """All that is held."""
        return b"".join(pipe.release(final=final) for pipe in self.both)

    def count_due(self) -> None:
        """Remembers how much is waiting now."""
        for pipe in self.both:
            pipe.due = 0 if pipe.ended else pipe.waiting()

    @property
    def any_due(self) -> bool:
        """Whether some of that is still to be read."""
        return any(pipe.due for pipe in self.both)


class OutputPump:
    """Carries one program's output to one reader until both are done."""

    def __init__(self, process: Process, out: int, err: int) -> None:
        self._process = process
        self._pipes = Pipes(out, err)
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
            for pipe in self._pipes.both:
                self._loop.remove_reader(pipe.descriptor)
                _let_go(pipe)

    def _remember_ping(self) -> None:
        self._ping_due = True
        self._wake.set()

    async def _pass_on(self, send: Send) -> bool:
        """Reads each pipe once and sends what may be sent; False when nothing was there or due."""
        events, size = self._pipes.read()
        if not size:
            events += self._pipes.overdue()
        if events:
            await send(events)
        if size:
            await self._pause_if_hurried(size)
        return bool(events or size)

    async def _pause_if_hurried(self, size: int) -> None:
        now = self._loop.time()
        hurried = now - self._last_read < _HURRY and size < _PIECE // 4
        self._hurries = self._hurries + 1 if hurried else 0
        if self._hurries > _HURRIES_BEFORE_PAUSE and not self._process.ended.is_set():
            # Many small writes: let them gather in the pipe instead of sending each by itself.
            await asyncio.sleep(_HURRY)
        self._last_read = now

    async def _something_happens(self, until: float = math.inf) -> None:
        """Waits for output, for the end of the program, or until what is held is due."""
        listening = self._pipes.open
        for pipe in listening:
            self._loop.add_reader(pipe.descriptor, self._wake.set)
        until = min(until, self._pipes.release_at or until)
        timer = self._loop.call_at(until, self._wake.set) if until < math.inf else None
        try:
            await self._wake.wait()
        finally:
            self._wake.clear()
            for pipe in listening:
                self._loop.remove_reader(pipe.descriptor)
            if timer is not None:
                timer.cancel()

    async def _last_words(self, send: Send) -> None:
        self._pipes.count_due()
        deadline = self._loop.time() + GRACE
        while self._pipes.open and (self._pipes.any_due or self._loop.time() < deadline):
            if not await self._pass_on(send) and self._pipes.open:
                await self._something_happens(deadline)
        if remains := self._pipes.release(final=True):
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
