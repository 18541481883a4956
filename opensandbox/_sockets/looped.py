"""Sockets on an event loop of asyncio.

They do what httpcore's own on anyio do at a third of the cost, can be closed when the loop has
gone, and know whether the end of a body has come.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import weakref
from collections.abc import Iterable
from typing import Any, cast

import httpcore

from .._concurrency import CHUNKS_ENDED
from . import KEEPALIVE, LAST_CHUNK, is_readable, proxy_of

#: With so many bytes unread the peer is made to wait, and with so few it may go on.
_MUCH, _LITTLE = 256 * 2**10, 64 * 2**10
#: After so many seconds without an answer of one address the next one is tried beside it.
_NEXT_ADDRESS = 0.25

#: What a name look-up gives.
_Address = tuple[Any, Any, int, str, Any]


class AsyncConnector:
    """Makes connections, directly or through a proxy, and knows which of them are open."""

    def __init__(self, context: ssl.SSLContext | None, proxy: str | None, *, expiry: float) -> None:
        self._network = LoopNetwork()
        # httpcore's pools know how to make a connection; they are used for that alone.
        common: dict[str, Any] = {
            "ssl_context": context,
            "keepalive_expiry": expiry,
            "network_backend": self._network,
            "socket_options": KEEPALIVE,
        }
        self._maker: httpcore.AsyncConnectionPool
        if proxy is None:
            self._maker = httpcore.AsyncConnectionPool(**common)
        else:
            url, auth = proxy_of(proxy)
            self._maker = httpcore.AsyncHTTPProxy(proxy_url=url, proxy_auth=auth, **common)

    def new(self, origin: httpcore.Origin) -> httpcore.AsyncConnectionInterface:
        """A connection that opens with its first request."""
        return self._maker.create_connection(origin)

    def abandon(self) -> None:
        """Close all connections at once, perhaps after their event loop was closed."""
        for stream in list(self._network.open):
            stream.abandon()


class LoopNetwork(httpcore.AsyncNetworkBackend):
    """Opens sockets on the running event loop."""

    def __init__(self) -> None:
        self.open: weakref.WeakSet[LoopStream] = weakref.WeakSet()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of `host` that answers, all under one limit."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                sock = await _connected(loop, await addresses(loop, host, port))
                try:
                    for option in socket_options or ():
                        sock.setsockopt(*option)
                    _, stream = await loop.create_connection(LoopStream, sock=sock)
                except BaseException:
                    sock.close()
                    raise
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        self.open.add(stream)
        return stream

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def addresses(loop: asyncio.AbstractEventLoop, host: str, port: int) -> list[_Address]:
    """Where a host is, by its name or number."""
    try:
        # No need of a thread for what is no name.
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        return await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)


async def _connected(loop: asyncio.AbstractEventLoop, addresses: list[_Address]) -> socket.socket:
    """A socket connected to the first of the addresses that answers.

    asyncio could do it, but loses a socket when it is cancelled meanwhile.
    """
    if len(addresses) == 1:
        return await _connect(loop, addresses[0])
    waiting, under_way = list(addresses), set[asyncio.Task[socket.socket]]()
    failure: BaseException = OSError("the host has no address")
    try:
        while waiting or under_way:
            if waiting:
                under_way.add(loop.create_task(_connect(loop, waiting.pop(0))))
            done, _ = await asyncio.wait(
                under_way,
                timeout=_NEXT_ADDRESS if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for attempt in done:
                under_way.discard(attempt)
                if (error := attempt.exception()) is None:
                    return attempt.result()
                failure = error
        raise failure
    finally:
        for attempt in under_way:
            attempt.cancel()
            attempt.add_done_callback(_close_late)


async def _connect(loop: asyncio.AbstractEventLoop, address: _Address) -> socket.socket:
    family, kind, protocol, _, place = address
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        await loop.sock_connect(sock, place)
    except BaseException:
        sock.close()
        raise
    return sock


def _close_late(attempt: asyncio.Task[socket.socket]) -> None:
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()


class LoopStream(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """A connected socket, to be read by one task and written by one at a time."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._unread = bytearray()
        self._chunks_ended = False
        #: Whether the peer is being kept waiting.
        self._held = False
        #: What reading ended with; None as long as it goes on, EOFError in good order.
        self._end: Exception | None = None
        self._full = False
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None

    # --- what the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no relative of it

    def data_received(self, data: bytes) -> None:
        self._unread += data
        self._chunks_ended = data.endswith(LAST_CHUNK)
        if len(self._unread) > _MUCH and not self._held:
            self._held = True
            self._transport.pause_reading()
        _go_on(self._reader)

    def eof_received(self) -> None:
        self._end = self._end or EOFError()
        _go_on(self._reader)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        _go_on(self._writer)

    def connection_lost(self, error: Exception | None) -> None:
        self._end = self._end or error or EOFError()
        self._full = False
        _go_on(self._reader)
        _go_on(self._writer)

    # --- what httpcore calls

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        while not self._unread and self._end is None:
            self._reader = self._loop.create_future()
            try:
                await _within(self._reader, timeout)
            except TimeoutError as error:
                raise httpcore.ReadTimeout(str(error)) from error
        if not self._unread:
            if isinstance(self._end, EOFError):
                return b""
            raise httpcore.ReadError(str(self._end)) from self._end
        with memoryview(self._unread) as unread:
            data = bytes(unread[:max_bytes])
        del self._unread[:max_bytes]
        if self._held and len(self._unread) < _LITTLE:
            self._held = False
            self._transport.resume_reading()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._transport.is_closing():
            raise httpcore.WriteError("the connection is closed")
        self._transport.write(buffer)
        while self._full:
            self._writer = self._loop.create_future()
            try:
                await _within(self._writer, timeout)
            except TimeoutError as error:
                raise httpcore.WriteTimeout(str(error)) from error
        if self._transport.is_closing():
            raise httpcore.WriteError(str(self._end))

    async def aclose(self) -> None:
        # Nothing to wait for, also not while the caller is being cancelled.
        self._transport.abort()

    def abandon(self) -> None:
        """Close it now, perhaps after the event loop was closed."""
        abandon(self._transport)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                secured = await self._loop.start_tls(
                    self._transport, self, ssl_context, server_hostname=server_hostname
                )
            if secured is None:
                raise ConnectionError("the peer has gone")
        except BaseException as error:
            self._transport.abort()
            if isinstance(error, TimeoutError):
                raise httpcore.ConnectTimeout(str(error)) from error
            if isinstance(error, OSError):
                raise httpcore.ConnectError(str(error)) from error
            raise
        self._transport = secured
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == CHUNKS_ENDED:
            return self._chunks_ended
        if info == "is_readable":
            if self._unread or self._end is not None or self._transport.is_closing():
                return True
            # The event loop may have been too busy to look.
            return is_readable(self._transport.get_extra_info("socket"))
        name = {"client_addr": "sockname", "server_addr": "peername"}.get(info, info)
        return self._transport.get_extra_info(name)


def abandon(transport: Any) -> None:
    """Close a transport now, perhaps after its event loop was closed.

    Nothing public does that. Without it the interpreter closes the socket some time later, with a
    ResourceWarning.
    """
    with contextlib.suppress(Exception):
        try:
            transport.abort()
        except RuntimeError:  # the loop is closed, and will not do the rest
            below = getattr(transport, "_ssl_protocol", transport)
            getattr(below, "_transport", below)._call_connection_lost(None)


def _go_on(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


async def _within(waiter: asyncio.Future[None], seconds: float | None) -> None:
    """Wait for this; TimeoutError once so many seconds have passed."""
    if seconds is None:
        await waiter
        return
    # Half the work of asyncio.timeout, which has to cancel whatever is inside.
    alarm = waiter.get_loop().call_later(seconds, _expire, waiter)
    try:
        await waiter
    finally:
        alarm.cancel()


def _expire(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError("nothing came in time"))
