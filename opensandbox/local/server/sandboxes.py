"""The sandboxes of one server: made, found again, changed, ended.

- Every change of one sandbox happens under its lock and is in the database before it is answered.
- A start runs in a task of its own: a caller who goes away does not stop it half-way.
- A sandbox ends by a request, by its time, or by itself; the last is seen on its process.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial

from attrs import evolve

from ..settings import Settings
from . import control
from .faults import Fault, invalid, no_sandbox, not_paused, not_running
from .hooks import HookFailed, run_hook
from .host import PREFIX, Body, Host, Plan
from .making import (
    check_ground,
    configuration,
    effectless,
    entrypoint_ended,
    in_words,
    network_notes,
    new_record,
    start_fault,
    start_orders,
)
from .orders import DEFAULT_ENTRYPOINT, Order, check_metadata
from .records import FAILED, LIVE, PAUSED, PENDING, RUNNING, SPARE, Record
from .roll import Roll, Sandbox
from .spares import Spares
from .store import Event, Store
from .values import JSON, now
from .watching import Watch
from .ways import Ways
from .work import Work

logger = logging.getLogger("opensandbox.server")

_LOOK_TIMEOUT = 1.0
_ENTRYPOINT_ENDED = "ENTRYPOINT_ENDED"


class Sandboxes:
    """All sandboxes. `open` finds those of an earlier server; `close` leaves or ends them."""

    def __init__(self, settings: Settings, store: Store, host: Host) -> None:
        self._settings = settings
        self._host = host
        self._work = Work()
        self._starts = asyncio.Semaphore(settings.parallel_starts)
        self._watch = Watch(settings.dead_sandbox_lifetime, due=self._due, died=self._died)
        self.roll = Roll(store)
        self.ways = Ways(settings, self.roll, self._work)
        self.spares = Spares(settings, self._work, self._start)

    # Finding and leaving

    async def open(self) -> None:
        """Takes over what an earlier server left: the living, the dead, the half-started."""
        records = await self.roll.load()
        known = {record.id for record in records}
        await asyncio.gather(*(self._take_over(record) for record in records))
        await self._work.in_thread(lambda: self._clear_strangers(known))

    async def _take_over(self, record: Record) -> None:
        body = None
        if record.started is not None:
            body = await self._work.in_thread(partial(self._host.adopt, record.started))
        sandbox = Sandbox(record, body)
        if record.state not in (RUNNING, PAUSED, SPARE):
            if record.state in LIVE:
                logger.warning("sandbox %s was not fully started: removed", record.id)
                await self._discard(sandbox)
            else:
                self.roll.add(sandbox)
                self._watch.arm(sandbox)
        elif body is None:
            await self._discard_or_mark(sandbox)
        elif record.state == SPARE:
            await self._take_over_spare(sandbox, body)
        else:
            self.roll.add(sandbox)
            self._watch.begin(sandbox)
            self._watch.arm(sandbox)
            await self._hold_to_record(sandbox, body)
            await self.ways.open_again(sandbox, body)
            logger.info("sandbox %s found again, %s", record.id, record.state)

    async def _hold_to_record(self, sandbox: Sandbox, body: Body) -> None:
        """The earlier server may have died while it stopped the sandbox or let it run on."""
        stands_still = sandbox.record.state == PAUSED
        try:
            await self._work.in_thread(body.freeze if stands_still else body.thaw)
        except OSError as error:
            logger.warning("sandbox %s is not %s: %s", sandbox.id, sandbox.record.state, error)

    async def _discard_or_mark(self, sandbox: Sandbox) -> None:
        if sandbox.record.state == SPARE:
            await self._discard(sandbox)
            return
        self.roll.add(sandbox)
        await self._mark_ended(sandbox, "It ended while the server was not running.")

    async def _take_over_spare(self, sandbox: Sandbox, body: Body) -> None:
        try:
            answer = await self._work.control(body, {"op": "status"})
            unused = answer.get("configured") is False
        except control.ControlError:
            unused = False
        if unused and self.spares.wanted:
            self.roll.add(sandbox)
            self.spares.add(sandbox)
            self._watch.begin(sandbox)
        else:
            await self._discard(sandbox)

    def _clear_strangers(self, known: set[str]) -> None:
        """Removes directories of starts that never got as far as the database."""
        self._settings.sandboxes.mkdir(mode=0o711, parents=True, exist_ok=True)
        for directory in self._settings.sandboxes.iterdir():
            if directory.name not in known:
                self._host.clear(directory)

    async def close(self) -> None:
        """Ends the spares, and with `kill_on_exit` every sandbox; the others run on."""
        await self._work.finish()
        every = self._settings.kill_on_exit
        ending = self.roll.everybody() if every else self.spares.everybody()
        for sandbox in ending:
            sandbox.ending = True
        results = await asyncio.gather(
            *(self._discard(sandbox) for sandbox in ending), return_exceptions=True
        )
        for sandbox, result in zip(ending, results, strict=True):
            if isinstance(result, BaseException):
                logger.error("sandbox %s could not be ended: %s", sandbox.id, result)
        for sandbox in self.roll.everybody():
            self._watch.end(sandbox)
            self._watch.disarm(sandbox)
        await self.ways.close_all()
        self._work.close()

    # Looking

    async def look_at(self, sandbox_id: str) -> Record:
        """A sandbox's record, which says so when its entrypoint has ended meanwhile."""
        sandbox = self.roll.get(sandbox_id)
        told = sandbox.record.reason == _ENTRYPOINT_ENDED
        usual = sandbox.record.entrypoint == DEFAULT_ENTRYPOINT
        # Who holds the lock may be keeping it still.
        if sandbox.body is None or told or usual or sandbox.lock.locked():
            return sandbox.record
        async with sandbox.lock:
            if sandbox.body is None or sandbox.record.state != RUNNING or sandbox.ending:
                return sandbox.record
            try:
                status = await self._work.control(sandbox.body, {"op": "status"}, _LOOK_TIMEOUT)
            except control.ControlError:  # It is busy, or about to be gone: then that will be said.
                return sandbox.record
            if message := entrypoint_ended(status):
                await self.roll.move(sandbox, RUNNING, _ENTRYPOINT_ENDED, message)
            return sandbox.record

    # Making

    async def create(self, order: Order) -> Record:
        """A new sandbox, its daemon configured and answering."""
        return await self._work.to_its_end(self._create(order))

    async def _create(self, order: Order) -> Record:
        plan = self._plan(order)
        ground = await self._work.in_thread(lambda: self._host.look(plan))
        check_ground(order, ground)
        spare = None if ground.needs_own_start else await self.spares.take()
        record = new_record(spare.id if spare else plan.id, order)
        if spare is not None and spare.body is not None:
            sandbox, body = spare, spare.body
            sandbox.record = evolve(record, started=body.started)
        else:
            sandbox = Sandbox(record, None)
            body = await self._start(sandbox, plan)
        try:
            if spare is not None:
                await self._work.in_thread(lambda: body.set_limits(order.resources))
            variables = await self.ways.lead_out(sandbox, body, order) if ground.enclosed else {}
            await self._work.control(body, configuration(sandbox.record, order, variables))
            notes = {**body.notes, **ground.notes, **network_notes(ground)}
            if without_effect := effectless(order, ground):
                notes[PREFIX + "without-effect"] = ", ".join(without_effect)
            await self._go_on(sandbox, body, order, notes)
        except BaseException as error:
            await self._discard(sandbox)
            raise start_fault(error) from error
        return sandbox.record

    def _plan(self, order: Order) -> Plan:
        sandbox_id = str(uuid.uuid4())
        return Plan(
            id=sandbox_id,
            directory=self._settings.sandboxes / sandbox_id,
            image=order.image,
            resources=order.resources,
            volumes=order.volumes,
            snapshot=order.snapshot,
        )

    async def _start(self, sandbox: Sandbox, plan: Plan) -> Body:
        """Starts a body and waits until its daemon answers; leaves nothing when it fails."""
        self.roll.add(sandbox)
        try:
            await self.roll.change(sandbox, sandbox.record)
            async with self._starts:
                sandbox.body = body = await self._work.in_thread(lambda: self._host.start(plan))
                started = evolve(sandbox.record, started=body.started)
                await self.roll.change(sandbox, started)
                self._watch.begin(sandbox)
                await self._work.control(body, {"op": "status"}, self._settings.start_timeout)
        except BaseException as error:
            await self._discard(sandbox)
            raise start_fault(error) from error
        return body

    async def _go_on(
        self, sandbox: Sandbox, body: Body, order: Order, notes: Mapping[str, str]
    ) -> None:
        """The daemon is configured: the sandbox runs, or its hook does."""
        hook = order.before_start
        if hook is None:
            await self._settle(sandbox, notes)
            return
        waits = evolve(sandbox.record, reason="PRE_START", message="preStart is running.")
        await self.roll.change(sandbox, waits)
        self._watch.arm(sandbox)
        sandbox.ready = True
        self._work.background(self._prepare(sandbox, body, order, hook, notes))

    async def _prepare(
        self,
        sandbox: Sandbox,
        body: Body,
        order: Order,
        hook: Mapping[str, JSON],
        notes: Mapping[str, str],
    ) -> None:
        """Runs the hook, then the entrypoint; whoever made the sandbox is not kept waiting."""
        token, failure = sandbox.record.token, None
        try:
            await run_hook(body, token, hook)
            await self._work.control(body, {"op": "start", **start_orders(order)})
        except HookFailed as failed:
            failure = str(failed)
        except control.ControlError as error:
            failure = f"The entrypoint was not started: {error}"
        async with sandbox.lock:
            if sandbox.ending:
                return
            if failure is None:
                await self._settle(sandbox, notes)
            else:
                self._watch.end(sandbox)
                await self._mark_ended(sandbox, f"{failure}.")

    async def _settle(self, sandbox: Sandbox, notes: Mapping[str, str]) -> None:
        """The daemon is configured: the sandbox runs from here on."""
        at = now()
        running = sandbox.record.moved(RUNNING, "CONTAINER_RUNNING", "The sandbox is running.", at)
        extensions = {**running.extensions, **notes}
        event = Event(at, "Running", in_words(notes))
        await self.roll.change(sandbox, evolve(running, extensions=extensions), event)
        self._watch.arm(sandbox)
        sandbox.ready = True
        if sandbox.pidfd is None:  # It died in between, when nobody cared yet.
            self._died(sandbox)
        logger.info("sandbox %s runs: %s", sandbox.id, in_words(notes))

    # Changing

    async def patch_metadata(self, sandbox_id: str, patch: Mapping[str, str | None]) -> Record:
        """Merges `patch` into the metadata; None removes a key."""
        async with self.roll.get(sandbox_id).lock:
            sandbox = self.roll.get(sandbox_id)
            merged: dict[str, str | None] = {**sandbox.record.metadata, **patch}
            metadata = {key: value for key, value in merged.items() if value is not None}
            check_metadata(metadata)
            return await self.roll.change(sandbox, evolve(sandbox.record, metadata=metadata))

    async def renew(self, sandbox_id: str, expires_at: datetime) -> Record:
        """Moves the time at which the sandbox ends."""
        async with self.roll.get(sandbox_id).lock:
            sandbox = self.roll.get(sandbox_id)
            if expires_at <= now():
                raise invalid(
                    "expiresAt lies in the past; it must be later than now.",
                    code="DOCKER::INVALID_EXPIRATION",
                )
            if sandbox.record.state not in LIVE:
                raise not_running(sandbox_id, sandbox.record.state)
            record = await self.roll.change(sandbox, evolve(sandbox.record, expires_at=expires_at))
            self._watch.arm(sandbox)
            return record

    async def pause(self, sandbox_id: str) -> None:
        """Freezes every process of the sandbox."""
        async with self.roll.get(sandbox_id).lock:
            sandbox = self.roll.get(sandbox_id)
            if sandbox.record.state != RUNNING or sandbox.body is None:
                raise not_running(sandbox_id, sandbox.record.state)
            await self._work.in_thread(sandbox.body.freeze)
            await self.roll.move(sandbox, PAUSED, "CONTAINER_PAUSED", "The sandbox is paused.")

    async def resume(self, sandbox_id: str) -> None:
        """Lets a paused sandbox run on."""
        async with self.roll.get(sandbox_id).lock:
            sandbox = self.roll.get(sandbox_id)
            if sandbox.record.state != PAUSED or sandbox.body is None:
                raise not_paused(sandbox_id, sandbox.record.state)
            await self._work.in_thread(sandbox.body.thaw)
            await self.roll.move(sandbox, RUNNING, "CONTAINER_RUNNING", "The sandbox is running.")
            await self.ways.serve_outlet(sandbox, sandbox.body)

    @asynccontextmanager
    async def standing_still(self, sandbox_id: str) -> AsyncIterator[Body]:
        """No process of the sandbox runs, and nobody changes or ends it, for the block."""
        async with self.roll.get(sandbox_id).lock:
            sandbox = self.roll.settled(sandbox_id)
            body, runs = sandbox.body, sandbox.record.state == RUNNING
            if body is None:
                raise not_running(sandbox_id, sandbox.record.state)
            try:
                if runs:
                    await self._work.in_thread(body.freeze)
                yield body
            finally:
                if runs:
                    await self._work.to_its_end(self._work.in_thread(body.thaw))

    async def ground_of(self, image: str) -> Mapping[str, str]:
        """What the files of a sandbox of that image lie above."""
        return await self._work.in_thread(lambda: self._host.ground_of(image))

    # Ending

    async def kill(self, sandbox_id: str) -> None:
        """Ends the sandbox and forgets it."""
        sandbox = self.roll.get(sandbox_id)
        if sandbox.record.state == PENDING and not sandbox.ready:
            raise Fault(
                409, "DOCKER::SANDBOX_NOT_RUNNING", f"Sandbox {sandbox_id} is being started."
            )
        await self._work.to_its_end(self._kill(sandbox))

    async def _kill(self, sandbox: Sandbox) -> None:
        async with sandbox.lock:
            if not self.roll.has(sandbox):
                raise no_sandbox(sandbox.id)
            try:
                await self._discard(sandbox)
            except Exception as error:
                logger.exception("sandbox %s could not be ended", sandbox.id)
                await self.roll.move(sandbox, FAILED, "DELETE_FAILED", f"It did not end: {error}")
                raise Fault(
                    500,
                    "DOCKER::SANDBOX_DELETE_FAILED",
                    f"Sandbox {sandbox.id} could not be ended: {error}. Try again.",
                ) from error
            logger.info("sandbox %s ended", sandbox.id)

    async def _discard(self, sandbox: Sandbox) -> None:
        """Ends and forgets, whatever state it is in."""
        sandbox.ending = True
        self._watch.end(sandbox)
        await self.ways.close(sandbox)
        self._watch.disarm(sandbox)
        await self._work.in_thread(lambda: self._remove(sandbox))
        await self.roll.strike(sandbox)
        self.spares.strike(sandbox)

    def _remove(self, sandbox: Sandbox) -> None:
        directory = self._settings.sandboxes / sandbox.id
        if sandbox.body is not None:
            sandbox.body.kill()
        elif directory.exists():
            self._host.clear(directory)
        shutil.rmtree(directory, ignore_errors=True)

    # Time and death

    def _due(self, sandbox: Sandbox) -> None:
        logger.info("sandbox %s: its time is up", sandbox.id)
        self._work.background(self._expire(sandbox))

    async def _expire(self, sandbox: Sandbox) -> None:
        try:
            await self._kill(sandbox)
        except Fault as fault:
            if fault.status != 404:
                self._watch.arm_again(sandbox)

    def _died(self, sandbox: Sandbox) -> None:
        if self.spares.strike(sandbox):
            self._work.background(self._discard(sandbox))
        elif sandbox.record.state in (RUNNING, PAUSED):
            self._work.background(self._bury(sandbox))

    async def _bury(self, sandbox: Sandbox) -> None:
        async with sandbox.lock:
            if self.roll.has(sandbox) and not sandbox.ending:
                await self._mark_ended(sandbox, "Its daemon ended: the sandbox is gone.")

    async def _mark_ended(self, sandbox: Sandbox, message: str) -> None:
        logger.warning("sandbox %s: %s", sandbox.id, message)
        await self.ways.close(sandbox)
        body, sandbox.body = sandbox.body, None
        if body is not None:
            await self._work.in_thread(body.kill)
        await self.roll.move(sandbox, FAILED, "CONTAINER_EXITED", message)
        self._watch.arm(sandbox)
