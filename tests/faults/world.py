"""A real runtime with what the calls of the matrix need in it, behind the relay of `proxy`.

Rules:

* What a case needs is made and looked at straight, past the relay, by the blocking client.
* What cases may share they share; what one of them may spoil is taken from a stock, and given back
  when it is still good.
"""

from __future__ import annotations

import itertools
import queue
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from opensandbox import ConnectionConfigSync, SandboxManagerSync, SandboxSync
from opensandbox.exceptions import SandboxException
from opensandbox.models.code import CodeContext
from opensandbox.models.isolated import CreateIsolatedSessionRequest, IsolatedWorkspaceSpec
from opensandbox.models.sandboxes import CredentialProxyConfig, NetworkPolicy, NetworkRule
from opensandbox.runtime import LocalRuntime
from tests.faults.proxy import FaultProxy

IMAGE = "python:3.11"
WORKSPACE = "/tmp"
SESSION = CreateIsolatedSessionRequest(
    workspace=IsolatedWorkspaceSpec(path=WORKSPACE, mode="overlay")
)
CREDENTIALS: list[dict[str, object]] = [{"name": "token", "source": {"value": "not-a-secret"}}]
BINDINGS: list[dict[str, object]] = [
    {
        "name": "example",
        "match": {"hosts": ["example.com"]},
        "auth": {"type": "bearer", "credential": "token"},
    }
]
POLICY = NetworkPolicy(
    default_action="deny", egress=[NetworkRule(action="allow", target="example.com")]
)


class Stock:
    """Things of one kind, made when there is none to be had."""

    KEPT = 4

    def __init__(self, make: Callable[[], Any], *, one_by_one: bool = False) -> None:
        self._make = make
        self._free: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._making = threading.Lock() if one_by_one else nullcontext()

    def take(self) -> Any:
        """One for the taker alone."""
        with suppress(queue.Empty):
            return self._free.get_nowait()
        with self._making:
            return self._make()

    def give_back(self, thing: Any) -> None:
        """It is as good as it was; a sandbox more than `KEPT` is ended."""
        if isinstance(thing, SandboxSync) and self._free.qsize() >= self.KEPT:
            thing.kill()
        else:
            self._free.put(thing)


class Workshop:
    """Sandboxes in which cases leave things behind; each is ended after so many of them."""

    USES = 12

    def __init__(self, stock: Stock) -> None:
        self._stock = stock
        self._uses: dict[str, int] = {}

    def take(self) -> SandboxSync:
        """One for the taker alone."""
        sandbox: SandboxSync = self._stock.take()
        return sandbox

    def give_back(self, sandbox: SandboxSync) -> None:
        """It was used once more."""
        uses = self._uses[sandbox.id] = self._uses.get(sandbox.id, 0) + 1
        if uses < self.USES:
            self._stock.give_back(sandbox)
        else:
            sandbox.kill()


class World:
    """The runtime, the relay, and what is in them."""

    def __init__(self) -> None:
        self._runtime = LocalRuntime(spares=2)
        self.proxy = FaultProxy()
        self._numbers = itertools.count(1)
        #: Sandboxes that a case may end, and others whose vault or policy it may change.
        self.sandboxes = Stock(self.new_sandbox)
        self.guarded = Stock(lambda: self.new_sandbox(guarded=True))
        #: Isolated sessions and code contexts of the shared sandbox.
        self.sessions = Stock(lambda: self.shared.isolation.create(SESSION), one_by_one=True)
        self.contexts = Stock(self._new_context, one_by_one=True)
        self.workshops = Workshop(Stock(self.new_sandbox))
        self._mine: set[str] = set()
        #: The cases that may have lost a sandbox of which nobody could know, and said so.
        self.perhaps: set[str] = set()
        self._lock = threading.Lock()
        #: A folder of this machine for what is downloaded.
        self.folder = Path(tempfile.mkdtemp(prefix="opensandbox-faults-"))

    def __enter__(self) -> Self:
        self._runtime.start()
        try:
            self.proxy.__enter__()
            self.config = ConnectionConfigSync(
                domain=self.domain, api_key=self.api_key, request_timeout=30
            )
            self.manager = SandboxManagerSync.create(self.config)
            self.shared = self.new_sandbox(memory="3Gi")
            self.shared.files.write_file(f"{WORKSPACE}/read.txt", "one\ntwo\nthree\n" * 20)
            self.shared.files.write_file(f"{WORKSPACE}/tree/in/it.txt", "four\n" * 50)
            done = self.shared.commands.run("echo so far; sleep 0.1", background=True)
            assert done.id
            self.background = done.id
            self.snapshot = self.manager.create_snapshot(self.shared.id, "shared").id
            self.manager.wait_until_ready(self.snapshot)
        except BaseException:
            self._runtime.stop()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        try:
            self.proxy.__exit__(exc_type, exc_val, exc_tb)
            self.config.close()
        finally:
            self._runtime.stop()
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def domain(self) -> str:
        """Where the runtime is."""
        return self._runtime.domain

    @property
    def api_key(self) -> str:
        """Its key."""
        return self._runtime.api_key

    @property
    def pid(self) -> int:
        """Its process."""
        return self._runtime.pid

    def name(self) -> str:
        """A name that nobody else has."""
        return f"case-{next(self._numbers)}"

    def new_sandbox(self, *, guarded: bool = False, memory: str = "512Mi") -> SandboxSync:
        """A sandbox of the matrix's own; a guarded one has a policy, and may have a vault."""
        sandbox = SandboxSync.create(
            IMAGE,
            connection_config=self.config,
            timeout=None,
            resource={"cpu": "1", "memory": memory},
            credential_proxy=CredentialProxyConfig(enabled=True) if guarded else None,
            network_policy=POLICY if guarded else None,
        )
        sandbox.close()  # the runtime ends it, whoever lets go of it
        with self._lock:
            self._mine.add(sandbox.id)
        return sandbox

    def _new_context(self) -> CodeContext:
        context = self.shared.code.create_context()
        self.shared.code.run("1", context=context)  # its interpreter takes a while to start
        return context

    @contextmanager
    def own_sandbox(self, *, paused: bool = False, late: bool = False) -> Iterator[SandboxSync]:
        """A sandbox for one case, which may end it or put it to sleep.

        `late`: what was asked for may still be done when the case is over: it is of no more use.
        """
        sandbox = self.sandboxes.take()
        while self.state(sandbox.id) != "Running":  # a case before has ended it late
            sandbox = self.sandboxes.take()
        if paused:
            sandbox.pause()
            sandbox.wait_until("Paused")
        yield sandbox
        if late:
            sandbox.kill()
            return
        if self.state(sandbox.id) == "Paused":
            sandbox = sandbox.resume()
        if self.state(sandbox.id) == "Running":
            self.sandboxes.give_back(sandbox)

    def state(self, sandbox_id: str) -> str:
        """What it is doing; `Gone` when there is no such sandbox."""
        try:
            return self.manager.get_sandbox_info(sandbox_id).status.state
        except SandboxException:
            return "Gone"

    def strays(self, name: str | None = None) -> list[str]:
        """The sandboxes that should not be there; with `name` those that this case made."""
        metadata = None if name is None else {"case": name}
        found = list(self.manager.list_all(metadata=metadata))
        with self._lock:
            return [
                info.id
                for info in found
                if info.id not in self._mine
                and (name or (info.metadata or {}).get("case") not in self.perhaps)
            ]
