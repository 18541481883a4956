"""The ways out of all sandboxes: made with a sandbox, found again after a restart, closed with it.

- A sandbox has no network interface but loopback. Its daemon listens in there and gives the
  listener out; what comes in on it is served by a proxy of this process.
- Where sandboxes are plain processes of the machine they use its network: there is no way out to
  be filtered then, and no policy to be kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import ssl
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import TypeVar

from ..egress.dialing import Dialer
from ..egress.environment import PORT, proxy_variables, trust_variables
from ..egress.outlet import Kept, Outlet, Save, make_authority
from ..settings import Settings
from . import control
from .faults import NOT_SUPPORTED, Fault
from .host import Body
from .orders import Order
from .values import JSON

T = TypeVar("T")

_LARGEST_BUNDLE = 3 * 1024 * 1024


class Outlets:
    """The ways out that this server looks after, by the ids of their sandboxes."""

    def __init__(self, settings: Settings, threads: Executor) -> None:
        self._dialer = Dialer(settings.host_aliases)
        # Each connection has two descriptors, and the server needs some for itself.
        self._room = asyncio.Semaphore(max(16, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4))
        self._threads = threads
        self._open: dict[str, Outlet] = {}

    def find(self, sandbox_id: str) -> Outlet | None:
        """A sandbox's way out; None when it has none of ours."""
        return self._open.get(sandbox_id)

    async def prepare(self, sandbox_id: str, order: Order) -> Kept:
        """What a new sandbox's way out is to be. Raises Fault."""
        authority = None
        if order.credentials:
            try:
                authority = await self._in_thread(lambda: make_authority(sandbox_id))
            except ModuleNotFoundError as error:
                raise Fault(
                    501,
                    NOT_SUPPORTED,
                    f"Credentials need {error.name}: pip install 'opensandbox[local]'.",
                ) from None
        return Kept(policy=order.network_policy, authority=authority)

    def add(self, sandbox_id: str, kept: Kept, save: Save) -> Outlet:
        """Looks after a sandbox's way out from here on; `serve` opens it."""
        outlet = Outlet(kept, save, self._dialer, room=self._room)
        self._open[sandbox_id] = outlet
        return outlet

    async def serve(self, sandbox_id: str, body: Body) -> None:
        """Lets out a sandbox that runs. Raises ControlError and OSError."""
        path, outlet = body.control_path, self._open.get(sandbox_id)
        listener = await self._in_thread(lambda: control.take_listener(path, PORT))
        if outlet is None or self._open.get(sandbox_id) is not outlet:
            listener.close()  # The sandbox ended meanwhile.
        else:
            await outlet.open(listener)

    async def variables(self, sandbox_id: str, body: Body) -> dict[str, str]:
        """What tells the programs of a sandbox of their way out. Raises ControlError."""
        authority = self._open[sandbox_id].kept.authority
        if authority is None:
            return proxy_variables()
        path, certificate = body.control_path, authority["certificate"]
        bundle = await self._in_thread(lambda: _trust(path, certificate))
        return proxy_variables() | trust_variables(bundle)

    async def close(self, sandbox_id: str) -> None:
        """Closes a sandbox's way out, if it has one."""
        outlet = self._open.pop(sandbox_id, None)
        if outlet is not None:
            await outlet.close()

    async def close_all(self) -> None:
        """Closes every way out."""
        for sandbox_id in list(self._open):
            await self.close(sandbox_id)
        self._dialer.close()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _trust(path: Path, certificate: str) -> str:
    message: dict[str, JSON] = {"op": "trust", "certificate": certificate, "usual": _usual()}
    answer = control.request(path, message, timeout=10.0)
    return str(answer["path"])


def _usual() -> str:
    """The certificates that this machine trusts, for a root file system that has none."""
    known = ssl.get_default_verify_paths()
    with contextlib.suppress(OSError):
        return Path(known.cafile or known.openssl_cafile).read_text(errors="replace")[
            :_LARGEST_BUNDLE
        ]
    return ""
