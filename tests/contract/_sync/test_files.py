# Written by scripts/unasync.py from tests/contract/_async/test_files.py. Do not edit.
"""Files on a real server: written, read, listed, moved, refused."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from opensandbox import SandboxSync, SearchEntry, WriteEntry
from opensandbox.exceptions import InvalidArgumentException, SandboxApiException
from opensandbox.models.filesystem import (
    ContentReplaceEntry,
    DirectoryListEntry,
    MoveEntry,
    SetPermissionEntry,
)


@pytest.fixture
def folder(sandbox: SandboxSync, request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh folder in the sandbox."""
    path = f"/tmp/files-{request.node.name}"
    sandbox.files.create_directories([WriteEntry(path=path, mode=755)])
    yield path
    sandbox.files.delete_directories([path])


def test_text_goes_there_and_back(sandbox: SandboxSync, folder: str) -> None:
    sandbox.files.write_file(f"{folder}/a.txt", "héllo\n", mode=640)
    assert sandbox.files.read_file(f"{folder}/a.txt") == "héllo\n"
    info = (sandbox.files.get_file_info([f"{folder}/a.txt"]))[f"{folder}/a.txt"]
    assert (info.size, info.mode, info.entry_type) == (7, 640, "file")
    assert info.owner == "root"
    assert info.modified_at.tzinfo is not None


def test_every_kind_of_source(sandbox: SandboxSync, folder: str, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"from a file")

    def pieces() -> Iterator[bytes]:
        yield b"from an "
        yield b"iterator"

    with (tmp_path / "source").open("rb") as file:
        sandbox.files.write_files(
            [
                WriteEntry(path=f"{folder}/s", data="from a str"),
                WriteEntry(path=f"{folder}/b", data=b"from bytes\x00\xff"),
                WriteEntry(path=f"{folder}/f", data=file),
                WriteEntry(path=f"{folder}/m", data=io.BytesIO(b"from memory")),
            ]
        )
    sandbox.files.write_file(f"{folder}/i", pieces())
    read = [sandbox.files.read_bytes(f"{folder}/{name}") for name in "sbfmi"]
    assert read == [
        b"from a str",
        b"from bytes\x00\xff",
        b"from a file",
        b"from memory",
        b"from an iterator",
    ]


def test_parents_are_made(sandbox: SandboxSync, folder: str) -> None:
    sandbox.files.write_file(f"{folder}/x/y/z.txt", "deep")
    assert sandbox.files.read_file(f"{folder}/x/y/z.txt") == "deep"


def test_parts_of_a_file(sandbox: SandboxSync, folder: str) -> None:
    path = f"{folder}/n"
    sandbox.files.write_file(path, "one\ntwo\nthree\n")
    assert sandbox.files.read_bytes(path, range_header="bytes=4-6") == b"two"
    assert (sandbox.files.read_file(path, offset=2, limit=1)).rstrip("\n") == "two"
    with pytest.raises(SandboxApiException) as caught:
        sandbox.files.read_bytes(path, range_header="bytes=100-")
    assert caught.value.status_code == 416


def test_a_download_in_pieces_awaited_or_not(sandbox: SandboxSync, folder: str) -> None:
    content = bytes(range(256)) * 4096
    sandbox.files.write_file(f"{folder}/big", content)
    plain = [piece for piece in sandbox.files.read_bytes_stream(f"{folder}/big")]
    awaited = sandbox.files.read_bytes_stream(f"{folder}/big", chunk_size=1000)
    assert b"".join(plain) == content
    assert b"".join([piece for piece in awaited]) == content


def test_find_and_list(sandbox: SandboxSync, folder: str) -> None:
    for name in ("a.txt", "sub/b.txt", "sub/c.md"):
        sandbox.files.write_file(f"{folder}/{name}", name)
    found = sandbox.files.search(SearchEntry(path=folder, pattern="*.txt"))
    assert [entry.path for entry in found] == [f"{folder}/a.txt", f"{folder}/sub/b.txt"]
    listed = sandbox.files.list_directory(DirectoryListEntry(path=folder))
    assert {entry.path: entry.entry_type for entry in listed} == {
        f"{folder}/a.txt": "file",
        f"{folder}/sub": "directory",
    }
    deep = sandbox.files.list_directory(DirectoryListEntry(path=folder, depth=2))
    assert len(deep) == 4


def test_move_replace_chmod_delete(sandbox: SandboxSync, folder: str) -> None:
    sandbox.files.write_file(f"{folder}/a", "one one")
    replaced = sandbox.files.replace_contents_detailed(
        [ContentReplaceEntry(path=f"{folder}/a", old_content="one", new_content="1")]
    )
    assert [(r.path, r.replaced_count) for r in replaced] == [(f"{folder}/a", 2)]
    sandbox.files.move_files([MoveEntry(src=f"{folder}/a", dest=f"{folder}/b")])
    sandbox.files.set_permissions([SetPermissionEntry(path=f"{folder}/b", mode=600)])
    assert (sandbox.commands.run(f"stat -c %a {folder}/b; cat {folder}/b")).text == "600\n1 1"
    sandbox.files.delete_files([f"{folder}/b"])
    sandbox.files.delete_files([f"{folder}/b"])
    with pytest.raises(SandboxApiException) as caught:
        sandbox.files.get_file_info([f"{folder}/b"])
    assert caught.value.status_code == 404


def test_a_missing_file_is_named(sandbox: SandboxSync) -> None:
    with pytest.raises(SandboxApiException) as caught:
        sandbox.files.read_file("/nope")
    assert caught.value.status_code == 404
    assert caught.value.error is not None
    assert caught.value.error.code == "FILE_NOT_FOUND"


def test_an_upload_over_a_directory_fails(sandbox: SandboxSync, folder: str) -> None:
    with pytest.raises(SandboxApiException) as caught:
        sandbox.files.write_file(folder, "x")
    assert caught.value.status_code == 500


def test_a_directory_is_no_file(sandbox: SandboxSync, folder: str) -> None:
    with pytest.raises(SandboxApiException):
        sandbox.files.read_bytes(folder)
    with pytest.raises(SandboxApiException):
        sandbox.files.delete_files([folder])


def test_modes_are_digits(sandbox: SandboxSync) -> None:
    with pytest.raises(InvalidArgumentException, match=r"oct\("):
        sandbox.files.write_file("/tmp/x", "x", mode=0o755)


def test_an_empty_path_is_refused(sandbox: SandboxSync) -> None:
    with pytest.raises(InvalidArgumentException, match="path"):
        sandbox.files.write_file("", "x")


def test_acting_as_another_user(sandbox: SandboxSync, folder: str) -> None:
    sandbox.files.set_permissions([SetPermissionEntry(path=folder, mode=777)])
    theirs = sandbox.files_with_identity(1000, 1000)
    theirs.write_file(f"{folder}/theirs", "x", mode=600)
    assert (sandbox.commands.run(f"stat -c %u:%g {folder}/theirs")).text == "1000:1000"
    sandbox.files.write_file(f"{folder}/ours", "secret", mode=600)
    with pytest.raises(SandboxApiException):
        theirs.read_file(f"{folder}/ours")
