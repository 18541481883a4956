# Written by scripts/unasync.py from opensandbox/_async/endpoints.py. Do not edit.
"""Where the ports of sandboxes are, as they were last found.

Rules:

* The address of a port is remembered for each config. Many callers who ask for the same one at the
  same time share one look-up; who is cancelled leaves the others to it.
* Whoever changes where a sandbox is makes its addresses forgotten.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from .._concurrency import Here, Lock, Operation, monotonic, time_limit
from ..exceptions import SandboxApiException
from ..models.sandboxes import SandboxEndpoint
from .config import ConnectionConfigSync
from .connection import ConnectionSync

#: Which address: of a sandbox, a port, through the server or not.
EndpointKey = tuple[str, int, bool]


class _LookupSync:
    """One look-up that is under way, and what came of it for those who wait for it."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.callers = 0
        self.endpoint: SandboxEndpoint | None = None
        self.refusal: SandboxApiException | None = None


class _LookupsSync:
    """The look-ups under way on one event loop, or in the blocking colour of the process."""

    def __init__(self) -> None:
        self.under_way: dict[EndpointKey, _LookupSync] = {}

    def close(self) -> None:
        self.under_way.clear()

    def forget(self) -> None:
        self.under_way = {}


class EndpointCacheSync:
    """Where ports were last found, for one config."""

    def __init__(self, config: ConnectionConfigSync) -> None:
        self._size = 0 if config.endpoint_cache_disabled else config.endpoint_cache_size
        self._ttl = config.endpoint_cache_ttl.total_seconds()
        self._known: dict[EndpointKey, tuple[float, SandboxEndpoint]] = {}
        self._lookups = Here(_LookupsSync, _LookupsSync.close, _LookupsSync.forget)

    def get(
        self,
        key: EndpointKey,
        look_up: Operation[EndpointKey, SandboxEndpoint],
        seconds: float,
    ) -> SandboxEndpoint:
        """The endpoint, looked up by the first who asks unless it is known.

        TimeoutError when somebody else's look-up has not ended within so many seconds.
        """
        known = self._find(key)
        if known is not None:
            return known
        under_way = self._lookups.get().under_way
        lookup = under_way.setdefault(key, _LookupSync())
        lookup.callers += 1
        try:
            with time_limit(seconds):
                lookup.lock.acquire()
            try:
                return self._first_or_same(key, lookup, look_up)
            finally:
                lookup.lock.release()
        finally:
            lookup.callers -= 1
            ended = lookup.endpoint is not None or lookup.refusal is not None
            if under_way.get(key) is lookup and (ended or not lookup.callers):
                del under_way[key]

    def _first_or_same(
        self,
        key: EndpointKey,
        lookup: _LookupSync,
        look_up: Operation[EndpointKey, SandboxEndpoint],
    ) -> SandboxEndpoint:
        # Whoever had the lock before has the answer, or was cancelled and leaves it to us.
        if lookup.refusal is not None:
            raise lookup.refusal
        if lookup.endpoint is None:
            try:
                endpoint = look_up(key)
            except SandboxApiException as error:
                lookup.refusal = error
                raise
            lookup.endpoint = endpoint
            if self._lookups.get().under_way.get(key) is lookup:  # else it was forgotten meanwhile
                self._remember(key, endpoint)
        return lookup.endpoint

    def forget(self, sandbox_id: str) -> None:
        """Forget the addresses of a sandbox, those being looked up included."""
        for key in [key for key in list(self._known) if key[0] == sandbox_id]:
            self._known.pop(key, None)
        under_way = self._lookups.get().under_way
        for key in [key for key in list(under_way) if key[0] == sandbox_id]:
            under_way.pop(key, None)

    def _find(self, key: EndpointKey) -> SandboxEndpoint | None:
        found = self._known.get(key)
        if found is None:
            return None
        until, endpoint = found
        if monotonic() < until:
            return endpoint
        self._known.pop(key, None)
        return None

    def _remember(self, key: EndpointKey, endpoint: SandboxEndpoint) -> None:
        if not self._size:
            return
        while len(self._known) >= self._size:
            self._known.pop(next(iter(self._known)), None)  # the one remembered first
        self._known[key] = (monotonic() + self._ttl, endpoint)


_caches: WeakKeyDictionary[ConnectionSync, EndpointCacheSync] = WeakKeyDictionary()


def cache_of(config: ConnectionConfigSync) -> EndpointCacheSync:
    connection = config.connection
    cache = _caches.get(connection)
    if cache is None:
        cache = _caches.setdefault(connection, EndpointCacheSync(config))
    return cache
