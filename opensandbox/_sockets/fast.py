"""Connections of aiohttp in place of httpcore's, which are several times as fast.

Taken where the extra `fast` is installed. Rules:

* What comes of a request is the same as with httpcore: the same bytes go out, the same exceptions
  of httpx come back, and what may have been sent is not sent again.
* httpx-aiohttp, the extra, is what says that aiohttp is wanted beneath httpx; its own transport is
  not used. It calls a connection that ended after the request was sent a failure to connect, which
  is safe to repeat and this is not; it rewrites paths, loses doubled headers, and reads the
  authorities of TLS for http.
* aiohttp keeps the connections. What is added is in `_Connector`: it takes none that its peer has
  closed, and keeps no more of them than there is room for.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from functools import lru_cache, partial
from operator import methodcaller
from typing import Any

import aiohttp
import httpx
import httpx_aiohttp  # noqa: F401  it says that aiohttp is wanted
import yarl
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from multidict import CIMultiDict

from .._concurrency import CHUNKS_ENDED, NOT_CONNECTED, NOT_SENT, SURELY
from . import KEEPALIVE, is_readable
from .looped import abandon

_MADE_BY = f"aiohttp {aiohttp.__version__}"
#: The longest line and field of an answer's head, in bytes: as long as httpcore takes.
_HEAD_LIMIT = 100 * 2**10
#: How much of an answer is read ahead.
_AHEAD = 256 * 2**10
#: So much goes into a socket at once; what is longer is sent in pieces, each with a limit.
_AT_ONCE = 32 * 2**10
_PIECE = 256 * 2**10
#: What aiohttp would add to a request, and to one that may have a body.
_ADDED = frozenset([b"user-agent", b"accept", b"accept-encoding"])
_ADDED_TO_BODIES = _ADDED | {b"content-type"}


class FastConnections:
    """Connections to any number of places, made by aiohttp.

    Those that are idle wait for up to `expiry` seconds, and `room()` of them at most.
    """

    def __init__(
        self, context: ssl.SSLContext | None, *, room: Callable[[], int], expiry: float
    ) -> None:
        if context is not None:
            context.set_alpn_protocols(["http/1.1"])
        self._connector = _Connector(context, room=room, expiry=expiry)
        self._session = aiohttp.ClientSession(
            connector=self._connector,
            request_class=_Request,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            read_bufsize=_AHEAD,
            max_line_size=_HEAD_LIMIT,
            max_field_size=_HEAD_LIMIT,
        )
        # It would send a request again that has been sent, and say nothing: see `RetryPolicy`.
        self._session._retry_connection = False

    @property
    def made_by(self) -> str:
        """What makes the connections, by name and version."""
        return _MADE_BY

    @property
    def in_use(self) -> int:
        """How many requests are under way."""
        return len(self._connector.in_use)

    @property
    def open(self) -> int:
        """How many connections are open, the idle ones among them."""
        idle = sum(protocol.is_connected() for protocol in self._connector.idle)
        return len(self._connector.in_use) + idle

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request, once; raises httpx's exceptions."""
        attempt = _Attempt(request)
        failure: Exception
        token = _attempt.set(attempt)
        try:
            answer = await self._send(request, attempt)
        except Exception as error:
            failure = attempt.meaning(error)
        except BaseException:
            await attempt.end_body()
            raise
        else:
            return attempt.response(answer)
        finally:
            _attempt.reset(token)
            if attempt.connection is None:  # also when that was cancelled
                request.extensions[NOT_SENT] = NOT_CONNECTED
        await attempt.end_body()
        raise failure  # out here, or an exception of the caller's own would get a context

    async def _send(self, request: httpx.Request, attempt: _Attempt) -> aiohttp.ClientResponse:
        limits = request.extensions.get("timeout", {})
        url = request.url
        address = f"{url.scheme}://{url.netloc.decode()}{url.raw_path.decode()}"
        # Spelt alike each time: of those that are not, aiohttp keeps the last.
        spelt: dict[bytes, str] = {}
        headers = CIMultiDict(
            (spelt.setdefault(name.lower(), name.decode()), value.decode())
            for name, value in request.headers.raw
        )
        has_body = request.method in ("POST", "PUT", "PATCH")
        missing = (_ADDED_TO_BODIES if has_body else _ADDED).difference(spelt)
        body: bytes | _Pieces | None
        in_pieces = not isinstance(request.stream, httpx.ByteStream)
        if in_pieces or len(await request.aread()) > _AT_ONCE:
            headers.popall("transfer-encoding", None)  # aiohttp adds it, and wants to
            body = attempt.body = _Pieces(request, attempt.abort)
        else:
            body = request.content or None
        return await self._session.request(
            request.method,
            yarl.URL(address, encoded=True),
            headers=headers,
            data=body,
            allow_redirects=False,
            timeout=_timeout(limits.get("connect"), limits.get("read")),
            server_hostname=request.extensions.get("sni_hostname"),
            skip_auto_headers=[name.decode() for name in missing] or None,
        )

    async def aclose(self) -> None:
        """Close all of them."""
        self._connector.abort()
        await self._session.close()

    def abandon(self) -> None:
        """Let go of what cannot be closed in order: its event loop or its process is gone."""
        self._connector.abort(abandon)
        self._session.detach()
        with contextlib.suppress(Exception, StopIteration):
            # One step, by hand: with nothing open there is nothing to wait for.
            self._connector.close().__await__().__next__()


@lru_cache(maxsize=64)
def _timeout(connect: float | None, read: float | None) -> aiohttp.ClientTimeout:
    # Without the last, limits of more than 5 s are rounded to the clock.
    return aiohttp.ClientTimeout(connect=connect, sock_read=read, ceil_threshold=float("inf"))


class _Request(aiohttp.ClientRequest):
    """aiohttp's, which sends its body in a task that nobody asks how it ended."""

    async def write_bytes(self, *args: Any, **more: Any) -> None:
        """Send the body. When the connection ends meanwhile, who waits for the answer sees it."""
        with contextlib.suppress(aiohttp.ClientConnectionResetError):
            await super().write_bytes(*args, **more)


class _Connector(aiohttp.TCPConnector):
    """aiohttp's, without connections that the peer has closed, or more idle ones than wanted."""

    def __init__(
        self, context: ssl.SSLContext | None, *, room: Callable[[], int], expiry: float
    ) -> None:
        super().__init__(
            limit=0,
            ssl=context or True,
            resolver=aiohttp.ThreadedResolver(),
            use_dns_cache=False,
            keepalive_timeout=expiry,
        )
        self.in_use: set[Connection] = set()
        self._room = room
        self._expiry = expiry
        #: Since when connections are idle; the oldest first.
        self.idle: dict[ResponseHandler, float] = {}
        self._alarm: asyncio.TimerHandle | None = None

    async def connect(self, req: Any, traces: Any, timeout: aiohttp.ClientTimeout) -> Connection:
        """One to send on, which belongs to the attempt that asks."""
        attempt = _attempt.get()
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol, transport = connection.protocol, connection.transport
            if protocol is None or transport is None:
                connection.close()
                continue
            if self.idle.pop(protocol, None) is None:
                for option in KEEPALIVE:
                    transport.get_extra_info("socket").setsockopt(*option)
                break
            # It may hold an answer that nobody asked for; or the peer may have closed it, and the
            # event loop been too busy to see that.
            if not (protocol.should_close or is_readable(transport.get_extra_info("socket"))):
                break
            connection.close()
        self.in_use.add(connection)
        connection.add_callback(partial(self._released, connection))
        attempt.connection = connection
        return connection

    def _released(self, connection: Connection) -> None:
        self.in_use.discard(connection)
        protocol = connection.protocol
        if protocol is None or protocol.should_close or not protocol.is_connected():
            return
        self.idle[protocol] = self._loop.time()
        self._close_old()
        if self._alarm is None:
            self._alarm = self._loop.call_later(self._expiry, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self._close_old()
        if self.idle:
            oldest = next(iter(self.idle.values()))
            self._alarm = self._loop.call_at(oldest + self._expiry, self._ring)

    def _close_old(self) -> None:
        bound = self._loop.time() - self._expiry
        while self.idle:
            protocol, since = next(iter(self.idle.items()))
            if since > bound and len(self.idle) <= self._room() and protocol.is_connected():
                return
            del self.idle[protocol]
            if protocol.transport is not None:
                protocol.transport.abort()

    def abort(self, end: Callable[[Any], object] = methodcaller("abort")) -> None:
        """End every connection, whatever it is doing: aiohttp waits until all is sent."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        for connection in list(self.in_use):
            if connection.transport is not None:
                end(connection.transport)
            connection.close()
        for protocol in self.idle:
            if protocol.transport is not None:
                end(protocol.transport)
        self.idle.clear()


class _Attempt:
    """One request that is under way, and what became of it."""

    def __init__(self, request: httpx.Request) -> None:
        self.request = request
        self.connection: Connection | None = None
        #: The body that is being sent, if it is not sent at once.
        self.body: _Pieces | None = None

    async def end_body(self) -> None:
        """Wait until the body is not read any more, once it is not sent any more."""
        if self.body is not None:
            await self.body.aclose()

    def abort(self) -> None:
        """End the connection, whatever is still to be sent."""
        if self.connection is not None and self.connection.transport is not None:
            self.connection.transport.abort()

    def response(self, answer: aiohttp.ClientResponse) -> httpx.Response:
        """httpx's form of an answer."""
        if (connection := answer.connection) is not None and connection.protocol is not None:
            # From here on limits hold while somebody waits.
            connection.protocol.read_timeout = None
            connection.protocol.start_timeout()
        version = answer.version or aiohttp.HttpVersion11
        return httpx.Response(
            answer.status,
            headers=answer.raw_headers,
            stream=_Body(answer, self),
            extensions={
                "http_version": b"HTTP/%d.%d" % (version.major, version.minor),
                "reason_phrase": (answer.reason or "").encode("ascii", "ignore"),
                "network_stream": _Network(answer),
            },
        )

    def meaning(self, error: Exception) -> Exception:
        """What to raise for what aiohttp raised."""
        if self.body is not None and (failure := self.body.failure) is not None:
            if isinstance(failure, httpx.RequestError):
                failure.request = self.request
            return failure
        known = self._as_httpx(error)
        if known is None:
            return error
        known.__cause__ = error
        known.request = self.request
        return known

    def _as_httpx(self, error: Exception) -> httpx.TransportError | None:
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return httpx.ConnectTimeout("no connection in time")
        if isinstance(error, aiohttp.ServerTimeoutError):
            return httpx.ReadTimeout("nothing came in time")
        if isinstance(error, aiohttp.ClientConnectorError):
            return httpx.ConnectError(str(error.__cause__ or error))
        if isinstance(error, aiohttp.ClientResponseError):
            return httpx.RemoteProtocolError(error.message)
        if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ServerDisconnectedError):
            return httpx.RemoteProtocolError(str(error))
        if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
            return httpx.UnsupportedProtocol(str(error))
        if isinstance(error, aiohttp.ClientConnectionError | OSError):
            kind = httpx.ConnectError if self.connection is None else httpx.ReadError
            return kind(str(error) or type(error).__name__)
        if isinstance(error, aiohttp.ClientError):
            return httpx.TransportError(str(error))
        if isinstance(error, ValueError):  # a header that cannot be sent
            return httpx.LocalProtocolError(str(error))
        return None


_attempt: ContextVar[_Attempt] = ContextVar("opensandbox_attempt")


class _Pieces:
    """The body of a request, each piece of it with a limit for the peer to take it.

    It is read by a task of aiohttp's, which may be in the middle of that when the request fails.
    """

    def __init__(self, request: httpx.Request, abort: Callable[[], None]) -> None:
        self._request = request
        self._abort = abort
        self._limit: float | None = request.extensions.get("timeout", {}).get("write")
        self._pieces = self._read()
        self._reading: asyncio.Future[None] | None = None
        #: What went wrong.
        self.failure: Exception | None = None

    def __aiter__(self) -> _Pieces:
        return self

    async def __anext__(self) -> bytes:
        reading = self._reading = asyncio.get_running_loop().create_future()
        try:
            return await anext(self._pieces)
        except Exception as error:
            if not isinstance(error, StopAsyncIteration):
                self.failure = self.failure or error
            raise
        finally:
            reading.set_result(None)

    async def _read(self) -> AsyncGenerator[bytes, None]:
        promised = self._request.headers.get("content-length")
        left = None if promised is None else int(promised)
        async for given in self._request.stream:  # type: ignore[union-attr]
            if left is not None and (left := left - len(given)) < 0:
                raise httpx.LocalProtocolError("the body is longer than was announced")
            whole = memoryview(given)
            for start in range(0, len(given), _PIECE):
                with self._limited():
                    yield given if len(given) <= _PIECE else bytes(whole[start : start + _PIECE])
        if left:
            raise httpx.LocalProtocolError("the body is shorter than was announced")

    @contextlib.contextmanager
    def _limited(self) -> Iterator[None]:
        if self._limit is None:
            yield
            return
        alarm = asyncio.get_running_loop().call_later(self._limit, self._is_stuck)
        try:
            yield
        finally:
            alarm.cancel()

    def _is_stuck(self) -> None:
        self.failure = httpx.WriteTimeout(f"nothing was taken for {self._limit:g} s")
        self._abort()

    async def aclose(self) -> None:
        """Wait until it is not read any more, which is being ended, and read no more of it."""
        if self._reading is not None and not self._reading.done():
            await asyncio.wait({self._reading})
        await self._pieces.aclose()


class _Body(httpx.AsyncByteStream):
    """An answer's body; closing it gives its connection back, or ends it."""

    def __init__(self, answer: aiohttp.ClientResponse, attempt: _Attempt) -> None:
        self._answer = answer
        self._attempt = attempt
        self._closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        content = self._answer.content
        limit = self._attempt.request.extensions.get("timeout", {}).get("read")
        try:
            while True:
                if limit is None:
                    piece = await content.readany()
                else:
                    async with asyncio.timeout(limit):
                        piece = await content.readany()
                if not piece:
                    return
                yield piece
        except TimeoutError as error:
            raise httpx.ReadTimeout(
                f"nothing came for {limit:g} s", request=self._attempt.request
            ) from error
        except Exception as error:
            raise self._attempt.meaning(error) from error

    async def aclose(self) -> None:
        if self._closed:
            return
        self._closed = True
        if not self._answer.content.is_eof():
            self._attempt.abort()
        self._answer.release()
        await self._answer.wait_for_close()
        await self._attempt.end_body()


class _Network:
    """What is known of the socket of an answer."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    def get_extra_info(self, info: str) -> Any:
        """As httpcore's streams are asked."""
        if info == CHUNKS_ENDED:
            return SURELY if self._answer.content.is_eof() else None
        connection = self._answer.connection
        if connection is None or connection.transport is None:
            return None
        name = {"client_addr": "sockname", "server_addr": "peername"}.get(info, info)
        return connection.transport.get_extra_info(name)
