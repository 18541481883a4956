"""asyncio, loaded by whoever uses it first: programs of the blocking colour never do, and it takes
as long to load as all that they need of this package.

The running event loop is asked for by `running_loop`, which says so where none of asyncio runs; so
does `async_time_limit`, and one of the two comes before anything is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..exceptions import InvalidArgumentException

if TYPE_CHECKING:
    import asyncio as asyncio
else:

    class _Later:
        def __getattr__(self, name: str) -> object:
            import asyncio

            return getattr(asyncio, name)

    asyncio = _Later()


def running_loop() -> asyncio.AbstractEventLoop:
    """The event loop that runs here; `InvalidArgumentException` when none of asyncio does."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError as error:
        raise no_loop(error) from error


def no_loop(error: RuntimeError) -> InvalidArgumentException:
    """What is said where no event loop of asyncio runs."""
    return InvalidArgumentException(
        "The async client needs an event loop of asyncio, and none runs here: under trio, use the"
        " Sync classes in a thread (trio.to_thread.run_sync) or anyio with its asyncio backend;"
        " without an event loop, use the Sync classes.",
        cause=error,
    )
