"""Whole directories into a sandbox and out of one: complete, bounded, and nowhere else."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterable
from pathlib import Path
from typing import Any, cast

import pytest

from opensandbox._async.trees import Download, Upload
from opensandbox._wire.multipart import PIECE
from opensandbox.exceptions import (
    InvalidArgumentException,
    SandboxApiException,
    SandboxInternalException,
)
from opensandbox.models.filesystem import DirectoryListEntry, EntryInfo, WriteEntry
from opensandbox.models.transfer import Transfer, TransferProgress

EPOCH = "2026-01-01T00:00:00Z"


def entry(path: str, kind: str | None = "file", mode: int = 644) -> EntryInfo:
    return EntryInfo.model_validate(
        {
            "path": path,
            "type": kind,
            "mode": mode,
            "owner": "root",
            "group": "root",
            "size": 0,
            "modified_at": EPOCH,
            "created_at": EPOCH,
        }
    )


class MemoryFiles:
    """The files of a sandbox, as a `Filesystem` shows them."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.modes: dict[str, int] = {}
        self.listings: dict[str, list[EntryInfo]] = {}
        self.directories: list[str] = []

    async def get_file_info(
        self, paths: list[str], *, request_timeout: Any = None
    ) -> dict[str, EntryInfo]:
        (path,) = paths
        if path in self.listings or path in self.directories:
            return {path: entry(path, "directory", 755)}
        if path in self.files:
            return {path: entry(path)}
        raise SandboxApiException("no such file", status_code=404)

    async def list_directory(
        self, entry: DirectoryListEntry, *, request_timeout: Any = None
    ) -> list[EntryInfo]:
        return self.listings.get(entry.path, [])

    async def create_directories(
        self, entries: list[WriteEntry], *, request_timeout: Any = None
    ) -> None:
        for one in entries:
            self.directories.append(one.path)
            self.modes[one.path] = one.mode

    async def write_files(self, entries: list[WriteEntry], *, request_timeout: Any = None) -> None:
        for one in entries:
            pieces: AsyncIterable[bytes] = cast(Any, one.data)
            self.files[one.path] = b"".join([piece async for piece in pieces])
            self.modes[one.path] = one.mode

    async def chunks(self, path: str, request_timeout: Any) -> AsyncGenerator[bytes, None]:
        data = self.files[path]
        for start in range(0, len(data), 4):
            yield data[start : start + 4]


async def uploaded(files: MemoryFiles, source: Path, target: str) -> Transfer:
    return await Upload(files, None, None).run(source, target)


async def downloaded(
    files: MemoryFiles,
    source: str,
    target: Path,
    *,
    max_files: int = 1000,
    max_bytes: int = 10**6,
) -> Transfer:
    download = Download(files, None, None, max_files=max_files, max_bytes=max_bytes)
    return await download.run(source, target)


# --- into the sandbox


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "empty").mkdir(parents=True)
    (root / "src" / "deep").mkdir(parents=True)
    (root / "a.txt").write_bytes(b"a")
    (root / "src" / "run.sh").write_bytes(b"#!/bin/sh\n")
    (root / "src" / "run.sh").chmod(0o750)
    (root / "src" / "deep" / "big").write_bytes(bytes(200_000))
    return root


async def test_a_directory_goes_up_with_everything_in_it(tree: Path) -> None:
    files = MemoryFiles()
    done = await uploaded(files, tree, "/work/tree/")
    assert files.files == {
        "/work/tree/a.txt": b"a",
        "/work/tree/src/run.sh": b"#!/bin/sh\n",
        "/work/tree/src/deep/big": bytes(200_000),
    }
    assert files.modes["/work/tree/src/run.sh"] == 750
    assert files.directories[0] == "/work/tree"
    assert set(files.directories[1:]) == {
        "/work/tree/empty",
        "/work/tree/src",
        "/work/tree/src/deep",
    }
    assert (done.files, done.directories, done.total_bytes) == (3, 4, 200_011)
    assert done.skipped == {}


async def test_a_directory_that_is_there_keeps_its_mode(tree: Path) -> None:
    files = MemoryFiles()
    files.directories = ["/tmp"]
    await uploaded(files, tree, "/tmp")
    assert "/tmp" not in files.modes


async def test_a_single_file_goes_up_under_its_new_name(tree: Path) -> None:
    files = MemoryFiles()
    done = await uploaded(files, tree / "a.txt", "/data/b.txt")
    assert files.files == {"/data/b.txt": b"a"}
    assert files.directories == []
    assert (done.files, done.total_bytes) == (1, 1)


async def test_links_are_followed_to_files_inside_and_nowhere_else(
    tree: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tree / "inside").symlink_to("src/run.sh")
    (tree / "outside").symlink_to(tmp_path / "secret")
    (tree / "nowhere").symlink_to("missing")
    (tree / "loop").symlink_to(".")
    (tree / "self").symlink_to("self")
    os.mkfifo(tree / "pipe")
    files = MemoryFiles()
    done = await uploaded(files, tree, "/w")
    assert files.files["/w/inside"] == b"#!/bin/sh\n"
    assert set(done.skipped) == {"outside", "nowhere", "loop", "self", "pipe"}
    assert "outside" in done.skipped["outside"]
    assert b"secret" not in files.files.values()


async def test_progress_is_told_piece_by_piece(tree: Path) -> None:
    told: list[TransferProgress] = []
    (tree / "big").write_bytes(bytes(2 * PIECE))
    await Upload(MemoryFiles(), told.append, None).run(tree / "big", "/big")
    assert [one.total_bytes for one in told] == sorted(one.total_bytes for one in told)
    assert [one.file_bytes for one in told] == [PIECE, 2 * PIECE]


async def test_what_a_progress_function_raises_is_raised(tree: Path) -> None:
    def full(_: TransferProgress) -> None:
        raise OSError("the caller's own")

    with pytest.raises(OSError, match="the caller's own"):
        await Upload(MemoryFiles(), full, None).run(tree, "/w")


async def test_what_cannot_be_read_here_or_named_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentException, match="missing"):
        await uploaded(MemoryFiles(), tmp_path / "missing", "/w")
    with pytest.raises(InvalidArgumentException, match="absolute"):
        await uploaded(MemoryFiles(), tmp_path, "relative")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidArgumentException, match="neither"):
        await uploaded(MemoryFiles(), tmp_path / "pipe", "/w")


# --- out of the sandbox


def sandbox_files() -> MemoryFiles:
    files = MemoryFiles()
    files.listings = {
        "/w": [entry("/w/a.txt"), entry("/w/sub", "directory", 750), entry("/w/ln", "symlink")],
        "/w/sub": [entry("/w/sub/run", mode=4755), entry("/w/sub/empty", "directory", 755)],
        "/w/sub/empty": [],
    }
    files.files = {"/w/a.txt": b"hello world", "/w/sub/run": b"#!"}
    return files


async def test_a_directory_comes_down_with_everything_in_it(tmp_path: Path) -> None:
    target = tmp_path / "new" / "here"
    done = await downloaded(sandbox_files(), "/w/", target)
    assert (target / "a.txt").read_bytes() == b"hello world"
    assert (target / "sub" / "run").read_bytes() == b"#!"
    assert (target / "sub" / "empty").is_dir()
    assert (target / "sub" / "run").stat().st_mode & 0o7777 == 0o755
    assert (target / "sub").stat().st_mode & 0o7777 == 0o750
    assert not (target / "ln").exists()
    assert done.skipped == {"ln": "a symlink"}
    assert (done.files, done.directories, done.total_bytes) == (2, 3, 13)


async def test_a_single_file_comes_down_whole(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_bytes(b"old")
    done = await downloaded(sandbox_files(), "/w/a.txt", tmp_path / "b.txt")
    assert (tmp_path / "b.txt").read_bytes() == b"hello world"
    assert done.files == 1
    assert os.listdir(tmp_path) == ["b.txt"]


@pytest.mark.parametrize(
    "path",
    [
        "/w/../etc/passwd",
        "/w/..",
        "/w/.",
        "/etc/passwd",
        "/w",
        "/w/",
        "/w//x",
        "/w/sub/deeper",
        "a.txt",
        "/w/a\\..\\b",
        "/w/C:x",
        "/w/nul\0",
        "/wx",
    ],
)
@pytest.mark.parametrize("kind", ["file", "directory"])
async def test_a_name_that_leads_elsewhere_ends_the_download(
    tmp_path: Path, path: str, kind: str
) -> None:
    files = MemoryFiles()
    files.listings = {path: [], "/w": [entry(path, kind)]}
    files.files = {path: b"evil"}
    with pytest.raises(SandboxInternalException, match="not a safe name"):
        await downloaded(files, "/w", tmp_path / "here")
    assert os.listdir(tmp_path) == ["here"]
    assert os.listdir(tmp_path / "here") == []


async def test_links_of_this_machine_are_not_gone_through(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    here = tmp_path / "here"
    elsewhere.mkdir()
    here.mkdir()
    (elsewhere / "a.txt").write_bytes(b"mine")
    (here / "a.txt").symlink_to(elsewhere / "a.txt")
    (here / "sub").symlink_to(elsewhere)
    with pytest.raises(InvalidArgumentException, match="is a link"):
        await downloaded(sandbox_files(), "/w", here)
    assert (elsewhere / "a.txt").read_bytes() == b"mine"
    assert (here / "a.txt").read_bytes() == b"hello world"
    assert os.listdir(elsewhere) == ["a.txt"]


async def test_what_is_fetched_is_limited(tmp_path: Path) -> None:
    with pytest.raises(SandboxInternalException, match="more than 10 bytes"):
        await downloaded(sandbox_files(), "/w", tmp_path / "x", max_bytes=10)
    with pytest.raises(SandboxInternalException, match="more than 2 files"):
        await downloaded(sandbox_files(), "/w", tmp_path / "y", max_files=2)
    endless = MemoryFiles()
    endless.files = {"/w/a": b"x" * 5000}
    with pytest.raises(SandboxInternalException):
        await downloaded(endless, "/w/a", tmp_path / "z", max_bytes=100)
    assert not (tmp_path / "z").exists()


async def test_what_cannot_be_written_here_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InvalidArgumentException, match="on this machine"):
        await downloaded(sandbox_files(), "/w", tmp_path / "file" / "below")
    with pytest.raises(SandboxApiException):
        await downloaded(sandbox_files(), "/missing", tmp_path / "x")
