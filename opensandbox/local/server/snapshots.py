"""The snapshots of one server: taken of sandboxes, kept beyond them, given to new ones.

- A snapshot is a directory of its own and a row in the database; one without the other is removed.
- While its files are copied the sandbox stands still; afterwards it is as it was before.
- What a killed server left half copied is Failed, and its sandbox runs on.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from attrs import evolve, frozen

from ..isolation.handle import remove_directory
from ..settings import Settings
from .faults import Fault, no_snapshot, snapshot_busy
from .host import SaveError
from .orders import Order
from .records import PENDING
from .sandboxes import Sandboxes
from .store import Store
from .values import JSON, moment, now

T = TypeVar("T")

logger = logging.getLogger("opensandbox.server")

CREATING = "Creating"
READY = "Ready"
FAILED = "Failed"


@frozen(kw_only=True)
class Snapshot:
    """One snapshot as it is kept in the database."""

    id: str
    sandbox_id: str
    name: str | None
    state: str
    reason: str
    message: str
    changed_at: datetime
    created_at: datetime
    image: str
    ground: Mapping[str, str]
    """What its files lie above: they mean nothing above something else."""

    def moved(self, state: str, reason: str, message: str) -> Snapshot:
        """This snapshot in another state."""
        return evolve(self, state=state, reason=reason, message=message, changed_at=now())

    def answer(self) -> dict[str, JSON]:
        """The snapshot as the API shows it."""
        shown: dict[str, JSON] = {"id": self.id, "sandboxId": self.sandbox_id}
        if self.name is not None:
            shown["name"] = self.name
        shown["status"] = {
            "state": self.state,
            "reason": self.reason,
            "message": self.message,
            "lastTransitionAt": moment(self.changed_at),
        }
        shown["createdAt"] = moment(self.created_at)
        return shown

    def to_json(self) -> dict[str, JSON]:
        """The form in the database."""
        return {
            "id": self.id,
            "sandbox_id": self.sandbox_id,
            "name": self.name,
            "state": self.state,
            "reason": self.reason,
            "message": self.message,
            "changed_at": self.changed_at.isoformat(),
            "created_at": self.created_at.isoformat(),
            "image": self.image,
            "ground": dict(self.ground),
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Snapshot:
        """The snapshot that `to_json` wrote."""
        times = {n: datetime.fromisoformat(kept[n]) for n in ("changed_at", "created_at")}
        return cls(**{**kept, **times})


class Snapshots:
    """All snapshots. `open` finds those of an earlier server; `close` waits for what is copied."""

    def __init__(self, settings: Settings, store: Store, sandboxes: Sandboxes) -> None:
        self._directory = settings.directory / "snapshots"
        self._store = store
        self._sandboxes = sandboxes
        self._all: dict[str, Snapshot] = {}
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="snapshot")
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Takes over what an earlier server left."""
        for kept in await self._store.load_snapshots():
            snapshot = Snapshot.from_json(kept)
            self._all[snapshot.id] = snapshot
            if snapshot.state == CREATING:
                await self._fail(snapshot, "The server ended while it was being made.")
        ready = {s.id for s in self._all.values() if s.state == READY}
        await self._in_thread(lambda: _clear_strangers(self._directory, ready))

    async def close(self) -> None:
        """Waits for the copies that are being made."""
        while self._tasks:
            await asyncio.wait(self._tasks)
        self._threads.shutdown()

    def get(self, snapshot_id: str) -> Snapshot:
        """The snapshot of that id; raises Fault when there is none."""
        try:
            return self._all[snapshot_id]
        except KeyError:
            raise no_snapshot(snapshot_id) from None

    def list(self) -> list[Snapshot]:
        """Every snapshot, newest first."""
        return sorted(self._all.values(), key=lambda s: (s.created_at, s.id), reverse=True)

    async def create(self, sandbox_id: str, name: str | None) -> Snapshot:
        """Begins a snapshot of a sandbox that runs or is paused. Raises Fault."""
        record = self._sandboxes.roll.settled(sandbox_id).record
        at = now()
        snapshot = Snapshot(
            id=str(uuid.uuid4()),
            sandbox_id=sandbox_id,
            name=name,
            state=CREATING,
            reason="snapshot_accepted",
            message="The sandbox's files are being copied.",
            changed_at=at,
            created_at=at,
            image=record.image,
            ground=await self._sandboxes.ground_of(record.image),
        )
        self._all[snapshot.id] = snapshot
        await self._store.put_snapshot(snapshot.id, snapshot.to_json())
        task = asyncio.create_task(self._take(snapshot))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return snapshot

    async def _take(self, snapshot: Snapshot) -> None:
        place = self._directory / snapshot.id
        try:
            async with self._sandboxes.standing_still(snapshot.sandbox_id) as body:
                await self._in_thread(lambda: body.save(place))
        except (Fault, SaveError) as error:
            await self._fail(snapshot, f"{error}")
        except Exception as error:
            logger.exception("snapshot %s failed", snapshot.id)
            await self._fail(snapshot, f"It could not be made: {error}")
        else:
            await self._change(
                snapshot.moved(READY, "snapshot_runtime_ready", "The snapshot is ready.")
            )
            logger.info("snapshot %s of sandbox %s is ready", snapshot.id, snapshot.sandbox_id)

    async def _fail(self, snapshot: Snapshot, message: str) -> None:
        logger.warning("snapshot %s: %s", snapshot.id, message)
        await self._change(snapshot.moved(FAILED, "snapshot_failed", message))

    async def _change(self, snapshot: Snapshot) -> None:
        self._all[snapshot.id] = snapshot
        await self._store.put_snapshot(snapshot.id, snapshot.to_json())

    async def delete(self, snapshot_id: str) -> None:
        """Removes a snapshot and its files. Raises Fault while it is being made or used."""
        snapshot = self.get(snapshot_id)
        used = any(
            record.snapshot_id == snapshot_id and record.state == PENDING
            for record in self._sandboxes.roll.records()
        )
        if snapshot.state == CREATING or used:
            raise snapshot_busy(snapshot_id, "used" if used else "made")
        del self._all[snapshot_id]
        # The row first: files without a row are removed by the next server, if not by this one.
        await self._store.remove_snapshot(snapshot_id)
        place = self._directory / snapshot_id
        await self._in_thread(lambda: remove_directory(place) if place.exists() else None)

    async def fill(self, order: Order) -> Order:
        """An order with all that its snapshot says; as it is when it names none. Raises Fault."""
        if order.snapshot_id is None:
            return order
        snapshot = self.get(order.snapshot_id)
        if snapshot.state != READY:
            raise Fault(
                409,
                "SNAPSHOT::NOT_READY",
                f"Snapshot {snapshot.id} is {snapshot.state}, not Ready: {snapshot.message}",
            )
        ground = await self._sandboxes.ground_of(snapshot.image)
        if ground != snapshot.ground:
            raise Fault(
                409,
                "SNAPSHOT::INCOMPATIBLE",
                f"Snapshot {snapshot.id} was made on {_in_words(snapshot.ground)}; "
                f"{snapshot.image!r} on this server is {_in_words(ground)}.",
            )
        return evolve(order, image=snapshot.image, snapshot=self._directory / snapshot.id)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _clear_strangers(directory: Path, known: set[str]) -> None:
    directory.mkdir(mode=0o700, exist_ok=True)
    for place in directory.iterdir():
        if place.name not in known:
            remove_directory(place)


def _in_words(ground: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {said}" for name, said in sorted(ground.items()))
