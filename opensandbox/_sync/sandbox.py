# Written by scripts/unasync.py from opensandbox/_async/sandbox.py. Do not edit.
"""One sandbox, as programs hold it: made, used, ended.

Rules:

* What it offers once it is there (commands, files, ...) is in `offers`.
* Arguments are checked before anything is sent. What is refused leaves nothing behind.
* A sandbox that was made and cannot be handed over is deleted, whatever the reason: bounded, and
  also when the caller was cancelled. What goes wrong in that is a note on the first error.
* Leaving `with` closes connections and lets the sandbox live; `temporary` ends it as well.
* The config's owner closes it: who gave one keeps it, who gave none has it closed by `close`.
* One that was made for somebody and is dropped, neither closed nor killed, warns: ResourceWarning.
  So does one that was connected to and has its own config. Who has closed the config is done with
  all that was made with it.
* What only a call needs is loaded by the first call: importing this costs little.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Self

from .._concurrency import answer, shield
from .._wire.urls import path_segment
from ..exceptions import (
    InvalidArgumentException,
    SandboxApiException,
    SandboxConnectionException,
    SandboxException,
    SandboxReadyTimeoutException,
    SandboxTimeoutException,
    SandboxUnhealthyException,
)
from ..models._states import SandboxOrigin, SandboxState
from ..models._time import Seconds
from .config import ConnectionConfigSync, config_or_default
from .endings import CLEAN_UP_LIMIT, LAST_LIMIT, close, delete, deletion_failure, kill
from .offers import OffersSync
from .ready import PatienceSync, ReadinessSync
from .ways import ResumeSync, TemporarySync

if TYPE_CHECKING:
    from ..models.sandboxes import (
        CredentialProxyConfig,
        NetworkPolicy,
        PlatformSpec,
        SandboxCreateResponse,
        SandboxImageSpec,
        SandboxInfo,
        SandboxLifecycle,
        Volume,
    )
    from .http import ServiceSync
    from .lifecycle import SandboxesSync

#: What a sandbox runs, when nothing else is asked for: something that does not end.
DEFAULT_ENTRYPOINT = ("tail", "-f", "/dev/null")
DEFAULT_RESOURCE = {"cpu": "1", "memory": "2Gi"}

#: What an error says when the answer was lost: then nobody here knows the sandbox's id.
_PERHAPS_MADE = (
    "The server may have made a sandbox all the same. It lives until its timeout;"
    " SandboxManagerSync.list_all finds it, best by metadata that was given to create."
)

#: Says whether a sandbox is of use. Either colour will do.
HealthCheck = Callable[["SandboxSync"], bool]


class SandboxSync(OffersSync):
    """A sandbox: a place of its own in which to run code.

    Example::

        with SandboxSync.create("python:3.11") as sandbox:
            sandbox.files.write_file("/tmp/hello.py", "print('hello')")
            result = sandbox.commands.run("python /tmp/hello.py")
            print(result.stdout)
            sandbox.kill()

    Made by `create`, `connect`, `resume` and `temporary`. Every method takes `request_timeout`, the
    limit of that call in seconds or as a timedelta; None means the config's. Every method raises
    `SandboxException`: `SandboxApiException` when the server refuses,
    `SandboxConnectionException` and `SandboxTimeoutException` when no answer comes.
    """

    def __init__(
        self,
        sandbox_id: str,
        sandboxes: SandboxesSync,
        execd: ServiceSync,
        *,
        health_check: HealthCheck | None = None,
        origin: str = SandboxOrigin.UNKNOWN,
        owns_config: bool = False,
    ) -> None:
        super().__init__(sandbox_id, sandboxes, execd)
        self._health_check = health_check
        self._origin = origin
        self._owns_config = owns_config

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"

    #: How often its config had been closed when somebody was given it, None once he has said that
    #: he is done with it.
    _handed_over: int | None = None

    def __del__(self) -> None:
        given = self._handed_over
        if given is not None and given == self.connection_config._opened.closings:
            kept = "its connections are closed now" if self._owns_config else "nothing was closed"
            warnings.warn(
                f"Sandbox {self.id} was dropped, neither closed nor killed: {kept}, and it lives"
                " until its timeout. Call kill(), or close() to let it live, or use it as a context"
                " manager.",
                ResourceWarning,
                stacklevel=2,
            )

    def _given_out(self) -> Self:
        self._handed_over = self.connection_config._opened.closings
        return self

    @property
    def origin(self) -> str:
        """What it was made from, as far as that is known: one of `SandboxOrigin`."""
        return self._origin

    # --- made

    @classmethod
    def create(
        cls,
        image: SandboxImageSpec | str | None = None,
        *,
        snapshot_id: str | None = None,
        timeout: Seconds | None = timedelta(seconds=600),
        ready_timeout: Seconds = timedelta(seconds=30),
        env: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
        resource: Mapping[str, str] | None = None,
        resource_requests: Mapping[str, str] | None = None,
        platform: PlatformSpec | None = None,
        network_policy: NetworkPolicy | None = None,
        credential_proxy: CredentialProxyConfig | None = None,
        extensions: Mapping[str, str] | None = None,
        secure_access: bool = False,
        entrypoint: Sequence[str] | None = None,
        volumes: Sequence[Volume] | None = None,
        connection_config: ConnectionConfigSync | None = None,
        health_check: HealthCheck | None = None,
        health_check_polling_interval: Seconds = timedelta(seconds=0.2),
        skip_health_check: bool = False,
        lifecycle: SandboxLifecycle | None = None,
        request_timeout: Seconds | None = None,
    ) -> SandboxSync:
        """Make a sandbox, and hand it over once it is ready.

        It is made from `image` or from `snapshot_id`. `timeout` is how long it lives, 60 s or more;
        None is without end. `ready_timeout` bounds all of this call. `entrypoint` is what it runs
        (None: nothing that ends), `resource` what it may use (None: one processor, 2 GiB).
        `secure_access` makes its ports want a token. `health_check` says when it is ready (None:
        when its daemon answers), asked again every `health_check_polling_interval` at most.
        `connection_config` stays the caller's to close; None is one of its own,
        closed by `close`.

        Raises `InvalidArgumentException` before anything is sent, `SandboxReadyTimeoutException`
        when it was not ready in time, `SandboxUnhealthyException` when it failed.
        """
        config = config_or_default(connection_config)
        sandboxes = _sandboxes_of(config)
        patience = PatienceSync(
            ready_timeout,
            health_check_polling_interval,
            name="ready_timeout",
            interval_name="health_check_polling_interval",
        )
        limit = patience.bound(request_timeout, config.request_timeout)

        def ask() -> SandboxCreateResponse:
            return sandboxes.create_sandbox(
                image,
                entrypoint if entrypoint is not None else DEFAULT_ENTRYPOINT,
                env,
                metadata,
                timeout,
                resource if resource is not None else DEFAULT_RESOURCE,
                network_policy,
                extensions,
                volumes,
                platform,
                secure_access,
                snapshot_id,
                credential_proxy,
                resource_requests,
                lifecycle,
                request_timeout=limit,
            )

        return cls._make(
            ask,
            sandboxes,
            health_check,
            patience,
            skip_health_check=skip_health_check,
            request_timeout=request_timeout,
            owns_config=connection_config is None,
        )

    temporary = TemporarySync(create)

    @classmethod
    def create_from_template(
        cls,
        template_id: str,
        *,
        timeout: Seconds,
        ready_timeout: Seconds = timedelta(seconds=30),
        metadata: Mapping[str, str] | None = None,
        network_policy: NetworkPolicy | None = None,
        extensions: Mapping[str, str] | None = None,
        connection_config: ConnectionConfigSync | None = None,
        health_check: HealthCheck | None = None,
        health_check_polling_interval: Seconds = timedelta(seconds=0.2),
        skip_health_check: bool = False,
        request_timeout: Seconds | None = None,
    ) -> SandboxSync:
        """Make a sandbox from a template, and hand it over once it is ready.

        What it runs and may use is the template's. The arguments and errors are those of `create`,
        and `SandboxApiException` (501) where the server has no templates.
        """
        config = config_or_default(connection_config)
        sandboxes = _sandboxes_of(config)
        patience = PatienceSync(
            ready_timeout,
            health_check_polling_interval,
            name="ready_timeout",
            interval_name="health_check_polling_interval",
        )
        limit = patience.bound(request_timeout, config.request_timeout)

        def ask() -> SandboxCreateResponse:
            return sandboxes.create_sandbox_from_template(
                template_id,
                timeout,
                metadata,
                network_policy,
                extensions,
                request_timeout=limit,
            )

        return cls._make(
            ask,
            sandboxes,
            health_check,
            patience,
            skip_health_check=skip_health_check,
            request_timeout=request_timeout,
            owns_config=connection_config is None,
            origin=SandboxOrigin.TEMPLATE,
        )

    @classmethod
    def _make(
        cls,
        ask: Callable[[], SandboxCreateResponse],
        sandboxes: SandboxesSync,
        health_check: HealthCheck | None,
        patience: PatienceSync,
        *,
        skip_health_check: bool,
        request_timeout: Seconds | None,
        owns_config: bool,
        origin: str = SandboxOrigin.UNKNOWN,
    ) -> SandboxSync:
        """Make a sandbox and wait for it; one that cannot be handed over is deleted."""
        made: SandboxCreateResponse | None = None
        try:
            made = ask()
            sandbox = cls._ready(
                sandboxes,
                made.id,
                health_check,
                patience,
                skip_health_check=skip_health_check,
                request_timeout=request_timeout,
                owns_config=owns_config,
                origin=origin,
            )
            return sandbox._given_out()
        except BaseException as error:
            try:
                if made is not None:
                    delete(sandboxes, made.id, after=error)
            finally:
                close(sandboxes.config, owned=owns_config, after=error)
            perhaps = made is None and isinstance(error, SandboxException) and _perhaps_made(error)
            if made is None and isinstance(error, SandboxTimeoutException) and patience.left <= 0:
                late = SandboxReadyTimeoutException(
                    f"The server did not answer within {patience.limit:g} s (ready_timeout) whether"
                    f" it makes the sandbox: {error.message}",
                    cause=error,
                )
                if perhaps:
                    late.add_note(_PERHAPS_MADE)
                raise late from error
            if perhaps:
                error.add_note(_PERHAPS_MADE)
            raise

    @classmethod
    def connect(
        cls,
        sandbox_id: str,
        connection_config: ConnectionConfigSync | None = None,
        health_check: HealthCheck | None = None,
        connect_timeout: Seconds = timedelta(seconds=30),
        health_check_polling_interval: Seconds = timedelta(seconds=0.2),
        skip_health_check: bool = False,
        *,
        request_timeout: Seconds | None = None,
    ) -> SandboxSync:
        """A sandbox that exists already, once it is ready.

        `connect_timeout` bounds the whole. Raises `SandboxReadyTimeoutException` when that is not
        enough, and `SandboxApiException` (404) for one that does not exist.
        """
        return cls._open(
            sandbox_id,
            connection_config,
            health_check,
            PatienceSync(
                connect_timeout,
                health_check_polling_interval,
                name="connect_timeout",
                interval_name="health_check_polling_interval",
            ),
            skip_health_check=skip_health_check,
            request_timeout=request_timeout,
            wake=False,
            owns_config=connection_config is None,
        )

    resume = ResumeSync()

    @classmethod
    def _open(
        cls,
        sandbox_id: str,
        connection_config: ConnectionConfigSync | None,
        health_check: HealthCheck | None,
        patience: PatienceSync,
        *,
        skip_health_check: bool,
        request_timeout: Seconds | None,
        wake: bool,
        owns_config: bool,
    ) -> SandboxSync:
        path_segment(sandbox_id, "sandbox_id")
        config = config_or_default(connection_config)
        sandboxes = _sandboxes_of(config)
        try:
            if wake:
                limit = patience.bound(request_timeout, config.request_timeout)
                sandboxes.resume_sandbox(sandbox_id, request_timeout=limit)
            sandbox = cls._ready(
                sandboxes,
                sandbox_id,
                health_check,
                patience,
                skip_health_check=skip_health_check,
                request_timeout=request_timeout,
                owns_config=owns_config,
                met=wake,
            )
            # Whoever keeps the config has nothing to close here, and many connect for a moment.
            return sandbox._given_out() if connection_config is None else sandbox
        except BaseException as error:
            close(config, owned=connection_config is None, after=error)
            raise

    @classmethod
    def _ready(
        cls,
        sandboxes: SandboxesSync,
        sandbox_id: str,
        health_check: HealthCheck | None,
        patience: PatienceSync,
        *,
        skip_health_check: bool,
        request_timeout: Seconds | None,
        owns_config: bool,
        origin: str = SandboxOrigin.UNKNOWN,
        met: bool = True,
    ) -> SandboxSync:
        readiness = ReadinessSync(sandboxes, sandbox_id, patience, request_timeout, met=met)

        def built(service: ServiceSync) -> SandboxSync:
            return cls(
                sandbox_id,
                sandboxes,
                service,
                health_check=health_check,
                origin=origin,
                owns_config=owns_config,
            )

        if skip_health_check:
            return built(readiness.service())
        if health_check is None:
            return built(readiness.until(readiness.answers))
        check = health_check

        def healthy(service: ServiceSync) -> bool:
            return answer(check, built(service))

        return built(readiness.until(healthy))

    # --- waited for

    def is_healthy(self, *, request_timeout: Seconds | None = None) -> bool:
        """Whether it is of use now: what its health check says, else whether its daemon answers."""
        try:
            if self._health_check is not None:
                return answer(self._health_check, self)
            from .health import HealthSync

            return HealthSync(self._execd).ping(self.id, request_timeout=request_timeout)
        except InvalidArgumentException:
            raise
        except Exception:  # a health check of the caller's may raise anything
            return False

    def check_ready(
        self,
        timeout: Seconds,
        polling_interval: Seconds,
        *,
        request_timeout: Seconds | None = None,
    ) -> None:
        """Wait until it is of use.

        Raises `SandboxReadyTimeoutException` after `timeout`, `SandboxUnhealthyException` when it
        has failed or ended.
        """
        patience = PatienceSync(
            timeout, polling_interval, name="timeout", interval_name="polling_interval"
        )
        type(self)._ready(
            self._sandboxes,
            self.id,
            self._health_check,
            patience,
            skip_health_check=False,
            request_timeout=request_timeout,
            owns_config=False,
        )

    def wait_until(
        self,
        state: str,
        *,
        timeout: Seconds = timedelta(seconds=30),
        polling_interval: Seconds = timedelta(seconds=0.2),
        request_timeout: Seconds | None = None,
    ) -> SandboxInfo:
        """Wait until it is in a state, one of `SandboxState`, and give back what is known then.

        Raises `SandboxTimeoutException` after `timeout`, `SandboxUnhealthyException` when it has
        failed or ended instead. One that the server has forgotten counts as terminated, if it was
        known when the waiting began.
        """
        patience = PatienceSync(
            timeout, polling_interval, name="timeout", interval_name="polling_interval"
        )
        known: SandboxInfo | None = None
        while True:
            limit = patience.bound(request_timeout, self.connection_config.request_timeout)
            try:
                known = self.get_info(request_timeout=limit)
            except SandboxApiException as error:
                if error.status_code != 404 or state != SandboxState.TERMINATED or known is None:
                    raise
                gone = known.status.model_copy(update={"state": SandboxState.TERMINATED})
                return known.model_copy(update={"status": gone})
            except SandboxTimeoutException as error:
                if known is None or patience.left > 0:
                    raise
                raise self._still(known, patience, state) from error
            if known.status.state == state:
                return known
            if known.status.state in (SandboxState.FAILED, SandboxState.TERMINATED):
                raise SandboxUnhealthyException(
                    f"Sandbox {self.id} is {known.status.state} and will not become {state}",
                    sandbox_id=self.id,
                )
            if not patience.pause():
                raise self._still(known, patience, state)

    def _still(
        self, known: SandboxInfo, patience: PatienceSync, state: str
    ) -> SandboxTimeoutException:
        return SandboxTimeoutException(
            f"Sandbox {self.id} was still {known.status.state} after {patience.limit:g} s,"
            f" not {state}",
            sandbox_id=self.id,
        )

    # --- ended

    def kill(self, *, request_timeout: Seconds | None = None) -> None:
        """End it. One that is gone already is ended.

        From then on what is asked of its commands and files raises `SandboxUnhealthyException`.
        """
        kill(self._sandboxes, self.id, request_timeout)
        self._handed_over = None
        if self._execd.life is not None:
            self._execd.life.end()

    def close(self) -> None:
        """Close the connections, unless the config was given; the sandbox lives on."""
        self._handed_over = None
        if self._owns_config:
            self.connection_config.close()

    def destroy(self, *, request_timeout: Seconds | None = None) -> None:
        """`kill` and `close`, the second also when the first fails."""
        try:
            self.kill(request_timeout=request_timeout)
        finally:
            self.close()

    def _end(self, *, after: BaseException | None) -> None:
        """End it after a block, and close; raises only when nothing was raised before."""
        try:
            shield(lambda: self.kill(request_timeout=CLEAN_UP_LIMIT), seconds=LAST_LIMIT)
        except Exception as error:
            failure = deletion_failure(self.id, error)
            if after is None:
                raise failure from error
            after.add_note(str(failure))
        finally:
            self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self.close()


def _sandboxes_of(config: ConnectionConfigSync) -> SandboxesSync:
    from .lifecycle import SandboxesSync

    return SandboxesSync(config)


def _perhaps_made(error: SandboxException) -> bool:
    """Whether a request to make a sandbox may have been heeded although it failed."""
    if isinstance(error, SandboxApiException):
        return error.status_code is not None and error.status_code < 300
    lost = isinstance(error, SandboxConnectionException | SandboxTimeoutException)
    return lost and not error.is_retryable
