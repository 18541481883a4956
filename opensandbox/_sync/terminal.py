# Written by scripts/unasync.py from opensandbox/_async/terminal.py. Do not edit.
"""Terminals: a bash in the sandbox to type at, byte for byte.

Rules:

* Whoever opened a terminal closes it, unless it is to be kept; one that was found is only left.
* What is printed is counted in bytes, so that whoever comes back reads on where he stopped.
* Output that nobody reads waits, and in the end the shell waits too: nothing is dropped.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Generator
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

from opensandbox_api.execd.api.terminal import create_terminal, delete_terminal
from opensandbox_api.execd.models import CreateTerminalRequest
from opensandbox_api.types import UNSET

from .._concurrency import (
    WebSocket,
    make,
    monotonic,
    open_websocket,
    run_blocking,
    shield,
)
from .._websockets import SocketClosed, SocketRefused
from .._wire import terminal as wire
from .._wire.errors import error_from_response
from .._wire.requests import text
from .._wire.urls import path_segment
from ..exceptions import (
    InvalidArgumentException,
    SandboxConnectionException,
    SandboxInternalException,
    SandboxTimeoutException,
)
from ..models._time import Seconds, optional_seconds
from ..models.terminal import TerminalOutput
from .endings import CLEAN_UP_LIMIT, close_opened
from .http import ServiceSync
from .transport import tls_context


class TerminalSync:
    """A bash to type at; `sandbox.terminal` describes it, `with` opens it.

    Example::

        with sandbox.terminal() as terminal:
            terminal.write("ls -l; exit\\n")
            for output in terminal:
                sys.stdout.buffer.write(output.data)
            print(terminal.wait())

    One task or thread reads while another may write. Raises `SandboxApiException` when the daemon
    refuses, with 409 when somebody looks at the terminal already; `SandboxConnectionException`
    when the connection breaks: the terminal lives on, see `session_id` and `offset`.
    """

    def __init__(
        self,
        service: ServiceSync,
        *,
        working_directory: str | None,
        columns: int | None,
        rows: int | None,
        pipes: bool,
        session_id: str | None,
        since: int | None,
        takeover: bool,
        keep: bool,
        request_timeout: Seconds | None,
    ) -> None:
        if (columns is None) != (rows is None):
            raise InvalidArgumentException("give columns and rows, or neither")
        self._size = None
        if columns is not None and rows is not None:
            self._size = wire.resized(columns, rows)
        if session_id is not None:
            path_segment(session_id, "session_id")
            if working_directory is not None:
                raise InvalidArgumentException(
                    "working_directory is for a new terminal, session_id names an old one"
                )
        if working_directory is not None:
            text(working_directory, "working_directory")
        self._query = wire.query(pipes=pipes, since=since, takeover=takeover)
        self._service = service
        self._directory = working_directory
        self._id = session_id
        self._made = session_id is None
        self._keep = keep
        self._request_timeout = request_timeout
        self._exit_code: int | None = None
        self._offset = since if since is not None else 0 if self._made else None

    def __del__(self) -> None:
        if (socket := self._socket) is not None:
            socket.abandon()
            warnings.warn(
                f"Terminal {self._id} of sandbox {self._service.sandbox_id} was dropped while it"
                " was open: its connection is closed now, and its shell lives on. Use it as a"
                " context manager.",
                ResourceWarning,
                stacklevel=2,
            )

    #: Open as long as this is there; also looked at when the constructor has failed.
    _socket: WebSocket | None = None

    @property
    def session_id(self) -> str:
        """The terminal's id; with it, it is found again."""
        if self._id is None:
            raise InvalidArgumentException("the terminal is not open: use it in `with`")
        return self._id

    @property
    def exit_code(self) -> int | None:
        """What the shell exited with; None until its end was read."""
        return self._exit_code

    @property
    def offset(self) -> int | None:
        """How many bytes of all that was printed have been read, the place where `since` goes on.

        None when the terminal was found without `since`: then nobody knows.
        """
        return self._offset

    # --- opened and closed

    def __enter__(self) -> Self:
        if self._id is None:
            self._id = make(self._create, unmake=self._delete, seconds=CLEAN_UP_LIMIT)
        try:
            self._socket = self._open()
            if self._size is not None:
                self._send(self._size)
        except BaseException as error:
            self._end(after=error)
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self._end(after=exc_val)

    def _open(self) -> WebSocket:
        limit = optional_seconds(self._request_timeout, "request_timeout")
        config = self._service.config
        if limit is None:
            limit = config.request_timeout.total_seconds()
        url = "ws" + self._service.base_url.removeprefix("http")
        path = f"/pty/{self.session_id}/ws"
        context = None
        if url.startswith("wss"):
            context = run_blocking(lambda: tls_context(config.verify))
        query = f"?{urlencode(self._query)}" if self._query else ""
        try:
            return open_websocket(
                f"{url}{path}{query}",
                headers=self._service.all_headers(),
                context=context,
                proxy=config.proxy,
                seconds=limit,
            )
        except SocketRefused as error:
            raise error_from_response(
                error.status,
                error.headers,
                error.body,
                method="GET",
                url=f"{self._service.base_url}{path}",
                sandbox_id=self._service.sandbox_id,
            ) from error
        except TimeoutError as error:
            raise SandboxTimeoutException(
                f"GET {path}: no WebSocket within {limit:g} s",
                cause=error,
                sandbox_id=self._service.sandbox_id,
            ) from error
        except OSError as error:
            raise SandboxConnectionException(
                f"GET {path}: cannot connect: {error}",
                cause=error,
                is_retryable=True,
                sandbox_id=self._service.sandbox_id,
            ) from error

    def _end(self, *, after: BaseException | None) -> None:
        """Leave it, and close it if it was opened here; raises only after nothing was raised."""
        socket, self._socket = self._socket, None
        try:
            if socket is not None:
                with suppress(SocketClosed, OSError):
                    shield(socket.close, seconds=CLEAN_UP_LIMIT)
        finally:
            if self._made and not self._keep and (session_id := self._id) is not None:
                close_opened(
                    lambda: self._delete(session_id),
                    f"The terminal {session_id}",
                    sandbox_id=self._service.sandbox_id,
                    after=after,
                )

    def _create(self) -> str:
        body = UNSET if self._directory is None else CreateTerminalRequest(cwd=self._directory)
        made = self._service.call(
            lambda client: create_terminal.sync_detailed(client=client, body=body),
            request_timeout=self._request_timeout,
        )
        return made.session_id

    def _delete(self, session_id: str) -> None:
        self._service.send(
            lambda client: delete_terminal.sync_detailed(session_id, client=client),
            request_timeout=CLEAN_UP_LIMIT,
        )

    # --- typed and printed

    def write(self, data: str | bytes) -> None:
        """Type this; text goes as UTF-8. Waits while the shell does not take it."""
        for message in wire.typed(data):
            self._send(message)

    def resize(self, columns: int, rows: int) -> None:
        """Tell how large the terminal is, in characters."""
        self._send(wire.resized(columns, rows))

    def signal(self, name: str) -> None:
        """Send a signal such as `SIGINT` to what runs in front."""
        self._send(wire.signalled(name))

    def read(self, timeout: Seconds | None = None) -> bytes:
        """The next piece of what is printed, whatever its size; nothing after the end.

        Raises `SandboxTimeoutException` when nothing came within `timeout` (None: for ever); what
        comes later is not lost.
        """
        output = self._next(optional_seconds(timeout, "timeout"))
        return b"" if output is None else output.data

    def __iter__(self) -> Generator[TerminalOutput, None, None]:
        while (output := self._next(None)) is not None:
            yield output

    def wait(self, timeout: Seconds | None = None) -> int:
        """Wait for the shell's end and give back its exit code.

        What is printed until then and was not read is dropped. Raises `SandboxTimeoutException`
        after `timeout` (None: never).
        """
        limit = optional_seconds(timeout, "timeout")
        ends = None if limit is None else monotonic() + limit
        while self._exit_code is None:
            self._next(None if ends is None else max(0.0, ends - monotonic()))
        return self._exit_code

    def _next(self, seconds: float | None) -> TerminalOutput | None:
        """The next output; None after the end."""
        while self._exit_code is None:
            message = wire.read(self._receive(seconds))
            if isinstance(message, wire.Printed):
                self._count(message)
                return message.output
            if isinstance(message, wire.Ended):
                self._exit_code = message.exit_code
            elif isinstance(message, wire.Refused):
                raise SandboxInternalException(
                    f"the terminal says: {message.message}",
                    sandbox_id=self._service.sandbox_id,
                )
        return None

    def _count(self, message: wire.Printed) -> None:
        if message.ends is not None:
            self._offset = message.ends
        elif self._offset is not None:
            self._offset += len(message.output.data)

    def _send(self, message: str | bytes) -> None:
        try:
            self._connected().send(message)
        except SocketClosed as error:
            raise self._gone(error) from error

    def _receive(self, seconds: float | None) -> str | bytes:
        try:
            return self._connected().receive(seconds)
        except SocketClosed as error:
            raise self._gone(error) from error
        except TimeoutError as error:
            raise SandboxTimeoutException(
                f"the terminal printed nothing within {seconds or 0:g} s",
                cause=error,
                sandbox_id=self._service.sandbox_id,
            ) from error

    def _connected(self) -> WebSocket:
        if self._socket is None:
            raise InvalidArgumentException("the terminal is not open: use it in `with`")
        return self._socket

    def _gone(self, error: SocketClosed) -> SandboxConnectionException:
        if self._exit_code is not None:
            said = f"its shell has ended with {self._exit_code}"
        elif error.code == wire.TAKEN_OVER:
            said = "somebody else took it over"
        else:
            reason = f" ({error.reason})" if error.reason else ""
            said = f"the connection broke{reason}; it lives on"
        again = json.dumps(self._id)
        since = "" if self._offset is None else f", since={self._offset}"
        return SandboxConnectionException(
            f"the terminal cannot be used any more: {said}."
            f" sandbox.terminal(session_id={again}{since}) finds it again.",
            cause=error,
            sandbox_id=self._service.sandbox_id,
        )
