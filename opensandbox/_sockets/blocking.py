"""Blocking sockets that keep to the time limits around the caller."""

from __future__ import annotations

import socket
import ssl
import weakref
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any

import httpcore

from .._concurrency import CHUNKS_ENDED, bounded, goes_on, monotonic, spawn
from . import KEEPALIVE, LAST_CHUNK, is_readable, proxy_of

_NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class Connector:
    """Makes connections, directly or through a proxy, and knows which of them are open."""

    def __init__(self, context: ssl.SSLContext | None, proxy: str | None, *, expiry: float) -> None:
        self._network = BoundedNetwork()
        # httpcore's pools know how to make a connection; they are used for that alone.
        common: dict[str, Any] = {
            "ssl_context": context,
            "keepalive_expiry": expiry,
            "network_backend": self._network,
            "socket_options": KEEPALIVE,
        }
        self._maker: httpcore.ConnectionPool
        if proxy is None:
            self._maker = httpcore.ConnectionPool(**common)
        else:
            url, auth = proxy_of(proxy)
            self._maker = httpcore.HTTPProxy(proxy_url=url, proxy_auth=auth, **common)

    def new(self, origin: httpcore.Origin) -> httpcore.ConnectionInterface:
        """A connection that opens with its first request."""
        return self._maker.create_connection(origin)

    def abandon(self) -> None:
        """Close this end of all connections: they belong to the process that this one came from."""
        for stream in list(self._network.open):
            stream.close()


class BoundedNetwork(httpcore.SyncBackend):
    """Blocking sockets that keep to the time limits around the caller."""

    def __init__(self) -> None:
        self.open: weakref.WeakSet[BoundedStream] = weakref.WeakSet()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of `host` that answers, all under one limit."""
        ends = None if timeout is None else monotonic() + timeout
        try:
            addresses = _addresses(host, port, timeout)
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
                    return BoundedStream(sock, self.open)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        raise httpcore.ConnectError(f"{host} has no address")


def _addresses(host: str, port: int, seconds: float | None) -> list[Any]:
    """Where `host` is; TimeoutError when that is not known in time.

    The C library takes no limit, and may look for half a minute: another thread waits for it.
    """
    try:
        # No need of one for what is no name.
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        pass
    found: Future[list[Any]] = Future()

    def look_up() -> None:
        try:
            found.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except BaseException as error:
            found.set_exception(error)

    try:
        spawn(look_up, name="opensandbox name look-up")
    except RuntimeError:  # the program is about to end, and starts no threads any more
        look_up()
    return found.result(bounded(seconds))


class BoundedStream(httpcore.NetworkStream):
    """A connected socket; every wait is cut to the limits around the caller."""

    def __init__(self, sock: socket.socket, siblings: weakref.WeakSet[BoundedStream]) -> None:
        self._sock = sock
        self._siblings = siblings
        self._chunks_ended = False
        siblings.add(self)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            data = self._receive(max_bytes, timeout)
            self._chunks_ended = data.endswith(LAST_CHUNK)
            return data
        except TimeoutError as error:
            raise httpcore.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    def _receive(self, max_bytes: int, timeout: float | None) -> bytes:
        while True:
            try:
                self._sock.settimeout(bounded(timeout))
                return self._sock.recv(max_bytes)
            except TimeoutError:
                if not goes_on():
                    raise

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
        self._siblings.discard(self)
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
        return BoundedStream(secured, self._siblings)

    def get_extra_info(self, info: str) -> Any:
        if info == "socket":
            return self._sock
        if info == "is_readable":
            return is_readable(self._sock)
        if info == CHUNKS_ENDED:
            return self._chunks_ended
        if info == "ssl_object":
            return self._sock if hasattr(self._sock, "selected_alpn_protocol") else None
        if info == "server_addr":
            return self._sock.getpeername()
        if info == "client_addr":
            return self._sock.getsockname()
        return None
