from __future__ import annotations

import io
import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensandbox._wire.multipart import PIECE, Source, UploadPlan, pieces, plan_upload
from opensandbox.exceptions import InvalidArgumentException


def plan(data: Any, encoding: str = "utf-8") -> UploadPlan:
    return plan_upload([({"path": "/a", "mode": 644}, data, encoding)])


def body(upload: UploadPlan) -> bytes:
    """Read the plan as a client would, in the simplest way."""
    out = b""
    for segment in upload.segments:
        if not isinstance(segment, Source):
            out += b"".join(pieces(segment))
        elif segment.is_file:
            out += segment.piece(segment.data.read())
        else:
            out += b"".join(segment.piece(piece) for piece in segment.data)
    return out


def parts(upload: UploadPlan) -> list[tuple[str, str, bytes]]:
    """Name, type and content of each part, as Python's own parser of mail finds them."""
    head = f"Content-Type: {upload.headers['Content-Type']}\r\n\r\n".encode()
    found = []
    for part in BytesParser(policy=HTTP).parsebytes(head + body(upload)).iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        found.append((str(name), str(part["content-type"]).replace('"', ""), content))
    return found


def test_pairs_of_metadata_and_content_in_order() -> None:
    upload = plan_upload(
        [
            ({"path": '/tmp/é "x"\r\n', "mode": 644}, "hé", "utf-8"),
            ({"path": "/b", "owner": "root"}, b"\x00\xff", "utf-8"),
        ]
    )
    found = parts(upload)
    assert [name for name, _, _ in found] == ["metadata", "file", "metadata", "file"]
    assert json.loads(found[0][2]) == {"path": '/tmp/é "x"\r\n', "mode": 644}
    assert found[1][1:] == ("text/plain; charset=utf-8", "hé".encode())
    assert json.loads(found[2][2]) == {"path": "/b", "owner": "root"}
    assert found[3][1:] == ("application/octet-stream", b"\x00\xff")


def test_the_exact_bytes() -> None:
    upload = plan_upload([({"path": "/a"}, b"hello", "utf-8")], boundary="B")
    assert body(upload) == (
        b'--B\r\nContent-Disposition: form-data; name="metadata"; filename="metadata"\r\n'
        b'Content-Type: application/json\r\n\r\n{"path": "/a"}\r\n'
        b'--B\r\nContent-Disposition: form-data; name="file"; filename="file"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\nhello\r\n--B--\r\n"
    )


def test_a_path_never_reaches_a_header() -> None:
    upload = plan_upload([({"path": '/a"\r\nX-Evil: 1'}, b"", "utf-8")])
    assert b"\r\nX-Evil" not in body(upload)


def test_no_two_uploads_share_a_boundary() -> None:
    assert plan(b"").boundary != plan(b"").boundary


@pytest.mark.parametrize(
    "data", [b"abc", bytearray(b"abc"), memoryview(b"abc"), memoryview(b"aXbXcX")[::2], "abc"]
)
def test_content_in_memory_has_a_length_and_can_be_sent_again(data: Any) -> None:
    upload = plan(data)
    assert parts(upload)[1][2] == b"abc"
    assert upload.headers["Content-Length"] == str(len(body(upload)))
    assert upload.whole() == body(upload)


def test_large_content_goes_in_pieces() -> None:
    upload = plan(b"x" * (3 * PIECE + 1))
    assert upload.whole() is None
    assert upload.sources == []
    content = upload.segments[1]
    assert isinstance(content, bytes)
    assert [len(piece) for piece in pieces(content)] == [PIECE, PIECE, PIECE, 1]


def test_a_file_is_sent_from_where_it_stands_and_its_length_is_known(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"0123456789")
    with (tmp_path / "f").open("rb") as file:
        file.seek(4)
        upload = plan(file)
        assert file.tell() == 4
        length = upload.headers["Content-Length"]
        assert parts(upload)[1][2] == b"456789"
        file.seek(4)
        assert length == str(len(body(upload)))
        assert upload.whole() is None


def test_a_file_that_cannot_seek_is_chunked() -> None:
    class Pipe(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readall(self) -> bytes:
            return b"abc"

    upload = plan(Pipe())
    assert "Content-Length" not in upload.headers
    assert parts(upload)[1][2] == b"abc"


@pytest.mark.parametrize("text", [io.StringIO("hé"), ["h", "é"]])
def test_text_is_encoded_as_it_is_read(text: Any) -> None:
    upload = plan(text, "latin-1")
    assert "Content-Length" not in upload.headers
    assert parts(upload)[1][2] == b"h\xe9"


def test_a_temporary_text_file_is_text() -> None:
    with tempfile.NamedTemporaryFile("w+", encoding="utf-16") as file:
        file.write("hé")
        file.seek(0)
        upload = plan(file)
        assert "Content-Length" not in upload.headers
        assert parts(upload)[1][2] == "hé".encode()


def test_iterators_are_chunked() -> None:
    def generate() -> Iterator[bytes]:
        yield b"ab"
        yield b"c"

    upload = plan(generate())
    assert "Content-Length" not in upload.headers
    assert parts(upload)[1][2] == b"abc"


def test_one_unknown_length_makes_the_whole_unknown() -> None:
    upload = plan_upload([({"path": "/a"}, b"a", "utf-8"), ({"path": "/b"}, iter([b"b"]), "utf-8")])
    assert upload.content_length is None


def test_async_iterators_are_sources_and_no_files() -> None:
    async def generate() -> AsyncIterator[bytes]:
        yield b"a"

    (source,) = plan(generate()).sources
    assert not source.is_file


@pytest.mark.parametrize("data", [None, 7, object()])
def test_other_content_is_refused(data: Any) -> None:
    with pytest.raises(InvalidArgumentException, match="'/a' must be text, bytes"):
        plan(data)


@pytest.mark.parametrize("encoding", ["no-such", "", "utf-8\r\nX: 1", "utf\0"])
@pytest.mark.parametrize("data", ["x", io.StringIO("x")])
def test_an_unknown_encoding_is_refused(data: Any, encoding: str) -> None:
    with pytest.raises(InvalidArgumentException, match="unknown encoding"):
        plan(data, encoding)


def test_text_that_the_encoding_cannot_hold_is_refused() -> None:
    with pytest.raises(InvalidArgumentException, match="'/a' cannot be written as ascii"):
        plan("é", "ascii")


def test_an_iterator_of_something_else_is_refused_when_read() -> None:
    with pytest.raises(InvalidArgumentException, match="gave int, not bytes or text"):
        body(plan(iter([7])))


@given(st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"])), st.binary())))
def test_what_goes_in_comes_out(files: list[tuple[str, bytes]]) -> None:
    upload = plan_upload([({"path": path}, data, "utf-8") for path, data in files])
    raw = body(upload)
    assert upload.content_length == len(raw)
    sections = raw.split(f"--{upload.boundary}".encode())[1:-1]
    contents = [section.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for section in sections]
    found = [
        (json.loads(metadata)["path"], content)
        for metadata, content in zip(contents[::2], contents[1::2], strict=True)
    ]
    assert found == files
