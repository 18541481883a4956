from __future__ import annotations

import io
import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from opensandbox._async.config import ConnectionConfig
from opensandbox._async.files import Filesystem
from opensandbox._async.http import Service
from opensandbox.exceptions import (
    InvalidArgumentException,
    SandboxApiException,
    SandboxConnectionException,
)
from opensandbox.models.filesystem import (
    ContentReplaceEntry,
    DirectoryListEntry,
    MoveEntry,
    SearchEntry,
    SetPermissionEntry,
    WriteEntry,
)
from opensandbox.transport.retry import RetryPolicy
from tests import peer
from tests.peer import Peer

INFO = {
    "path": "/a",
    "type": "file",
    "size": 3,
    "modified_at": "2026-11-22T21:43:53.614679542Z",
    "created_at": "2026-11-22T21:43:53Z",
    "owner": "root",
    "group": "root",
    "mode": 644,
}
PAGE = b"<html><head><title>Internal Error</title></head></html>"


class Execd:
    """Answers with what it is told to, and keeps what it was asked."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.answers = list(answers) or [httpx.Response(200)]
        self.requests: list[httpx.Request] = []
        self.service = Service(
            ConnectionConfig(transport=httpx.MockTransport(self.answer)), "http://execd"
        )
        self.files = Filesystem(self.service)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def asked(self) -> tuple[str, str, list[tuple[str, str]]]:
        """Method, path and query of the last request."""
        request = self.requests[-1]
        return request.method, request.url.path, list(request.url.params.multi_items())

    @property
    def sent(self) -> Any:
        """The body of the last request."""
        return json.loads(self.requests[-1].content)

    @property
    def uploaded(self) -> list[tuple[dict[str, Any], bytes]]:
        """Metadata and content of each file in the last upload."""
        request = self.requests[-1]
        boundary = request.headers["content-type"].partition("boundary=")[2].encode()
        sections = request.content.split(b"--" + boundary)[1:-1]
        bodies = [section.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for section in sections]
        return [
            (json.loads(metadata), content)
            for metadata, content in zip(bodies[::2], bodies[1::2], strict=True)
        ]


def at(peer: Peer, **config: Any) -> Filesystem:
    """Files over real sockets."""
    connection = ConnectionConfig(retry_policy=RetryPolicy.disabled(), **config)
    return Filesystem(Service(connection, f"http://{peer.address}", sandbox_id="sb-1"))


# --- reading ----------------------------------------------------------------------------------


async def test_text_bytes_and_pieces() -> None:
    execd = Execd(httpx.Response(200, content="hé\n".encode()))
    assert await execd.files.read_file("/a b") == "hé\n"
    assert execd.asked == ("GET", "/files/download", [("path", "/a b")])
    assert await execd.files.read_bytes("/a") == "hé\n".encode()
    pieces = [piece async for piece in execd.files.read_bytes_stream("/a", chunk_size=3)]
    assert pieces == ["hé".encode(), b"\n"]


async def test_a_part_of_a_file() -> None:
    execd = Execd(httpx.Response(206, content=b"x"))
    await execd.files.read_bytes("/a", range_header="bytes=1-1")
    assert execd.requests[-1].headers["range"] == "bytes=1-1"
    await execd.files.read_file("/a", offset=2, limit=3)
    assert execd.asked[2] == [("path", "/a"), ("offset", "2"), ("limit", "3")]


async def test_text_in_another_encoding() -> None:
    execd = Execd(httpx.Response(200, content=b"h\xe9"))
    assert await execd.files.read_file("/a", encoding="latin-1") == "hé"
    with pytest.raises(InvalidArgumentException, match="'/a' is no text in utf-8"):
        await execd.files.read_file("/a")


async def test_an_unknown_encoding_is_refused_before_anything_is_sent() -> None:
    execd = Execd()
    with pytest.raises(InvalidArgumentException, match="unknown encoding"):
        await execd.files.read_file("/a", encoding="no-such")
    assert execd.requests == []


async def test_a_stream_that_is_opened_tells_of_a_refusal_before_anything_is_read() -> None:
    execd = Execd(httpx.Response(404, json={"code": "FILE_NOT_FOUND", "message": "no /a"}))
    with pytest.raises(SandboxApiException, match="FILE_NOT_FOUND"):
        await execd.files.read_bytes_stream("/a")


async def test_a_stream_is_opened_before_a_whole_piece_has_come() -> None:
    slow = peer.raw(peer.head(200, {"Content-Length": "10"}) + b"abc", closes=False)
    with Peer(slow) as script:
        files = at(script, request_timeout=2)
        async with await files.read_bytes_stream("/a", chunk_size=10):
            pass
        await files._service.config.close()


async def test_an_empty_file_is_no_piece() -> None:
    execd = Execd(httpx.Response(200, content=b""))
    assert [piece async for piece in await execd.files.read_bytes_stream("/a")] == []
    assert [piece async for piece in execd.files.read_bytes_stream("/a")] == []


async def test_an_abandoned_download_gives_its_connection_free() -> None:
    endless = peer.raw(peer.head(200, {"Content-Length": "1000000"}) + b"x" * 100_000, closes=False)
    with Peer(endless) as script:
        config = ConnectionConfig(retry_policy=RetryPolicy.disabled())
        transport = config.new_owned_transport(max_connections=1)
        files = at(script, transport=transport, request_timeout=2)
        for _ in range(3):
            async for piece in files.read_bytes_stream("/a"):
                assert len(piece) == 65536
                break
        for _ in range(3):
            async with files.read_bytes_stream("/a", chunk_size=10) as stream:
                assert await anext(stream) == b"x" * 10
        assert script.connections == 6
        await transport.aclose()
        await config.close()


async def test_fewer_bytes_than_promised_is_an_error() -> None:
    with Peer(peer.truncated(b"abc", of=10)) as script:
        files = at(script)
        with pytest.raises(SandboxConnectionException):
            await files.read_bytes("/a")
        stream = files.read_bytes_stream("/a", chunk_size=3)
        assert await anext(stream) == b"abc"
        with pytest.raises(SandboxConnectionException):
            await anext(stream)
        await files._service.config.close()


async def test_a_directory_is_refused_and_nothing_of_its_absurd_length_is_read() -> None:
    absurd = peer.raw(peer.head(500, {"Content-Length": str(2**63 - 1)}))
    with Peer(absurd) as script:
        files = at(script)
        with pytest.raises(SandboxApiException) as problem:
            await files.read_file("/tmp")
        assert problem.value.status_code == 500
        await files._service.config.close()


@pytest.mark.parametrize(
    "arguments",
    [{"path": ""}, {"offset": -1}, {"limit": "x"}, {"range_header": "1-2"}, {"chunk_size": 0}],
)
async def test_a_download_that_cannot_be_meant(arguments: dict[str, Any]) -> None:
    execd = Execd()
    with pytest.raises(InvalidArgumentException):
        async for _ in execd.files.read_bytes_stream(**{"path": "/a", **arguments}):
            pass
    assert execd.requests == []


# --- writing ----------------------------------------------------------------------------------


async def test_text_and_bytes() -> None:
    execd = Execd()
    await execd.files.write_file("/a", "hé", encoding="latin-1", mode=644)
    assert execd.asked == ("POST", "/files/upload", [])
    assert execd.uploaded == [({"path": "/a", "mode": 644}, b"h\xe9")]
    await execd.files.write_file("/a", b"\x00\xff", owner="u", group="g")
    assert execd.uploaded == [
        ({"path": "/a", "mode": 755, "owner": "u", "group": "g"}, b"\x00\xff")
    ]
    await execd.files.write_file("/a", bytearray(b"abc"))
    assert execd.uploaded[0][1] == b"abc"


async def test_several_files_in_one_request() -> None:
    execd = Execd()
    await execd.files.write_files(
        [WriteEntry(path="/a", data="1"), WriteEntry(path="/b", data=b"2", mode=600)]
    )
    assert execd.uploaded == [
        ({"path": "/a", "mode": 755}, b"1"),
        ({"path": "/b", "mode": 600}, b"2"),
    ]
    assert len(execd.requests) == 1


async def test_no_files_is_no_request() -> None:
    execd = Execd()
    await execd.files.write_files([])
    await execd.files.create_directories([])
    await execd.files.delete_files([])
    await execd.files.delete_directories([])
    await execd.files.move_files([])
    await execd.files.set_permissions([])
    await execd.files.replace_contents([])
    assert await execd.files.replace_contents_detailed([]) == []
    assert await execd.files.get_file_info([]) == {}
    assert execd.requests == []


async def test_an_open_file_from_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"0123456789" * 100_000)
    execd = Execd()
    with (tmp_path / "f").open("rb") as file:
        file.seek(5)
        await execd.files.write_file("/a", file)
    assert execd.uploaded[0][1] == (b"0123456789" * 100_000)[5:]
    assert int(execd.requests[-1].headers["content-length"]) == len(execd.requests[-1].content)


async def test_an_open_text_file() -> None:
    execd = Execd()
    await execd.files.write_file("/a", io.StringIO("hé"), encoding="utf-16-le")
    assert execd.uploaded[0][1] == "hé".encode("utf-16-le")
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"abc")
        file.seek(0)
        await execd.files.write_file("/a", file)
    assert execd.uploaded[0][1] == b"abc"


async def test_an_iterator_of_pieces() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"ab"
        yield b""
        yield b"c"

    execd = Execd()
    await execd.files.write_file("/a", pieces())
    assert execd.uploaded[0][1] == b"abc"
    assert "content-length" not in execd.requests[-1].headers


async def test_an_iterator_of_the_clients_colour() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"ab"
        yield b"c"

    execd = Execd()
    await execd.files.write_files(
        [WriteEntry(path="/a", data=pieces()), WriteEntry(path="/b", data=b"d")]
    )
    assert [content for _, content in execd.uploaded] == [b"abc", b"d"]


async def test_a_file_that_shrinks_while_it_is_sent_is_an_error() -> None:
    class Shrinking(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(2) if self.tell() == 0 else b""

    with pytest.raises(InvalidArgumentException, match="ended after 2 of 10 bytes"):
        await Execd().files.write_file("/a", Shrinking(b"0123456789"))


async def test_what_a_source_raises_is_raised_as_it_is() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"ab"
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        await Execd().files.write_file("/a", pieces())


@pytest.mark.parametrize(
    "arguments",
    [
        *({"path": ""}, {"path": "a\0"}, {"path": 7}, {"data": None}, {"data": 7}),
        *({"mode": 888}, {"mode": -1}, {"mode": "755"}, {"encoding": "no-such"}),
        {"data": "é", "encoding": "ascii"},
    ],
)
async def test_an_upload_that_cannot_be_meant(arguments: dict[str, Any]) -> None:
    execd = Execd()
    with pytest.raises(InvalidArgumentException):
        await execd.files.write_file(**{"path": "/a", "data": "x", **arguments})
    assert execd.requests == []


async def test_an_upload_over_a_directory_says_what_the_server_says() -> None:
    refusal = {"code": "RUNTIME_ERROR", "message": "open /tmp: is a directory"}
    with pytest.raises(SandboxApiException, match="is a directory") as problem:
        await Execd(httpx.Response(500, json=refusal)).files.write_file("/tmp", "x")
    assert problem.value.status_code == 500


async def test_an_upload_that_is_refused_before_it_is_read() -> None:
    def refuse(exchange: peer.Exchange) -> None:
        peer.answer(413, b'{"code":"TOO_LARGE","message":"too large"}')(exchange)
        exchange.close()

    with Peer(refuse) as script:
        files = at(script)
        with pytest.raises(SandboxApiException, match="TOO_LARGE"):
            await files.write_file("/a", b"x" * 1_000_000)
        await files._service.config.close()


# --- the rest ---------------------------------------------------------------------------------


async def test_info() -> None:
    execd = Execd(httpx.Response(200, json={"/a": INFO}))
    (entry,) = (await execd.files.get_file_info(["/a", "/b c"])).values()
    assert (entry.path, entry.entry_type, entry.mode, entry.size) == ("/a", "file", 644, 3)
    assert execd.asked == ("GET", "/files/info", [("path", "/a"), ("path", "/b c")])


async def test_search() -> None:
    execd = Execd(httpx.Response(200, json=[INFO]))
    (entry,) = await execd.files.search(SearchEntry(path="/", pattern="*.txt"))
    assert entry.path == "/a"
    assert execd.asked == ("GET", "/files/search", [("path", "/"), ("pattern", "*.txt")])


async def test_a_listing() -> None:
    execd = Execd(httpx.Response(200, json=[INFO, {**INFO, "type": "socket"}]))
    entries = await execd.files.list_directory(DirectoryListEntry(path="/"))
    assert [entry.entry_type for entry in entries] == ["file", "socket"]
    assert execd.asked == ("GET", "/directories/list", [("path", "/")])
    await execd.files.list_directory(DirectoryListEntry(path="/", depth=2))
    assert execd.asked[2] == [("path", "/"), ("depth", "2")]


@pytest.mark.parametrize("body", [b"[]", b"null"])
async def test_an_empty_listing(body: bytes) -> None:
    answer = httpx.Response(200, content=body, headers={"Content-Type": "application/json"})
    assert await Execd(answer).files.list_directory(DirectoryListEntry(path="/")) == []


async def test_directories_and_permissions() -> None:
    execd = Execd()
    await execd.files.create_directories([WriteEntry(path="/d", mode=700, owner="u")])
    assert execd.asked[:2] == ("POST", "/directories")
    assert execd.sent == {"/d": {"mode": 700, "owner": "u"}}
    await execd.files.set_permissions([SetPermissionEntry(path="/a", mode=600, group="g")])
    assert execd.asked[:2] == ("POST", "/files/permissions")
    assert execd.sent == {"/a": {"mode": 600, "group": "g"}}


async def test_moving() -> None:
    execd = Execd()
    await execd.files.move_files([MoveEntry(src="/a", dest="/b")])
    assert execd.asked[:2] == ("POST", "/files/mv")
    assert execd.sent == [{"src": "/a", "dest": "/b"}]


async def test_deleting() -> None:
    execd = Execd()
    await execd.files.delete_files(["/a", "/b&c"])
    assert execd.asked == ("DELETE", "/files", [("path", "/a"), ("path", "/b&c")])
    await execd.files.delete_directories(["/d"])
    assert execd.asked == ("DELETE", "/directories", [("path", "/d")])


REPLACEMENT = ContentReplaceEntry(path="/a", old_content="x", new_content="y")


async def test_replacing() -> None:
    execd = Execd(httpx.Response(200), httpx.Response(200, json={"/a": {"replacedCount": 2}}))
    await execd.files.replace_contents([REPLACEMENT])
    assert execd.asked[:2] == ("POST", "/files/replace")
    assert execd.sent == {"/a": {"old": "x", "new": "y"}}
    (result,) = await execd.files.replace_contents_detailed([REPLACEMENT])
    assert (result.path, result.replaced_count) == ("/a", 2)
    assert execd.asked[2] == [("verbose", "true")]


async def test_replacing_that_fails_with_a_page_is_no_success() -> None:
    execd = Execd(httpx.Response(500, content=PAGE))
    with pytest.raises(SandboxApiException, match="Internal Error"):
        await execd.files.replace_contents([REPLACEMENT])
    with pytest.raises(SandboxApiException, match="Internal Error"):
        await execd.files.replace_contents_detailed([REPLACEMENT])


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"/a": 7}', b'{"/a": {}}', PAGE])
async def test_an_answer_that_is_not_what_was_promised(body: bytes) -> None:
    execd = Execd(httpx.Response(200, content=body, headers={"X-Request-ID": "r-1"}))
    with pytest.raises(SandboxApiException) as problem:
        await execd.files.replace_contents_detailed([REPLACEMENT])
    assert (problem.value.status_code, problem.value.request_id) == (200, "r-1")
    assert problem.value.response_body == body
    with pytest.raises(SandboxApiException):
        await execd.files.get_file_info(["/a"])


@pytest.mark.parametrize("entries", [None, "/a", {"path": "/a"}, [{"path": "/a"}], ["/a"]])
async def test_entries_are_a_list_of_their_kind(entries: Any) -> None:
    execd = Execd()
    for method in (
        *(execd.files.write_files, execd.files.create_directories, execd.files.move_files),
        *(execd.files.set_permissions, execd.files.replace_contents),
    ):
        with pytest.raises(InvalidArgumentException, match="entries"):
            await method(entries)
    for one in (execd.files.search, execd.files.list_directory):
        with pytest.raises(InvalidArgumentException, match="entry"):
            await one(entries)
    assert execd.requests == []


async def test_the_same_as_another_user() -> None:
    execd = Execd(httpx.Response(200, json=[INFO]))
    files = Filesystem(execd.service.at("/v1/filesystem/1000/1000"))
    await files.search(SearchEntry(path="/", pattern="*"))
    assert execd.asked[1] == "/v1/filesystem/1000/1000/files/search"
    await files.write_file("/a", "x")
    assert execd.asked[1] == "/v1/filesystem/1000/1000/files/upload"
