"""`ConnectionConfigSync` under the import path that programs use; see `_sync/config.py`."""

from opensandbox._sync.config import ConnectionConfigSync as ConnectionConfigSync
