"""What sandboxes reach of an internet with public addresses: one of the tests' own.

The one that this machine is in may have no way out, and nobody there should be asked. So this needs
root and `ip`, for namespaces of its own (`world`), and is left out and counted elsewhere.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import NO_WORLD
from tests.local.egress.world import HERE, HERE_6, LINK, PUBLIC, PUBLIC_2, PUBLIC_6, SECRET

pytestmark = pytest.mark.isolation

REFUSED = "Blocked by the network policy"


def get(host: str, *headers: str, path: str = "/", named: str | None = None) -> str:
    """A request for an http URL, in the form that proxies get; the last one of its connection."""
    lines = "".join(f"{header}\r\n" for header in ("Connection: close", *headers))
    return f"GET http://{host}{path} HTTP/1.1\r\nHost: {named or host}\r\n{lines}\r\n"


def connect(place: str) -> str:
    """A tunnel, and a request in it."""
    inner = "GET / HTTP/1.1\r\nHost: inner.test\r\nConnection: close\r\n\r\n"
    return f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n{inner}"


def post(*framing: str, body: str) -> str:
    """A request with a body whose length is said in some way."""
    head = "POST http://public.test/ HTTP/1.1\r\nHost: public.test\r\nConnection: close\r\n"
    return head + "".join(f"{line}\r\n" for line in framing) + "\r\n" + body


KEPT_OPEN = "GET http://public.test/ HTTP/1.1\r\nHost: public.test\r\n\r\n"
SMUGGLED = "GET http://10.0.0.5/ HTTP/1.1\r\nHost: x\r\n\r\n"

#: Requests, and what has to come back for each of them.
WITHOUT_POLICY: dict[str, tuple[Any, str]] = {
    **{
        f"{name} {host}": (request, f"reached {address} ")
        for host, address in {
            "public.test": PUBLIC,
            "other.test": PUBLIC_2,
            "six.test": PUBLIC_6,
            "PUBLIC.Test.": PUBLIC,
            PUBLIC: PUBLIC,
            "1572395042": PUBLIC,
            "0x5db8d822": PUBLIC,
            "[::ffff:93.184.216.34]": PUBLIC,
            f"[{PUBLIC_6}]": PUBLIC_6,
        }.items()
        for name, request in {"http": get(host), "connect": connect(f"{host}:80")}.items()
    },
    **{
        f"{name} {host}": (request, REFUSED)
        for host in (
            *("mixed.test", "mixed-six.test", "private.test", "loop.test", "loop-six.test"),
            *("metadata.test", "mapped.test", "translated.test", "six-to-four.test"),
            *("nowhere.test", "here.test", "PRIVATE.Test.", "localhost", "127.0.0.1", "127.1"),
            *("2130706433", "0", "[::]", "[::1]", "10.0.0.5", "167772165", "012.0.0.5", "10.5"),
            *("[::ffff:10.0.0.5]", "[::ffff:a00:5]", "[64:ff9b::a00:5]", "[2002:a00:5::1]"),
            *("[fd77::5]", "[fe80::1]", "169.254.169.254", "2852039166", "100.64.0.5"),
            *("172.16.0.5", "198.51.100.5", LINK, HERE, f"[{HERE_6}]", "[fd77::1]"),
        )
        for name, request in {"http": get(host), "connect": connect(f"{host}:80")}.items()
    },
    "https": (["https://public.test/"], f"reached {PUBLIC} "),
    "https, another's certificate": (["https://six.test/"], "curl: (60)"),
    "another port": (connect("public.test:22"), f"reached {PUBLIC} "),
    "a port that is closed": (connect("public.test:25"), "HTTP/1.1 502 "),
    "no port": (connect("public.test:0"), "HTTP/1.1 400 "),
    "too high a port": (connect("public.test:65616"), "HTTP/1.1 400 "),
    "an unknown name": (get("unknown.test"), "HTTP/1.1 502 "),
    "a user": (get("public.test@10.0.0.5"), "HTTP/1.1 400 "),
    "a user in CONNECT": (connect("public.test@10.0.0.5:80"), "HTTP/1.1 400 "),
    "a fragment": (get("public.test#@10.0.0.5"), "HTTP/1.1 400 "),
    "a backslash": (get("10.0.0.5\\@public.test"), "HTTP/1.1 400 "),
    "a zone": (get("[fe80::1%25here]"), "HTTP/1.1 400 "),
    "two dots at the end": (get("public.test.."), "HTTP/1.1 400 "),
    "another Host": (get("public.test", named="10.0.0.5"), f"reached {PUBLIC} as public.test"),
    "a Host too many": (get("public.test", "Host: 10.0.0.5"), "HTTP/1.1 400 "),
    "a second host": (KEPT_OPEN + get("10.0.0.5"), REFUSED),
    "a second public host": (KEPT_OPEN + get("other.test"), f"reached {PUBLIC_2} "),
    "a redirect": (["http://public.test/?to=http://other.test/"], f"reached {PUBLIC_2} "),
    "a redirect to a site": (["http://public.test/?to=http://10.0.0.5/"], REFUSED),
    "a redirect to this machine": (
        ["--noproxy", "", "http://public.test/?to=http://127.0.0.1/"],
        REFUSED,
    ),
    "two lengths": (post("Content-Length: 3", "Content-Length: 5", body="abcde"), "HTTP/1.1 400 "),
    "an unknown coding": (post("Transfer-Encoding: x", body="0\r\n\r\n"), "HTTP/1.1 501 "),
    "a length and a coding": (
        post("Content-Length: 60", "Transfer-Encoding: chunked", body="0\r\n\r\n" + SMUGGLED),
        f"reached {PUBLIC} as public.test",
    ),
    "a coding and a length": (
        post(
            "Transfer-Encoding: chunked",
            "Content-Length: 4",
            body=f"{len(SMUGGLED):x}\r\n{SMUGGLED}\r\n0\r\n\r\n",
        ),
        f"reached {PUBLIC} as public.test",
    ),
    "a large head": (get("public.test", "X: " + "y" * 70_000), "HTTP/1.1 431 "),
    "no proxy": (["--noproxy", "*", f"http://{PUBLIC}/"], "curl: (7)"),
}

ONE_NAME: dict[str, tuple[Any, str]] = {
    "its name": (get("public.test"), f"reached {PUBLIC} "),
    "its name on another port": (connect("public.test:22"), REFUSED),
    "another name of a public address": (get("other.test"), REFUSED),
    "its address": (get(PUBLIC), REFUSED),
    "a name that is private later": (get("rebound.test"), f"reached {PUBLIC} "),
    "the same one, later": (get("rebound.test"), REFUSED),
    "a name that was private": (get("returning.test"), REFUSED),
    "the same one, then public": (get("returning.test"), f"reached {PUBLIC} "),
    "an address that a rule names": (get("10.0.0.5"), "reached 10.0.0.5 "),
    "https, with a credential": (
        ["https://public.test/"],
        f"reached {PUBLIC} as public.test with ",
    ),
    "https without one": (["-k", f"https://[{PUBLIC_6}]/"], f"reached {PUBLIC_6} as "),
}

GROUPS: list[tuple[dict[str, tuple[Any, str]], Any, Any]] = [
    (WITHOUT_POLICY, None, None),
    (
        ONE_NAME,
        {
            "defaultAction": "deny",
            "egress": [
                {"action": "allow", "target": target}
                for target in (
                    *("public.test:80", "public.test:443", f"[{PUBLIC_6}]", "10.0.0.5"),
                    *("rebound.test", "returning.test"),
                )
            ],
        },
        {
            "credentials": [{"name": "key", "source": {"type": "inline", "value": SECRET}}],
            "bindings": [
                {
                    "name": "public",
                    "match": {"hosts": ["public.test"]},
                    "auth": {"type": "bearer", "credential": "key"},
                }
            ],
        },
    ),
]


@pytest.fixture(scope="module")
def said() -> dict[str, str]:
    """What came back for each request."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip(f"{NO_WORLD}: this user cannot make network namespaces")
    groups = [
        {
            "probes": {name: request for name, (request, _) in probes.items()},
            "policy": p,
            "vault": v,
        }
        for probes, p, v in GROUPS
    ]
    ran = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("world.py"))],
        input=json.dumps(groups),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    answers: dict[str, str] = {}
    for found in json.loads(ran.stdout):
        answers |= found
    return answers


@pytest.mark.parametrize(
    ("name", "expected"),
    [(name, expected) for probes, *_ in GROUPS for name, (_, expected) in probes.items()],
)
def test_what_comes_back(said: dict[str, str], name: str, expected: str) -> None:
    answer = said[name]
    assert expected in answer
    if expected == REFUSED:
        assert f"reached {PUBLIC} " in answer or "reached" not in answer
    assert SECRET not in answer
