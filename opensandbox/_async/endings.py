"""Ends what nobody will use any more, without hiding why.

Rules:

* It is bounded, and goes on when the caller is cancelled.
* When something else went wrong before, what goes wrong here becomes a note on that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from .._concurrency import async_shield
from ..exceptions import SandboxApiException, SandboxException, SandboxTimeoutException
from ..models._time import Seconds

if TYPE_CHECKING:
    from .config import ConnectionConfig
    from .lifecycle import Sandboxes

#: How many seconds it may take to end what was made for a caller who is gone, or is leaving.
CLEAN_UP_LIMIT = 5.0
#: What ends by its own limit says why. This one, a little later, is for what does not.
LAST_LIMIT = CLEAN_UP_LIMIT + 1.0


async def kill(sandboxes: Sandboxes, sandbox_id: str, request_timeout: Seconds | None) -> None:
    """End a sandbox; one that is gone already is ended."""
    try:
        await sandboxes.kill_sandbox(sandbox_id, request_timeout=request_timeout)
    except SandboxApiException as error:
        if error.status_code != 404:
            raise


async def close_opened(
    ask: Callable[[], Awaitable[None]],
    what: str,
    *,
    sandbox_id: str | None,
    after: BaseException | None,
) -> None:
    """End something in a sandbox that was opened for a block; one that is gone already is ended.

    `ask` has `CLEAN_UP_LIMIT` as its own limit. Raises only when nothing was raised before.
    """
    failure: SandboxException
    try:
        await async_shield(ask, seconds=LAST_LIMIT)
        return
    except SandboxException as error:
        if isinstance(error, SandboxApiException) and error.status_code == 404:
            return
        failure = error
    except TimeoutError as error:
        failure = SandboxTimeoutException(
            f"{what} was not closed within {LAST_LIMIT:g} s", cause=error, sandbox_id=sandbox_id
        )
    if after is None:
        raise failure
    after.add_note(f"{what} could not be closed: {failure}")


async def delete(sandboxes: Sandboxes, sandbox_id: str, *, after: BaseException) -> None:
    """Delete a sandbox that nobody will get, because of the error `after`."""
    try:
        await async_shield(lambda: kill(sandboxes, sandbox_id, CLEAN_UP_LIMIT), seconds=LAST_LIMIT)
    except Exception as error:
        after.add_note(str(deletion_failure(sandbox_id, error)))


def deletion_failure(sandbox_id: str, error: Exception) -> SandboxException:
    """What to say when a sandbox could not be ended."""
    return SandboxException(
        f"Sandbox {sandbox_id} could not be deleted: {error or type(error).__name__};"
        " it lives until its timeout",
        cause=error,
        request_id=getattr(error, "request_id", None),
        is_retryable=getattr(error, "is_retryable", False),
        sandbox_id=sandbox_id,
    )


async def close(config: ConnectionConfig, *, owned: bool, after: BaseException) -> None:
    """Close a config that nobody will get, because of the error `after`."""
    if not owned:
        return
    try:
        await async_shield(config.close, seconds=CLEAN_UP_LIMIT)
    except Exception as error:
        after.add_note(f"The connections could not be closed: {error}")
