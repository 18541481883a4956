"""`SandboxManagerSync` under the import path that programs use; see `_sync/manager.py`."""

from opensandbox._sync.manager import SandboxManagerSync as SandboxManagerSync
