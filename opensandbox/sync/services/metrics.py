"""`MetricsSync` under the import path that programs use; see `_sync/metrics.py`."""

from opensandbox._sync.metrics import MetricsSync as MetricsSync
