# Written by scripts/unasync.py from tests/_async/test_transcripts.py. Do not edit.
"""The recorded traffic of a real server, replayed to the client.

For each pair the call that a program would make is made, the request that comes out is compared
with the recorded one, and the recorded answer is what the client gets.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from opensandbox._sync.commands import CommandsSync
from opensandbox._sync.config import ConnectionConfigSync
from opensandbox._sync.files import FilesystemSync
from opensandbox._sync.health import HealthSync
from opensandbox._sync.http import ServiceSync
from opensandbox._sync.lifecycle import SandboxesSync
from opensandbox._sync.metrics import MetricsSync
from opensandbox.exceptions import InvalidArgumentException, SandboxApiException
from opensandbox.models.execd import Execution
from opensandbox.models.filesystem import (
    ContentReplaceEntry,
    DirectoryListEntry,
    MoveEntry,
    SearchEntry,
    SetPermissionEntry,
    WriteEntry,
)
from opensandbox.models.sandboxes import SandboxFilter
from opensandbox.transport.retry import RetryPolicy

Pair = dict[str, Any]
Call = Callable[[], object]

TRANSCRIPTS: dict[str, list[Pair]] = json.loads(
    (Path(__file__).parent.parent / "data" / "transcripts.json").read_text()
)

# Recorded to see what the server says; the client refuses to send them, or has no call for them.
REFUSED_HERE = {
    *("create without image", "create with bad timeout", "create with empty entrypoint"),
    *("create with bad metadata", "list bad page", "endpoint bad port"),
}
NOT_CALLED = {
    *("create with bad type", "create not json", "command missing", "command not json"),
    *("upload without metadata", "upload bad metadata", "upload no path", "download no path"),
    *("search default", "unknown route", "proxy refused", "proxy"),
}
COMES_LATER = {
    *("network policy without egress", "diagnostics logs", "diagnostics events", "templates"),
    *("pools", "snapshot create", "snapshot get", "snapshot list", "snapshot delete"),
    *("snapshot get deleted", "isolated capabilities", "isolated create", "code contexts"),
    *("metrics watch",),
}
LEFT_OUT = REFUSED_HERE | NOT_CALLED | COMES_LATER


def pairs(api: str) -> list[Pair]:
    return [pair for pair in TRANSCRIPTS[api] if pair["name"] not in LEFT_OUT]


class Recording:
    """Answers with what was recorded, and keeps what it was asked."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.sent: httpx.Request | None = None
        self.config = ConnectionConfigSync(
            domain="recorded",
            transport=httpx.MockTransport(self.answer),
            retry_policy=RetryPolicy.disabled(),
        )

    def answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        assert self.sent is None, "one call is one request"
        self.sent = request
        answer = self.pair["response"]
        framing = ("content-length", "transfer-encoding")
        headers = {k: v for k, v in answer["headers"].items() if k not in framing}
        return httpx.Response(answer["status"], headers=headers, content=answer["body"].encode())


def values(mapping: Any) -> list[tuple[str, str]]:
    items = mapping.items() if isinstance(mapping, dict) else mapping or []
    return sorted((str(name), str(value)) for name, value in items)


def same_request(sent: httpx.Request, wanted: Pair, prefix: str) -> None:
    """The request that came out is the recorded one; a default may be spelt out or not."""
    assert (sent.method, sent.url.path) == (wanted["method"], prefix + wanted["path"])
    assert values(sent.url.params.multi_items()) == values(wanted.get("query"))
    if "body" in wanted:
        body = json.loads(sent.content)
        if isinstance(body, dict) and body.get("timeout") is None:
            body.pop("timeout", None)  # no expiry, whether null or left out
        if "expiresAt" in wanted["body"]:
            body, wanted = (
                {"expiresAt": datetime.fromisoformat(body["expiresAt"])},
                {"body": {"expiresAt": datetime.fromisoformat(wanted["body"]["expiresAt"])}},
            )
        assert body == wanted["body"]
    for name in ("Range", "content-type"):
        if name in wanted.get("headers", {}):
            assert sent.headers[name] == wanted["headers"][name]


# --- execd ------------------------------------------------------------------------------------


def command_call(service: ServiceSync, request: Pair) -> Call | None:
    commands = CommandsSync(service)
    method, path, body, query = parts(request)
    if (method, path) == ("POST", "/command"):
        line = body.get("command") or body["argv"]
        return lambda: commands.run(
            line,
            background=body.get("background", False),
            working_directory=body.get("cwd"),
            timeout=milliseconds(body),
            uid=body.get("uid"),
            gid=body.get("gid"),
            envs=body.get("envs"),
        )
    if (method, path) == ("DELETE", "/command"):
        return lambda: commands.interrupt(query["id"])
    if (method, path) == ("POST", "/session"):
        return lambda: commands.create_session(working_directory=body.get("cwd"))
    _, first, *rest = [*path.split("/"), ""]
    if (first, rest[0]) == ("command", "status"):
        return lambda: commands.get_command_status(rest[1])
    if first == "command":
        return lambda: commands.get_background_command_logs(rest[0], query.get("cursor"))
    if first == "session" and method == "POST":
        return lambda: commands.run_in_session(rest[0], body["command"], timeout=milliseconds(body))
    if first == "session":
        return lambda: commands.delete_session(rest[0])
    return None


def reading_call(service: ServiceSync, request: Pair) -> Call | None:
    files = FilesystemSync(service)
    method, path, _, query = parts(request)
    range_header = request.get("headers", {}).get("Range")
    names = [value for name, value in values(request.get("query")) if name == "path"]
    reading: dict[tuple[str, str], Call] = {
        ("GET", "/files/info"): lambda: files.get_file_info(names),
        ("GET", "/files/download"): lambda: files.read_bytes(
            query["path"],
            range_header=range_header,
            offset=query.get("offset"),
            limit=query.get("limit"),
        ),
        ("GET", "/files/search"): lambda: files.search(SearchEntry(**query)),
        ("GET", "/directories/list"): lambda: files.list_directory(DirectoryListEntry(**query)),
        ("DELETE", "/files"): lambda: files.delete_files(names),
        ("DELETE", "/directories"): lambda: files.delete_directories(names),
        ("GET", "/ping"): lambda: HealthSync(service).ping("sb-1"),
        ("GET", "/metrics"): lambda: MetricsSync(service).get_metrics("sb-1"),
    }
    return reading.get((method, path))


def writing_call(service: ServiceSync, request: Pair) -> Call | None:
    files = FilesystemSync(service)
    method, path, body, query = parts(request)
    replace = files.replace_contents_detailed if "verbose" in query else files.replace_contents
    contents = [part["content"] for _, part in request.get("multipart", [])]
    uploads = [
        WriteEntry(data=content.encode(), **json.loads(metadata))
        for metadata, content in zip(contents[::2], contents[1::2], strict=True)
    ]
    writing: dict[tuple[str, str], Call] = {
        ("POST", "/files/upload"): lambda: files.write_files(uploads),
        ("POST", "/directories"): lambda: files.create_directories(
            [WriteEntry(path=name, **permission) for name, permission in body.items()]
        ),
        ("POST", "/files/permissions"): lambda: files.set_permissions(
            [SetPermissionEntry(path=name, **permission) for name, permission in body.items()]
        ),
        ("POST", "/files/mv"): lambda: files.move_files([MoveEntry(**entry) for entry in body]),
        ("POST", "/files/replace"): lambda: replace(
            [
                ContentReplaceEntry(path=name, old_content=entry["old"], new_content=entry["new"])
                for name, entry in body.items()
            ]
        ),
    }
    return writing.get((method, path))


def parts(request: Pair) -> tuple[str, str, Any, dict[str, Any]]:
    query = request.get("query") or {}
    return (
        request["method"],
        request["path"],
        request.get("body") or {},
        dict(query),
    )


def milliseconds(body: Pair) -> float | None:
    return body["timeout"] / 1000 if "timeout" in body else None


@pytest.mark.parametrize("pair", pairs("execd"), ids=lambda pair: pair["name"])
def test_execd(pair: Pair) -> None:
    recording = Recording(pair)
    service = ServiceSync(recording.config, "http://execd", sandbox_id="sb-1")
    request = pair["request"]
    call = (
        command_call(service, request)
        or reading_call(service, request)
        or writing_call(service, request)
    )
    assert call is not None
    if "multipart" in request:  # the mode of an upload without one is ours to say
        assert outcome(call, pair) is None
        return
    got = outcome(call, pair)
    assert recording.sent is not None
    same_request(recording.sent, request, "")
    if isinstance(got, Execution):
        assert got.id is not None


def outcome(call: Call, pair: Pair) -> object:
    """What the call gives for a success; for a refusal, that it is the recorded one."""
    answer = pair["response"]
    if answer["status"] < 400:
        return call()
    with pytest.raises(SandboxApiException) as problem:
        call()
    assert problem.value.status_code == answer["status"]
    if answer["body"].startswith('{"code"'):
        assert problem.value.error.code == json.loads(answer["body"])["code"]
    return None


# --- lifecycle --------------------------------------------------------------------------------


def create_call(sandboxes: SandboxesSync, body: Any) -> Call:
    return lambda: sandboxes.create_sandbox(
        body.get("image", {}).get("uri"),
        body["entrypoint"],
        body["env"],
        body["metadata"],
        body.get("timeout"),
        body["resourceLimits"],
        None,
        None,
        None,
    )


def lifecycle_call(sandboxes: SandboxesSync, request: Pair) -> Call | None:
    method, path, body, query = parts(request)
    if path == "/sandboxes" and method == "POST":
        return create_call(sandboxes, body)
    if path == "/sandboxes":
        states = [value for name, value in values(request["query"]) if name == "state"]
        found = query.get("metadata")
        chosen = SandboxFilter(
            states=states or None,
            metadata=dict([found.split("=")]) if found else None,
            page=int(query["page"]) if "page" in query else None,
            page_size=int(query["pageSize"]) if "pageSize" in query else None,
        )
        return lambda: sandboxes.list_sandboxes(chosen)
    _, _, identity, *rest = path.split("/")
    if rest[:1] == ["endpoints"]:
        port, through_server = int(rest[1]), "use_server_proxy" in query
        if "expires" in query:
            expires = int(query["expires"])
            return lambda: sandboxes.get_signed_sandbox_endpoint(identity, port, expires)
        return lambda: sandboxes.get_sandbox_endpoint(identity, port, through_server)
    calls: dict[tuple[str, str], Call] = {
        ("GET", ""): lambda: sandboxes.get_sandbox_info(identity),
        ("DELETE", ""): lambda: sandboxes.kill_sandbox(identity),
        ("POST", "pause"): lambda: sandboxes.pause_sandbox(identity),
        ("POST", "resume"): lambda: sandboxes.resume_sandbox(identity),
        ("PATCH", "metadata"): lambda: sandboxes.patch_sandbox_metadata(identity, body),
        ("POST", "renew-expiration"): lambda: sandboxes.renew_sandbox_expiration(
            identity, datetime.fromisoformat(body["expiresAt"])
        ),
    }
    return calls.get((method, "/".join(rest)))


@pytest.mark.parametrize("pair", pairs("lifecycle"), ids=lambda pair: pair["name"])
def test_lifecycle(pair: Pair) -> None:
    recording = Recording(pair)
    call = lifecycle_call(SandboxesSync(recording.config), pair["request"])
    assert call is not None
    outcome(call, pair)
    assert recording.sent is not None
    same_request(recording.sent, pair["request"], "/v1")


@pytest.mark.parametrize(
    "pair",
    [pair for pair in TRANSCRIPTS["lifecycle"] if pair["name"] in REFUSED_HERE],
    ids=lambda pair: pair["name"],
)
def test_what_the_server_would_refuse_is_not_even_sent(pair: Pair) -> None:
    recording = Recording(pair)

    def ask() -> object:
        call = lifecycle_call(SandboxesSync(recording.config), pair["request"])
        assert call is not None
        return call()

    with pytest.raises(InvalidArgumentException):
        ask()
    assert recording.sent is None


def test_what_is_left_out_was_recorded() -> None:
    assert {pair["name"] for pairs in TRANSCRIPTS.values() for pair in pairs} >= LEFT_OUT
