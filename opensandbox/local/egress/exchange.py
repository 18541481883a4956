"""One HTTP request through the proxy and its answer: read, given its credential, sent, answered.

- Bodies are carried piece by piece; only one in which placeholders are to be replaced is held, and
  of those a few at a time.
- Headers that concern one connection stay on it; an upgrade (WebSocket) is carried through.
- Every request has a connection to the outside of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Self

import h11
from attrs import evolve, frozen

from .addresses import Address, as_text
from .errors import NotSent
from .matching import Head, body_form, dress, replacer, replaces_in_body
from .pipes import Limits, Side, carry
from .vault import Binding, Vault

_ONE_CONNECTION_ONLY = frozenset(
    {
        b"connection",
        b"expect",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"upgrade",
    }
)
_PORTS = {"http": 80, "https": 443}
_PIECE = 65536
_HEARD_OUT = 2.0


@frozen
class Place:
    """A host and a port, and what is spoken there."""

    scheme: str
    host: str | Address
    port: int

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = as_text(self.host)
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{as_text(self.host)}:{self.port}"


@frozen(kw_only=True)
class Prepared:
    """A request as it goes out; `body` None: still to be read from the program."""

    method: bytes
    head: Head
    body: bytes | None
    upgrade: bool


class Exchange:
    """A request of one side, taken to a place; `bodies` has room for so many to be held."""

    def __init__(
        self,
        client: Side,
        place: Place,
        vault: Vault | None,
        limits: Limits,
        *,
        bodies: asyncio.Semaphore,
    ) -> None:
        self._client = client
        self._place = place
        self._vault = vault
        self._limits = limits
        self._bodies = bodies
        self._holding = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._holding:
            self._bodies.release()

    async def prepare(self, request: h11.Request, target: str) -> Prepared:
        """What is sent for `request`: its headers for one hop, and credentials. Raises NotSent."""
        upgrade = _asks_for_upgrade(request)
        headers = [(b"Host", self._place.authority.encode())]
        headers += _passed_on(request.headers, {b"host"})
        if upgrade:
            headers += [(b"Connection", b"upgrade"), *_all(request.headers, b"upgrade")]
        head = Head(target=target, headers=tuple(headers))
        prepared = Prepared(method=request.method, head=head, body=None, upgrade=upgrade)
        binding = self._binding(request.method, target)
        if binding is None or self._vault is None:
            return prepared
        values = self._vault.values()
        prepared = evolve(prepared, head=dress(binding.auth, values, head))
        if not replaces_in_body(binding.auth):
            return prepared
        form = body_form(
            _first(request.headers, b"content-type"), _first(request.headers, b"content-encoding")
        )
        if form is None:
            return prepared
        body = replacer(binding.auth, values, "body", form).data(await self._read_body())
        return _with_body(prepared, body)

    def _binding(self, method: bytes, target: str) -> Binding | None:
        if self._vault is None:
            return None
        place, path = self._place, target.partition("?")[0]
        return self._vault.find(place.scheme, place.host, place.port, method.decode("ascii"), path)

    async def _read_body(self) -> bytes:
        await self._bodies.acquire()
        self._holding = True
        body = bytearray()
        while True:
            event = await self._client.receive()
            if not isinstance(event, h11.Data):
                return bytes(body)
            body += event.data
            if len(body) > self._limits.body:
                raise NotSent(
                    413, f"A body with placeholders has at most {self._limits.body} bytes."
                )

    async def run(self, prepared: Prepared, upstream: Side) -> bool:
        """Sends a request and its answer; True when another request may follow.

        Raises NotSent when there is no answer, OSError when one is cut off.
        """
        await self._send_head(prepared, upstream)
        sending = asyncio.create_task(self._send_body(prepared, upstream))
        try:
            answer = await self._first_answer(upstream)
            if isinstance(answer, h11.InformationalResponse):
                await self._switch(answer, upstream)
                return False
            return await self._send_answer(answer, upstream)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _send_head(self, prepared: Prepared, upstream: Side) -> None:
        try:
            request = h11.Request(
                method=prepared.method,
                target=prepared.head.target,
                headers=list(prepared.head.headers),
            )
            await upstream.send(request)
        except h11.LocalProtocolError:
            raise NotSent(400, "The request cannot be sent on as it is.") from None
        except OSError:
            raise self._cut_off() from None

    async def _send_body(self, prepared: Prepared, upstream: Side) -> None:
        try:
            if prepared.body is not None:
                await upstream.send(h11.Data(data=prepared.body), h11.EndOfMessage())
                return
            while not isinstance(event := await self._client.receive(), h11.EndOfMessage):
                if isinstance(event, h11.ConnectionClosed):
                    raise ConnectionResetError
                await upstream.send(event)
            await upstream.send(h11.EndOfMessage())
        except (OSError, TimeoutError, h11.ProtocolError):
            # An answer may have come before the end; without one, nothing will.
            with contextlib.suppress(RuntimeError):
                upstream.close()

    async def _first_answer(self, upstream: Side) -> h11.Response | h11.InformationalResponse:
        try:
            while True:
                event = await upstream.receive()
                if isinstance(event, h11.Response):
                    return event
                if isinstance(event, h11.InformationalResponse):
                    if event.status_code == 101:
                        return event
                    continue
                raise self._cut_off()
        except TimeoutError:
            raise NotSent(504, f"{self._place} did not answer.") from None
        except (OSError, h11.RemoteProtocolError):
            raise self._cut_off() from None

    def _cut_off(self) -> NotSent:
        return NotSent(502, f"{self._place} ended the connection without an answer.")

    async def _send_answer(self, answer: h11.Response, upstream: Side) -> bool:
        client = self._client
        headers = _passed_on(answer.headers, set())
        if client.http.their_state is not h11.DONE:
            headers.append((b"Connection", b"close"))  # The rest of the body is not waited for.
        await client.send(
            h11.Response(status_code=answer.status_code, reason=answer.reason, headers=headers)
        )
        while True:
            event = await upstream.receive()
            if isinstance(event, h11.Data):
                await client.send(event)
            elif isinstance(event, h11.EndOfMessage):
                await client.send(h11.EndOfMessage())
                return client.http.our_state is h11.DONE and client.http.their_state is h11.DONE
            else:
                raise ConnectionResetError("the answer was cut off")

    async def _switch(self, answer: h11.InformationalResponse, upstream: Side) -> None:
        headers = _passed_on(answer.headers, set())
        headers += [(b"Connection", b"upgrade"), *_all(answer.headers, b"upgrade")]
        await self._client.send(
            h11.InformationalResponse(status_code=101, reason=answer.reason, headers=headers)
        )
        for source, target in ((self._client, upstream), (upstream, self._client)):
            if early := source.http.trailing_data[0]:
                target.writer.write(early)
        await carry(self._client, upstream, self._limits.quiet_time)


def _asks_for_upgrade(request: h11.Request) -> bool:
    wanted = b",".join(value for _, value in _all(request.headers, b"connection")).lower()
    words = {word.strip() for word in wanted.split(b",")}
    return b"upgrade" in words and bool(_all(request.headers, b"upgrade"))


def _all(headers: h11._headers.Headers, wanted: bytes) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers.raw_items() if name.lower() == wanted]


def _first(headers: h11._headers.Headers, wanted: bytes) -> str:
    found = _all(headers, wanted)
    return found[0][1].decode("latin-1") if found else ""


def _passed_on(headers: h11._headers.Headers, dropped: set[bytes]) -> list[tuple[bytes, bytes]]:
    named = {
        word.strip().lower()
        for _, value in _all(headers, b"connection")
        for word in value.split(b",")
    }
    left_out = _ONE_CONNECTION_ONLY | dropped | (named - {b"content-length", b"transfer-encoding"})
    if _all(headers, b"transfer-encoding"):
        left_out |= {b"content-length"}  # It counts for nothing then; who believed it is misled.
    return [(name, value) for name, value in headers.raw_items() if name.lower() not in left_out]


def _with_body(prepared: Prepared, body: bytes) -> Prepared:
    framing = (b"content-length", b"transfer-encoding")
    had = any(name.lower() in framing for name, _ in prepared.head.headers)
    headers = [(n, v) for n, v in prepared.head.headers if n.lower() not in framing]
    if had or body:
        headers.append((b"Content-Length", str(len(body)).encode()))
    head = evolve(prepared.head, headers=tuple(headers))
    return evolve(prepared, head=head, body=body)


async def refuse(client: Side, error: NotSent) -> bool:
    """Answers with a status and a sentence; False: nothing more is read after it."""
    body = f"{error.message}\n".encode()
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
    ]
    if client.http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
        answer = h11.Response(status_code=error.status, headers=headers)
        await client.send(answer, h11.Data(data=body), h11.EndOfMessage())
        await _hear_out(client)
    return False


async def _hear_out(client: Side) -> None:
    """Reads what is still being sent: closing on it would take the answer away as well."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_HEARD_OUT):
            if client.writer.can_write_eof():
                client.writer.write_eof()
            while await client.reader.read(_PIECE):
                pass
