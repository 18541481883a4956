"""`HealthSync` under the import path that programs use; see `_sync/health.py`."""

from opensandbox._sync.health import HealthSync as HealthSync
