"""A redirect is followed to where httpx would follow it, and no key goes along to another place."""

from __future__ import annotations

import httpx
import pytest

from opensandbox._async.config import ConnectionConfig
from opensandbox._async.http import Service
from opensandbox._async.redirects import redirected
from tests.peer import Peer, answer

HERE = "https://box.example:8443/v1/a?x=1"
SECRETS = {
    "Authorization": "secret",
    "Cookie": "secret",
    "OPEN-SANDBOX-API-KEY": "secret",
    "X-EXECD-ACCESS-TOKEN": "secret",
    "OpenSandbox-Secure-Access": "secret",
    "OPENSANDBOX-EGRESS-AUTH": "secret",
}


def asked(
    status: int = 307, location: str = "/b", method: str = "POST", body: bytes = b"{}"
) -> tuple[httpx.Request | None, httpx.Request]:
    """What we ask for after such an answer, and what httpx asks for."""
    request = httpx.Request(method, HERE, headers={**SECRETS, "X-Mine": "1"}, content=body)
    response = httpx.Response(status, headers={"Location": location}, request=request)
    theirs = httpx.AsyncClient()._build_redirect_request(request, response)
    return redirected(request, response), theirs


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
async def test_the_method_and_the_body_are_those_of_httpx(status: int, method: str) -> None:
    ours, theirs = asked(status, method=method)
    assert ours is not None
    assert ours.method == theirs.method
    assert await ours.aread() == await theirs.aread()
    assert ours.headers.get("content-length") == theirs.headers.get("content-length")


@pytest.mark.parametrize(
    "location",
    [
        "/b",
        "b?y=%2F",
        "?y=2",
        "//other.example/b",
        "https://box.example:8443/b",
        "http://box.example:8443/b",
        "https://other.example/b",
    ],
)
async def test_the_place_is_that_of_httpx(location: str) -> None:
    ours, theirs = asked(location=location)
    assert ours is not None
    assert ours.url == theirs.url
    assert ours.headers["host"] == ours.url.netloc.decode()


@pytest.mark.parametrize(
    ("location", "kept"),
    [
        ("/b", True),
        ("https://box.example:8443/b", True),
        ("http://box.example:8443/b", False),
        ("https://box.example/b", False),
        ("https://other.example:8443/b", False),
    ],
)
async def test_keys_stay_with_whom_they_are_for(location: str, kept: bool) -> None:
    ours, _ = asked(location=location)
    assert ours is not None
    assert [name for name in SECRETS if name in ours.headers] == (list(SECRETS) if kept else [])
    assert ours.headers["x-mine"] == "1"


@pytest.mark.parametrize("status", [200, 300, 304, 404])
async def test_other_answers_send_nowhere(status: int) -> None:
    request = httpx.Request("GET", HERE)
    response = httpx.Response(status, headers={"Location": "/b"}, request=request)
    assert redirected(request, response) is None


async def test_a_place_that_there_cannot_be_is_the_peers_fault() -> None:
    request = httpx.Request("GET", HERE)
    response = httpx.Response(307, headers={"Location": "http://x:y/"}, request=request)
    with pytest.raises(httpx.RemoteProtocolError, match="http://x:y/"):
        redirected(request, response)


async def test_hooks_see_every_request_and_answer() -> None:
    seen: list[str] = []

    async def asks(request: httpx.Request) -> None:
        seen.append(f"{request.method} {request.url.path} {request.content!r}")

    async def answers(response: httpx.Response) -> None:
        seen.append(f"{response.status_code} {response.request.url.path}")
        assert response.elapsed.total_seconds() >= 0

    with Peer(answer(307, headers={"Location": "/v1/b"}), answer(200, b"{}")) as peer:
        config = ConnectionConfig(
            domain=peer.address,
            follow_redirects=True,
            event_hooks={"request": [asks], "response": [answers]},
        )
        async with Service(config).stream("POST", "/a", json={}) as response:
            await response.aread()
        await config.close()
    assert seen == ["POST /v1/a b'{}'", "307 /v1/a", "POST /v1/b b'{}'", "200 /v1/b"]


async def test_there_is_an_end_to_following() -> None:
    with Peer(answer(307, headers={"Location": "/v1/a"})) as peer:
        config = ConnectionConfig(domain=peer.address, follow_redirects=True)
        with pytest.raises(Exception, match="307"):
            async with Service(config).stream("GET", "/a"):
                pass
        await config.close()
    assert len(peer.requests) == 11
