"""uvicorn, without the parts that a hundred idle daemons would pay for.

Rules:
- No tick: the server sleeps until something happens. What uvicorn does in its tick, keeping the
  Date header fresh, is done when a header is wanted.
- uvicorn's command line is never imported: its package is entered without running its `__init__`,
  which saves a tenth of the start-up time.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import sys
import time
from collections.abc import Iterator
from email.utils import formatdate
from functools import partial
from typing import Any, cast


def _enter_uvicorn() -> None:
    spec = importlib.util.find_spec("uvicorn")
    if spec is not None and "uvicorn" not in sys.modules:
        sys.modules["uvicorn"] = importlib.util.module_from_spec(spec)


_enter_uvicorn()

from uvicorn.config import Config  # noqa: E402
from uvicorn.server import Server, ServerState  # noqa: E402

from opensandbox.local.connections import BoundedProtocol  # noqa: E402

# Some of its modules look for these in the package, where `__init__` would have put them.
vars(sys.modules["uvicorn"]).update(Config=Config, Server=Server)

_GRACE = 2


class _FreshState(ServerState):
    """Makes the default headers when they are asked for, at most once a second."""

    def __init__(self) -> None:
        self._headers: list[tuple[bytes, bytes]] = []
        self._second = -1
        super().__init__()

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """The Date header."""
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._headers = [(b"date", formatdate(second, usegmt=True).encode())]
        return self._headers

    @default_headers.setter
    def default_headers(self, value: list[tuple[bytes, bytes]]) -> None:
        pass


class ApiServer(Server):
    """Serves one application until it is told to stop."""

    def __init__(self, app: Any, websockets: Any, *, head_timeout: float = 20.0) -> None:
        """The head of a request must have come within `head_timeout` seconds."""
        super().__init__(
            Config(
                app,
                loop="none",
                http=cast(Any, partial(BoundedProtocol, head_timeout=head_timeout)),
                ws=websockets,
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=5,
                timeout_graceful_shutdown=_GRACE,
            )
        )
        self.server_state = _FreshState()
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Ends `serve` once what is under way is answered, or after two seconds."""
        self.should_exit = True
        self._stop.set()

    async def main_loop(self) -> None:
        """Of uvicorn: returns when the server is to end."""
        await self._stop.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Of uvicorn: signals are the daemon's business."""
        yield
