"""All sandboxes of one server in memory, and their records in its database.

- Whoever changes a sandbox holds its lock; the change is in the database before it is answered.
- A spare is on the roll, and shown to nobody.
"""

from __future__ import annotations

import asyncio

from .faults import no_sandbox, not_running
from .host import Body
from .records import LIVE, PAUSED, RUNNING, SPARE, Record
from .store import Event, Store
from .values import now


class Sandbox:
    """One sandbox in memory: its record, its body while it lives, its lock and its timer."""

    def __init__(self, record: Record, body: Body | None) -> None:
        self.record = record
        self.body = body
        self.lock = asyncio.Lock()
        self.timer: asyncio.TimerHandle | None = None
        self.pidfd: int | None = None
        self.ending = False
        self.ready = False
        """Whether its daemon was configured: from then on it may be ended by anybody."""

    @property
    def id(self) -> str:
        """Its id."""
        return self.record.id


class Roll:
    """Who there is."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._all: dict[str, Sandbox] = {}

    async def load(self) -> list[Record]:
        """What an earlier server wrote; nobody is put on the roll by this."""
        return await self._store.load()

    def add(self, sandbox: Sandbox) -> None:
        """Puts a sandbox on the roll."""
        self._all[sandbox.id] = sandbox

    def has(self, sandbox: Sandbox) -> bool:
        """Whether it was not struck off meanwhile."""
        return self._all.get(sandbox.id) is sandbox

    def everybody(self) -> list[Sandbox]:
        """All of them, spares too."""
        return list(self._all.values())

    def get(self, sandbox_id: str) -> Sandbox:
        """The sandbox of that id; raises Fault when there is none."""
        sandbox = self._all.get(sandbox_id)
        if sandbox is None or sandbox.record.state == SPARE:
            raise no_sandbox(sandbox_id)
        return sandbox

    def settled(self, sandbox_id: str) -> Sandbox:
        """A sandbox that runs or is paused; raises Fault for any other."""
        sandbox = self.get(sandbox_id)
        if sandbox.record.state not in (RUNNING, PAUSED) or sandbox.body is None:
            raise not_running(sandbox_id, sandbox.record.state)
        return sandbox

    def records(self) -> list[Record]:
        """Every sandbox, newest first."""
        shown = [s.record for s in self._all.values() if s.record.state != SPARE]
        return sorted(shown, key=lambda record: (record.created_at, record.id), reverse=True)

    @property
    def live(self) -> int:
        """How many sandboxes run, are paused or are being started."""
        return sum(s.record.state in LIVE for s in self._all.values())

    async def events(self, sandbox_id: str) -> list[Event]:
        """What happened to a sandbox, oldest first."""
        return await self._store.events(self.get(sandbox_id).id)

    async def change(self, sandbox: Sandbox, record: Record, *events: Event) -> Record:
        """Writes another record, and what happened."""
        sandbox.record = record
        await self._store.put(record, *events)
        return record

    async def move(self, sandbox: Sandbox, state: str, reason: str, message: str) -> None:
        """Brings a sandbox into another state."""
        at = now()
        moved = sandbox.record.moved(state, reason, message, at)
        await self.change(sandbox, moved, Event(at, state, message))

    async def strike(self, sandbox: Sandbox) -> None:
        """Forgets a sandbox."""
        await self._store.remove(sandbox.id)
        self._all.pop(sandbox.id, None)
