"""The ways into sandboxes and out of them: their daemons, their ports, their egress.

- A way in is always the same one: its port is kept with the sandbox, also after a restart.
- They are opened under the sandbox's lock.
"""

from __future__ import annotations

import logging
from functools import partial

from attrs import evolve

from ..egress.api import EGRESS_PORT
from ..egress.outlet import Kept, Outlet
from ..settings import Settings
from . import control
from .faults import BACKEND_FAILED, Fault, not_running
from .host import Body
from .orders import Order
from .outlets import Outlets
from .outside import Doors
from .records import RUNNING
from .roll import Roll, Sandbox
from .work import Work

logger = logging.getLogger("opensandbox.server")

EXECD_PORT = 44772
"""The port of the API at which a sandbox's daemon is asked for."""


class Ways:
    """What leads into and out of the sandboxes of one server."""

    def __init__(self, settings: Settings, roll: Roll, work: Work) -> None:
        self._settings = settings
        self._roll = roll
        self._work = work
        self._doors = Doors(settings.host)
        self._outlets = Outlets(settings, work.threads)

    async def close(self, sandbox: Sandbox) -> None:
        """Closes what leads to and from a sandbox; its daemon holds the rest."""
        self._doors.close(sandbox.id)
        await self._outlets.close(sandbox.id)

    async def close_all(self) -> None:
        """Closes everything."""
        self._doors.close_all()
        await self._outlets.close_all()

    async def open_again(self, sandbox: Sandbox, body: Body) -> None:
        """Opens what an earlier server had opened for a sandbox."""
        if EXECD_PORT in sandbox.record.ports:
            await self._open_door(sandbox, body)
        if sandbox.record.egress is None:
            return
        kept = Kept.from_json(sandbox.record.egress)
        outlet = self._outlets.add(sandbox.id, kept, partial(self._keep_egress, sandbox))
        if EGRESS_PORT in sandbox.record.ports:
            await self._listen_for_egress(sandbox, outlet)
        if sandbox.record.state == RUNNING:  # A paused one could not answer.
            await self.serve_outlet(sandbox, body)

    # In

    async def open_door(self, sandbox_id: str) -> int:
        """The port on the server's own address that leads to the daemon. Raises Fault."""
        async with self._roll.get(sandbox_id).lock:
            sandbox = self._roll.get(sandbox_id)
            if sandbox.body is None:
                raise not_running(sandbox_id, sandbox.record.state)
            return await self._open_door(sandbox, sandbox.body)

    async def _open_door(self, sandbox: Sandbox, body: Body) -> int:
        known = sandbox.record.ports.get(EXECD_PORT)
        outside = await self._doors.open(sandbox.id, body.execd_port, known)
        return await self._keep_port(sandbox, EXECD_PORT, outside)

    async def expose(self, sandbox_id: str, port: int, address: str) -> int:
        """The port of `address` on which a port of the sandbox is reached. Raises Fault."""
        async with self._roll.get(sandbox_id).lock:
            sandbox = self._roll.get(sandbox_id)
            outside = sandbox.record.ports.get(port)
            if outside is not None:
                return outside
            if sandbox.record.state != RUNNING or sandbox.body is None:
                raise not_running(sandbox_id, sandbox.record.state)
            body = sandbox.body
            try:
                outside = await self._work.in_thread(
                    lambda: control.hand_over_listener(body.control_path, port, address)
                )
            except (control.ControlError, OSError) as error:
                raise Fault(
                    500,
                    "DOCKER::NETWORK_MODE_ENDPOINT_UNAVAILABLE",
                    f"Port {port} of sandbox {sandbox_id} could not be reached: {error}.",
                ) from error
            return await self._keep_port(sandbox, port, outside)

    async def _keep_port(self, sandbox: Sandbox, inside: int, outside: int) -> int:
        if sandbox.record.ports.get(inside) != outside:
            ports = {**sandbox.record.ports, inside: outside}
            await self._roll.change(sandbox, evolve(sandbox.record, ports=ports))
        return outside

    # Out

    async def lead_out(self, sandbox: Sandbox, body: Body, order: Order) -> dict[str, str]:
        """Opens a new sandbox's way out; returns the variables its programs find it by."""
        kept = await self._outlets.prepare(sandbox.id, order)
        sandbox.record = evolve(sandbox.record, egress=kept.to_json())
        self._outlets.add(sandbox.id, kept, partial(self._keep_egress, sandbox))
        await self._outlets.serve(sandbox.id, body)
        return await self._outlets.variables(sandbox.id, body)

    async def serve_outlet(self, sandbox: Sandbox, body: Body) -> None:
        """Opens the way out of a sandbox that an earlier server made, when that is not done."""
        outlet = self._outlets.find(sandbox.id)
        if outlet is None or outlet.opened:
            return
        try:
            await self._outlets.serve(sandbox.id, body)
        except (control.ControlError, OSError) as error:
            logger.warning("sandbox %s has no way out: %s", sandbox.id, error)

    async def _keep_egress(self, sandbox: Sandbox, kept: Kept) -> None:
        async with sandbox.lock:
            await self._roll.change(sandbox, evolve(sandbox.record, egress=kept.to_json()))

    def outlet(self, sandbox_id: str) -> Outlet:
        """A sandbox's way out; raises Fault when it has none of ours."""
        outlet = self._outlets.find(self._roll.settled(sandbox_id).id)
        if outlet is None:
            raise Fault(
                502,
                BACKEND_FAILED,
                f"Sandbox {sandbox_id} has no egress proxy: it uses this machine's network.",
            )
        return outlet

    async def expose_egress(self, sandbox_id: str) -> tuple[int, str]:
        """The port of the sandbox's egress API, and the token it wants. Raises Fault."""
        outlet = self.outlet(sandbox_id)
        async with self._roll.get(sandbox_id).lock:
            port = await self._listen_for_egress(self._roll.get(sandbox_id), outlet)
            return port, outlet.kept.token

    async def _listen_for_egress(self, sandbox: Sandbox, outlet: Outlet) -> int:
        known = sandbox.record.ports.get(EGRESS_PORT)
        outside = await outlet.listen(self._settings.reached_at, known)
        return await self._keep_port(sandbox, EGRESS_PORT, outside)
