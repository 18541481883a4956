"""The sockets beneath the pools of both colours, and what has to be done to them by hand.

`blocking` waits in threads, `looped` on an event loop. Imported when the first request is made:
httpcore takes a while to import.
"""

from __future__ import annotations

import select
import socket

import httpcore
import httpx

#: What a body in chunks ends with.
LAST_CHUNK = b"0\r\n\r\n"
#: Finds out by itself that a peer's machine is gone, where nothing at all may come for hours.
KEEPALIVE = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
KEEPALIVE += [
    (socket.IPPROTO_TCP, getattr(socket, name), value)
    for name, value in (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
    if hasattr(socket, name)
]


def proxy_of(address: str) -> tuple[httpcore.URL, tuple[bytes, bytes] | None]:
    """The URL of a proxy, and the name and password that it wants."""
    at = httpx.Proxy(address)
    url = httpcore.URL(
        scheme=at.url.raw_scheme, host=at.url.raw_host, port=at.url.port, target=at.url.raw_path
    )
    return url, at.raw_auth


def is_readable(sock: socket.socket) -> bool:
    """Whether a read would not wait: on an idle connection, whether the peer has closed it."""
    if sock.fileno() < 0:
        return True
    if not hasattr(select, "poll"):
        return bool(select.select([sock], [], [], 0)[0])
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))
