"""The sandboxes of one server: made, found again, changed, ended.

- Every change of one sandbox happens under its lock and is in the database before it is answered.
- A start runs in a task of its own: a caller who goes away does not stop it half-way.
- A sandbox ends by a request, by its time, or by itself; the last is seen on its process.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from attrs import evolve

from ..egress.api import EGRESS_PORT
from ..egress.outlet import Kept, Outlet
from ..settings import Settings
from . import control
from .faults import BACKEND_FAILED, Fault, invalid, no_sandbox, not_paused, not_running
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
)
from .orders import DEFAULT_ENTRYPOINT, Order, Resources, check_metadata
from .outlets import Outlets
from .outside import Doors
from .records import FAILED, LIVE, PAUSED, PENDING, RUNNING, SPARE, Record
from .store import Event, Store
from .values import JSON, now

T = TypeVar("T")

logger = logging.getLogger("opensandbox.server")

EXECD_PORT = 44772
"""The port of the API at which a sandbox's daemon is asked for."""

_CONTROL_TIMEOUT = 10.0
_LOOK_TIMEOUT = 1.0
_ENTRYPOINT_ENDED = "ENTRYPOINT_ENDED"
_LONGEST_TIMER = 3600.0


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


class Sandboxes:
    """All sandboxes. `open` finds those of an earlier server; `close` leaves or ends them."""

    def __init__(self, settings: Settings, store: Store, host: Host) -> None:
        self._settings = settings
        self._store = store
        self._host = host
        self._all: dict[str, Sandbox] = {}
        self._threads = ThreadPoolExecutor(16, thread_name_prefix="sandbox")
        self._starts = asyncio.Semaphore(settings.parallel_starts)
        self._tasks: set[asyncio.Task[object]] = set()
        self._spares: list[Sandbox] = []
        self._coming: asyncio.Task[None] | None = None
        """A spare that is being started and that nobody waits for."""
        self._doors = Doors(settings.host)
        self._outlets = Outlets(settings, self._threads)
        self.spare_gone = asyncio.Event()
        """Set whenever a spare was taken or died."""

    # Finding and leaving

    async def open(self) -> None:
        """Takes over what an earlier server left: the living, the dead, the half-started."""
        records = await self._store.load()
        known = {record.id for record in records}
        await asyncio.gather(*(self._take_over(record) for record in records))
        await self._in_thread(lambda: self._clear_strangers(known))

    async def _take_over(self, record: Record) -> None:
        started = record.started
        body = None if started is None else await self._in_thread(lambda: self._host.adopt(started))
        sandbox = Sandbox(record, body)
        if record.state not in (RUNNING, PAUSED, SPARE):
            if record.state in LIVE:
                logger.warning("sandbox %s was not fully started: removed", record.id)
                await self._discard(sandbox)
            else:
                self._all[record.id] = sandbox
                self._arm(sandbox)
        elif body is None:
            await self._discard_or_mark(sandbox)
        elif record.state == SPARE:
            await self._take_over_spare(sandbox, body)
        else:
            self._all[record.id] = sandbox
            self._watch(sandbox)
            self._arm(sandbox)
            if EXECD_PORT in record.ports:
                await self._open_door(sandbox, body)
            await self._lead_out_again(sandbox, body)
            logger.info("sandbox %s found again, %s", record.id, record.state)

    async def _discard_or_mark(self, sandbox: Sandbox) -> None:
        if sandbox.record.state == SPARE:
            await self._discard(sandbox)
            return
        self._all[sandbox.id] = sandbox
        await self._mark_ended(sandbox, "It ended while the server was not running.")

    async def _take_over_spare(self, sandbox: Sandbox, body: Body) -> None:
        try:
            answer = await self._control(body, {"op": "status"})
            unused = answer.get("configured") is False
        except control.ControlError:
            unused = False
        if unused and len(self._spares) < self._settings.spares:
            self._all[sandbox.id] = sandbox
            self._spares.append(sandbox)
            self._watch(sandbox)
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
        while self._tasks:
            await asyncio.wait(self._tasks)
        ending = list(self._all.values()) if self._settings.kill_on_exit else list(self._spares)
        for sandbox in ending:
            sandbox.ending = True
        results = await asyncio.gather(
            *(self._discard(sandbox) for sandbox in ending), return_exceptions=True
        )
        for sandbox, result in zip(ending, results, strict=True):
            if isinstance(result, BaseException):
                logger.error("sandbox %s could not be ended: %s", sandbox.id, result)
        for sandbox in self._all.values():
            self._unwatch(sandbox)
            if sandbox.timer is not None:
                sandbox.timer.cancel()
        self._doors.close_all()
        await self._outlets.close_all()
        self._threads.shutdown()

    # Looking

    def get(self, sandbox_id: str) -> Sandbox:
        """The sandbox of that id; raises Fault when there is none."""
        sandbox = self._all.get(sandbox_id)
        if sandbox is None or sandbox.record.state == SPARE:
            raise no_sandbox(sandbox_id)
        return sandbox

    async def look_at(self, sandbox_id: str) -> Record:
        """A sandbox's record, which says so when its entrypoint has ended meanwhile."""
        sandbox = self.get(sandbox_id)
        told = sandbox.record.reason == _ENTRYPOINT_ENDED
        usual = sandbox.record.entrypoint == DEFAULT_ENTRYPOINT
        # Who holds the lock may be keeping it still.
        if sandbox.body is None or told or usual or sandbox.lock.locked():
            return sandbox.record
        async with sandbox.lock:
            if sandbox.body is None or sandbox.record.state != RUNNING or sandbox.ending:
                return sandbox.record
            try:
                status = await self._control(sandbox.body, {"op": "status"}, _LOOK_TIMEOUT)
            except control.ControlError:  # It is busy, or about to be gone: then that will be said.
                return sandbox.record
            if message := entrypoint_ended(status):
                await self._move(sandbox, RUNNING, _ENTRYPOINT_ENDED, message)
            return sandbox.record

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

    # Making

    async def create(self, order: Order) -> Record:
        """A new sandbox, its daemon configured and answering."""
        return await self._own_task(self._create(order))

    async def _create(self, order: Order) -> Record:
        plan = self._plan(order)
        ground = await self._in_thread(lambda: self._host.look(plan))
        check_ground(order, ground)
        spare = None if ground.needs_own_start else await self._get_spare()
        record = new_record(spare.id if spare else plan.id, order)
        if spare is not None and spare.body is not None:
            sandbox, body = spare, spare.body
            sandbox.record = evolve(record, started=body.started)
        else:
            sandbox = Sandbox(record, None)
            self._all[sandbox.id] = sandbox
            body = await self._start(sandbox, plan)
        try:
            if spare is not None:
                await self._in_thread(lambda: body.set_limits(order.resources))
            variables = await self._lead_out(sandbox, body, order) if ground.enclosed else {}
            await self._control(body, configuration(sandbox.record, order, variables))
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
        try:
            await self._store.put(sandbox.record)
            async with self._starts:
                sandbox.body = body = await self._in_thread(lambda: self._host.start(plan))
                sandbox.record = evolve(sandbox.record, started=body.started)
                await self._store.put(sandbox.record)
                self._watch(sandbox)
                await self._control(body, {"op": "status"}, self._settings.start_timeout)
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
        sandbox.record = evolve(sandbox.record, reason="PRE_START", message="preStart is running.")
        await self._store.put(sandbox.record)
        self._arm(sandbox)
        sandbox.ready = True
        self._background(self._prepare(sandbox, body, hook, notes))

    async def _prepare(
        self, sandbox: Sandbox, body: Body, hook: Mapping[str, JSON], notes: Mapping[str, str]
    ) -> None:
        """Runs the hook, then the entrypoint; whoever made the sandbox is not kept waiting."""
        token, failure = sandbox.record.token, None
        try:
            await run_hook(body, token, hook)
            start = {"op": "start", "entrypoint": list(sandbox.record.entrypoint)}
            await self._control(body, start)
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
                self._unwatch(sandbox)
                await self._mark_ended(sandbox, f"{failure}.")

    async def _settle(self, sandbox: Sandbox, notes: Mapping[str, str]) -> None:
        """The daemon is configured: the sandbox runs from here on."""
        at = now()
        running = sandbox.record.moved(RUNNING, "CONTAINER_RUNNING", "The sandbox is running.", at)
        extensions = {**running.extensions, **notes}
        sandbox.record = evolve(running, extensions=extensions)
        await self._store.put(sandbox.record, Event(at, "Running", in_words(notes)))
        self._arm(sandbox)
        sandbox.ready = True
        if sandbox.pidfd is None:  # It died in between, when nobody cared yet.
            self._died(sandbox)
        logger.info("sandbox %s runs: %s", sandbox.id, in_words(notes))

    # Spares

    async def add_spare(self) -> bool:
        """Starts one more spare when one is missing; False when there are enough."""
        if len(self._spares) >= self._settings.spares:
            return False
        self._coming = coming = self._background(self._add_spare())
        try:
            await asyncio.shield(coming)
        finally:
            self._coming = None
        return True

    async def _add_spare(self) -> None:
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
        self._all[sandbox_id] = sandbox
        await self._start(sandbox, plan)
        self._spares.append(sandbox)

    async def _get_spare(self) -> Sandbox | None:
        """A spare; one that is just coming up is nearer than a start that begins now."""
        spare = self._take_spare()
        coming, self._coming = (self._coming, None) if spare is None else (None, self._coming)
        if coming is None:
            return spare
        await asyncio.wait([coming])
        return self._take_spare()

    def _take_spare(self) -> Sandbox | None:
        while self._spares:
            spare = self._spares.pop(0)
            self.spare_gone.set()
            if not spare.ending:
                return spare
        return None

    # Changing

    async def patch_metadata(self, sandbox_id: str, patch: Mapping[str, str | None]) -> Record:
        """Merges `patch` into the metadata; None removes a key."""
        async with self.get(sandbox_id).lock:
            sandbox = self.get(sandbox_id)
            merged: dict[str, str | None] = {**sandbox.record.metadata, **patch}
            metadata = {key: value for key, value in merged.items() if value is not None}
            check_metadata(metadata)
            return await self._change(sandbox, evolve(sandbox.record, metadata=metadata))

    async def renew(self, sandbox_id: str, expires_at: datetime) -> Record:
        """Moves the time at which the sandbox ends."""
        async with self.get(sandbox_id).lock:
            sandbox = self.get(sandbox_id)
            if expires_at <= now():
                raise invalid(
                    "expiresAt lies in the past; it must be later than now.",
                    code="DOCKER::INVALID_EXPIRATION",
                )
            if sandbox.record.state not in LIVE:
                raise not_running(sandbox_id, sandbox.record.state)
            record = await self._change(sandbox, evolve(sandbox.record, expires_at=expires_at))
            self._arm(sandbox)
            return record

    async def pause(self, sandbox_id: str) -> None:
        """Freezes every process of the sandbox."""
        async with self.get(sandbox_id).lock:
            sandbox = self.get(sandbox_id)
            if sandbox.record.state != RUNNING or sandbox.body is None:
                raise not_running(sandbox_id, sandbox.record.state)
            await self._in_thread(sandbox.body.freeze)
            await self._move(sandbox, PAUSED, "CONTAINER_PAUSED", "The sandbox is paused.")

    async def resume(self, sandbox_id: str) -> None:
        """Lets a paused sandbox run on."""
        async with self.get(sandbox_id).lock:
            sandbox = self.get(sandbox_id)
            if sandbox.record.state != PAUSED or sandbox.body is None:
                raise not_paused(sandbox_id, sandbox.record.state)
            await self._in_thread(sandbox.body.thaw)
            await self._move(sandbox, RUNNING, "CONTAINER_RUNNING", "The sandbox is running.")
            await self._serve_outlet(sandbox, sandbox.body)

    def settled(self, sandbox_id: str) -> Sandbox:
        """A sandbox that runs or is paused; raises Fault for any other."""
        sandbox = self.get(sandbox_id)
        if sandbox.record.state not in (RUNNING, PAUSED) or sandbox.body is None:
            raise not_running(sandbox_id, sandbox.record.state)
        return sandbox

    @asynccontextmanager
    async def standing_still(self, sandbox_id: str) -> AsyncIterator[Body]:
        """No process of the sandbox runs, and nobody changes or ends it, for the block."""
        async with self.get(sandbox_id).lock:
            sandbox = self.settled(sandbox_id)
            body, runs = sandbox.body, sandbox.record.state == RUNNING
            if body is None:
                raise not_running(sandbox_id, sandbox.record.state)
            try:
                if runs:
                    await self._in_thread(body.freeze)
                yield body
            finally:
                if runs:
                    await self._own_task(self._in_thread(body.thaw))

    async def run_on(self, sandbox_id: str) -> None:
        """Lets a sandbox run that an earlier server left standing still, unless it is paused."""
        sandbox = self._all.get(sandbox_id)
        if sandbox is not None and sandbox.body is not None and sandbox.record.state == RUNNING:
            await self._in_thread(sandbox.body.thaw)

    async def ground_of(self, image: str) -> Mapping[str, str]:
        """What the files of a sandbox of that image lie above."""
        return await self._in_thread(lambda: self._host.ground_of(image))

    async def _move(self, sandbox: Sandbox, state: str, reason: str, message: str) -> None:
        at = now()
        sandbox.record = sandbox.record.moved(state, reason, message, at)
        await self._store.put(sandbox.record, Event(at, state, message))

    async def _change(self, sandbox: Sandbox, record: Record) -> Record:
        sandbox.record = record
        await self._store.put(record)
        return record

    async def open_door(self, sandbox_id: str) -> int:
        """The port on the server's own address that leads to the daemon; always the same."""
        async with self.get(sandbox_id).lock:
            sandbox = self.get(sandbox_id)
            if sandbox.body is None:
                raise not_running(sandbox_id, sandbox.record.state)
            return await self._open_door(sandbox, sandbox.body)

    async def _open_door(self, sandbox: Sandbox, body: Body) -> int:
        known = sandbox.record.ports.get(EXECD_PORT)
        outside = await self._doors.open(sandbox.id, body.execd_port, known)
        if outside != known:
            ports = {**sandbox.record.ports, EXECD_PORT: outside}
            await self._change(sandbox, evolve(sandbox.record, ports=ports))
        return outside

    async def expose(self, sandbox_id: str, port: int, address: str) -> int:
        """The port of `address` on which a port of the sandbox is reached; always the same."""
        async with self.get(sandbox_id).lock:
            sandbox = self.get(sandbox_id)
            outside = sandbox.record.ports.get(port)
            if outside is not None:
                return outside
            if sandbox.record.state != RUNNING or sandbox.body is None:
                raise not_running(sandbox_id, sandbox.record.state)
            body = sandbox.body
            try:
                outside = await self._in_thread(
                    lambda: control.hand_over_listener(body.control_path, port, address)
                )
            except (control.ControlError, OSError) as error:
                raise Fault(
                    500,
                    "DOCKER::NETWORK_MODE_ENDPOINT_UNAVAILABLE",
                    f"Port {port} of sandbox {sandbox_id} could not be reached: {error}.",
                ) from error
            ports = {**sandbox.record.ports, port: outside}
            await self._change(sandbox, evolve(sandbox.record, ports=ports))
            return outside

    # The way out

    async def _lead_out(self, sandbox: Sandbox, body: Body, order: Order) -> dict[str, str]:
        """Opens a new sandbox's way out; returns the variables its programs find it by."""
        kept = await self._outlets.prepare(sandbox.id, order)
        sandbox.record = evolve(sandbox.record, egress=kept.to_json())
        self._outlets.add(sandbox.id, kept, partial(self._keep_egress, sandbox))
        await self._outlets.serve(sandbox.id, body)
        return await self._outlets.variables(sandbox.id, body)

    async def _lead_out_again(self, sandbox: Sandbox, body: Body) -> None:
        """Opens the way out of a sandbox that an earlier server made."""
        if sandbox.record.egress is None:
            return
        kept = Kept.from_json(sandbox.record.egress)
        outlet = self._outlets.add(sandbox.id, kept, partial(self._keep_egress, sandbox))
        if EGRESS_PORT in sandbox.record.ports:
            await self._listen_for_egress(sandbox, outlet)
        if sandbox.record.state == RUNNING:  # A paused one could not answer.
            await self._serve_outlet(sandbox, body)

    async def _serve_outlet(self, sandbox: Sandbox, body: Body) -> None:
        outlet = self._outlets.find(sandbox.id)
        if outlet is None or outlet.opened:
            return
        try:
            await self._outlets.serve(sandbox.id, body)
        except (control.ControlError, OSError) as error:
            logger.warning("sandbox %s has no way out: %s", sandbox.id, error)

    async def _keep_egress(self, sandbox: Sandbox, kept: Kept) -> None:
        async with sandbox.lock:
            await self._change(sandbox, evolve(sandbox.record, egress=kept.to_json()))

    def outlet(self, sandbox_id: str) -> Outlet:
        """A sandbox's way out; raises Fault when it has none of ours."""
        outlet = self._outlets.find(self.settled(sandbox_id).id)
        if outlet is None:
            raise Fault(
                502,
                BACKEND_FAILED,
                f"Sandbox {sandbox_id} has no egress proxy: it uses this machine's network.",
            )
        return outlet

    async def expose_egress(self, sandbox_id: str) -> tuple[int, str]:
        """The port of the sandbox's egress API, always the same, and the token it wants."""
        outlet = self.outlet(sandbox_id)
        async with self.get(sandbox_id).lock:
            return await self._listen_for_egress(self.get(sandbox_id), outlet), outlet.kept.token

    async def _listen_for_egress(self, sandbox: Sandbox, outlet: Outlet) -> int:
        known = sandbox.record.ports.get(EGRESS_PORT)
        outside = await outlet.listen(self._settings.reached_at, known)
        if outside != known:
            ports = {**sandbox.record.ports, EGRESS_PORT: outside}
            await self._change(sandbox, evolve(sandbox.record, ports=ports))
        return outside

    # Ending

    async def kill(self, sandbox_id: str) -> None:
        """Ends the sandbox and forgets it."""
        sandbox = self.get(sandbox_id)
        if sandbox.record.state == PENDING and not sandbox.ready:
            raise Fault(
                409, "DOCKER::SANDBOX_NOT_RUNNING", f"Sandbox {sandbox_id} is being started."
            )
        await self._own_task(self._kill(sandbox))

    async def _kill(self, sandbox: Sandbox) -> None:
        async with sandbox.lock:
            if self._all.get(sandbox.id) is not sandbox:
                raise no_sandbox(sandbox.id)
            try:
                await self._discard(sandbox)
            except Exception as error:
                logger.exception("sandbox %s could not be ended", sandbox.id)
                await self._move(sandbox, FAILED, "DELETE_FAILED", f"It did not end: {error}")
                raise Fault(
                    500,
                    "DOCKER::SANDBOX_DELETE_FAILED",
                    f"Sandbox {sandbox.id} could not be ended: {error}. Try again.",
                ) from error
            logger.info("sandbox %s ended", sandbox.id)

    async def _discard(self, sandbox: Sandbox) -> None:
        """Ends and forgets, whatever state it is in."""
        sandbox.ending = True
        self._unwatch(sandbox)
        self._doors.close(sandbox.id)
        await self._outlets.close(sandbox.id)
        if sandbox.timer is not None:
            sandbox.timer.cancel()
        await self._in_thread(lambda: self._remove(sandbox))
        await self._store.remove(sandbox.id)
        self._all.pop(sandbox.id, None)
        if sandbox in self._spares:
            self._spares.remove(sandbox)

    def _remove(self, sandbox: Sandbox) -> None:
        directory = self._settings.sandboxes / sandbox.id
        if sandbox.body is not None:
            sandbox.body.kill()
        elif directory.exists():
            self._host.clear(directory)
        shutil.rmtree(directory, ignore_errors=True)

    # Time and death

    def _arm(self, sandbox: Sandbox) -> None:
        """Sets the timer to the moment at which the sandbox ends, or looks again before."""
        if sandbox.timer is not None:
            sandbox.timer.cancel()
        due = self._due(sandbox.record)
        if due is not None:
            delay = min(max((due - now()).total_seconds(), 0.0), _LONGEST_TIMER)
            loop = asyncio.get_running_loop()
            sandbox.timer = loop.call_later(delay, self._time_is_up, sandbox)

    def _due(self, record: Record) -> datetime | None:
        if record.state in LIVE:
            return record.expires_at
        gone = record.changed_at + timedelta(seconds=self._settings.dead_sandbox_lifetime)
        return gone if record.expires_at is None else min(gone, record.expires_at)

    def _time_is_up(self, sandbox: Sandbox) -> None:
        due = self._due(sandbox.record)
        if due is None or due > now():
            self._arm(sandbox)
        else:
            logger.info("sandbox %s: its time is up", sandbox.id)
            self._background(self._expire(sandbox))

    async def _expire(self, sandbox: Sandbox) -> None:
        try:
            await self._kill(sandbox)
        except Fault as fault:
            if fault.status != 404:
                loop = asyncio.get_running_loop()
                sandbox.timer = loop.call_later(10.0, self._time_is_up, sandbox)

    def _watch(self, sandbox: Sandbox) -> None:
        """Calls `_died` as soon as the sandbox's first process has ended."""
        if sandbox.body is None:
            return
        loop = asyncio.get_running_loop()
        try:
            sandbox.pidfd = os.pidfd_open(sandbox.body.pid)
        except ProcessLookupError:
            loop.call_soon(self._died, sandbox)
            return
        loop.add_reader(sandbox.pidfd, self._died, sandbox)
        if not sandbox.body.alive():
            loop.call_soon(self._died, sandbox)

    def _unwatch(self, sandbox: Sandbox) -> None:
        if sandbox.pidfd is not None:
            asyncio.get_running_loop().remove_reader(sandbox.pidfd)
            os.close(sandbox.pidfd)
            sandbox.pidfd = None

    def _died(self, sandbox: Sandbox) -> None:
        self._unwatch(sandbox)
        if sandbox.ending:
            return
        if sandbox in self._spares:
            self._spares.remove(sandbox)
            self.spare_gone.set()
            self._background(self._discard(sandbox))
        elif sandbox.record.state in (RUNNING, PAUSED):
            self._background(self._bury(sandbox))

    async def _bury(self, sandbox: Sandbox) -> None:
        async with sandbox.lock:
            if self._all.get(sandbox.id) is sandbox and not sandbox.ending:
                await self._mark_ended(sandbox, "Its daemon ended: the sandbox is gone.")

    async def _mark_ended(self, sandbox: Sandbox, message: str) -> None:
        logger.warning("sandbox %s: %s", sandbox.id, message)
        self._doors.close(sandbox.id)
        await self._outlets.close(sandbox.id)
        body, sandbox.body = sandbox.body, None
        if body is not None:
            await self._in_thread(body.kill)
        await self._move(sandbox, FAILED, "CONTAINER_EXITED", message)
        self._arm(sandbox)

    # Threads and tasks

    async def _control(
        self, body: Body, message: Mapping[str, JSON], timeout: float = _CONTROL_TIMEOUT
    ) -> Mapping[str, JSON]:
        path = body.control_path
        return await self._in_thread(lambda: control.request(path, message, timeout=timeout))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _own_task(self, work: Coroutine[object, object, T]) -> T:
        """Runs `work` to its end even when the caller goes away."""
        return await asyncio.shield(self._background(work))

    def _background(self, work: Coroutine[object, object, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
