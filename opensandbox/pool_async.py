"""`SandboxPoolAsync` under the import path that programs use; see `_async/pool.py`."""

from opensandbox._async.pool import SandboxPoolAsync as SandboxPoolAsync
from opensandbox._async.pool_store import InMemoryAsyncPoolStateStore as InMemoryAsyncPoolStateStore

AsyncSandboxPool = SandboxPoolAsync
