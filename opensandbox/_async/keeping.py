"""What a server keeps beside sandboxes, and makes them from: snapshots and templates."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from ..exceptions import (
    InvalidArgumentException,
    SandboxTimeoutException,
    SandboxUnhealthyException,
)
from ..models._states import SnapshotState
from ..models._time import Seconds
from .ready import Patience

if TYPE_CHECKING:
    from ..models.sandboxes import PagedSnapshotInfos, SnapshotFilter, SnapshotInfo
    from ..models.templates import (
        CreateTemplateRequest,
        PagedTemplateInfos,
        TemplateFilter,
        TemplateInfo,
    )
    from .lifecycle import Sandboxes

#: How many snapshots `list_all_snapshots` asks for at a time.
_PAGE_SIZE = 100


class Keeping:
    """The part of `SandboxManager` that looks after snapshots and templates."""

    def __init__(self, sandboxes: Sandboxes) -> None:
        self._sandboxes = sandboxes

    # --- snapshots

    async def create_snapshot(
        self, sandbox_id: str, name: str | None = None, *, request_timeout: Seconds | None = None
    ) -> SnapshotInfo:
        """Begin to keep the file system of a sandbox as it is now, under a name (None: none).

        `wait_until_ready` waits for the end of that.
        """
        from ..models.sandboxes import CreateSnapshotRequest

        return await self._sandboxes.create_snapshot(
            sandbox_id, CreateSnapshotRequest(name=name), request_timeout=request_timeout
        )

    async def get_snapshot(
        self, snapshot_id: str, *, request_timeout: Seconds | None = None
    ) -> SnapshotInfo:
        """What the server tells about a snapshot."""
        return await self._sandboxes.get_snapshot(snapshot_id, request_timeout=request_timeout)

    async def list_snapshots(
        self,
        filter: SnapshotFilter | None = None,
        *,
        sandbox_id: str | None = None,
        name: str | None = None,
        states: Sequence[str] | None = None,
        page: int | None = None,
        page_size: int | None = None,
        request_timeout: Seconds | None = None,
    ) -> PagedSnapshotInfos:
        """One page of the snapshots that fit everything given, newest first.

        Give a `filter` or the keywords, not both; they mean what they do in `SnapshotFilter`.
        """
        if filter is None:
            filter = _filter(sandbox_id, name, states, page, page_size)
        elif any(value is not None for value in (sandbox_id, name, states, page, page_size)):
            raise InvalidArgumentException(
                "give filter, or sandbox_id, name, states, page and page_size, not both"
            )
        return await self._sandboxes.list_snapshots(filter, request_timeout=request_timeout)

    async def list_all_snapshots(
        self,
        *,
        sandbox_id: str | None = None,
        name: str | None = None,
        states: Sequence[str] | None = None,
        page_size: int = _PAGE_SIZE,
        request_timeout: Seconds | None = None,
    ) -> AsyncIterator[SnapshotInfo]:
        """Every snapshot that fits, page after page, each once.

        `page_size` is how many are asked for at a time. One that is made meanwhile may be missing.
        """
        seen: set[str] = set()
        page, more = 1, True
        while more:
            found = await self._sandboxes.list_snapshots(
                _filter(sandbox_id, name, states, page, page_size),
                request_timeout=request_timeout,
            )
            for snapshot in found.items:
                # A snapshot that is made meanwhile moves others onto the next page.
                if snapshot.id not in seen:
                    seen.add(snapshot.id)
                    yield snapshot
            page, more = page + 1, found.pagination.has_next_page and bool(found.items)

    async def wait_until_ready(
        self,
        snapshot_id: str,
        *,
        timeout: Seconds = timedelta(minutes=5),
        polling_interval: Seconds = timedelta(seconds=0.5),
        request_timeout: Seconds | None = None,
    ) -> SnapshotInfo:
        """Wait until sandboxes can be made from a snapshot, and give back what is known then.

        Raises `SandboxTimeoutException` after `timeout`, and `SandboxUnhealthyException` when the
        snapshot failed or is being deleted.
        """
        patience = Patience(
            timeout, polling_interval, name="timeout", interval_name="polling_interval"
        )
        snapshot: SnapshotInfo | None = None
        while True:
            limit = patience.bound(request_timeout, self._sandboxes.config.request_timeout)
            try:
                snapshot = await self.get_snapshot(snapshot_id, request_timeout=limit)
            except SandboxTimeoutException as error:
                if snapshot is None or patience.left > 0:
                    raise
                raise _still(snapshot, patience) from error
            status = snapshot.status
            if status.state == SnapshotState.READY:
                return snapshot
            if status.state in (SnapshotState.FAILED, SnapshotState.DELETING):
                why = status.message or status.reason or "the server does not say why"
                raise SandboxUnhealthyException(
                    f"Snapshot {snapshot_id} is {status.state} and will not become ready: {why}",
                    sandbox_id=snapshot.sandbox_id,
                )
            if not await patience.pause():
                raise _still(snapshot, patience)

    async def delete_snapshot(
        self, snapshot_id: str, *, request_timeout: Seconds | None = None
    ) -> None:
        """Remove a snapshot; sandboxes made from it live on."""
        await self._sandboxes.delete_snapshot(snapshot_id, request_timeout=request_timeout)

    # --- templates

    async def create_template(
        self, request: CreateTemplateRequest, *, request_timeout: Seconds | None = None
    ) -> TemplateInfo:
        """Begin to prepare an image for a fast start, where the server can (else 501)."""
        return await self._sandboxes.create_template(request, request_timeout=request_timeout)

    async def get_template(
        self, template_id: str, *, request_timeout: Seconds | None = None
    ) -> TemplateInfo:
        """What the server tells about a template."""
        return await self._sandboxes.get_template(template_id, request_timeout=request_timeout)

    async def list_templates(
        self,
        filter: TemplateFilter | None = None,
        *,
        metadata: Mapping[str, str] | None = None,
        page: int | None = None,
        page_size: int | None = None,
        request_timeout: Seconds | None = None,
    ) -> PagedTemplateInfos:
        """One page of the templates that fit everything given, newest first.

        Give a `filter` or the keywords, not both; they mean what they do in `TemplateFilter`.
        """
        from ..models.templates import TemplateFilter

        if filter is None:
            filter = TemplateFilter(
                metadata=None if metadata is None else dict(metadata),
                page=page,
                page_size=page_size,
            )
        elif any(value is not None for value in (metadata, page, page_size)):
            raise InvalidArgumentException("give filter, or metadata, page and page_size, not both")
        return await self._sandboxes.list_templates(filter, request_timeout=request_timeout)

    async def delete_template(
        self, template_id: str, *, request_timeout: Seconds | None = None
    ) -> None:
        """Remove a template."""
        await self._sandboxes.delete_template(template_id, request_timeout=request_timeout)


def _filter(
    sandbox_id: str | None,
    name: str | None,
    states: Sequence[str] | None,
    page: int | None,
    page_size: int | None,
) -> SnapshotFilter:
    from ..models.sandboxes import SnapshotFilter

    if isinstance(states, str):
        raise InvalidArgumentException(f"states must be a list of strings, got {states!r}")
    return SnapshotFilter(
        sandbox_id=sandbox_id,
        name=name,
        states=None if states is None else list(states),
        page=page,
        page_size=page_size,
    )


def _still(snapshot: SnapshotInfo, patience: Patience) -> SandboxTimeoutException:
    return SandboxTimeoutException(
        f"Snapshot {snapshot.id} was still {snapshot.status.state} after {patience.limit:g} s",
        sandbox_id=snapshot.sandbox_id,
    )
