"""The proxy through which one sandbox reaches the outside: CONNECT, and requests for http URLs.

- It serves a listening socket that lies inside the sandbox; it runs outside.
- A connection that the policy refuses gets 403 and a sentence. When the policy changes, open
  connections that it no longer allows are closed.
- https is carried as it is, end to end, but to hosts to which credentials are bound: there TLS
  ends here, and goes on from here, verified as usual.
- A sandbox's connections beyond the limit wait in its own backlog: they cost this process nothing.
- Inside such a connection only that host is spoken to: a credential never goes out under another
  host's name.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable

import h11
from attrs import frozen

from .addresses import Address, InvalidHost, as_text, parse_host, split_port
from .dialing import Reach
from .errors import NotSent
from .exchange import Exchange, Place, refuse
from .pipes import Limits, Side, carry
from .vault import Vault

logger = logging.getLogger("opensandbox.egress")

_REFUSED_AT_ONCE = 16
"""How many connections beyond the limit are told so at the same time; more wait."""
_BODIES_HELD = 8
_ACCEPTED_AGAIN = 0.1


@frozen(kw_only=True)
class Secrets:
    """What the proxy knows of credentials at one moment."""

    vault: Vault
    context_for: Callable[[str | Address], ssl.SSLContext]
    """What TLS towards the sandbox is ended with."""


class Passage:
    """One connection to the outside, from when it is allowed until it is closed."""

    def __init__(self, place: Place, address: Address, ends: list[Side], *, opaque: bool) -> None:
        self.place = place
        self.address = address
        self.opaque = opaque
        """Whether the proxy cannot see what goes through."""
        self._ends = ends

    def end(self) -> None:
        """Closes it at once."""
        for side in self._ends:
            side.abort()


class Proxy:
    """All connections of one sandbox to the outside."""

    def __init__(
        self,
        reach: Reach,
        secrets: Callable[[], Secrets | None],
        limits: Limits,
        *,
        room: asyncio.Semaphore,
    ) -> None:
        self._reach = reach
        self._secrets = secrets
        self._limits = limits
        self._room = room
        self._free = asyncio.Semaphore(limits.connections + _REFUSED_AT_ONCE)
        self._bodies = asyncio.Semaphore(_BODIES_HELD)
        self._accepting: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._passages: set[Passage] = set()

    @property
    def opened(self) -> bool:
        """Whether it serves."""
        return self._accepting is not None

    async def open(self, listener: socket.socket) -> None:
        """Serves on `listener`, which is the proxy's from here on."""
        listener.setblocking(False)
        self._accepting = asyncio.create_task(self._accept(listener))

    async def close(self) -> None:
        """Ends every connection."""
        if self._accepting is not None:
            self._accepting.cancel()
            await asyncio.wait([self._accepting])
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with listener:
            while True:
                await self._free.acquire()
                try:
                    connection, _ = await loop.sock_accept(listener)
                    await loop.connect_accepted_socket(self._protocol, connection)
                except OSError as error:  # It went away already, or there is no descriptor left.
                    self._free.release()
                    logger.debug("a connection of a sandbox was not taken: %s", error)
                    await asyncio.sleep(_ACCEPTED_AGAIN)

    def _protocol(self) -> asyncio.StreamReaderProtocol:
        reader = asyncio.StreamReader(limit=self._limits.head)
        return asyncio.StreamReaderProtocol(reader, self._accepted)

    def look_again(self) -> None:
        """Closes what may not stay, after the policy or the vault has changed."""
        secrets = self._secrets()
        for passage in list(self._passages):
            place = passage.place
            verdict = self._reach.verdict(place.host, place.port, passage.address)
            # A program that keeps a sealed connection would never send its credential.
            bound = (
                passage.opaque
                and secrets is not None
                and secrets.vault.covers(place.host, place.port)
            )
            if bound or not verdict.allowed:
                passage.end()

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(Side(h11.SERVER, reader, writer, self._limits)))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._free.release()

    async def _serve(self, client: Side) -> None:
        try:
            if len(self._tasks) > self._limits.connections or self._room.locked():
                await _refuse_first(client, self._limits)
                return
            async with self._room:
                await self._serve_requests(client)
        except (OSError, TimeoutError, h11.ProtocolError, EOFError):
            pass  # The program went away, or does not speak HTTP: there is nobody to tell.
        except Exception as error:
            # Not the text: it may repeat a request.
            logger.error("a connection of a sandbox failed: %s", type(error).__name__)
        finally:
            client.close()

    async def _serve_requests(self, client: Side) -> None:
        while True:
            try:
                request = await client.receive(self._limits.head_time)
            except h11.RemoteProtocolError as error:
                sentence = "The request cannot be read, or its head is too large."
                await refuse(client, NotSent(error.error_status_hint, sentence))
                return
            if not isinstance(request, h11.Request):
                return
            if request.method == b"CONNECT":
                await self._connect(client, request)
                return
            if not await self._forward(client, request):
                return
            client.http.start_next_cycle()

    async def _forward(self, client: Side, request: h11.Request) -> bool:
        """Sends on a request for an http URL; True when another one may follow."""
        try:
            place, target = _absolute(request.target.decode("ascii"))
            self._reach.check_host(place.host, place.port)
            async with Exchange(
                client, place, self._vault(), self._limits, bodies=self._bodies
            ) as exchange:
                prepared = await exchange.prepare(request, target)
                async with self._passage(place, client, None) as upstream:
                    return await exchange.run(prepared, upstream)
        except NotSent as error:
            return await refuse(client, error)

    async def _connect(self, client: Side, request: h11.Request) -> None:
        secrets = self._secrets()
        if not isinstance(await client.receive(self._limits.head_time), h11.EndOfMessage):
            return  # A body, where there can be none.
        try:
            host, port = split_port(request.target.decode("ascii"), None)
            place = Place("https", parse_host(host), port)
        except (InvalidHost, UnicodeDecodeError) as error:
            await refuse(client, NotSent(400, f"CONNECT names no place: {error}."))
            return
        try:
            if secrets is None or not secrets.vault.covers(place.host, place.port):
                await self._tunnel(client, place)
            else:
                self._reach.check_host(place.host, place.port)
                await self._intercept(client, place, secrets)
        except NotSent as error:
            await refuse(client, error)

    async def _tunnel(self, client: Side, place: Place) -> None:
        async with self._passage(place, client, None, opaque=True) as upstream:
            await _accept(client)
            early = client.http.trailing_data[0]
            if early:
                upstream.writer.write(early)
            await carry(client, upstream, self._limits.quiet_time)

    async def _intercept(self, client: Side, place: Place, secrets: Secrets) -> None:
        loop = asyncio.get_running_loop()
        context = await loop.run_in_executor(None, secrets.context_for, place.host)
        await _accept(client)
        await client.writer.start_tls(context, ssl_handshake_timeout=self._limits.head_time)
        inner = Side(h11.SERVER, client.reader, client.writer, self._limits)
        while True:
            request = await inner.receive(self._limits.head_time)
            if not isinstance(request, h11.Request):
                return
            if not await self._forward_inside(inner, request, place):
                return
            inner.http.start_next_cycle()

    async def _forward_inside(self, client: Side, request: h11.Request, place: Place) -> bool:
        try:
            target = _own_target(request, place)
            loop = asyncio.get_running_loop()
            context = await loop.run_in_executor(None, _upstream_context)
            async with Exchange(
                client, place, self._vault(), self._limits, bodies=self._bodies
            ) as exchange:
                prepared = await exchange.prepare(request, target)
                async with self._passage(place, client, context) as upstream:
                    return await exchange.run(prepared, upstream)
        except NotSent as error:
            return await refuse(client, error)

    def _vault(self) -> Vault | None:
        secrets = self._secrets()
        return None if secrets is None else secrets.vault

    @contextlib.asynccontextmanager
    async def _passage(
        self, place: Place, client: Side, context: ssl.SSLContext | None, *, opaque: bool = False
    ) -> AsyncIterator[Side]:
        connection, address = await self._reach.connect(place.host, place.port)
        reader, writer = await _streams(connection, place, context, self._limits)
        upstream = Side(h11.CLIENT, reader, writer, self._limits)
        passage = Passage(place, address, [client, upstream], opaque=opaque)
        self._passages.add(passage)
        try:
            # The policy may have changed during the handshake, when there was nothing to close.
            verdict = self._reach.verdict(place.host, place.port, address)
            if not verdict.allowed:
                raise NotSent(403, f"Blocked by the network policy: {verdict.reason}.")
            yield upstream
        finally:
            self._passages.discard(passage)
            upstream.close()


@functools.cache
def _upstream_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


async def _streams(
    connection: socket.socket, place: Place, context: ssl.SSLContext | None, limits: Limits
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        if context is None:
            return await asyncio.open_connection(sock=connection, limit=limits.head)
        return await asyncio.open_connection(
            sock=connection,
            limit=limits.head,
            ssl=context,
            server_hostname=str(place.host),
            ssl_handshake_timeout=limits.connect_time,
        )
    except ssl.SSLError as error:
        connection.close()
        reason = getattr(error, "verify_message", None) or error.reason or "TLS failed"
        raise NotSent(502, f"{place} could not be trusted: {reason}.") from None
    except OSError as error:
        connection.close()
        raise NotSent(502, f"{place} closed the connection: {error.strerror or error}.") from None
    except BaseException:
        connection.close()
        raise


async def _accept(client: Side) -> None:
    # Written by hand: h11 would add the framing of a body, which an answer to CONNECT has not.
    client.http.send(h11.Response(status_code=200, headers=[]))
    client.writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await client.writer.drain()


async def _refuse_first(client: Side, limits: Limits) -> None:
    await client.receive(limits.head_time)
    await refuse(client, NotSent(503, "This sandbox has too many connections open."))


def _absolute(target: str) -> tuple[Place, str]:
    """The place and the rest of ``http://host:port/path?query``. Raises NotSent."""
    scheme, found, rest = target.partition("://")
    if not found:
        raise NotSent(400, "This is a proxy: requests to it name a whole URL, or use CONNECT.")
    if scheme.lower() != "http":
        raise NotSent(400, f"The proxy takes http URLs and CONNECT, not {scheme[:20]!r}.")
    authority, path = _split_authority(rest)
    if "@" in authority:
        raise NotSent(400, "A URL with a user in it is not taken; send Authorization.")
    try:
        host, port = split_port(authority, 80)
        return Place("http", parse_host(host), port), path
    except InvalidHost as error:
        raise NotSent(400, f"The URL names no host: {error}.") from None


def _split_authority(rest: str) -> tuple[str, str]:
    for position, character in enumerate(rest):
        if character in "/?":
            path = rest[position:]
            return rest[:position], path if path.startswith("/") else f"/{path}"
    return rest, "/"


def _own_target(request: h11.Request, place: Place) -> str:
    """The path and query of a request inside TLS that ends here. Raises NotSent."""
    target = request.target.decode("ascii")
    if not target.startswith("/") and target != "*":
        raise NotSent(421, f"This connection is to {place}: requests name a path of it.")
    named = [value for name, value in request.headers if name == b"host"]
    try:
        host, port = split_port(named[0].decode("ascii"), place.port)
        if len(named) == 1 and (parse_host(host), port) == (place.host, place.port):
            return target
    except (InvalidHost, IndexError, UnicodeDecodeError):
        pass
    raise NotSent(421, f"This connection is to {as_text(place.host)}, not to another host.")
