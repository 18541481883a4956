"""Keeps a few daemons waiting, so that create costs a hand-over instead of a start."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable

from ..settings import Settings
from .faults import Fault
from .host import Body, Plan
from .orders import Resources
from .records import SPARE, Record
from .roll import Sandbox
from .values import now
from .work import Work

logger = logging.getLogger("opensandbox.server")

_FIRST_DELAY = 1.0
_LONGEST_DELAY = 60.0


class Spares:
    """The daemons that wait for a create; `start` starts one."""

    def __init__(
        self, settings: Settings, work: Work, start: Callable[[Sandbox, Plan], Awaitable[Body]]
    ) -> None:
        self._settings = settings
        self._work = work
        self._start = start
        self._waiting: list[Sandbox] = []
        self._coming: asyncio.Task[None] | None = None
        """A spare that is being started and that nobody waits for."""
        self._gone = asyncio.Event()

    @property
    def wanted(self) -> bool:
        """Whether there are fewer than there should be."""
        return len(self._waiting) < self._settings.spares

    def everybody(self) -> list[Sandbox]:
        """Those that wait."""
        return list(self._waiting)

    def add(self, sandbox: Sandbox) -> None:
        """Has a started one wait."""
        self._waiting.append(sandbox)

    def strike(self, sandbox: Sandbox) -> bool:
        """Forgets one that ended; False when it was none."""
        if sandbox not in self._waiting:
            return False
        self._waiting.remove(sandbox)
        self._gone.set()
        return True

    async def keep(self) -> None:
        """Refills whenever one is gone, until cancelled; ever more rarely while starts fail."""
        delay = _FIRST_DELAY
        while True:
            self._gone.clear()
            try:
                while self.wanted:
                    await self.start_one()
                    delay = _FIRST_DELAY
            except Fault as fault:
                logger.warning("no spare: %s Next attempt in %.0f s.", fault.message, delay)
                await asyncio.sleep(delay)
                delay = min(delay * 2, _LONGEST_DELAY)
            else:
                await self._gone.wait()

    async def start_one(self) -> None:
        """Starts one more. Raises Fault."""
        self._coming = coming = self._work.background(self._start_one())
        try:
            await asyncio.shield(coming)
        finally:
            self._coming = None

    async def _start_one(self) -> None:
        at, sandbox_id = now(), str(uuid.uuid4())
        record = Record(
            id=sandbox_id, state=SPARE, reason="", message="", changed_at=at, created_at=at
        )
        plan = Plan(
            id=sandbox_id,
            directory=self._settings.sandboxes / sandbox_id,
            image="",
            resources=Resources(),
            volumes=(),
        )
        sandbox = Sandbox(record, None)
        await self._start(sandbox, plan)
        self.add(sandbox)

    async def take(self) -> Sandbox | None:
        """A spare; one that is just coming up is nearer than a start that begins now."""
        spare = self._take()
        coming, self._coming = (self._coming, None) if spare is None else (None, self._coming)
        if coming is None:
            return spare
        await asyncio.wait([coming])
        return self._take()

    def _take(self) -> Sandbox | None:
        while self._waiting:
            spare = self._waiting.pop(0)
            self._gone.set()
            if not spare.ending:
                return spare
        return None
