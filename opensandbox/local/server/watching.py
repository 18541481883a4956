"""When sandboxes end by themselves: their time, and the end of their first process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import datetime, timedelta

from .records import LIVE, Record
from .roll import Sandbox
from .values import now

_LONGEST_TIMER = 3600.0
_TRIED_AGAIN = 10.0


class Watch:
    """Calls `due` when a sandbox's time is up and `died` when its first process has ended.

    What ended by itself stays to be seen for `dead_lifetime` seconds; then it is due as well.
    """

    def __init__(
        self,
        dead_lifetime: float,
        *,
        due: Callable[[Sandbox], None],
        died: Callable[[Sandbox], None],
    ) -> None:
        self._dead_lifetime = timedelta(seconds=dead_lifetime)
        self._due = due
        self._died = died

    def arm(self, sandbox: Sandbox) -> None:
        """Sets the timer to the moment at which the sandbox ends, or looks again before."""
        self.disarm(sandbox)
        due = self._end_of(sandbox.record)
        if due is not None:
            self._look_in(sandbox, min(max((due - now()).total_seconds(), 0.0), _LONGEST_TIMER))

    def arm_again(self, sandbox: Sandbox) -> None:
        """Sets the timer of a sandbox that is due and could not be ended."""
        self._look_in(sandbox, _TRIED_AGAIN)

    def disarm(self, sandbox: Sandbox) -> None:
        """Stops the timer."""
        if sandbox.timer is not None:
            sandbox.timer.cancel()

    def _look_in(self, sandbox: Sandbox, delay: float) -> None:
        loop = asyncio.get_running_loop()
        sandbox.timer = loop.call_later(delay, self._time_is_up, sandbox)

    def _end_of(self, record: Record) -> datetime | None:
        if record.state in LIVE:
            return record.expires_at
        gone = record.changed_at + self._dead_lifetime
        return gone if record.expires_at is None else min(gone, record.expires_at)

    def _time_is_up(self, sandbox: Sandbox) -> None:
        due = self._end_of(sandbox.record)
        if due is None or due > now():
            self.arm(sandbox)
        else:
            self._due(sandbox)

    def begin(self, sandbox: Sandbox) -> None:
        """Watches the sandbox's first process."""
        if sandbox.body is None:
            return
        loop = asyncio.get_running_loop()
        try:
            sandbox.pidfd = os.pidfd_open(sandbox.body.pid)
        except ProcessLookupError:
            loop.call_soon(self._ended, sandbox)
            return
        loop.add_reader(sandbox.pidfd, self._ended, sandbox)
        if not sandbox.body.alive():
            loop.call_soon(self._ended, sandbox)

    def end(self, sandbox: Sandbox) -> None:
        """Watches it no more."""
        if sandbox.pidfd is not None:
            asyncio.get_running_loop().remove_reader(sandbox.pidfd)
            os.close(sandbox.pidfd)
            sandbox.pidfd = None

    def _ended(self, sandbox: Sandbox) -> None:
        self.end(sandbox)
        if not sandbox.ending:
            self._died(sandbox)
