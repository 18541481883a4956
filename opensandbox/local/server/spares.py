"""Keeps a few daemons waiting, so that create costs a hand-over instead of a start."""

from __future__ import annotations

import asyncio
import logging

from .faults import Fault
from .sandboxes import Sandboxes

logger = logging.getLogger("opensandbox.server")

_FIRST_DELAY = 1.0
_LONGEST_DELAY = 60.0


async def keep_spares(sandboxes: Sandboxes) -> None:
    """Refills whenever one is gone, until cancelled; tries ever more rarely while starts fail."""
    delay = _FIRST_DELAY
    while True:
        sandboxes.spare_gone.clear()
        try:
            while await sandboxes.add_spare():
                delay = _FIRST_DELAY
        except Fault as fault:
            logger.warning("no spare: %s Next attempt in %.0f s.", fault.message, delay)
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LONGEST_DELAY)
        else:
            await sandboxes.spare_gone.wait()
