"""Files and directories inside a sandbox.

Rules:
* Uploads and downloads are streamed: memory holds a piece at a time, unless a method gives back the
  whole file.
* A file of the caller's is never read on the event loop.
* An open download holds a connection until it is read to its end, closed or collected.
* File modes are written in decimal digits that mean octal: 644.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Self

from opensandbox_api.execd.api import filesystem as calls
from opensandbox_api.types import UNSET

from .._concurrency import AsyncAwaitedOrNot, async_read, async_run_blocking
from .._wire import files as wire
from .._wire import requests
from .._wire.multipart import PIECE, Source, UploadPlan, pieces, plan_upload
from .._wire.routes import STREAMED
from ..exceptions import InvalidArgumentException
from ..models._time import Seconds
from ..models.filesystem import (
    ContentReplaceEntry,
    ContentReplaceResult,
    DirectoryListEntry,
    EntryInfo,
    FileData,
    MoveEntry,
    SearchEntry,
    SetPermissionEntry,
    WriteEntry,
)
from ..models.transfer import Transfer
from .http import Service
from .trees import MOST_BYTES, MOST_FILES, Download, OnProgress, Upload

_DOWNLOAD = STREAMED["download_file"]
_UPLOAD = STREAMED["upload_files"]
#: Comes after the last piece of an iterator.
_END = object()


class ByteStream(AsyncAwaitedOrNot):
    """The bytes of a download as they come.

    Example::

        async for chunk in sandbox.files.read_bytes_stream("/data/big.bin"):
            ...

    The request is sent when it is awaited, or else with the first piece; the blocking one is sent
    by the call itself.  `async with` closes it early for sure.
    """

    def __init__(self, chunks: AsyncGenerator[bytes, None]) -> None:
        self._chunks = chunks
        self._opened = False

    async def _open(self) -> None:
        if not self._opened:
            self._opened = True
            await anext(self._chunks)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        await self._open()
        return await anext(self._chunks)

    async def aclose(self) -> None:
        """Stop the download and give its connection free."""
        await self._chunks.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


class Filesystem:
    """Reads and writes the files of one sandbox; `sandbox.files`.

    Every method takes `request_timeout`, in seconds (None: the config's): the limit of the call, or
    for uploads and downloads of each wait in it.  Every one raises SandboxApiException when the
    server refuses, SandboxConnectionException when the connection fails or breaks,
    SandboxTimeoutException when no answer comes in time, and InvalidArgumentException, before
    anything is sent, for what cannot be meant.
    """

    def __init__(self, service: Service) -> None:
        self._service = service

    # --- reading

    async def read_file(
        self,
        path: str,
        *,
        encoding: str = "utf-8",
        range_header: str | None = None,
        offset: int | None = None,
        limit: int | None = None,
        request_timeout: Seconds | None = None,
    ) -> str:
        """A file as text; `read_bytes` says what the arguments mean.

        Raises InvalidArgumentException for an unknown encoding and for a file that is no such text.
        """
        wire.encoding(encoding)
        data = await self.read_bytes(
            path,
            range_header=range_header,
            offset=offset,
            limit=limit,
            request_timeout=request_timeout,
        )
        return wire.decoded(data, encoding, path)

    async def read_bytes(
        self,
        path: str,
        *,
        range_header: str | None = None,
        offset: int | None = None,
        limit: int | None = None,
        request_timeout: Seconds | None = None,
    ) -> bytes:
        """A file, or a part of it, in memory.

        Args:
            path: The file; a missing one raises SandboxApiException with status 404.
            range_header: A range of bytes, such as "bytes=0-1023"; past the end is status 416.
            offset: The line to begin with, counting from 1.
            limit: How many lines at most.
        """
        chunks = self._download(path, range_header, offset, limit, None, request_timeout)
        async with aclosing(chunks):
            return b"".join([chunk async for chunk in chunks])

    def read_bytes_stream(
        self,
        path: str,
        *,
        chunk_size: int = 65536,
        range_header: str | None = None,
        offset: int | None = None,
        limit: int | None = None,
        request_timeout: Seconds | None = None,
    ) -> ByteStream:
        """A file piece by piece, each of `chunk_size` bytes but the last.

        It may be awaited first, so that a refusal is known before anything is read. The other
        arguments are those of `read_bytes`.
        """
        size = requests.positive(chunk_size, "chunk_size")
        download = self._download(
            path, range_header, offset, limit, size, request_timeout, tells_of_answer=True
        )
        return ByteStream(download).given_out()

    async def _download(
        self,
        path: str,
        range_header: str | None,
        offset: int | None,
        limit: int | None,
        chunk_size: int | None,
        request_timeout: Seconds | None,
        *,
        tells_of_answer: bool = False,
    ) -> AsyncGenerator[bytes, None]:
        """What the server sends; with `tells_of_answer`, b"" before that, once it answers."""
        query, headers = wire.download(path, range_header=range_header, offset=offset, limit=limit)
        async with (
            self._service.stream(
                *_DOWNLOAD,
                params=query,
                headers=headers,
                request_timeout=request_timeout,
            ) as response,
            aclosing(response.aiter_bytes(chunk_size)) as chunks,  # type: ignore[type-var]
        ):
            if tells_of_answer:
                yield b""
            async for chunk in chunks:
                yield chunk

    async def get_file_info(
        self, paths: Sequence[str], *, request_timeout: Seconds | None = None
    ) -> dict[str, EntryInfo]:
        """What each path is, links not followed; one that is missing makes it status 404."""
        names = requests.texts(paths, "paths")
        if not names:
            return {}
        return wire.entries_by_path(
            await self._service.call(
                lambda client: calls.get_files_info.asyncio_detailed(client=client, path=names),
                request_timeout=request_timeout,
            )
        )

    async def search(
        self, entry: SearchEntry, *, request_timeout: Seconds | None = None
    ) -> list[EntryInfo]:
        """The files below a directory that match a glob: `*.txt` at any depth, `src/**/*.py`."""
        requests.instance(entry, SearchEntry, "entry")
        return wire.entry_infos(
            await self._service.call(
                lambda client: calls.search_files.asyncio_detailed(
                    client=client, path=entry.path, pattern=entry.pattern
                ),
                request_timeout=request_timeout,
            )
        )

    async def list_directory(
        self, entry: DirectoryListEntry, *, request_timeout: Seconds | None = None
    ) -> list[EntryInfo]:
        """What is in a directory, `entry.depth` levels deep (None: one)."""
        requests.instance(entry, DirectoryListEntry, "entry")
        depth = UNSET if entry.depth is None else entry.depth
        return wire.entry_infos(
            await self._service.call(
                lambda client: calls.list_directory.asyncio_detailed(
                    client=client, path=entry.path, depth=depth
                ),
                request_timeout=request_timeout,
            )
        )

    # --- whole directories

    async def upload(
        self,
        local_path: str | os.PathLike[str],
        remote_path: str,
        *,
        on_progress: OnProgress | None = None,
        request_timeout: Seconds | None = None,
    ) -> Transfer:
        """Carry a file, or a directory with everything in it, into the sandbox.

        `remote_path` is what it is called there; what is there of a directory stays. `on_progress`,
        of either colour, is called after each piece. Links to files in the directory are carried as
        files; other links, sockets and devices are not, and told in `skipped`. Raises
        `InvalidArgumentException` for what cannot be read here.

        Example::

            await sandbox.files.upload("src", "/workspace/src")
        """
        return await Upload(self, on_progress, request_timeout).run(local_path, remote_path)

    async def download(
        self,
        remote_path: str,
        local_path: str | os.PathLike[str],
        *,
        on_progress: OnProgress | None = None,
        max_files: int = MOST_FILES,
        max_bytes: int = MOST_BYTES,
        request_timeout: Seconds | None = None,
    ) -> Transfer:
        """Carry a file, or a directory with everything in it, out of the sandbox.

        `local_path` is what it is called here; what is there of a directory stays, and files are
        replaced one by one, each when it is whole. Links and devices are not carried, and told in
        `skipped`. What the sandbox names is not trusted: a name that leads out of the directory
        ends the download, as does a link here in the way of a directory. Raises
        `SandboxInternalException` beyond `max_files` (directories count) and `max_bytes`,
        `InvalidArgumentException` for what cannot be written here.
        """
        requests.positive(max_files, "max_files")
        requests.positive(max_bytes, "max_bytes")
        download = Download(
            self, on_progress, request_timeout, max_files=max_files, max_bytes=max_bytes
        )
        return await download.run(remote_path, local_path)

    def chunks(
        self, path: str, request_timeout: Seconds | None = None
    ) -> AsyncGenerator[bytes, None]:
        """The bytes of a file as they arrive, in pieces of any size."""
        return self._download(path, None, None, None, None, request_timeout)

    # --- writing

    async def write_file(
        self,
        path: str,
        data: FileData,
        *,
        encoding: str = "utf-8",
        mode: int = 755,
        owner: str | None = None,
        group: str | None = None,
        request_timeout: Seconds | None = None,
    ) -> None:
        """Write one file; missing directories above it are made, and what was there is replaced.

        Args:
            path: Where; a directory there makes the server refuse.
            data: Text, bytes, a file object (read from where it stands to its end), or an iterator
                of bytes, of either colour.
            encoding: For text.
            mode: Decimal digits that mean octal.
            owner, group: Names; None for the sandbox's own.
        """
        entry = WriteEntry(
            path=path, data=data, mode=mode, owner=owner, group=group, encoding=encoding
        )
        await self.write_files([entry], request_timeout=request_timeout)

    async def write_files(
        self, entries: Sequence[WriteEntry], *, request_timeout: Seconds | None = None
    ) -> None:
        """Write several files in one request; one that fails may leave those before it written."""
        requests.instances(entries, WriteEntry, "entries")
        if not entries:
            return
        plan = plan_upload(
            (wire.upload_metadata(entry), entry.data, entry.encoding) for entry in entries
        )
        for source in plan.sources:
            _check(source)
        whole = plan.whole()
        async with self._service.stream(
            *_UPLOAD,
            headers=plan.headers,
            content=_body(plan) if whole is None else whole,
            request_timeout=request_timeout,
        ):
            pass

    async def create_directories(
        self, entries: Sequence[WriteEntry], *, request_timeout: Seconds | None = None
    ) -> None:
        """Make directories, and those above them; of an entry only path, mode and owner count."""
        body = wire.permissions(requests.instances(entries, WriteEntry, "entries"))
        if body:
            await self._service.send(
                lambda client: calls.make_directories.asyncio_detailed(client=client, body=body),
                request_timeout=request_timeout,
            )

    async def set_permissions(
        self, entries: Sequence[SetPermissionEntry], *, request_timeout: Seconds | None = None
    ) -> None:
        """Change mode and owner; an owner or group that is None stays as it is."""
        body = wire.permissions(requests.instances(entries, SetPermissionEntry, "entries"))
        if body:
            await self._service.send(
                lambda client: calls.set_permissions.asyncio_detailed(client=client, body=body),
                request_timeout=request_timeout,
            )

    async def move_files(
        self, entries: Sequence[MoveEntry], *, request_timeout: Seconds | None = None
    ) -> None:
        """Move or rename files and directories."""
        body = wire.moves(requests.instances(entries, MoveEntry, "entries"))
        if body:
            await self._service.send(
                lambda client: calls.move_files.asyncio_detailed(client=client, body=body),
                request_timeout=request_timeout,
            )

    async def replace_contents(
        self, entries: Sequence[ContentReplaceEntry], *, request_timeout: Seconds | None = None
    ) -> None:
        """Replace every occurrence of a text in each of the files."""
        body = wire.replacements(requests.instances(entries, ContentReplaceEntry, "entries"))
        if body:
            await self._service.send(
                lambda client: calls.replace_contents.asyncio_detailed(client=client, body=body),
                request_timeout=request_timeout,
            )

    async def replace_contents_detailed(
        self, entries: Sequence[ContentReplaceEntry], *, request_timeout: Seconds | None = None
    ) -> list[ContentReplaceResult]:
        """`replace_contents`, which says how often each text was found."""
        body = wire.replacements(requests.instances(entries, ContentReplaceEntry, "entries"))
        if not body:
            return []
        return wire.replace_results(
            await self._service.call(
                lambda client: calls.replace_contents.asyncio_detailed(
                    client=client, body=body, verbose=True
                ),
                request_timeout=request_timeout,
            )
        )

    async def delete_files(
        self, paths: Sequence[str], *, request_timeout: Seconds | None = None
    ) -> None:
        """Delete files; what is not there is done, a directory makes the server refuse."""
        names = requests.texts(paths, "paths")
        if names:
            await self._service.send(
                lambda client: calls.delete_files.asyncio_detailed(client=client, path=names),
                request_timeout=request_timeout,
            )

    async def delete_directories(
        self, paths: Sequence[str], *, request_timeout: Seconds | None = None
    ) -> None:
        """Delete directories with everything in them; what is not there is done."""
        names = requests.texts(paths, "paths")
        if names:
            await self._service.send(
                lambda client: calls.delete_directories.asyncio_detailed(client=client, path=names),
                request_timeout=request_timeout,
            )


def _check(source: Source) -> None:
    """Refuse a source of the other colour before anything is sent."""
    if not source.is_file and not isinstance(source.data, (AsyncIterable, Iterable)):
        raise InvalidArgumentException(
            f"the content for {source.path!r} is {type(source.data).__name__}:"
            " this client cannot wait for it"
        )


async def _body(plan: UploadPlan) -> AsyncGenerator[bytes, None]:
    """The body of an upload, piece by piece."""
    for segment in plan.segments:
        if isinstance(segment, Source):
            async with aclosing(_read(segment)) as parts:
                async for piece in parts:
                    yield piece
        else:
            for piece in pieces(segment):
                yield piece


async def _read(source: Source) -> AsyncGenerator[bytes, None]:
    if source.is_file:
        got = 0
        while source.size is None or got < source.size:
            wanted = PIECE if source.size is None else min(PIECE, source.size - got)
            piece = source.piece(await async_read(source.data, wanted))
            if not piece:
                break
            got += len(piece)
            yield piece
        if source.size is not None and got < source.size:
            raise source.short(got)
    elif isinstance(source.data, AsyncIterable):
        async for piece in source.data:
            yield source.piece(piece)
    else:
        iterator: Iterator[object] = iter(source.data)
        while (some := await async_run_blocking(lambda: next(iterator, _END))) is not _END:
            yield source.piece(some)
