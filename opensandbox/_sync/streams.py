# Written by scripts/unasync.py from opensandbox/_async/streams.py. Do not edit.
"""The body of an answer while it comes: its events, or as much of it as is wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from socket import SHUT_RDWR

import httpx

from .._concurrency import CHUNKS_ENDED, SURELY, Silence, time_limit
from .._wire.errors import malformed_answer
from .._wire.sse import Frame, FrameDecoder, MalformedStream

#: Once a peer has shown that it pings every 3 s, this many seconds of silence mean that it is dead.
PING_SILENCE = 15.0
#: How soon a ping comes from one that has just been woken, in seconds, and a little more.
_PING_PAUSE = 4.0
#: After so much of it the server is asked whether the sandbox is paused.
_SUSPICION = PING_SILENCE - _PING_PAUSE


class EventStreamSync:
    """The events of one answer, as they come."""

    def __init__(
        self,
        response: httpx.Response,
        *,
        begins: float,
        idle: float | None,
        max_frame: int,
        sandbox_id: str | None,
        is_paused: Callable[[], bool | None] | None = None,
    ) -> None:
        self._sandbox_id = sandbox_id
        self._is_paused = is_paused
        self._waits_for_ping = False
        self._response = response
        # One iterator from the first byte to the last: giving one up closes the connection. Of two
        # the quicker one, which reads no answer that a caller's transport has read already.
        plain = not response.is_closed and "content-encoding" not in response.headers
        self._chunks = response.iter_raw() if plain else response.iter_bytes()
        self._decoder = FrameDecoder(max_frame=max_frame)
        self._over = False
        #: How many seconds of silence are taken; None for any number, once something has come.
        self.idle = idle
        self._begins = begins
        self._begun = False
        self._pings = False
        self.left = False

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the answer."""
        return self._response.headers

    @property
    def unfinished(self) -> bool:
        """Whether the stream ended in the middle of an event."""
        return self._decoder.unfinished

    def leave(self) -> None:
        """What follows is of no interest: on leaving, the rest is read in the background."""
        self.left = True

    def __iter__(self) -> EventStreamSync:
        """The events in the lists that they arrive in."""
        return self

    # No generator: one that is left in the middle costs the event loop a task to close it.
    def __next__(self) -> list[Frame]:
        while not self._over:
            chunk = self._next()
            self._over = chunk is None
            if frames := self._decode(chunk):
                return frames
        raise StopIteration

    def more(self, within: float) -> list[Frame] | None:
        """The events that come next, which may be none; None when nothing came within so many
        seconds, or nothing more will.
        """
        try:
            with time_limit(max(0.0, within)):
                chunk = next(self._chunks, None)
        except (TimeoutError, httpx.TimeoutException):
            return None
        return None if chunk is None else self._decode(chunk)

    def _next(self) -> bytes | None:
        if (limit := self.patience) is None:
            return next(self._chunks, None)
        if not self._pings or self._is_paused is None:
            with time_limit(limit):
                return next(self._chunks, None)
        self._waits_for_ping = False
        with Silence(_SUSPICION, self._more_silence):
            return next(self._chunks, None)

    def _more_silence(self) -> float | None:
        """How long to wait on, after silence: a paused sandbox does not ping, and one that was
        woken does so shortly after. A server that does not say either is silence too.
        """
        paused = None if self._is_paused is None else self._is_paused()
        if paused:
            self._waits_for_ping = False
            return _SUSPICION
        if paused is None or self._waits_for_ping:
            return None
        self._waits_for_ping = True
        return _PING_PAUSE

    @property
    def patience(self) -> float | None:
        """How many seconds of silence are taken now; None for any number."""
        if self.idle is not None:
            return self.idle
        if not self._begun:
            return self._begins
        # A peer that does not ping may have nothing to say; but nobody stops within a line.
        return PING_SILENCE if self._decoder.within_line else None

    @property
    def complete(self) -> bool | None:
        """Whether the end of the body has come, so that nothing is waited for; None for perhaps."""
        network = self._response.extensions.get("network_stream")
        if network is None or not (ended := network.get_extra_info(CHUNKS_ENDED)):
            return False
        return True if ended == SURELY else None

    def read_to_end(self) -> None:
        """Read what is left and drop it."""
        for _ in self._chunks:
            pass

    def close(self) -> None:
        """Give the connection back when all was read, else close it."""
        give_up(self._response)

    def interrupt(self) -> None:
        """Make a thread that waits for the next bytes give up."""
        network = self._response.extensions.get("network_stream")
        sock = network.get_extra_info("socket") if network is not None else None
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(SHUT_RDWR)

    def _decode(self, chunk: bytes | None) -> list[Frame]:
        try:
            frames = self._decoder.close() if chunk is None else self._decoder.feed(chunk)
        except MalformedStream as error:
            raise malformed_answer(
                error.problem,
                self._response.status_code,
                self._response.headers,
                error.data.encode(),
                method=self._response.request.method,
                url=str(self._response.request.url),
                sandbox_id=self._sandbox_id,
            ) from error
        self._begun = self._begun or bool(frames)
        if self.idle is None and any(frame.get("type") == "ping" for frame in frames):
            self._pings, self.idle = True, PING_SILENCE
        return frames


def give_up(response: httpx.Response) -> None:
    with suppress(httpx.HTTPError):
        response.close()


def read_some(response: httpx.Response, limit: int, *, broken_is_fine: bool = False) -> bytes:
    """The body, or the first `limit` bytes of it; perhaps as far as it came before it broke."""
    parts: list[bytes] = []
    size = 0
    try:
        for chunk in response.iter_bytes():
            parts.append(chunk)
            size += len(chunk)
            if size >= limit:
                break
    except httpx.HTTPError:
        if not broken_is_fine:
            raise
    return b"".join(parts)[:limit]
