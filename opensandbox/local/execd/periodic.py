"""The hooks of a sandbox that run again and again, for as long as it runs.

Rules:
- One hook never runs twice at once: a run that is due while the one before goes on is left out, and
  so are those that fell into a pause.
- A hook that fails is run again when it is due. How it went is in the daemon's log, in a line for
  each hook when that changes, at most once a minute, and once an hour otherwise.
- What it prints goes into a nameless file, which ends with the run.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import frames
from .commands import CommandRequest, TimeLimit, nameless_file, read_log
from .errors import Refusal, invalid
from .processes import Process, Processes
from .schedules import Every, InvalidSchedule, Schedule, parse
from .state import State

logger = logging.getLogger("opensandbox.execd.periodic")
logger.setLevel(logging.INFO)

DEFAULT_TIMEOUT = 60
_TOLD_AGAIN = 60.0
_TOLD_ANYWAY = 3600.0
_SAID = 200


@dataclass(kw_only=True)
class Hook:
    """What runs, and when."""

    name: str
    schedule: Schedule
    argv: list[str]
    timeout: int

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> Hook:
        """Checks what the server says. Raises Refusal."""
        try:
            return cls(
                name=str(message["name"]),
                schedule=parse(message["schedule"]),
                argv=list(message["command"]),
                timeout=int(message.get("timeoutSeconds") or DEFAULT_TIMEOUT),
            )
        except InvalidSchedule as error:
            raise invalid(f"periodic: {error}") from None


class Periodic:
    """All of them."""

    def __init__(self, state: State, processes: Processes) -> None:
        self._state = state
        self._processes = processes
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, hooks: list[Hook]) -> None:
        """Runs them from now on, until closed."""
        for hook in hooks:
            runner = _Runner(hook, self._state, self._processes)
            self._tasks.add(asyncio.create_task(runner.run()))

    def close(self) -> None:
        """Begins no more runs."""
        for task in self._tasks:
            task.cancel()


class _Runner:
    """One hook."""

    def __init__(self, hook: Hook, state: State, processes: Processes) -> None:
        self._hook = hook
        self._state = state
        self._processes = processes
        self._account = Account(hook.name)

    async def run(self) -> None:
        """Runs it whenever it is due, until cancelled."""
        schedule = self._hook.schedule
        if isinstance(schedule, Every):
            clock, interval = time.monotonic, schedule.seconds
            due = clock()
        else:
            clock, interval = time.time, 60
            due = clock() // interval * interval
        while True:
            due = _next(due, interval, clock())
            await asyncio.sleep(due - clock())
            paused = clock() - due >= interval
            if not paused and (isinstance(schedule, Every) or schedule.fits(time.localtime(due))):
                self._account.count(*await self._once())

    async def _once(self) -> tuple[str, str]:
        """How one run ended, and the end of what it said."""
        try:
            return await self._run()
        except Refusal as refused:
            return f"not started: {refused.message}", ""
        except Exception as error:  # Whatever it was, the next run may do better.
            return f"not started: {type(error).__name__}: {error}", ""

    async def _run(self) -> tuple[str, str]:
        request = CommandRequest.from_body(
            {"argv": self._hook.argv}, env=self._state.env, cwd=self._state.cwd
        )
        log = nameless_file()
        try:
            process = await self._processes.start(
                request.argv, env=request.env, cwd=request.cwd, out=os.dup(log), err=os.dup(log)
            )
            outcome = await self._ended(process)
            said = read_log(log, max(0, os.fstat(log).st_size - _SAID), _SAID)
        finally:
            os.close(log)
        return outcome, said.decode(errors="replace").strip()

    async def _ended(self, process: Process) -> str:
        limit = TimeLimit(process, self._hook.timeout)
        await process.ended.wait()
        limit.cancel()
        if limit.reached:
            return f"killed at its time limit of {self._hook.timeout} s"
        return frames.describe(process.exit_code or 0)


class Account:
    """How the runs of one hook went, and what is said of it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._runs = 0
        self._failed = 0
        self._outcome = ""
        self._told = -math.inf

    def count(self, outcome: str, said: str) -> None:
        """Takes a run into account, with the end of what it printed."""
        failed = outcome != frames.describe(0)
        self._runs += 1
        self._failed += failed
        now = time.monotonic()
        if now - self._told < (_TOLD_AGAIN if outcome != self._outcome else _TOLD_ANYWAY):
            return
        self._outcome, self._told = outcome, now
        logger.log(
            logging.WARNING if failed else logging.INFO,
            "periodic hook %r: %s (run %d, of which %d failed)%s",
            self._name,
            outcome,
            self._runs,
            self._failed,
            f": {said}" if said else "",
        )


def _next(due: float, interval: int, now: float) -> float:
    """The first of the times an `interval` apart that is after `due` and after `now`."""
    return due + interval * max(1, math.floor((now - due) / interval) + 1)
