"""Running one lifecycle server from its first file to its last: what `serve` does.

- Directory, lock, machine, state, socket, announcement: in this order, and undone backwards.
- SIGTERM and SIGINT stop it: requests are finished, spares ended, sandboxes left running for the
  next server, unless it was told to end them.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import logging.handlers
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp

from opensandbox import __version__ as VERSION

from ..connections import BoundedProtocol
from ..settings import Settings
from . import discovery
from .app import make_app
from .host import Host
from .sandboxes import Sandboxes
from .snapshots import Snapshots
from .store import Store
from .web import Activity

logger = logging.getLogger("opensandbox.server")

_GRACE = 5
_LOG_SIZE = 1024 * 1024


class CannotListen(Exception):
    """The address cannot be listened on; the text says why."""


def serve(settings: Settings, make_host: Callable[[Settings], Host]) -> None:
    """Runs a server until it is told to stop.

    Raises AlreadyRunning, CannotListen, StoreError and what `make_host` raises.
    """
    discovery.prepare(settings.directory)
    with discovery.locked(settings.directory):
        _log_to(settings)
        host = make_host(settings)
        # uvicorn raises the signal again when it is done; ours must still clean up then.
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: None)
        asyncio.run(_serve(settings, host))


async def _serve(settings: Settings, host: Host) -> None:
    api_key = settings.api_key or discovery.kept_key(settings.directory)
    async with _state(settings, host) as (sandboxes, snapshots):
        activity = Activity()
        app, proxy = make_app(settings, api_key, VERSION, sandboxes, snapshots, activity)
        with _listener(settings) as listener:
            server = make_server(app, settings)
            url = _url(settings, listener)
            tasks = [asyncio.create_task(sandboxes.spares.keep())]
            if settings.embedded:
                tasks.append(asyncio.create_task(_stop_idle(settings, server, sandboxes, activity)))
            with discovery.announced(settings.directory, url, api_key, VERSION):
                _say_where(settings, url)
                await server.serve(sockets=[listener])
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await proxy.aclose()
    logger.info("stopped")


@contextlib.asynccontextmanager
async def _state(settings: Settings, host: Host) -> AsyncIterator[tuple[Sandboxes, Snapshots]]:
    store = await Store.open(settings.directory / "state.sqlite")
    try:
        sandboxes = Sandboxes(settings, store, host)
        snapshots = Snapshots(settings, store, sandboxes)
        await sandboxes.open()
        try:
            await snapshots.open()
            yield sandboxes, snapshots
        finally:
            await snapshots.close()
            await sandboxes.close()
    finally:
        await store.close()


def _listener(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # Said to be TCP, so that asyncio sends the two halves of an answer without waiting 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise CannotListen(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror or error}; "
            "choose another --port (0 takes any free one) or --host"
        ) from error
    return listener


def make_server(app: ASGIApp, settings: Settings) -> uvicorn.Server:
    """uvicorn, told what a connection may cost."""
    protocol = functools.partial(
        BoundedProtocol, head_timeout=settings.head_timeout, connections=settings.connections
    )
    config = uvicorn.Config(
        cast(Any, app),
        loop="asyncio",
        http=cast(Any, protocol),
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE,
    )
    return uvicorn.Server(config)


def _url(settings: Settings, listener: socket.socket) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    host = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)
    return f"http://{host}:{listener.getsockname()[1]}"


def _say_where(settings: Settings, url: str) -> None:
    if settings.beyond_loopback:
        logger.warning(
            "%s can be reached from other machines: whoever has the key runs code on this one",
            settings.host,
        )
    if settings.embedded:
        logger.info("OpenSandbox %s listens on %s", VERSION, url)
        return
    kept = settings.directory / discovery.KEY_FILE
    key = "the one given" if settings.api_key else f"kept in {kept}"
    print(f"OpenSandbox {VERSION} listens on {url} (API key: {key})", flush=True)


async def _stop_idle(
    settings: Settings, server: uvicorn.Server, sandboxes: Sandboxes, activity: Activity
) -> None:
    """Stops the server once it has had no sandbox and no request for a while."""
    last_sandbox = activity.last
    while True:
        if sandboxes.roll.live:
            last_sandbox = asyncio.get_running_loop().time()
        unused = min(activity.idle(), asyncio.get_running_loop().time() - last_sandbox)
        if unused >= settings.idle_timeout:
            logger.info("unused for %.0f s: stopping", unused)
            server.should_exit = True
            return
        await asyncio.sleep(max(0.05, min(1.0, settings.idle_timeout - unused)))


def _log_to(settings: Settings) -> None:
    """Sends the log to stderr, or when embedded to a file of bounded size."""
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if settings.embedded:
        path = settings.directory / discovery.LOG_FILE
        os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600))
        handler = logging.handlers.RotatingFileHandler(path, maxBytes=_LOG_SIZE, backupCount=1)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for chatty in ("httpx", "httpcore", "uvicorn.access", "websockets"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
