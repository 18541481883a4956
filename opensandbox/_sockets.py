"""The sockets beneath the pools of both colours, and what has to be done to them by hand.

Imported when the first request is made: httpcore loads whatever event loop library it finds.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
from collections.abc import Callable, Iterable
from typing import Any

import httpcore
import httpx

from ._concurrency import CHUNKS_ENDED, bounded, monotonic

#: What a body in chunks ends with.
_LAST_CHUNK = b"0\r\n\r\n"
#: Finds out by itself that a peer's machine is gone, where nothing at all may come for hours.
_KEEPALIVE = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
_KEEPALIVE += [
    (socket.IPPROTO_TCP, getattr(socket, name), value)
    for name, value in (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
    if hasattr(socket, name)
]

_NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def async_pool(
    context: ssl.SSLContext | None, proxy: str | None, *, idle: int, expiry: float
) -> httpcore.AsyncConnectionPool:
    """A pool for one event loop."""
    limits: dict[str, Any] = {
        "ssl_context": context,
        "max_connections": None,
        "max_keepalive_connections": idle,
        "keepalive_expiry": expiry,
        "network_backend": httpcore.AnyIOBackend(),
        "socket_options": _KEEPALIVE,
    }
    if proxy is None:
        return _AsyncPool(**limits)
    url, auth = _proxy(proxy)
    return _AsyncProxyPool(proxy_url=url, proxy_auth=auth, **limits)


class _AsyncPool(httpcore.AsyncConnectionPool):
    """A pool that closes old connections also when the request that finds them is cancelled."""

    async def _close_connections(self, closing: list[httpcore.AsyncConnectionInterface]) -> None:
        try:
            await super()._close_connections(closing)
        except BaseException:
            for connection in closing:
                abandon_async(connection)
            raise


class _AsyncProxyPool(_AsyncPool, httpcore.AsyncHTTPProxy):
    """The same, to a proxy."""


def blocking_pool(
    context: ssl.SSLContext | None, proxy: str | None, *, idle: int, expiry: float
) -> httpcore.ConnectionPool:
    """A pool for the threads of one process."""
    limits: dict[str, Any] = {
        "ssl_context": context,
        "max_connections": None,
        "max_keepalive_connections": idle,
        "keepalive_expiry": expiry,
        "network_backend": BoundedNetwork(),
        "socket_options": _KEEPALIVE,
    }
    if proxy is None:
        return httpcore.ConnectionPool(**limits)
    url, auth = _proxy(proxy)
    return httpcore.HTTPProxy(proxy_url=url, proxy_auth=auth, **limits)


def _proxy(proxy: str) -> tuple[httpcore.URL, tuple[bytes, bytes] | None]:
    at = httpx.Proxy(proxy)
    url = httpcore.URL(
        scheme=at.url.raw_scheme, host=at.url.raw_host, port=at.url.port, target=at.url.raw_path
    )
    return url, at.raw_auth


def _network_stream(connection: object) -> object:
    return getattr(getattr(connection, "_connection", None), "_network_stream", None)


def abandon_async(connection: object) -> None:
    """Close a connection at once, perhaps after its event loop was closed.

    Nothing public does that: closing waits for the loop. Without it the interpreter closes the
    socket some time later, with a ResourceWarning. Where the names below are others, that is what
    happens.
    """
    stream = getattr(_network_stream(connection), "_stream", None)
    stream = getattr(stream, "transport_stream", stream)  # what is below TLS
    transport = getattr(stream, "_transport", None)
    if transport is None:
        return
    with contextlib.suppress(Exception):
        try:
            transport.abort()
        except RuntimeError:  # the loop is closed, and will not do the rest
            transport._call_connection_lost(None)


def abandon_blocking(connection: object) -> None:
    """Close this end of a connection that a forked child got from its parent."""
    stream = _network_stream(connection)
    if isinstance(stream, _BoundedStream):
        stream.close()


def sweep(pool: Any, answer: object, abandon: Callable[[object], None]) -> None:
    """Take out of a pool what a request left that was cancelled at a bad moment.

    httpcore shields itself from the cancelling of anyio and not from that of asyncio. It forgets a
    new connection that is not used yet, and that the request of an `answer` has ended while it
    closes that: either is kept for ever then, and counted as in use.
    """
    ended = getattr(getattr(answer, "stream", None), "_pool_request", None)
    with pool._optional_thread_lock:
        if ended in pool._requests:
            pool._requests.remove(ended)
        used = [request.connection for request in pool._requests]
        for connection in pool.connections:
            if not (connection in used or connection.is_idle() or connection.is_closed()):
                pool._connections.remove(connection)
                abandon(connection)


class BoundedNetwork(httpcore.SyncBackend):
    """Blocking sockets that keep to the time limits around the caller."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of `host` that answers, all under one limit.

        The name look-up itself cannot be bounded: the C library has no limit to give it.
        """
        ends = None if timeout is None else monotonic() + timeout
        try:
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            for index, (family, kind, protocol, _, address) in enumerate(addresses):
                left = None if ends is None else max(0.001, ends - monotonic())
                sock = socket.socket(family, kind, protocol)
                try:
                    sock.settimeout(bounded(left))
                    sock.connect(address)
                    for option in (*(socket_options or ()), _NO_DELAY):
                        sock.setsockopt(*option)
                except BaseException as error:
                    sock.close()
                    if index + 1 == len(addresses) or not isinstance(error, OSError):
                        raise
                else:
                    return _BoundedStream(sock)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        raise httpcore.ConnectError(f"{host} has no address")


class _BoundedStream(httpcore.NetworkStream):
    """A connected socket; every wait is cut to the limits around the caller."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._chunks_ended = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            self._sock.settimeout(bounded(timeout))
            data = self._sock.recv(max_bytes)
            self._chunks_ended = data.endswith(_LAST_CHUNK)
            return data
        except TimeoutError as error:
            raise httpcore.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        rest = memoryview(buffer)
        try:
            while rest:
                self._sock.settimeout(bounded(timeout))
                rest = rest[self._sock.send(rest) :]
        except TimeoutError as error:
            raise httpcore.WriteTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    def close(self) -> None:
        self._sock.close()

    def start_tls(
        self,
        ssl_context: Any,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        try:
            self._sock.settimeout(bounded(timeout))
            secured = ssl_context.wrap_socket(self._sock, server_hostname=server_hostname)
        except TimeoutError as error:
            self.close()
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            self.close()
            raise httpcore.ConnectError(str(error)) from error
        except BaseException:
            self.close()
            raise
        return _BoundedStream(secured)

    def get_extra_info(self, info: str) -> Any:
        if info == "socket":
            return self._sock
        if info == "is_readable":
            return _is_readable(self._sock)
        if info == CHUNKS_ENDED:
            return self._chunks_ended
        if info == "ssl_object":
            return self._sock if hasattr(self._sock, "selected_alpn_protocol") else None
        if info == "server_addr":
            return self._sock.getpeername()
        if info == "client_addr":
            return self._sock.getsockname()
        return None


def _is_readable(sock: socket.socket) -> bool:
    """Whether a read would not wait: on an idle connection, whether the peer has closed it."""
    if sock.fileno() < 0:
        return True
    if not hasattr(select, "poll"):
        return bool(select.select([sock], [], [], 0)[0])
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))
