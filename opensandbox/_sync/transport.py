# Written by scripts/unasync.py from opensandbox/_async/transport.py. Do not edit.
"""The pool of connections beneath every request, and the retries around it.

Rules:

* A transport may be used from any event loop, thread or forked child: it keeps a pool for each.
* TLS settings are read once, at the first https request, off the event loop; http needs none.
* Retries follow `RetryPolicy`, which decides; this module sends and waits.
* Only httpx's exceptions leave here, as httpx asks of a transport; `http` turns them into ours.
"""

from __future__ import annotations

import random
import ssl
from collections.abc import Callable, Iterator, MutableMapping
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.request import (  # type: ignore[attr-defined]
    getproxies_environment,
    proxy_bypass_environment,
)

import httpx

from .._concurrency import (
    NOT_SENT,
    Here,
    Lock,
    Pool,
    Slots,
    connector,
    fast_pool,
    monotonic,
    run_blocking,
    sleep,
    time_limit,
)
from .._wire.errors import retry_after
from ..exceptions import InvalidArgumentException
from ..transport.retry import RetryCause, RetryEvent, RetryPolicy

#: How the peer's certificate is checked: True by the usual authorities, False not at all, a path by
#: the authorities in that file or folder, a context as it says.
Verify = bool | str | Path | ssl.SSLContext

# What a request carries for the transports below, beside httpx's own "timeout".
#: When the caller's deadline passes, by the monotonic clock; no wait may end later.
DEADLINE = "opensandbox.deadline"
#: The failures before a retry, so that the error at the end can tell of them.
FAILURES = "opensandbox.failures"
#: Which limit of the retry policy has passed.
LIMIT = "opensandbox.limit"
#: A refused connection is the answer: whoever sent this knows better than to try again.
REFUSED_IS_FINAL = "opensandbox.refused_is_final"
#: Whoever sent this tries again himself, at his own pace.
ONCE = "opensandbox.once"
#: What an answer carries: what made the connection, by name and version.
SENT_BY = "opensandbox.sent_by"

_T = TypeVar("_T")


def tls_context(verify: Verify) -> ssl.SSLContext:
    """The TLS settings for `verify`; reads the authorities from disk, so it takes a while."""
    if isinstance(verify, ssl.SSLContext):
        return verify
    if isinstance(verify, bool):
        return httpx.create_ssl_context(verify=verify)
    path = Path(verify)
    try:
        if path.is_dir():
            return ssl.create_default_context(capath=path)
        return ssl.create_default_context(cafile=path)
    except OSError as error:
        raise InvalidArgumentException(
            f"verify={str(path)!r} cannot be read as certificates: {error}", cause=error
        ) from error


class _PoolsSync:
    """The connections of one event loop, or in the blocking colour of the process."""

    def __init__(self, max_connections: int | None, keep: int) -> None:
        slots = self.slots = None if max_connections is None else Slots(max_connections)
        #: How many may be idle. Those who wait take one each in a moment: what many gave back at
        #: once is not closed, only to be opened anew.
        self.room = lambda: keep + (0 if slots is None else slots.waiting)
        self.opening = Lock()
        self.pools: dict[tuple[bool, str | None], Pool] = {}

    def close(self) -> None:
        pools, self.pools = self.pools, {}
        try:
            for pool in pools.values():
                pool.close()
            sleep(0)  # the event loop closes the sockets then
        except BaseException:
            for pool in pools.values():
                pool.abandon()
            raise

    def drop(self) -> None:
        """Let go of what cannot be closed in order: its event loop or its process is gone."""
        for pool in self.pools.values():
            pool.abandon()


class PooledTransportSync(httpx.BaseTransport):
    """Connections that are kept and shared, on whatever event loop or thread they are asked for.

    `max_connections` is how many requests may be under way at once, None for any number;
    `max_keepalive_connections` idle ones are kept for up to `keepalive_expiry` seconds. `proxy` is
    the URL of a proxy for everything; None reads HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY,
    and sends nothing meant for this machine itself through them.
    """

    def __init__(
        self,
        *,
        verify: Verify = True,
        proxy: str | None = None,
        max_connections: int | None = 100,
        max_keepalive_connections: int = 20,
        keepalive_expiry: float = 3.0,
    ) -> None:
        self._verify = verify
        self._proxy = proxy
        self._max_connections = max_connections
        self._all_in_use = (
            f"all {max_connections} connections were in use"
            " (with_transport_if_missing(max_connections=...) allows more)"
        )
        keep = max_keepalive_connections
        self._expiry = keepalive_expiry
        self._context: ssl.SSLContext | None = None
        self._proxies: dict[str, str] | None = None
        # No method of our own in here: the pools must not keep the transport alive.
        self._here = Here(
            lambda: _PoolsSync(max_connections, keep), _PoolsSync.close, _PoolsSync.drop
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request, once."""
        scheme = request.url.scheme
        if scheme not in ("http", "https"):
            raise httpx.UnsupportedProtocol(
                f"{scheme or 'nothing'}:// is neither http:// nor https://", request=request
            )
        here = self._here.get()
        if here.slots is None:
            return self._send(here, request)
        self._take_slot(here.slots, request)
        try:
            response = self._send(here, request)
        except BaseException:
            here.slots.give_back()
            raise
        assert isinstance(response.stream, httpx.SyncByteStream)  # noqa: S101
        response.stream = _BodySync(response.stream, here.slots)
        return response

    def _send(self, here: _PoolsSync, request: httpx.Request) -> httpx.Response:
        request.extensions.pop(NOT_SENT, None)
        key = (request.url.scheme == "https", self._proxy_for(request.url))
        pool = here.pools.get(key) or self._open(here, key)
        response: httpx.Response = pool.handle_request(request)
        response.extensions[SENT_BY] = pool.made_by
        return response

    def _take_slot(self, slots: Slots, request: httpx.Request) -> None:
        seconds = request.extensions.get("timeout", {}).get("pool")
        request.extensions[NOT_SENT] = self._all_in_use
        if not slots.take(seconds):
            raise httpx.PoolTimeout(self._all_in_use, request=request)

    def _open(self, here: _PoolsSync, key: tuple[bool, str | None]) -> Pool:
        secure, proxy = key
        with here.opening:
            if key in here.pools:
                return here.pools[key]
            if secure and self._context is None:
                verify = self._verify
                self._context = run_blocking(lambda: tls_context(verify))
            context = self._context if secure else None
            pool = self._new_pool(context, proxy, here.room)
            here.pools[key] = pool
            return pool

    def _new_pool(
        self, context: ssl.SSLContext | None, proxy: str | None, room: Callable[[], int]
    ) -> Pool:
        if proxy is None:
            fast = fast_pool(context, room=room, expiry=self._expiry)
            if fast is not None:
                return fast
        from .kept_connections import (
            KeptConnectionsSync,  # here, for httpcore takes a while to load
        )

        return KeptConnectionsSync(
            connector(context, proxy, expiry=self._expiry),
            room=room,
            expiry=self._expiry,
        )

    def _proxy_for(self, url: httpx.URL) -> str | None:
        if self._proxy is not None:
            return self._proxy
        if self._proxies is None:
            self._proxies = getproxies_environment()
        if not self._proxies or _is_loopback(url.host):
            return None
        if proxy_bypass_environment(url.netloc.decode("ascii"), self._proxies):
            return None
        found = self._proxies.get(url.scheme) or self._proxies.get("all")
        if found is None:
            return None
        return found if "://" in found else f"http://{found}"

    @property
    def open_connections(self) -> int:
        """How many connections are open, the idle ones among them."""
        return sum(pool.open for here in self._here.made() for pool in here.pools.values())

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        self._here.close()


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.endswith(".localhost") or host.startswith("127.")


class _BodySync(httpx.SyncByteStream):
    """An answer's body; closing it lets the next request in."""

    def __init__(self, stream: httpx.SyncByteStream, slots: Slots) -> None:
        self._stream = stream
        self._slots: Slots | None = slots

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def close(self) -> None:
        slots, self._slots = self._slots, None
        if slots is None:
            return
        try:
            self._stream.close()
        finally:
            slots.give_back()


class RetrySyncTransport(httpx.BaseTransport):
    """Sends a request again when `policy` says so.

    `owns_inner`: closing this closes `inner` too. `rng` is where the jitter comes from; None takes
    a generator of its own.
    """

    def __init__(
        self,
        inner: httpx.BaseTransport,
        policy: RetryPolicy,
        *,
        owns_inner: bool = False,
        rng: random.Random | None = None,
    ) -> None:
        self._inner = inner
        self._policy = policy
        self._owns_inner = owns_inner
        self._rng = rng or random.Random()

    @property
    def inner(self) -> httpx.BaseTransport:
        """The transport that sends."""
        return self._inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request, and again when the policy says so."""
        policy = self._policy
        started = monotonic()
        if request.extensions.get(ONCE):
            return self._attempt(request, started)
        attempt, wait = 1, None
        while True:
            response: httpx.Response | None = None
            failure: httpx.TransportError | None = None
            try:
                response = self._attempt(request, started)
            except httpx.TransportError as error:
                failure = error
                cause = _cause_of(error)
                refused = isinstance(error, httpx.ConnectError)
                if cause is None or (refused and request.extensions.get(REFUSED_IS_FINAL)):
                    raise
            else:
                if response.status_code not in policy.retryable_statuses_for(request.method):
                    return response
                cause = RetryCause.of_status(response.status_code)
            wait = policy.next_wait(
                attempt,
                request.method,
                cause,
                status=None if response is None else response.status_code,
                retry_after=None if response is None else retry_after(response.headers),
                previous_wait=wait,
                replayable=isinstance(request.stream, httpx.ByteStream),
                remaining=self._remaining(request, started),
                rng=self._rng,
            )
            if wait is None:
                if failure is not None:
                    raise failure
                assert response is not None  # noqa: S101  one of the two came
                return response
            if response is not None:
                response.close()
            _note(request.extensions, str(failure) if response is None else response.status_code)
            self._tell(request, attempt, cause, response, wait, failure)
            request.extensions.pop(LIMIT, None)
            sleep(wait)
            attempt += 1

    def _attempt(self, request: httpx.Request, started: float) -> httpx.Response:
        limit, name = self._own_limit(started)
        if limit is None:
            return self._inner.handle_request(request)
        ends = monotonic() + limit
        try:
            with time_limit(limit):
                return self._inner.handle_request(request)
        except (TimeoutError, httpx.TimeoutException) as error:
            if isinstance(error, httpx.TimeoutException) and monotonic() < ends:
                raise  # of another limit, which was shorter
            request.extensions[LIMIT] = name
            # Where it is not known, it may have been sent.
            kind = httpx.ConnectTimeout if NOT_SENT in request.extensions else httpx.ReadTimeout
            raise kind(f"no answer within {name}", request=request) from error

    def _own_limit(self, started: float) -> tuple[float | None, str]:
        """How long an attempt may take by the policy alone, and what is said of that limit."""
        each, together = self._policy.per_attempt_timeout, self._policy.overall_deadline
        left = self._left(started)
        limit, name = None, ""
        if each is not None:
            limit, name = each.total_seconds(), f"{each.total_seconds():g} s (per_attempt_timeout)"
        if together is not None and left is not None and (limit is None or left < limit):
            limit, name = left, f"{together.total_seconds():g} s (overall_deadline)"
        return limit, name

    def _left(self, started: float) -> float | None:
        """What is left of the policy's deadline for all attempts together."""
        together = self._policy.overall_deadline
        return None if together is None else started + together.total_seconds() - monotonic()

    def _remaining(self, request: httpx.Request, started: float) -> float | None:
        deadline, left = request.extensions.get(DEADLINE), self._left(started)
        of_call = None if deadline is None else deadline - monotonic()
        return min((limit for limit in (of_call, left) if limit is not None), default=None)

    def _tell(
        self,
        request: httpx.Request,
        attempt: int,
        cause: RetryCause,
        response: httpx.Response | None,
        wait: float,
        failure: httpx.TransportError | None,
    ) -> None:
        if self._policy.on_retry is None:
            return
        self._policy.on_retry(
            RetryEvent(
                attempt=attempt + 1,
                retries_used=attempt - 1,
                method=request.method,
                url=str(request.url.copy_with(query=None, userinfo=b"")),
                cause=cause,
                status_code=None if response is None else response.status_code,
                backoff=timedelta(seconds=wait),
                request_id=None if response is None else response.headers.get("x-request-id"),
                exception=failure,
            )
        )

    def close(self) -> None:
        """Close the inner transport, when this one owns it."""
        if self._owns_inner:
            self._inner.close()


def _note(extensions: MutableMapping[str, Any], failure: str | int) -> None:
    extensions.setdefault(FAILURES, []).append(failure)


def _cause_of(error: httpx.TransportError) -> RetryCause | None:
    """Why an attempt failed, or None when trying again cannot help."""
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return None if isinstance(_root(error), ssl.SSLError) else RetryCause.PRE_SEND
    if isinstance(error, httpx.ReadTimeout):
        return RetryCause.READ_TIMEOUT
    if isinstance(error, httpx.WriteTimeout):
        return RetryCause.WRITE_TIMEOUT
    if isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError):
        return RetryCause.UNEXPECTED_EOF
    if isinstance(error, httpx.ProxyError | httpx.UnsupportedProtocol | httpx.LocalProtocolError):
        return None
    return RetryCause.OPAQUE_TRANSPORT


def _root(error: BaseException) -> BaseException:
    while (deeper := error.__cause__ or error.__context__) is not None:
        error = deeper
    return error


def unwrap_retry_transport(transport: _T) -> _T:
    """The transport inside of retries, or `transport` itself when it has none around it."""
    while isinstance(transport, RetrySyncTransport):
        transport = transport.inner  # type: ignore[assignment]
    return transport
