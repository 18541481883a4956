"""Sends requests and turns what comes back into values or our exceptions: the one place that does.

Rules:

* Each config has one `Connection`: one client, one pool, one drainer. A `Service` is one API at one
  address on it, and cheap.
* A deadline bounds a unary call with all its retries. A stream is bounded up to the answer's
  headers, and from there by an idle limit.
* Only our exceptions leave, but for those that the caller's own functions raise.
* Whatever happens, a connection goes back to the pool or is closed.
* Every request goes through `Connection.send`: a trace span has its place there.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from http.cookiejar import CookieJar
from socket import SHUT_RDWR
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import httpx

from opensandbox_api.types import AsyncClient

from .. import _launch
from .._concurrency import (
    AsyncHere,
    AsyncLock,
    AsyncOperation,
    AsyncWorker,
    async_run_blocking,
    async_time_limit,
    monotonic,
)
from .._wire import headers as names
from .._wire.errors import error_from_response, malformed_answer, tried
from .._wire.sse import MAX_FRAME, Frame, FrameDecoder, MalformedStream
from .._wire.urls import server_url
from ..exceptions import SandboxConnectionException, SandboxException, SandboxTimeoutException
from ..models._time import Seconds, seconds
from .transport import DEADLINE, FAILURES, ONCE, REFUSED_IS_FINAL, RetryAsyncTransport

if TYPE_CHECKING:
    from .config import ConnectionConfig

_log = logging.getLogger("opensandbox")
_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)

#: The longest body that is read into memory, in bytes, and the longest of an error.
BODY_LIMIT = 64 * 2**20
_ERROR_LIMIT = 256 * 2**10
#: How many redirects are followed.
_REDIRECTS = 10
#: Once a peer has shown that it pings every 3 s, this many seconds of silence mean that it is dead.
PING_SILENCE = 15.0
#: How many ended streams wait to be read to their end, and for how many seconds each.
_DRAIN_ROOM = 32
_DRAIN_SECONDS = 2.0

_SECRET_PARAMETER = re.compile(r"key|token|secret|password|signature|auth|credential", re.I)
_OUR_SECRETS = (names.API_KEY, names.EXECD_ACCESS_TOKEN, names.SECURE_ACCESS)


class Server(NamedTuple):
    """Where the lifecycle API is, and the key it wants (empty for none)."""

    base_url: str
    api_key: str


class Answer(Protocol[_T_co]):
    """What a generated function gives back."""

    @property
    def parsed(self) -> _T_co | None:
        """The model in the answer."""


class _NoCookies(CookieJar):
    """Keeps none: many sandboxes share one client, and their cookies would mix."""

    def extract_cookies(self, *_: object) -> None:
        return

    def set_cookie(self, *_: object) -> None:
        return


class Connection:
    """What one config sends with."""

    def __init__(self, config: ConnectionConfig, transport: httpx.AsyncBaseTransport) -> None:
        # Only parts of the config: a cycle of the two would keep sockets open until a collection.
        self._closes = config.owns_transport
        self._follows = config.follow_redirects
        self._debug = config.debug
        self._own = transport
        policy = config.retry_policy
        if not isinstance(transport, RetryAsyncTransport) and policy.wraps_transport():
            transport = RetryAsyncTransport(transport, policy)
        self._client = httpx.AsyncClient(
            transport=transport,
            event_hooks=config.event_hooks,
            trust_env=False,
            timeout=None,  # every request brings its own
            cookies=_NoCookies(),
        )
        self._local = _LocalRuntime()
        self._server: tuple[str, str, str] | None = None
        self._drainers = AsyncHere(_new_drainer, AsyncWorker.close, _forget_drainer)

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Send one request and give back the answer with its body unread.

        Raises httpx's exceptions.
        """
        started = monotonic() if self._debug else 0.0
        response = await self._client.send(request, stream=True)
        for _ in range(_REDIRECTS):
            following = response.next_request
            if not self._follows or following is None:
                break
            await response.aclose()
            _keep_secrets(request, following)
            response = await self._client.send(following, stream=True)
        if self._debug:
            _log_answer(request, response, monotonic() - started)
        return response

    async def server(self, config: ConnectionConfig) -> Server:
        """The server, which for `local` is found or started first."""
        if config.is_local:
            return await self.local_runtime()
        return self.known_server(config)

    async def local_runtime(self, *, gone: bytes | None = None) -> Server:
        """The embedded runtime; `gone` is the host and port where it is no longer."""
        return await self._local.find(gone)

    def known_server(self, config: ConnectionConfig) -> Server:
        """The server as far as it is known without looking for it."""
        if config.is_local:
            return self._local.known()
        domain, protocol = config.get_domain(), config.protocol
        if self._server is None or self._server[:2] != (domain, protocol):
            self._server = (domain, protocol, server_url(domain, protocol))
        return Server(self._server[2], config.get_api_key())

    async def leave_to_drainer(self, stream: EventStream) -> None:
        """Read the rest of an ended stream in the background, so that its connection is reused."""
        if not self._drainers.get().offer(stream):
            await stream.close()

    async def close(self) -> None:
        """Stop the drainer, and close the connections unless they are the caller's own."""
        await self._drainers.aclose()
        if self._closes:
            await self._own.aclose()


class _LocalRuntime:
    """Where the embedded runtime was last found."""

    def __init__(self) -> None:
        self._found: Server | None = None
        self._looking = AsyncHere(AsyncLock, _no_close, _no_drop)

    async def find(self, gone: bytes | None) -> Server:
        if self._found is not None and gone is None:
            return self._found
        async with self._looking.get():
            found = self._found
            if found is None or httpx.URL(found.base_url).netloc == gone:
                self._found = None
                runtime = await async_run_blocking(_launch.find_or_start)
                found = self._found = Server(f"{runtime.url}/v1", runtime.api_key)
            return found

    def known(self) -> Server:
        if self._found is None:
            raise SandboxConnectionException(
                "the embedded runtime has no address before its first use"
            )
        return self._found


async def _no_close(lock: AsyncLock) -> None:
    """A lock has nothing to close."""


def _no_drop(lock: AsyncLock) -> None:
    """Nor anything to let go of."""


# --- the drainer ------------------------------------------------------------------------------


def _new_drainer() -> AsyncWorker[EventStream]:
    return AsyncWorker(
        _drain,
        EventStream.close,
        EventStream.interrupt,
        room=_DRAIN_ROOM,
        name="opensandbox stream drainer",
    )


def _forget_drainer(drainer: AsyncWorker[EventStream]) -> None:
    """Nothing: its streams went with their event loop or process."""


async def _drain(stream: EventStream) -> None:
    try:
        async with async_time_limit(_DRAIN_SECONDS):
            await stream.read_to_end()
    except (httpx.HTTPError, httpx.StreamError, TimeoutError):
        pass  # its connection is closed instead of being used again
    finally:
        await stream.close()


# --- a service --------------------------------------------------------------------------------


class Service:
    """One API at one address.

    Without `base_url` it is the config's server, with the key. With one it is a service of a
    sandbox, where `headers` go with every request, and the key only with `use_server_proxy`.
    """

    def __init__(
        self,
        config: ConnectionConfig,
        base_url: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        sandbox_id: str | None = None,
        prefix: str = "",
        once: bool = False,
    ) -> None:
        self._once = once
        self.config = config
        self.sandbox_id = sandbox_id
        self._base = None if base_url is None else base_url.rstrip("/")
        self._own_headers = dict(headers or {})
        self._prefix = prefix

    @property
    def base_url(self) -> str:
        """The address, without a trailing slash; `local runtime` before that one was found."""
        if self._base is not None:
            return self._base + self._prefix
        try:
            return self.config.connection.known_server(self.config).base_url + self._prefix
        except SandboxConnectionException:
            return "local runtime"

    @property
    def headers(self) -> dict[str, str]:
        """What the service itself wants with every request."""
        return dict(self._own_headers)

    def at(self, prefix: str) -> Service:
        """The same service below a path prefix."""
        return Service(
            self.config,
            self._base,
            headers=self._own_headers,
            sandbox_id=self.sandbox_id,
            prefix=f"{self._prefix}/{prefix.strip('/')}",
            once=self._once,
        )

    def once(self) -> Service:
        """The same service for whoever tries again himself: no request of it is repeated."""
        return Service(
            self.config,
            self._base,
            headers=self._own_headers,
            sandbox_id=self.sandbox_id,
            prefix=self._prefix,
            once=True,
        )

    async def call(
        self,
        operation: AsyncOperation[AsyncClient, Answer[_T]],
        *,
        request_timeout: Seconds | None = None,
        body_limit: int = BODY_LIMIT,
    ) -> _T:
        """Make one call of the API and give back the model in its answer."""
        exchange, answer = await self._exchange(operation, request_timeout, body_limit)
        if answer.parsed is None:
            raise exchange.malformed("the answer is missing")
        return answer.parsed

    async def send(
        self,
        operation: AsyncOperation[AsyncClient, Answer[Any]],
        *,
        request_timeout: Seconds | None = None,
    ) -> None:
        """Make one call of the API whose answer holds nothing we need."""
        await self._exchange(operation, request_timeout, BODY_LIMIT)

    async def _exchange(
        self,
        operation: AsyncOperation[AsyncClient, Answer[_T]],
        request_timeout: Seconds | None,
        body_limit: int,
    ) -> tuple[_Exchange, Answer[_T]]:
        limit = self._limit(request_timeout)
        exchange = _Exchange(self, limit, body_limit)
        try:
            async with async_time_limit(limit):
                return exchange, await operation(exchange)
        except SandboxException:
            raise
        except (httpx.HTTPError, httpx.StreamError, TimeoutError) as error:
            if exchange.request_sent is None:
                raise SandboxTimeoutException(
                    f"the embedded runtime was not found or started within {limit:g} s",
                    cause=error,
                    is_retryable=True,
                ) from error
            raise self._fault(error, exchange.request_sent, limit) from error
        except (ValueError, TypeError, KeyError, AttributeError, LookupError) as error:
            if exchange.response is None:
                raise  # not about the answer: a fault of the call
            raise exchange.malformed(
                f"not the JSON it should be ({type(error).__name__})"
            ) from error

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | AsyncIterable[bytes] | Iterable[bytes] | None = None,
        request_timeout: Seconds | None = None,
        idle_timeout: Seconds | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """Send a request and hand out the answer while its body is still coming.

        Up to the headers `request_timeout` counts (None: the config's); a body that is sent in
        pieces may take longer, if no piece does. From there no wait for the next bytes may be
        longer than `idle_timeout` (None: as `request_timeout`). Raises for error answers, and for
        what breaks while the caller reads.
        """
        limit = self._limit(request_timeout)
        idle = limit if idle_timeout is None else seconds(idle_timeout, "idle_timeout")
        in_pieces = content is not None and not isinstance(content, bytes)
        request = await self._request(
            method, path, limit, params=params, headers=headers, json=json, content=content
        )
        response: httpx.Response | None = None
        try:
            async with async_time_limit(None if in_pieces else limit):
                response = await self._send(request)
                if not response.is_success:
                    raise await self._refusal(response)
            # httpcore looks here when it begins to read the body.
            request.extensions["timeout"]["read"] = idle
            yield response
        except (httpx.HTTPError, httpx.StreamError, TimeoutError) as error:
            headers_came = response is not None
            raise self._fault(error, request, idle if headers_came else limit) from error
        finally:
            if response is not None:
                await _give_up(response)

    @asynccontextmanager
    async def event_stream(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        request_timeout: Seconds | None = None,
        idle_timeout: Seconds | None = None,
        max_frame: int = MAX_FRAME,
    ) -> AsyncIterator[EventStream]:
        """Send a request and hand out the events of its answer.

        `idle_timeout` is how long nothing at all may come (None: without end, and 15 s once the
        peer has sent a ping). Who has seen the end of what matters calls `EventStream.leave`.
        """
        limit = self._limit(request_timeout)
        request = await self._request(
            method, path, limit, params=params, headers=headers, json=json
        )
        response: httpx.Response | None = None
        events: EventStream | None = None
        idle = None if idle_timeout is None else seconds(idle_timeout, "idle_timeout")
        try:
            async with async_time_limit(limit):
                response = await self._send(request)
                if not response.is_success:
                    raise await self._refusal(response)
            request.extensions["timeout"]["read"] = None
            events = EventStream(self, response, idle, max_frame)
            yield events
        except (httpx.HTTPError, httpx.StreamError, TimeoutError) as error:
            if events is not None:
                limit = events.idle or limit
            raise self._fault(error, request, limit) from error
        finally:
            if events is not None and events.left:
                await self.config.connection.leave_to_drainer(events)
            elif response is not None:
                await _give_up(response)

    # --- sending

    def _limit(self, request_timeout: Seconds | None) -> float:
        if request_timeout is None:
            return self.config.request_timeout.total_seconds()
        return seconds(request_timeout, "request_timeout")

    async def _request(
        self,
        method: str,
        path: str,
        limit: float,
        *,
        params: Any = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        content: Any = None,
    ) -> httpx.Request:
        config = self.config
        base, key = self._base, ""
        extensions: dict[str, Any] = {
            "timeout": {"connect": limit, "read": limit, "write": limit, "pool": limit},
            DEADLINE: monotonic() + limit,
        }
        if self._once:
            extensions[ONCE] = True
        if base is None:
            base, key = await config.connection.server(config)
            if config.is_local:
                extensions[REFUSED_IS_FINAL] = True
        elif config.use_server_proxy:
            key = config.get_api_key()
        sent = {
            "Accept": "*/*",
            "Accept-Encoding": "gzip, deflate",
            "User-Agent": config.user_agent,
            **config.headers,
            **self._own_headers,
            **(headers or {}),
        }
        if key:
            sent[names.API_KEY] = key
        return httpx.Request(
            method,
            f"{base}{self._prefix}{path}",
            params=params or None,
            headers=sent,
            json=json,
            content=content,
            extensions=extensions,
        )

    async def _send(self, request: httpx.Request) -> httpx.Response:
        connection = self.config.connection
        try:
            return await connection.send(request)
        except httpx.ConnectError:
            if self._base is not None or not self.config.is_local:
                raise
            # The embedded runtime that was there has gone, perhaps because it was idle.
            new = await connection.local_runtime(gone=request.url.netloc)
            request.url = request.url.copy_with(netloc=httpx.URL(new.base_url).netloc)
            request.headers["Host"] = request.url.netloc.decode("ascii")
            request.headers[names.API_KEY] = new.api_key
            return await connection.send(request)

    # --- what came back

    async def _refusal(self, response: httpx.Response) -> SandboxException:
        body = await _read_some(response, _ERROR_LIMIT, broken_is_fine=True)
        return error_from_response(
            response.status_code,
            response.headers,
            body,
            method=response.request.method,
            url=str(response.request.url),
            sandbox_id=self.sandbox_id,
        )

    def _fault(
        self, error: Exception, request: httpx.Request, limit: float | None
    ) -> SandboxException:
        """Our exception for a call that got no answer, or not all of one."""
        what = tried(request.method, str(request.url))
        before = _retries_told(request)
        nothing_sent = isinstance(
            error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout
        )
        if isinstance(error, TimeoutError | httpx.TimeoutException):
            said = f": {error}" if isinstance(error, httpx.PoolTimeout) else ""
            within = "" if limit is None else f" within {limit:g} s"
            return SandboxTimeoutException(
                f"{what}: no answer{within}{said}{before}",
                cause=error,
                is_retryable=nothing_sent,
                sandbox_id=self.sandbox_id,
            )
        if nothing_sent:
            message = f"{what}: cannot connect: {error}{before}. {self._ways_out(request)}"
        elif isinstance(error, httpx.DecodingError | httpx.StreamError):
            message = f"{what}: the answer cannot be read: {error}"
        else:
            message = f"{what}: the connection broke: {error}{before}"
        return SandboxConnectionException(
            message, cause=error, is_retryable=nothing_sent, sandbox_id=self.sandbox_id
        )

    def _ways_out(self, request: httpx.Request) -> str:
        if self._base is not None:
            return "The sandbox, or the way to it, is not there: it may have ended."
        return (
            f"Is a server running at {request.url.netloc.decode('ascii')}? Start one there, name"
            " another by ConnectionConfig(domain=...) or the environment variable"
            ' OPEN_SANDBOX_DOMAIN, or use domain="local" for the runtime that comes with this'
            " package (pip install 'opensandbox[local]')."
        )


class _Exchange:
    """Stands where a generated function expects its client: one call, and what came of it."""

    def __init__(self, service: Service, limit: float, body_limit: int) -> None:
        self._service = service
        self._limit = limit
        self._body_limit = body_limit
        self.request_sent: httpx.Request | None = None
        self.response: httpx.Response | None = None

    async def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """What a generated function calls: send, read, and raise for an error answer."""
        service = self._service
        request = self.request_sent = await service._request(
            method, url, self._limit, params=params, headers=headers, json=json, content=content
        )
        response = await service._send(request)
        try:
            if not response.is_success:
                raise await service._refusal(response)
            response = await self._read(response)
        finally:
            await response.aclose()
        self.response = response
        return response

    async def _read(self, response: httpx.Response) -> httpx.Response:
        size = response.headers.get("content-length", "")
        short = size.isdecimal() and int(size) <= self._body_limit
        if short and "content-encoding" not in response.headers:
            await response.aread()
            return response
        body = await _read_some(response, self._body_limit + 1)
        if len(body) > self._body_limit:
            self.response = httpx.Response(
                response.status_code, headers=response.headers, request=response.request
            )
            raise self.malformed(f"longer than the {self._body_limit} bytes that are read of one")
        plain = {
            name: value
            for name, value in response.headers.items()
            if name not in ("content-encoding", "content-length", "transfer-encoding")
        }
        return httpx.Response(
            response.status_code, headers=plain, content=body, request=response.request
        )

    def malformed(self, problem: str) -> SandboxException:
        """The exception for a success that cannot be read."""
        response = self.response
        assert response is not None  # noqa: S101  there is no such thing without an answer
        return malformed_answer(
            problem,
            response.status_code,
            response.headers,
            response.content if response.is_stream_consumed or response.is_closed else b"",
            method=response.request.method,
            url=str(response.request.url),
            sandbox_id=self._service.sandbox_id,
        )


class EventStream:
    """The events of one answer, as they come."""

    def __init__(
        self, service: Service, response: httpx.Response, idle: float | None, max_frame: int
    ) -> None:
        self._service = service
        self._response = response
        # One iterator from the first byte to the last: giving one up closes the connection.
        self._chunks = response.aiter_bytes()
        self._decoder = FrameDecoder(max_frame=max_frame)
        #: How many seconds of silence are taken now; None for any number.
        self.idle = idle
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

    async def __aiter__(self) -> AsyncGenerator[list[Frame], None]:
        """The events in the lists that they arrive in."""
        while (chunk := await self._next()) is not None:
            if frames := self._decode(chunk):
                yield frames
        if frames := self._decode(None):
            yield frames

    async def _next(self) -> bytes | None:
        if self.idle is None:
            return await anext(self._chunks, None)
        async with async_time_limit(self.idle):
            return await anext(self._chunks, None)

    async def read_to_end(self) -> None:
        """Read what is left and drop it."""
        async for _ in self._chunks:
            pass

    async def close(self) -> None:
        """Give the connection back when all was read, else close it."""
        await _give_up(self._response)

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
                sandbox_id=self._service.sandbox_id,
            ) from error
        if self.idle is None and any(frame.get("type") == "ping" for frame in frames):
            self.idle = PING_SILENCE
        return frames


# --- small things -----------------------------------------------------------------------------


async def _give_up(response: httpx.Response) -> None:
    with suppress(httpx.HTTPError):
        await response.aclose()


async def _read_some(
    response: httpx.Response, limit: int, *, broken_is_fine: bool = False
) -> bytes:
    """The body, or the first `limit` bytes of it; perhaps as far as it came before it broke."""
    parts: list[bytes] = []
    size = 0
    try:
        async for chunk in response.aiter_bytes():
            parts.append(chunk)
            size += len(chunk)
            if size >= limit:
                break
    except httpx.HTTPError:
        if not broken_is_fine:
            raise
    return b"".join(parts)[:limit]


def _keep_secrets(request: httpx.Request, following: httpx.Request) -> None:
    """Take the keys out of a request that was redirected to another place."""
    old, new = request.url, following.url
    if (old.scheme, old.host, old.port) != (new.scheme, new.host, new.port):
        for name in _OUR_SECRETS:
            following.headers.pop(name, None)


def _retries_told(request: httpx.Request) -> str:
    failures = request.extensions.get(FAILURES)
    if not failures:
        return ""
    times = "once" if len(failures) == 1 else f"{len(failures)} times"
    return f" (tried {times} before; last: {failures[-1]})"


def _log_answer(request: httpx.Request, response: httpx.Response, took: float) -> None:
    _log.debug(
        "%s %s %d %.0f ms request %s",
        request.method,
        _masked(request.url),
        response.status_code,
        took * 1000,
        response.headers.get(names.REQUEST_ID, "-"),
    )


def _masked(url: httpx.URL) -> str:
    """A URL fit for a log: no user, no password, no secret value in the query."""
    shown = url.copy_with(userinfo=b"") if url.userinfo else url
    if not shown.query:
        return str(shown)
    pairs = [
        (name, "***" if _SECRET_PARAMETER.search(name) else value)
        for name, value in shown.params.multi_items()
    ]
    return str(shown.copy_with(params=pairs))
