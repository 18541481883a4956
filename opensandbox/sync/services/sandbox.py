"""`SandboxesSync` under the import path that programs use; see `_sync/lifecycle.py`."""

from opensandbox._sync.lifecycle import SandboxesSync as SandboxesSync
