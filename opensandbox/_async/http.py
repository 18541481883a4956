"""Makes calls of one API at one address, and turns what comes back into values or our exceptions.

Rules:

* A deadline bounds a unary call with all its retries. A stream is bounded up to the answer's
  headers, and from there by an idle limit.
* Only our exceptions leave, but for those that the caller's own functions raise.
* Whatever happens, a connection goes back to the pool or is closed.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import lru_cache
from json import JSONEncoder
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import httpx

from opensandbox_api.types import AsyncClient

from .._concurrency import NOT_SENT, AsyncOperation, async_time_limit, monotonic
from .._wire import headers as names
from .._wire.errors import error_from_response, is_page, malformed_answer, tried
from .._wire.sse import MAX_FRAME
from ..exceptions import (
    SandboxConnectionException,
    SandboxException,
    SandboxInternalException,
    SandboxTimeoutException,
)
from ..models._time import Seconds, seconds
from .streams import EventStream, read_some
from .transport import DEADLINE, FAILURES, LIMIT, ONCE, REFUSED_IS_FINAL

if TYPE_CHECKING:
    from .config import ConnectionConfig

_T = TypeVar("_T")
_V = TypeVar("_V")
_T_co = TypeVar("_T_co", covariant=True)

#: The longest body that is read into memory, in bytes, and the longest of an error.
BODY_LIMIT = 64 * 2**20
_ERROR_LIMIT = 256 * 2**10
#: A few addresses are asked again and again, and httpx takes its time to read one.
_read_url = lru_cache(maxsize=512)(httpx.URL)
_as_json = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
#: What a transport raises.
_FAULTS = (httpx.HTTPError, httpx.StreamError, TimeoutError)


class Answer(Protocol[_T_co]):
    """What a generated function gives back."""

    @property
    def parsed(self) -> _T_co | None:
        """The model in the answer."""


class Life(Protocol):
    """Whether the sandbox of a service is still there; what raises says that it is not."""

    def end(self) -> None:
        """It was killed here."""

    def check(self) -> None:
        """Raise when it was killed here."""

    async def is_paused(self) -> bool | None:
        """Whether the server says that it is paused; None when it says nothing."""

    async def look(self) -> None:
        """Raise when the server knows that there is no such sandbox."""


def call_limit(config: ConnectionConfig, request_timeout: Seconds | None) -> float:
    """How many seconds a call may take; None means the config's."""
    if request_timeout is None:
        return config.request_timeout.total_seconds()
    return seconds(request_timeout, "request_timeout")


class Service:
    """One API at one address.

    Without `base_url` it is the config's server, with the key. With one it is a service of a
    sandbox, where `headers` go with every request, and the key only with `use_server_proxy`.
    With `life` a call of a sandbox that has ended says so, at once or after the first connection
    that is refused. With `stranger` it is somebody else's: neither the key nor the config's headers
    go there.
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
        stranger: bool = False,
        beside_v1: bool = False,
        life: Life | None = None,
    ) -> None:
        self.life = life
        self._once = once
        self._stranger = stranger
        self._beside_v1 = beside_v1
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
            stranger=self._stranger,
            beside_v1=self._beside_v1,
            life=self.life,
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
            stranger=self._stranger,
            beside_v1=self._beside_v1,
            life=self.life,
        )

    def beside_v1(self) -> Service:
        """The config's server above its API's version, where it tells about itself."""
        return Service(self.config, once=self._once, beside_v1=True)

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

    async def read(
        self,
        operation: AsyncOperation[AsyncClient, Answer[_T]],
        into: Callable[[_T], _V],
        *,
        request_timeout: Seconds | None = None,
    ) -> _V:
        """Make one call of the API and give back what `into` makes of the model in its answer.

        A model that does not hold what is needed counts as an answer that cannot be read.
        """
        exchange, answer = await self._exchange(operation, request_timeout, BODY_LIMIT)
        if answer.parsed is None:
            raise exchange.malformed("the answer is missing")
        try:
            return into(answer.parsed)
        except SandboxInternalException as error:
            raise exchange.malformed(error.message or "it is not all there") from error

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
        limit = call_limit(self.config, request_timeout)
        exchange = _Exchange(self, limit, body_limit)
        try:
            async with async_time_limit(limit):
                return exchange, await operation(exchange)
        except SandboxException:
            raise
        except _FAULTS as error:
            if exchange.request_sent is None:
                raise SandboxTimeoutException(
                    f"the embedded runtime was not found or started within {limit:g} s",
                    cause=error,
                    is_retryable=True,
                ) from error
            raise self._fault(error, exchange.request_sent, limit) from error
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
            if exchange.response is None:
                raise  # not about the answer: a fault of the call
            raise exchange.malformed(
                f"not the JSON it should be ({type(error).__name__})"
            ) from error

    def stream(
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
    ) -> AbstractAsyncContextManager[httpx.Response]:
        """Send a request and hand out the answer while its body is still coming.

        Up to the headers `request_timeout` counts (None: the config's); a body that is sent in
        pieces may take longer, if no piece does. From there no wait for the next bytes may be
        longer than `idle_timeout` (None: as `request_timeout`). Raises for error answers, and for
        what breaks while the caller reads.
        """
        limit = call_limit(self.config, request_timeout)
        idle = limit if idle_timeout is None else seconds(idle_timeout, "idle_timeout")
        in_pieces = content is not None and not isinstance(content, bytes)

        async def request() -> httpx.Request:
            return await self._request(
                method, path, limit, params=params, headers=headers, json=json, content=content
            )

        return _StreamedBody(self, request, limit, idle, bounded=not in_pieces)

    def event_stream(
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
    ) -> AbstractAsyncContextManager[EventStream]:
        """Send a request and hand out the events of its answer.

        `idle_timeout` is how long nothing at all may come. None: `request_timeout` for the first
        event, then without end, and 15 s within an event and once the peer has sent a ping. Who
        has seen the end of what matters calls `EventStream.leave`.
        """
        limit = call_limit(self.config, request_timeout)
        idle = None if idle_timeout is None else seconds(idle_timeout, "idle_timeout")

        async def request() -> httpx.Request:
            return await self._request(
                method, path, limit, params=params, headers=headers, json=json
            )

        return _StreamedEvents(self, request, limit, idle, max_frame=max_frame)

    # --- sending

    def _every_time(self) -> dict[str, str]:
        """What goes with every request, but the key."""
        config = self.config
        return {
            "User-Agent": config.user_agent,
            **({} if self._stranger else config.headers),
            **self._own_headers,
        }

    def all_headers(self) -> dict[str, str]:
        """What goes with a request to a service of a sandbox that is no HTTP call of ours."""
        sent = self._every_time()
        if self.config.use_server_proxy and (key := self.config.get_api_key()):
            sent[names.API_KEY] = key
        return sent

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
        if self.life is not None:
            self.life.check()
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
            if self._beside_v1:
                base = base.removesuffix("/v1")
            if config.is_local:
                extensions[REFUSED_IS_FINAL] = True
        elif config.use_server_proxy and not self._stranger:
            key = config.get_api_key()
        sent = {
            "Accept": "*/*",
            "Accept-Encoding": "gzip, deflate",
            **self._every_time(),
            **(headers or {}),
        }
        if key:
            sent[names.API_KEY] = key
        if self.life is not None and not self._once:
            extensions[REFUSED_IS_FINAL] = True  # so that `_send` can look first
        address = f"{base}{self._prefix}{path}"
        url = httpx.URL(address, params=params) if params else _read_url(address)
        if json is not None:
            content = _as_json(json).encode()
            sent.setdefault("Content-Type", "application/json")
        if content is None or isinstance(content, bytes):
            return _whole_request(method, url, sent, content or b"", extensions)
        return httpx.Request(method, url, headers=sent, content=content, extensions=extensions)

    async def _send(self, request: httpx.Request) -> httpx.Response:
        connection = self.config.connection
        try:
            return await connection.send(request)
        except httpx.ConnectError:
            if self.life is not None and not self._once:
                await self.life.look()
                del request.extensions[REFUSED_IS_FINAL]
                return await connection.send(request)
            if self._base is not None or not self.config.is_local:
                raise
            # The embedded runtime that was there has gone, perhaps because it was idle.
            new = await connection.local_runtime(gone=request.url.netloc)
            request.url = request.url.copy_with(netloc=httpx.URL(new.base_url).netloc)
            request.headers["Host"] = request.url.netloc.decode("ascii")
            request.headers[names.API_KEY] = new.api_key
            return await connection.send(request)

    # --- what came back

    async def _check(self, response: httpx.Response) -> None:
        """Raise for an error answer, and for a page that somebody in between gave instead."""
        stray = not self._stranger and is_page(response.headers)
        if response.is_success and not stray:
            return
        body = await read_some(response, _ERROR_LIMIT, broken_is_fine=True)
        if response.is_success:
            raise malformed_answer(
                "it is no answer of the API",
                response.status_code,
                response.headers,
                body,
                method=response.request.method,
                url=str(response.request.url),
                sandbox_id=self.sandbox_id,
            )
        raise error_from_response(
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
        connecting = isinstance(
            error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout
        )
        if isinstance(error, TimeoutError | httpx.TimeoutException):
            why = request.extensions.get(NOT_SENT)
            own = None if limit is None else f"{round(limit, 3):g} s"
            within = request.extensions.get(LIMIT, own)
            return SandboxTimeoutException(
                f"{what}: no answer{f' within {within}' if within else ''}"
                f"{f': {why}' if why else ''}{before}",
                cause=error,
                is_retryable=connecting or why is not None,
                sandbox_id=self.sandbox_id,
            )
        if connecting:
            message = f"{what}: cannot connect: {error}{before}. {self._ways_out(request)}"
        elif isinstance(error, httpx.DecodingError | httpx.StreamError):
            message = f"{what}: the answer cannot be read: {error}"
        else:
            message = f"{what}: the connection broke: {error}{before}"
        return SandboxConnectionException(
            message, cause=error, is_retryable=connecting, sandbox_id=self.sandbox_id
        )

    def _ways_out(self, request: httpx.Request) -> str:
        if self._stranger:
            return "The server named that address; perhaps it is not reached from here."
        if self._base is not None:
            return "The sandbox, or the way to it, is not there: it may have ended."
        return (
            f"Is a server running at {request.url.netloc.decode('ascii')}? Start one there, name"
            " another by ConnectionConfig(domain=...) or the environment variable"
            ' OPEN_SANDBOX_DOMAIN, or use domain="local" for the runtime that comes with this'
            " package (pip install 'opensandbox[local]')."
        )


class _Streamed:
    """One request, and its answer while the body is still coming.

    No generator: an event loop that ends closes generators in any order, an inner one before the
    one that uses it, and this has to work still. So does leaving it without waiting.
    """

    def __init__(
        self,
        service: Service,
        request: Callable[[], Awaitable[httpx.Request]],
        limit: float,
        idle: float | None,
        *,
        bounded: bool = True,
    ) -> None:
        self._service = service
        self._build = request
        self._limit = limit
        self._idle = idle
        self._bounded = bounded
        self._response: httpx.Response | None = None

    async def _open(self) -> httpx.Response:
        service = self._service
        connection = service.config.connection
        request = await self._build()
        connection.expect_letting_go()
        try:
            async with async_time_limit(self._limit if self._bounded else None):
                response = self._response = await service._send(request)
                await service._check(response)
        except BaseException as error:
            if self._response is not None:
                connection.let_go(self._response)
            if isinstance(error, _FAULTS):
                raise service._fault(error, request, self._limit) from error
            raise
        # httpcore looks here when it begins to read the body.
        request.extensions["timeout"]["read"] = self._idle
        return response

    def _broken(self, error: BaseException | None, limit: float) -> None:
        """Raise what a fault of the connection means; nothing for any other error."""
        if isinstance(error, _FAULTS) and self._response is not None:
            raise self._service._fault(error, self._response.request, limit) from error


class _StreamedBody(_Streamed):
    """The answer itself."""

    async def __aenter__(self) -> httpx.Response:
        return await self._open()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        if self._response is not None:
            self._service.config.connection.let_go(self._response)
        self._broken(exc_val, self._idle or self._limit)


class _StreamedEvents(_Streamed):
    """Its events."""

    def __init__(
        self,
        service: Service,
        request: Callable[[], Awaitable[httpx.Request]],
        limit: float,
        idle: float | None,
        *,
        max_frame: int,
    ) -> None:
        super().__init__(service, request, limit, None)
        self._silence = idle
        self._max_frame = max_frame
        self._events: EventStream | None = None

    async def __aenter__(self) -> EventStream:
        self._events = EventStream(
            await self._open(),
            begins=self._limit,
            idle=self._silence,
            max_frame=self._max_frame,
            sandbox_id=self._service.sandbox_id,
            is_paused=None if self._service.life is None else self._service.life.is_paused,
        )
        return self._events

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        events, connection = self._events, self._service.config.connection
        if events is not None and events.left and exc_val is None:
            await connection.leave_to_drainer(events)
        elif self._response is not None:
            connection.let_go(self._response)
        if events is not None:
            self._broken(exc_val, events.patience or self._limit)


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
            await service._check(response)
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
        body = await read_some(response, self._body_limit + 1)
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


def _whole_request(
    method: str, url: httpx.URL, headers: Mapping[str, str], body: bytes, extensions: dict[str, Any]
) -> httpx.Request:
    """What `httpx.Request(content=body)` makes, without the many look-ups of headers in there."""
    sent = {
        name.lower(): (name.encode("ascii"), value.encode("ascii"))
        for name, value in headers.items()
    }
    if body or method in ("POST", "PUT", "PATCH"):
        sent.setdefault("content-length", (b"Content-Length", b"%d" % len(body)))
    host = sent.pop("host", (b"Host", url.netloc))
    request = httpx.Request(
        method,
        url,
        headers=[host, *sent.values()],
        stream=httpx.ByteStream(body),
        extensions=extensions,
    )
    request.read()  # for hooks that look at the content
    return request


def _retries_told(request: httpx.Request) -> str:
    failures = request.extensions.get(FAILURES)
    if not failures:
        return ""
    times = "once" if len(failures) == 1 else f"{len(failures)} times"
    return f" (tried {times} before; last: {failures[-1]})"
