"""asyncio, loaded by whoever uses it first: programs of the blocking colour never do, and it takes
as long to load as all that they need of this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio as asyncio
else:

    class _Later:
        def __getattr__(self, name: str) -> object:
            import asyncio

            return getattr(asyncio, name)

    asyncio = _Later()
