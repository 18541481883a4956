"""`SandboxManager` under the import path that programs use; see `_async/manager.py`."""

from opensandbox._async.manager import SandboxManager as SandboxManager
