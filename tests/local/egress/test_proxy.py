"""The proxy on its own: what it takes, what it refuses, what it bears."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from opensandbox.local.egress import dialing, policy, proxy
from opensandbox.local.egress.addresses import Address, parse_host
from opensandbox.local.egress.dialing import Dialer
from opensandbox.local.egress.outlet import Kept, Outlet, make_authority
from opensandbox.local.egress.pipes import Limits
from opensandbox.local.egress.proxy import _REFUSED_AT_ONCE
from tests.local.egress.upstream import Trust, Upstream, own_address, trusted, upstream

SECRET = "s3cret-of-the-vault"


class Names(Dialer):
    """A resolver whose answers the test sets, and that counts the questions."""

    def __init__(self, **answers: list[str]) -> None:
        super().__init__()
        self.answers = {name.replace("_", "."): found for name, found in answers.items()}
        self.asked: list[str] = []

    async def resolve(self, host: str | Address) -> list[Address]:
        if not isinstance(host, str) or host not in self.answers:
            return await super().resolve(host)
        self.asked.append(host)
        return [a for a in map(parse_host, self.answers[host]) if not isinstance(a, str)]


class Way:
    """An outlet served on a port of this machine, and what a program does there."""

    def __init__(self, outlet: Outlet, port: int) -> None:
        self.outlet = outlet
        self.port = port

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the proxy."""
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, request: str | bytes) -> bytes:
        """All that comes back for a request, until the proxy ends the connection."""
        reader, writer = await self.open()
        writer.write(request.encode() if isinstance(request, str) else request)
        try:
            return await reader.read()
        finally:
            writer.close()

    async def get(self, url: str, *headers: str) -> bytes:
        """All that comes back for a GET."""
        lines = "".join(f"{header}\r\n" for header in (*headers, "Connection: close"))
        return await self.ask(f"GET {url} HTTP/1.1\r\nHost: ignored.test\r\n{lines}\r\n")


@asynccontextmanager
async def way_out(
    dialer: Dialer, *allowed: str, kept: Kept | None = None, limits: Limits | None = None
) -> AsyncIterator[Way]:
    """A way out with a policy that refuses what is not allowed."""
    rules = [{"action": "allow", "target": target} for target in allowed]
    kept = kept or Kept(policy={"defaultAction": "deny", "egress": rules})
    room = asyncio.Semaphore(100)

    async def save(kept: Kept) -> None:
        assert Kept.from_json(kept.to_json()) == kept

    outlet = Outlet(kept, save, dialer, room=room, limits=limits)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    await outlet.open(listener)
    try:
        yield Way(outlet, port)
    finally:
        await outlet.close()
        dialer.close()


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


async def test_a_request_goes_out_as_it_was_but_for_what_is_the_proxys() -> None:
    with upstream() as server:
        async with way_out(Names(a_test=[server.address]), "a.test", server.address) as way:
            answer = await way.get(
                f"http://A.Test:{server.port}/x?y=%20",
                *("X-One: 1", "Proxy-Authorization: Basic x", "Proxy-Connection: keep-alive"),
            )
    (seen,) = server.seen
    assert status(answer) == 200
    assert answer.endswith(b"upstream\n")
    assert seen.target == "/x?y=%20"
    assert seen.headers == {"host": f"a.test:{server.port}", "x-one": "1"}


async def test_many_requests_use_one_connection_to_the_proxy() -> None:
    with upstream() as server:
        async with way_out(Names(), server.address) as way:
            reader, writer = await way.open()
            for number in range(3):
                url = f"http://{server.address}:{server.port}/{number}"
                writer.write(
                    f"POST {url} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab".encode()
                )
                assert status(await reader.readuntil(b"\r\n\r\n")) == 200
                assert await reader.readexactly(9) == b"upstream\n"
            writer.close()
    assert [(s.target, s.body) for s in server.seen] == [(f"/{n}", b"ab") for n in range(3)]


async def test_a_large_answer_and_a_chunked_body_go_through() -> None:
    with upstream() as server:
        async with way_out(Names(), server.address) as way:
            large = await way.get(f"http://{server.address}:{server.port}/large")
            chunked = await way.ask(
                f"POST http://{server.address}:{server.port}/ HTTP/1.1\r\nHost: x\r\n"
                "Connection: close\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello"
            )
    assert len(large.partition(b"\r\n\r\n")[2]) == 10_000_000
    assert b"upstream" in chunked
    assert server.seen[-1].body == b"hello"


async def test_a_length_beside_a_coding_is_not_passed_on() -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).lower())
        coded = b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\na\r\n0\r\n\r\n"
        writer.write(b"HTTP/1.1 200 OK\r\n" + coded)
        writer.close()

    async with await asyncio.start_server(serve, own_address()) as server:
        address, port = server.sockets[0].getsockname()
        async with way_out(Names(), address) as way:
            answer = await way.ask(
                f"POST http://{address}:{port}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n"
                "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n"
            )
    assert b"content-length" not in heads[0]
    assert b"transfer-encoding: chunked" in heads[0]
    assert status(answer) == 200
    assert b"content-length" not in answer.lower()


async def test_a_tunnel_carries_bytes_both_ways_and_ends_with_either_side() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(echo, own_address()) as server:
        address, port = server.sockets[0].getsockname()
        async with way_out(Names(), address) as way:
            reader, writer = await way.open()
            writer.write(f"CONNECT {address}:{port} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert status(await reader.readuntil(b"\r\n\r\n")) == 200
            body = bytes(range(256)) * 20_000
            sending = asyncio.create_task(_send(writer, body))
            assert await reader.readexactly(len(body)) == body
            await sending
            writer.write_eof()
            assert await reader.read() == b""
            writer.close()


async def _send(writer: asyncio.StreamWriter, body: bytes) -> None:
    writer.write(body)
    await writer.drain()


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ("GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n", 400),
        ("GET ftp://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n", 400),
        ("GET http://user:password@a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n", 400),
        ("GET http://a%2etest/ HTTP/1.1\r\nHost: a.test\r\n\r\n", 400),
        ("GET http:///x HTTP/1.1\r\nHost: a.test\r\n\r\n", 400),
        ("CONNECT a.test HTTP/1.1\r\nHost: a.test\r\n\r\n", 400),
        ("CONNECT a.test:99999 HTTP/1.1\r\nHost: a.test\r\n\r\n", 400),
        ("CONNECT b.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n", 403),
        ("GET http://b.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n", 403),
        ("nonsense\r\n\r\n", 400),
        ("GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nX: " + "y" * 70_000, 431),
        ("GET http://a.test/" + "y" * 70_000, 431),
    ],
)
async def test_what_is_not_sent_on_gets_a_status(request_: str, expected: int) -> None:
    async with way_out(Names(a_test=["127.0.0.1"]), "a.test") as way:
        assert status(await way.ask(request_)) == expected


async def test_a_refusal_reaches_a_program_that_is_still_sending() -> None:
    async with way_out(Names()) as way:
        head = "POST http://b.test/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
        assert status(await way.ask(head.encode() + b"x" * 1_000_000)) == 403


async def test_a_name_is_resolved_once_and_every_address_is_looked_at() -> None:
    with upstream() as server:
        mixed = Names(a_test=["93.184.215.14", "127.0.0.1"], b_test=[server.address])
        async with way_out(mixed, "a.test", "b.test", server.address) as way:
            said = await way.get(f"http://a.test:{server.port}/")
            assert b"127.0.0.1 is not a public address" in said
            assert status(await way.get(f"http://b.test:{server.port}/")) == 200
    assert mixed.asked == ["a.test", "b.test"]


async def test_a_name_that_leads_somewhere_else_later_is_refused_then() -> None:
    with upstream() as server:
        names = Names(a_test=[server.address])
        async with way_out(names, "a.test", server.address) as way:
            assert status(await way.get(f"http://a.test:{server.port}/")) == 200
            names.answers["a.test"] = ["169.254.169.254"]
            assert status(await way.get(f"http://a.test:{server.port}/")) == 403


async def test_this_machine_is_not_reached_at_a_public_address_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (dialing, policy):
        monkeypatch.setattr(module, "is_public", lambda address: True)
    with upstream(address="127.0.0.1") as server:
        async with way_out(Names(a_test=[server.address]), "a.test") as way:
            said = await way.get(f"http://a.test:{server.port}/")
            assert b"is the machine that the sandbox runs on" in said
        named = way_out(Names(a_test=[server.address]), "a.test", server.address)
        async with named as way:
            assert status(await way.get(f"http://a.test:{server.port}/")) == 200


async def test_a_host_that_does_not_answer_is_said_to_be_gone() -> None:
    with upstream() as server:
        port, address = server.port, server.address
    async with way_out(Names(a_test=[]), address, "a.test") as way:
        assert status(await way.get(f"http://{address}:{port}/")) == 502
        assert status(await way.get("http://a.test/")) == 502


async def test_a_head_that_takes_too_long_ends_the_connection() -> None:
    async with way_out(Names(), limits=Limits(head_time=0.1)) as way:
        assert await way.ask("GET http://a.test/") == b""


async def test_there_is_a_limit_of_connections() -> None:
    async with way_out(Names(), limits=Limits(connections=2)) as way:
        held = [await way.open() for _ in range(2)]
        for _, writer in held:
            writer.write(b"GET ")
        await asyncio.sleep(0.05)
        assert status(await way.get("http://a.test/")) == 503
        for _, writer in held:
            writer.close()


async def test_connections_beyond_the_limit_cost_this_process_nothing() -> None:
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))

    async with way_out(Names(), limits=Limits(connections=2, head_time=60)) as way:
        before = descriptors()
        held = [await way.open() for _ in range(100)]
        await asyncio.sleep(0.2)
        assert descriptors() - before - len(held) <= 2 + _REFUSED_AT_ONCE
        for _, writer in held:
            writer.close()
        assert status(await way.get("http://b.test/")) == 403


async def test_few_bodies_are_held_at_a_time(trust: Trust, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "_BODIES_HELD", 1)
    replaced = {"credential": "key", "placeholder": "KEY", "in": ["body"]}
    vault = bound(auth={"type": "passthrough", "substitutions": [replaced]})
    async with bound_way(trust, monkeypatch, vault) as (way, server):
        rest = asyncio.Event()
        slow = request_to("a.test", "/slow", method="POST", body="KEY")
        first = asyncio.create_task(inside_tls(way, slow[:-1], rest, slow[-1:]))
        while not way.outlet._proxy._bodies.locked():
            await asyncio.sleep(0.01)
        quick = request_to("a.test", method="POST", body="KEY")
        second = asyncio.create_task(inside_tls(way, quick))
        done, _ = await asyncio.wait([first, second], timeout=0.3)
        assert not done
        assert server.seen == []
        rest.set()
        assert [status(answer) for answer in await asyncio.gather(first, second)] == [200, 200]
    assert [seen.target for seen in server.seen] == ["/slow", "/"]


async def test_a_tunnel_in_which_nothing_moves_is_closed() -> None:
    with upstream() as server:
        async with way_out(Names(), server.address, limits=Limits(quiet_time=0.1)) as way:
            answer = await way.ask(
                f"CONNECT {server.address}:{server.port} HTTP/1.1\r\nHost: x\r\n\r\n"
            )
    assert status(answer) == 200


async def test_an_upgrade_is_carried_through() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert b"upgrade: websocket" in head
        writer.write(
            b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhi"
        )
        writer.write((await reader.readexactly(4)).upper())
        writer.close()

    async with await asyncio.start_server(serve, own_address()) as server:
        address, port = server.sockets[0].getsockname()
        async with way_out(Names(), address) as way:
            answer = await way.ask(
                f"GET http://{address}:{port}/ HTTP/1.1\r\nHost: x\r\n"
                "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\nmore"
            )
    assert status(answer) == 101
    assert answer.endswith(b"hiMORE")


@pytest.fixture(scope="module")
def trust() -> Any:
    """Who vouches for a.test."""
    with trusted("a.test") as trust:
        yield trust


def bound(**changes: Any) -> dict[str, Any]:
    """A vault with a secret for https://a.test."""
    auth = {"type": "bearer", "credential": "key"}
    binding = {"name": "a", "match": {"hosts": ["a.test"]}, "auth": auth, **changes}
    secret = {"name": "key", "source": {"type": "inline", "value": SECRET}}
    return {"credentials": [secret], "bindings": [binding]}


@asynccontextmanager
async def bound_way(
    trust: Trust, patch: pytest.MonkeyPatch, vault: dict[str, Any], **options: Any
) -> AsyncIterator[tuple[Way, Upstream]]:
    """A way out with a vault, and a server that is https://a.test."""
    patch.setattr(
        proxy, "_upstream_context", lambda: ssl.create_default_context(cafile=trust.certificate)
    )
    with upstream(port=443, context=trust.context) as server:
        rules = [{"action": "allow", "target": t} for t in ("a.test", server.address)]
        kept = Kept(
            policy={"defaultAction": "deny", "egress": rules}, authority=make_authority("test")
        )
        names = Names(a_test=[server.address])
        async with way_out(names, kept=kept, **options) as way:
            await way.outlet.create_vault(vault)
            yield way, server


async def inside_tls(
    way: Way, request: str, then: asyncio.Event | None = None, rest: str = ""
) -> bytes:
    """What comes back inside a tunnel to a.test:443, from whoever the sandbox trusts there.

    What is in `rest` is sent when `then` is set.
    """
    reader, writer = await way.open()
    writer.write(b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n")
    answer = await reader.readuntil(b"\r\n\r\n")
    assert status(answer) == 200
    authority = way.outlet.kept.authority
    assert authority is not None
    context = ssl.create_default_context(cadata=authority["certificate"])
    await writer.start_tls(context, server_hostname="a.test")
    writer.write(request.encode())
    if then is not None:
        await then.wait()
        writer.write(rest.encode())
    try:
        return await reader.read()
    finally:
        writer.close()


def request_to(
    host: str, path: str = "/", *headers: str, method: str = "GET", body: str = ""
) -> str:
    lines = "".join(f"{header}\r\n" for header in headers)
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    first = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
    return f"{first}{lines}{length}\r\n{body}"


async def test_a_bound_host_gets_the_credential_whatever_the_program_sends(
    trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bound_way(trust, monkeypatch, bound()) as (way, server):
        answer = await inside_tls(way, request_to("a.test", "/x", "Authorization: mine"))
    assert status(answer) == 200
    assert SECRET.encode() not in answer
    assert server.seen[0].headers["authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize("host", ["b.test", "a.test:8443", "a.test.b.test", "a test"])
async def test_no_other_host_is_spoken_to_in_a_connection_to_a_bound_one(
    trust: Trust, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    async with bound_way(trust, monkeypatch, bound()) as (way, server):
        assert status(await inside_tls(way, request_to(host))) == 421
        absolute = request_to("a.test", "https://b.test/")
        assert status(await inside_tls(way, absolute)) == 421
    assert server.seen == []


async def test_a_method_that_repeats_the_request_gets_no_credential(
    trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bound_way(trust, monkeypatch, bound()) as (way, server):
        await inside_tls(way, request_to("a.test", method="TRACE"))
    assert "authorization" not in server.seen[0].headers


async def test_a_body_with_placeholders_has_a_limit(
    trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced = {"credential": "key", "placeholder": "KEY", "in": ["body"]}
    vault = bound(auth={"type": "passthrough", "substitutions": [replaced]})
    limits = Limits(body=1000)
    async with bound_way(trust, monkeypatch, vault, limits=limits) as (way, server):
        large = request_to("a.test", method="POST", body="x" * 1001)
        assert status(await inside_tls(way, large)) == 413
        small = request_to("a.test", method="POST", body="a KEY")
        assert status(await inside_tls(way, small)) == 200
    assert [seen.body for seen in server.seen] == [f"a {SECRET}".encode()]


async def test_a_vault_ends_with_its_removal(trust: Trust, monkeypatch: pytest.MonkeyPatch) -> None:
    async with bound_way(trust, monkeypatch, bound()) as (way, server):
        await way.outlet.delete_vault()
        reader, writer = await way.open()
        writer.write(b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        # End to end again: what answers is a.test itself.
        outside = ssl.create_default_context(cafile=trust.certificate)
        await writer.start_tls(outside, server_hostname="a.test")
        writer.write(request_to("a.test").encode())
        assert status(await reader.read()) == 200
        writer.close()
    assert "authorization" not in server.seen[0].headers


async def test_a_sealed_connection_is_closed_when_its_host_is_bound(
    trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bound_way(trust, monkeypatch, bound()) as (way, _):
        await way.outlet.delete_vault()
        reader, writer = await way.open()
        writer.write(b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n")
        assert status(await reader.readuntil(b"\r\n\r\n")) == 200
        await way.outlet.create_vault(bound())
        async with asyncio.timeout(30):
            assert await reader.read() == b""
        writer.close()
