# Written by scripts/unasync.py from opensandbox/_async/connection.py. Do not edit.
"""What one config sends with: one pool, one drainer, and where the server is.

Rules:

* Every request goes through `ConnectionSync.send`: a trace span has its place there.
* A redirect takes no key to another place; no cookie is kept; no log line holds a secret.
* What the caller brought along stays the caller's to close.
* Whoever forgets to close it is told, by a ResourceWarning: see `_tell_if_open`.
"""

from __future__ import annotations

import logging
import re
import warnings
import weakref
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import httpx

from .. import _launch
from .._concurrency import (
    Errands,
    Here,
    Lock,
    Worker,
    monotonic,
    run_blocking,
    time_limit,
)
from .._wire import headers as names
from .._wire.urls import server_url
from ..exceptions import SandboxConnectionException
from .redirects import redirected
from .streams import EventStreamSync, give_up
from .transport import (
    SENT_BY,
    PooledTransportSync,
    RetrySyncTransport,
    unwrap_retry_transport,
)

if TYPE_CHECKING:
    from .config import ConnectionConfigSync

_log = logging.getLogger("opensandbox")

#: How many redirects are followed.
_REDIRECTS = 10
#: How many ended streams wait to be read to their end, and for how many seconds each.
_DRAIN_ROOM = 32
_DRAIN_SECONDS = 2.0
#: The same for a stream whose end has most likely come already.
_AT_ONCE = 0.02

_SECRET_PARAMETER = re.compile(r"key|token|secret|password|signature|auth|credential", re.I)


class ServerSync(NamedTuple):
    """Where the lifecycle API is, and the key it wants (empty for none)."""

    base_url: str
    api_key: str


class ConnectionSync:
    """What one config sends with."""

    def __init__(self, config: ConnectionConfigSync, transport: httpx.BaseTransport) -> None:
        # Only parts of the config: a cycle of the two would keep sockets open until a collection.
        self._closes = config.owns_transport
        self._follows = config.follow_redirects
        self._debug = config.debug
        self._own = transport
        policy = config.retry_policy
        if not isinstance(transport, RetrySyncTransport) and policy.wraps_transport():
            transport = RetrySyncTransport(transport, policy)
        self._transport = transport
        self._request_hooks = config.event_hooks.get("request", [])
        self._response_hooks = config.event_hooks.get("response", [])
        self._local = _LocalRuntimeSync()
        self._server: tuple[str, str, str] | None = None
        self._drainers = Here(_new_drainer, Worker.close, _forget_drainer)
        self._streamed = False
        self._errands = Here(Errands, Errands.close, _forget_errands)
        keeper, pool = config._opened.keeper, unwrap_retry_transport(self._own)
        if self._closes and keeper is not None and isinstance(pool, PooledTransportSync):
            forgotten = f"A {keeper} for {config.get_domain()}"
            # It holds the pool, so that it sees what is open before that is closed; nothing else.
            weakref.finalize(self, _tell_if_open, [pool], forgotten).atexit = False

    def send(self, request: httpx.Request) -> httpx.Response:
        """Send one request and give back the answer with its body unread.

        Raises httpx's exceptions.
        """
        started = monotonic() if self._debug else 0.0
        first, response = request, self._exchange(request)
        for _ in range(_REDIRECTS):
            following = redirected(request, response) if self._follows else None
            if following is None:
                break
            response.close()
            request = following
            response = self._exchange(request)
        if self._debug:
            _log_answer(first, response, monotonic() - started)
        return response

    # What httpx's client does for us, without what it does for others and takes its time for:
    # cookies would mix, for many sandboxes share one connection.
    def _exchange(self, request: httpx.Request) -> httpx.Response:
        for hook in self._request_hooks:
            hook(request)
        started = monotonic()
        response = self._transport.handle_request(request)
        response.request = request
        response.elapsed = timedelta(seconds=monotonic() - started)
        try:
            for hook in self._response_hooks:
                hook(response)
        except BaseException:
            response.close()
            raise
        return response

    def server(self, config: ConnectionConfigSync) -> ServerSync:
        """The server, which for `local` is found or started first."""
        if config.is_local:
            return self.local_runtime()
        return self.known_server(config)

    def local_runtime(self, *, gone: bytes | None = None) -> ServerSync:
        """The embedded runtime; `gone` is the host and port where it is no longer."""
        return self._local.find(gone)

    def known_server(self, config: ConnectionConfigSync) -> ServerSync:
        """The server as far as it is known without looking for it."""
        if config.is_local:
            return self._local.known()
        domain, protocol = config.get_domain(), config.protocol
        if self._server is None or self._server[:2] != (domain, protocol):
            self._server = (domain, protocol, server_url(domain, protocol))
        return ServerSync(self._server[2], config.get_api_key())

    def expect_letting_go(self) -> None:
        """Make ready for `let_go`, which may come when the event loop is about to end."""
        self._streamed = True
        self._errands.get()

    def let_go(self, response: httpx.Response) -> None:
        """Close an answer without waiting: its reader may be a generator that nobody holds."""
        if not response.is_closed:
            self._errands.get().do(lambda: give_up(response))

    def leave_to_drainer(self, stream: EventStreamSync) -> None:
        """Read the rest of an ended stream in the background, so that its connection is reused."""
        complete = stream.complete
        if complete:
            _drain(stream, None)
        elif complete is None:
            _drain(stream, _AT_ONCE)  # cheaper than waking a thread
        elif not self._drainers.get().offer(stream):
            stream.close()

    def close(self) -> None:
        """Stop the drainer, and close the connections unless they are the caller's own."""
        self._drainers.close()
        if self._streamed:
            # Kept: a stream that is still held may be let go of when the loop ends.
            self._errands.get().close()
        if self._closes:
            self._own.close()


class _LocalRuntimeSync:
    """Where the embedded runtime was last found."""

    def __init__(self) -> None:
        self._found: ServerSync | None = None
        self._looking = Here(Lock, _no_close, _no_drop)

    def find(self, gone: bytes | None) -> ServerSync:
        if self._found is not None and gone is None:
            return self._found
        with self._looking.get():
            found = self._found
            if found is None or httpx.URL(found.base_url).netloc == gone:
                self._found = None
                runtime = run_blocking(_launch.find_or_start)
                found = self._found = ServerSync(f"{runtime.url}/v1", runtime.api_key)
            return found

    def known(self) -> ServerSync:
        if self._found is None:
            raise SandboxConnectionException(
                "the embedded runtime has no address before its first use"
            )
        return self._found


def _no_close(lock: Lock) -> None:
    """A lock has nothing to close."""


def _no_drop(lock: Lock) -> None:
    """Nor anything to let go of."""


def _tell_if_open(held: list[PooledTransportSync], forgotten: str) -> None:
    """Tell of connections that nobody can close any more."""
    count = held[0].open_connections
    held.clear()  # which closes them
    if count:
        warnings.warn(
            f"{forgotten} was dropped with connections that are open ({count}). They are closed"
            " now; call close(), or use it as a context manager.",
            ResourceWarning,
            stacklevel=2,
        )


# --- the drainer ------------------------------------------------------------------------------


def _new_drainer() -> Worker[EventStreamSync]:
    return Worker(
        _drain,
        EventStreamSync.close,
        EventStreamSync.interrupt,
        room=_DRAIN_ROOM,
        name="opensandbox stream drainer",
    )


def _forget_drainer(drainer: Worker[EventStreamSync]) -> None:
    """Nothing: its streams went with their event loop or process."""


def _forget_errands(errands: Errands) -> None:
    """Nothing: they went with their event loop or process."""


def _drain(stream: EventStreamSync, limit: float | None = _DRAIN_SECONDS) -> None:
    try:
        with time_limit(limit):
            stream.read_to_end()
    except (httpx.HTTPError, httpx.StreamError, TimeoutError):
        pass  # its connection is closed instead of being used again
    finally:
        stream.close()


def _log_answer(request: httpx.Request, response: httpx.Response, took: float) -> None:
    _log.debug(
        "%s %s %d %.0f ms request %s by %s",
        request.method,
        _masked(request.url),
        response.status_code,
        took * 1000,
        response.headers.get(names.REQUEST_ID, "-"),
        response.extensions.get(SENT_BY, "a transport of the caller's"),
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
