"""Whole directories, and single files, into a sandbox and out of one.

Rules:

* Memory holds a piece at a time, whatever the size; files of this machine are read and written off
  the event loop.
* Nothing outside the directory is touched, on either side: see `_trees` and `_wire.trees`.
* Everything that is fetched has a limit.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar, cast

from .. import _trees as local
from .._concurrency import async_call, async_open_file, async_run_blocking, async_shield
from .._wire import trees as wire
from .._wire.multipart import PIECE
from ..exceptions import (
    InvalidArgumentException,
    SandboxApiException,
    SandboxInternalException,
)
from ..models._time import Seconds
from ..models.filesystem import DirectoryListEntry, EntryInfo, WriteEntry
from ..models.transfer import Transfer, TransferProgress
from .endings import CLEAN_UP_LIMIT

T = TypeVar("T")

#: What of an upload goes into one request.
_FILES_A_REQUEST = 64
#: How much is fetched at most, unless told otherwise: files, and bytes of all of them.
MOST_FILES = 100_000
MOST_BYTES = 10 * 2**30

#: Called with how far it has come.
OnProgress = Callable[[TransferProgress], object]


class Files(Protocol):
    """What is used of a `Filesystem`."""

    async def get_file_info(
        self, paths: list[str], *, request_timeout: Seconds | None = None
    ) -> dict[str, EntryInfo]: ...

    async def list_directory(
        self, entry: DirectoryListEntry, *, request_timeout: Seconds | None = None
    ) -> list[EntryInfo]: ...

    async def create_directories(
        self, entries: list[WriteEntry], *, request_timeout: Seconds | None = None
    ) -> None: ...

    async def write_files(
        self, entries: list[WriteEntry], *, request_timeout: Seconds | None = None
    ) -> None: ...

    def chunks(self, path: str, request_timeout: Seconds | None) -> AsyncGenerator[bytes, None]: ...


class _Count:
    """How far a transfer has come."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._on_progress = on_progress
        self.files = self.directories = self.total = 0
        self.skipped: dict[str, str] = {}

    async def piece(self, path: str, so_far: int, size: int) -> None:
        """A piece of a file was carried."""
        self.total += size
        if self._on_progress is not None:
            progress = TransferProgress(
                path=path, file_bytes=so_far, total_bytes=self.total, files=self.files
            )
            await async_call(self._on_progress, progress)

    def transfer(self) -> Transfer:
        """What was carried."""
        return Transfer(
            files=self.files,
            directories=self.directories,
            total_bytes=self.total,
            skipped=self.skipped,
        )


class Upload:
    """One upload."""

    def __init__(
        self,
        files: Files,
        on_progress: OnProgress | None,
        request_timeout: Seconds | None,
    ) -> None:
        self._files = files
        self._count = _Count(on_progress)
        self._request_timeout = request_timeout

    async def run(self, source: str | os.PathLike[str], target: str) -> Transfer:
        """Carry a file or a directory; `target` is what it is called in the sandbox."""
        path, place = Path(source), wire.remote_directory(target, "remote_path")
        one = await _here(lambda: local.look_at(path))
        if one.is_directory:
            await self._directory(path, place)
        else:
            await self._send([self._entry(one, place)])
        return self._count.transfer()

    async def _directory(self, root: Path, place: str) -> None:
        entries = local.walk(root)
        if not await self._is_there(place):
            await self._make([WriteEntry(path=place)])
        while batch := await _here(lambda: list(islice(entries, _FILES_A_REQUEST))):
            directories, files = [], []
            for found in batch:
                if found.skipped is not None:
                    self._count.skipped[found.name] = found.skipped
                elif found.is_directory:
                    mode = wire.remote_mode(found.mode)
                    directories.append(WriteEntry(path=_joined(place, found.name), mode=mode))
                else:
                    files.append(self._entry(found, _joined(place, found.name)))
            if directories:
                await self._make(directories)
            if files:
                await self._send(files)

    async def _is_there(self, place: str) -> bool:
        """Whether there is a directory, whose mode then stays as it is."""
        try:
            infos = await self._files.get_file_info([place], request_timeout=self._request_timeout)
        except SandboxApiException as error:
            if error.status_code != 404:
                raise
            return False
        return any(info.entry_type == "directory" for info in infos.values())

    async def _make(self, directories: list[WriteEntry]) -> None:
        await self._files.create_directories(directories, request_timeout=self._request_timeout)
        self._count.directories += len(directories)

    async def _send(self, entries: list[WriteEntry]) -> None:
        try:
            await self._files.write_files(entries, request_timeout=self._request_timeout)
        finally:
            for entry in entries:
                pieces: AsyncGenerator[bytes, None] = cast(Any, entry.data)
                await pieces.aclose()  # one that was not sent to its end has its file open

    def _entry(self, found: local.Found, place: str) -> WriteEntry:
        return WriteEntry(path=place, data=self._pieces(found), mode=wire.remote_mode(found.mode))

    async def _pieces(self, found: local.Found) -> AsyncGenerator[bytes, None]:
        file = await _opened(lambda: local.open_file(found.path), _close)
        try:
            so_far = 0
            while piece := await _here(lambda: file.read(PIECE)):
                so_far += len(piece)
                yield piece
                await self._count.piece(found.name, so_far, len(piece))
            self._count.files += 1
        finally:
            await _ended(file.close)


class Download:
    """One download."""

    def __init__(
        self,
        files: Files,
        on_progress: OnProgress | None,
        request_timeout: Seconds | None,
        *,
        max_files: int,
        max_bytes: int,
    ) -> None:
        self._files = files
        self._count = _Count(on_progress)
        self._request_timeout = request_timeout
        self._max_files, self._max_bytes = max_files, max_bytes

    async def run(self, source: str, target: str | os.PathLike[str]) -> Transfer:
        """Carry a file or a directory; `target` is what it is called on this machine."""
        place, path = wire.remote_directory(source, "remote_path"), Path(target)
        infos = await self._files.get_file_info([place], request_timeout=self._request_timeout)
        info = infos.get(place) or next(iter(infos.values()), None)
        if info is None:
            raise SandboxInternalException(f"the sandbox says nothing about {place}")
        if info.entry_type == "directory":
            await self._directory(place, path)
        else:
            await self._file(place, path, path.name, info.mode)
        return self._count.transfer()

    async def _directory(self, place: str, root: Path) -> None:
        waiting = [("", 755)]
        while waiting:
            name, mode = waiting.pop()
            bits = wire.local_mode(mode, directory=True)
            await _here(partial(local.make_directory, root, name, bits))
            self._count.directories += 1
            here = _joined(place, name)
            entries = await self._files.list_directory(
                DirectoryListEntry(path=here, depth=1), request_timeout=self._request_timeout
            )
            for entry in entries:
                below = _joined(name, wire.child_name(here, entry.path)).lstrip("/")
                if entry.entry_type == "directory":
                    waiting.append((below, entry.mode))
                elif entry.entry_type in ("file", None):  # older daemons do not say
                    await self._file(entry.path, root / below, below, entry.mode)
                else:
                    self._count.skipped[below] = f"a {entry.entry_type or 'thing of no known kind'}"
            self._check(len(waiting))

    async def _file(self, place: str, path: Path, name: str, mode: int) -> None:
        bits = wire.local_mode(mode, directory=False)
        incoming = await _opened(lambda: local.Incoming(path, bits), local.Incoming.give_up)
        try:
            so_far = 0
            async with aclosing(self._files.chunks(place, self._request_timeout)) as chunks:
                async for chunk in chunks:
                    so_far += len(chunk)
                    await _here(partial(incoming.write, chunk))
                    await self._count.piece(name, so_far, len(chunk))
                    self._check(0)
            await _here(incoming.finish)
            self._count.files += 1
        finally:
            await _ended(incoming.give_up)
        self._check(0)

    def _check(self, waiting: int) -> None:
        count = self._count.files + self._count.directories + waiting
        if count > self._max_files:
            raise SandboxInternalException(
                f"there are more than {self._max_files} files and directories: give max_files"
            )
        if self._count.total > self._max_bytes:
            raise SandboxInternalException(
                f"there are more than {self._max_bytes} bytes: give max_bytes"
            )


async def _here(action: Callable[[], T]) -> T:
    """Do something with the files of this machine, off the event loop."""
    with _said_of_this_machine():
        return await async_run_blocking(action)


async def _opened(action: Callable[[], T], close: Callable[[T], object]) -> T:
    """Open a file of this machine."""
    with _said_of_this_machine():
        return await async_open_file(action, close)


def _close(file: BinaryIO) -> None:
    file.close()


async def _ended(action: Callable[[], object]) -> None:
    """Close a file of this machine, also when the caller is cancelled."""
    with _said_of_this_machine():
        await async_shield(lambda: async_run_blocking(action), seconds=CLEAN_UP_LIMIT)


@contextmanager
def _said_of_this_machine() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InvalidArgumentException(f"on this machine: {error}", cause=error) from error


def _joined(directory: str, name: str) -> str:
    return f"{directory.rstrip('/')}/{name}" if name else directory
