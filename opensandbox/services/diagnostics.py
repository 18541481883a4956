"""`Diagnostics` under the import path that programs use; see `_async/diagnostics.py`."""

from opensandbox._async.diagnostics import Diagnostics as Diagnostics
