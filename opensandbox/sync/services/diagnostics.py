"""`DiagnosticsSync` under the import path that programs use; see `_sync/diagnostics.py`."""

from opensandbox._sync.diagnostics import DiagnosticsSync as DiagnosticsSync
