"""`ConnectionConfig` under the import path that programs use; see `_async/config.py`."""

from opensandbox._async.config import ConnectionConfig as ConnectionConfig
