"""`Health` under the import path that programs use; see `_async/health.py`."""

from opensandbox._async.health import Health as Health
