"""The managers of pools under the import path that programs use; see `_async/pool_manager.py`."""

from opensandbox._async.pool_manager import SandboxPoolManagerAsync as SandboxPoolManagerAsync
from opensandbox._sync.pool_manager import SandboxPoolManager as SandboxPoolManager

SandboxPoolManagerSync = SandboxPoolManager
