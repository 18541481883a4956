"""`Metrics` under the import path that programs use; see `_async/metrics.py`."""

from opensandbox._async.metrics import Metrics as Metrics
