# Written by scripts/unasync.py from opensandbox/_async/ready.py. Do not edit.
"""Waits for a sandbox: until it can be used, or until it is in some state.

Rules:

* One deadline bounds the whole; each request inside is bounded by what is left of it.
* It looks again quickly at first, and later at the interval that was asked for, never more seldom.
* Requests here are not repeated beneath: looking again is the repetition. Only the first word with
  a server is sent again as the retry policy says, and who cannot reach it is told then, at once.
* What cannot get better ends the waiting at once: a refused key, an unknown sandbox, one that has
  failed or ended. Of the rest the last failure is told when time is up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .._concurrency import monotonic, sleep, time_limit
from .._wire.errors import NOT_YET
from .._wire.urls import endpoint_url
from ..constants import DEFAULT_EXECD_PORT
from ..exceptions import (
    SandboxApiException,
    SandboxConnectionException,
    SandboxException,
    SandboxReadyTimeoutException,
    SandboxTimeoutException,
    SandboxUnhealthyException,
)
from ..models._states import SandboxState
from ..models._time import Seconds, seconds

if TYPE_CHECKING:
    from .http import ServiceSync
    from .lifecycle import SandboxesSync

#: How soon it is looked again the first time, in seconds; each time after that twice as long.
_FIRST_PAUSE = 0.01
#: How long one sign of life may take: a frozen sandbox takes connections and never answers.
_PING_LIMIT = 5.0
#: How often the server is asked whether there is anything to wait for.
_STATE_INTERVAL = 1.0

_NOTHING_YET = "nothing was asked yet"
_ENDED = (SandboxState.FAILED, SandboxState.TERMINATED)


class PatienceSync:
    """How long to wait for something, and how often to look."""

    def __init__(
        self, limit: Seconds, polling_interval: Seconds, *, name: str, interval_name: str
    ) -> None:
        self.limit = seconds(limit, name)
        self.name = name
        self._interval = seconds(polling_interval, interval_name)
        self._pause = min(_FIRST_PAUSE, self._interval)
        self._ends = monotonic() + self.limit

    @property
    def left(self) -> float:
        """Seconds until time is up; 0 or less when it is."""
        return self._ends - monotonic()

    def bound(self, request_timeout: Seconds | None, default: Seconds) -> float:
        """The limit of one request: its own, but no more than what is left."""
        own = seconds(default if request_timeout is None else request_timeout, "request_timeout")
        # A request with nothing left is made all the same, to fail by itself.
        return max(0.001, min(own, self.left))

    def pause(self) -> bool:
        """Wait before looking again; False when time is up first."""
        left = self.left
        if left <= 0:
            return False
        sleep(min(self._pause, left))
        self._pause = min(self._pause * 2, self._interval)
        return self.left > 0


def execd_service(
    sandboxes: SandboxesSync, sandbox_id: str, address: str, token: dict[str, str]
) -> ServiceSync:
    """The service of a sandbox's daemon at an endpoint."""
    from .http import ServiceSync
    from .life import LifeSync

    config = sandboxes.config
    return ServiceSync(
        config,
        endpoint_url(address, config.get_protocol()),
        headers=token,
        sandbox_id=sandbox_id,
        life=LifeSync(sandboxes, sandbox_id),
    )


class ReadinessSync:
    """The wait for one sandbox to be of use."""

    def __init__(
        self,
        sandboxes: SandboxesSync,
        sandbox_id: str,
        patience: PatienceSync,
        request_timeout: Seconds | None,
        *,
        met: bool,
    ) -> None:
        """`met` says whether the server has given an answer in the same call before."""
        self._sandboxes = sandboxes.once()
        self._first_word = None if met else sandboxes
        self._id = sandbox_id
        self._patience = patience
        self._request_timeout = request_timeout
        self._state: str | None = None
        self._state_asked = monotonic()
        self._looked = 0
        self._last: Exception | str = _NOTHING_YET

    def _bound(self) -> float:
        default = self._sandboxes.config.request_timeout
        return self._patience.bound(self._request_timeout, default)

    def service(self) -> ServiceSync:
        """The daemon's service, as soon as the server knows where it is."""
        while True:
            service = self._try_service()
            if service is not None:
                return service
            self._again()

    def _try_service(self) -> ServiceSync | None:
        first, self._first_word = self._first_word, None
        sandboxes = first or self._sandboxes
        self._looked += 1
        try:
            endpoint = sandboxes.get_sandbox_endpoint(
                self._id,
                DEFAULT_EXECD_PORT,
                sandboxes.config.use_server_proxy,
                request_timeout=self._bound(),
            )
        except SandboxException as error:
            if first is not None and isinstance(error, SandboxConnectionException):
                raise
            not_yet = isinstance(error, SandboxApiException) and error.error.code == NOT_YET
            if not (not_yet or _may_pass(error)):
                raise
            self._failed(error)
            return None
        return execd_service(self._sandboxes, self._id, endpoint.endpoint, endpoint.headers)

    def until(self, healthy: Callable[[ServiceSync], bool]) -> ServiceSync:
        """The daemon's service, once `healthy` says so of it."""
        while True:
            service = self._try_service()
            if service is not None and self._try_health(service, healthy):
                return service
            self._again()

    def answers(self, service: ServiceSync) -> bool:
        """Whether the daemon gives a sign of life."""
        limit = min(self._bound(), _PING_LIMIT)
        from opensandbox_api.execd.api.health import ping

        service.once().send(lambda client: ping.sync_detailed(client=client), request_timeout=limit)
        return True

    def _try_health(self, service: ServiceSync, healthy: Callable[[ServiceSync], bool]) -> bool:
        try:
            with time_limit(max(0.001, self._patience.left)):
                if healthy(service):
                    return True
            self._last = "the health check said no"
        except SandboxApiException as error:
            if error.status_code in (401, 403):
                raise
            self._failed(error)
        except SandboxConnectionException as error:
            # It may have moved.
            self._sandboxes.invalidate_endpoint_cache(self._id)
            self._failed(error)
        except Exception as error:  # a health check of the caller's may raise anything
            self._failed(error)
        return False

    def _failed(self, error: Exception) -> None:
        """A look that says why it is not ready yet."""
        ended = isinstance(error, TimeoutError | SandboxTimeoutException)
        if not (ended and self._patience.left <= 0):
            self._last = error
        elif self._last == _NOTHING_YET:
            # What failed before the end of the wait cut a look off says more than that.
            self._last = error if str(error) else "the health check had not ended"

    def _again(self) -> None:
        """Wait before looking again. Raises when that is of no use."""
        if monotonic() - self._state_asked >= _STATE_INTERVAL:
            self._look_at_state()
        if not self._patience.pause():
            raise self._timeout()

    def _look_at_state(self) -> None:
        try:
            info = self._sandboxes.get_sandbox_info(self._id, request_timeout=self._bound())
        except SandboxException as error:
            if not _may_pass(error):
                raise
            self._failed(error)
            return
        finally:
            self._state_asked = monotonic()
        status = info.status
        self._state = status.state
        if status.state in _ENDED:
            said = ": ".join(text for text in (status.reason, status.message) if text)
            raise SandboxUnhealthyException(
                f"Sandbox {self._id} is {status.state} and will not become ready"
                + (f": {said}" if said else ""),
                cause=self._last if isinstance(self._last, Exception) else None,
                sandbox_id=self._id,
            )

    def _timeout(self) -> SandboxReadyTimeoutException:
        patience, last = self._patience, self._last
        cause = last if isinstance(last, Exception) else None
        said = f"{type(last).__name__}: {last}" if cause is not None else last
        state = f", its state {self._state}" if self._state else ""
        return SandboxReadyTimeoutException(
            f"Sandbox {self._id} was not ready within {patience.limit:g} s ({patience.name});"
            f" looked {self._looked} times{state}; last: {said}",
            cause=cause,
            sandbox_id=self._id,
        )


def _may_pass(error: SandboxException) -> bool:
    """Whether the same request may well succeed the next time."""
    lost = isinstance(error, SandboxConnectionException | SandboxTimeoutException)
    return lost or error.is_retryable
